//! From an account's definition to a look at its cluster, within the operator's bounds. It remembers no account.

use std::sync::Arc;

use host_agent::{Code, Definition, Surroundings};

use crate::access::{self, Access, Login, Place, Trust};
use crate::credentials::{self, Credentials};
use crate::definition::{self, Source, Wanted, Written};
use crate::dial::Dialer;
use crate::exec::Commands;
use crate::faults::{Outcome, invalid};
use crate::files::{Files, Named};
use crate::kubeconfig;
use crate::line::{self, Line};
use crate::look::{Look, Looked};
use crate::namespaces::possible;
use crate::options::KubernetesOptions;
use crate::server::Server;
use crate::step::{Progress, Step};
use crate::tls::Tls;

/// What all accounts share.
#[derive(Debug)]
pub(crate) struct Reach {
    pub(crate) surroundings: Arc<dyn Surroundings>,
    pub(crate) options: KubernetesOptions,
    dialer: Dialer,
    tls: Tls,
    commands: Commands,
    files: Files,
}

/// The way to an account's cluster, and what is to be told of it.
#[derive(Debug)]
pub(crate) struct Way {
    pub(crate) access: Access,
    pub(crate) wanted: Wanted,
}

/// What is kept of a held account's definition.
#[derive(Debug, Clone)]
pub(crate) enum Known {
    /// The way: all of it stands in the definition. Much smaller than that.
    Way(Arc<Way>),
    /// The definition, which names something that may change.
    Definition(Definition),
}

/// An open connection to an account's cluster.
pub(crate) struct Reached {
    pub(crate) line: Line,
    pub(crate) credentials: Credentials,
    pub(crate) way: Arc<Way>,
}

impl Reach {
    pub(crate) fn new(options: KubernetesOptions, surroundings: Arc<dyn Surroundings>) -> Self {
        Self {
            dialer: Dialer::new(Arc::clone(&surroundings), options.networks.clone()),
            tls: Tls::new(Arc::clone(&surroundings)),
            commands: Commands::new(Arc::clone(&surroundings)),
            files: Files::under(options.files_root.clone()),
            options,
            surroundings,
        }
    }

    /// What is to be kept of a definition.
    pub(crate) fn known(&self, definition: &Definition) -> Known {
        let kept = definition::read(definition).and_then(|written| match &written.source {
            Source::Contents(contents) => {
                let access = self.chosen(contents, &written, &self.files)?;
                Ok(Some(Way { access, wanted: written.wanted }))
            }
            Source::Pod | Source::File(_) => Ok(None),
        });
        match kept {
            Ok(Some(way)) => Known::Way(Arc::new(way)),
            Ok(None) | Err(_) => Known::Definition(definition.clone()),
        }
    }

    /// Looks within the time that a look may take. `listing`: also at which namespaces there are.
    ///
    /// # Errors
    /// Why the account cannot be held, or is not healthy.
    pub(crate) async fn look(&self, known: &Known, listing: bool) -> Outcome<Looked> {
        let progress = Progress::default();
        self.within(self.options.bounds.look_ms, &progress, async {
            let reached = self.open(known, &progress).await?;
            let look = Look {
                line: &reached.line,
                credentials: &reached.credentials,
                wanted: &reached.way.wanted,
                namespace: &reached.way.access.namespace,
                progress: &progress,
                now: self.surroundings.now(),
            };
            let looked = look.at(listing).await;
            if looked.as_ref().is_err_and(|refusal| refusal.code == Code::Unauthorized) {
                reached.credentials.command.iter().for_each(|key| self.commands.forget(key));
            }
            looked
        })
        .await
    }

    /// Opens a connection, within the time that this may take once it is known to whom.
    ///
    /// # Errors
    /// Whatever is wrong on the way.
    pub(crate) async fn open(&self, known: &Known, progress: &Progress) -> Outcome<Reached> {
        progress.begins(Step::Reading);
        let way = match known {
            Known::Way(way) => Arc::clone(way),
            Known::Definition(definition) => Arc::new(self.way(definition).await?),
        };
        progress.towards(&way.access.server.identity());
        let credentials = credentials::fetch(&way.access, &self.commands, progress).await?;
        let opening = line::open(&self.dialer, &self.tls, &way.access, &credentials, progress);
        let line = self.within(self.options.bounds.connect_ms, progress, opening).await?;
        Ok(Reached { line, credentials, way })
    }

    /// Does something within a time.
    ///
    /// # Errors
    /// Its own, or what was waited for.
    pub(crate) async fn within<T>(
        &self,
        limit_ms: u64,
        progress: &Progress,
        work: impl Future<Output = Outcome<T>>,
    ) -> Outcome<T> {
        let until = self.surroundings.now().saturating_add(limit_ms);
        tokio::select! {
            biased;
            done = work => done,
            () = self.surroundings.sleep_until(until) => Err(progress.given_up(limit_ms)),
        }
    }

    async fn way(&self, definition: &Definition) -> Outcome<Way> {
        let written = definition::read(definition)?;
        let access = match &written.source {
            Source::Contents(contents) => self.chosen(contents, &written, &self.files)?,
            Source::File(file) => {
                let contents = self.files.read(file).await?;
                let text = std::str::from_utf8(&contents)
                    .map_err(|_| invalid("the file that the definition names is no text"))?;
                self.chosen(text, &written, &self.files.beside(file))?
            }
            Source::Pod => {
                let mut access = self.pod()?;
                written.exceptions.apply(&mut access);
                access
            }
        };
        Ok(Way { access, wanted: written.wanted })
    }

    fn chosen(&self, kubeconfig: &str, written: &Written, files: &Files) -> Outcome<Access> {
        let kubeconfig = kubeconfig::read(kubeconfig)?;
        let context = written.context.as_deref();
        let mut access = access::choose(kubeconfig, context, files, &self.options.exec)?;
        written.exceptions.apply(&mut access);
        Ok(access)
    }

    /// The cluster of the agent's own pod, with the pod's own account.
    fn pod(&self) -> Outcome<Access> {
        let Some(pod) = &self.options.pod else {
            return Err(invalid(
                "the definition has serviceAccount: true, and this agent runs in no pod; give a kubeconfig, or run the agent \
                 in the cluster",
            ));
        };
        if !possible(&pod.namespace) {
            return Err(invalid(
                "the namespace of this agent's pod cannot be one; see its service account's folder",
            ));
        }
        let host =
            if pod.host.contains(':') { format!("[{}]", pod.host) } else { pod.host.clone() };
        Ok(Access {
            server: Server::read(&format!("https://{host}:{}", pod.port))?,
            trust: Trust::Given(Place::File(Named::read("certificate-authority", "ca.crt")?)),
            server_name: None,
            proxy: None,
            login: Login {
                token_file: Some(Named::read("tokenFile", "token")?),
                ..Login::default()
            },
            namespace: pod.namespace.clone(),
            files: Files::of_the_pod(pod.folder.clone()),
        })
    }
}
