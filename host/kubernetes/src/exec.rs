//! Commands that print credentials: which of them may run, and when one is run. What one printed is kept until it
//! expires, so that checking an account does not start a process every time, and accounts with the same command share
//! one run of it.

mod process;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures::FutureExt as _;
use futures::future::{BoxFuture, Shared, WeakShared};
use host_agent::Surroundings;
use secrecy::SecretString;
use sha2::{Digest as _, Sha256};
use tokio::sync::Semaphore;
use zeroize::Zeroizing;

use crate::faults::{Outcome, invalid, shown};
use crate::kubeconfig::Exec;
use crate::options::ExecRules;
use crate::server::Server;
use crate::step::{Progress, Step};

/// How many commands run at once: some are whole interpreters.
const AT_ONCE: usize = 4;

/// How long credentials are used that do not say when they expire, in milliseconds.
const KEPT_MS: u64 = 600_000;

/// So long before they expire they are fetched anew, in milliseconds.
const EARLY_MS: u64 = 60_000;

/// How many commands' credentials are kept.
const MOST_KEPT: usize = 20_000;

/// Whether a command may run.
///
/// # Errors
/// It may not, and which setting would allow it.
pub(crate) fn allowed(exec: &Exec, rules: &ExecRules) -> Outcome<()> {
    let command = &exec.command;
    if !rules.allow.contains(command) {
        return Err(invalid(format!(
            "the kubeconfig's user wants the command {} run for credentials, and agent.exec.allow does not name it; give \
             a token or a certificate, or allow the command on this agent",
            shown(command)
        )));
    }
    match exec.env.iter().find(|variable| !rules.env.contains(&variable.name)) {
        None => Ok(()),
        Some(variable) => Err(invalid(format!(
            "the kubeconfig's user sets {} for its command, and agent.exec.env does not name it; leave it out, or allow \
             it on this agent",
            shown(&variable.name)
        ))),
    }
}

/// What a command printed.
#[derive(Debug, Clone, Default)]
pub(crate) struct Printed {
    pub(crate) token: Option<SecretString>,
    /// Certificate and key, PEM.
    pub(crate) certificate: Option<(Zeroizing<String>, SecretString)>,
}

/// Names a command with its arguments, variables and server.
pub(crate) type Key = [u8; 32];

#[derive(Debug)]
struct Kept {
    printed: Printed,
    until: u64,
}

type Work = BoxFuture<'static, Outcome<Printed>>;

/// What is known of commands.
#[derive(Debug, Default)]
struct Known {
    kept: HashMap<Key, Kept>,
    /// Runs that go on as long as somebody waits for them.
    runs: HashMap<Key, WeakShared<Work>>,
}

/// The commands of all accounts.
#[derive(Debug)]
pub(crate) struct Commands(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    surroundings: Arc<dyn Surroundings>,
    places: Semaphore,
    known: Mutex<Known>,
}

/// Where credentials come from.
enum Origin {
    Before(Printed),
    Run(Shared<Work>),
}

impl Commands {
    pub(crate) fn new(surroundings: Arc<dyn Surroundings>) -> Self {
        Self(Arc::new(Inner {
            surroundings,
            places: Semaphore::new(AT_ONCE),
            known: Mutex::default(),
        }))
    }

    /// Answers what a command printed before, or what it prints now: one run of it is enough for all who ask meanwhile.
    ///
    /// # Errors
    /// It does not run, takes too long, fails, or prints no credentials.
    pub(crate) async fn credentials(
        &self,
        exec: &Exec,
        server: &Server,
        progress: &Progress,
    ) -> Outcome<(Key, Printed)> {
        let key = key(exec, server);
        let printed = match self.origin(key, exec, server) {
            Origin::Before(printed) => printed,
            Origin::Run(run) => {
                progress.begins(Step::Command);
                run.await?
            }
        };
        Ok((key, printed))
    }

    fn origin(&self, key: Key, exec: &Exec, server: &Server) -> Origin {
        let now = self.0.surroundings.now();
        let mut known = self.0.known();
        if let Some(kept) = known.kept.get(&key).filter(|kept| now < kept.until) {
            return Origin::Before(kept.printed.clone());
        }
        if let Some(run) = known.runs.get(&key).and_then(WeakShared::upgrade) {
            return Origin::Run(run);
        }
        let run = Arc::clone(&self.0).run(key, exec.clone(), server.clone()).boxed().shared();
        // Those that nobody waited for to the end are still there.
        known.runs.retain(|_, run| run.upgrade().is_some());
        known.runs.extend(run.downgrade().map(|weak| (key, weak)));
        Origin::Run(run)
    }

    /// The server does not take them: the command is to be asked again next time.
    pub(crate) fn forget(&self, key: &Key) {
        self.0.known().kept.remove(key);
    }
}

impl Inner {
    async fn run(self: Arc<Self>, key: Key, exec: Exec, server: Server) -> Outcome<Printed> {
        let place = self.places.acquire().await;
        let ran = process::run(&exec, &server, &*self.surroundings).await;
        drop(place);
        let now = self.surroundings.now();
        let mut known = self.known();
        known.runs.remove(&key);
        let (printed, expires) = ran?;
        let until = expires.map_or(now + KEPT_MS, |at| at.saturating_sub(EARLY_MS));
        known.kept.retain(|_, kept| now < kept.until);
        if known.kept.len() < MOST_KEPT {
            known.kept.insert(key, Kept { printed: printed.clone(), until });
        }
        Ok(printed)
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        // Nothing panics while it is held.
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn key(exec: &Exec, server: &Server) -> Key {
    let mut digest = Sha256::new();
    let server = server.identity();
    let env = exec.env.iter().flat_map(|variable| [&variable.name, &variable.value]);
    for text in [&exec.command, &server].into_iter().chain(&exec.args).chain(env) {
        digest.update((text.len() as u64).to_be_bytes());
        digest.update(text);
    }
    digest.finalize().into()
}

#[cfg(test)]
mod tests;
