//! Clusters under a clock that moves when told, and sentences with what differs from run to run taken out.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use host_agent::{Account, Change, Clusters as _, Code, Definition, Refusal, Seen};
use host_kubernetes::{ExecRules, Kubernetes, KubernetesOptions};
use serde_json::{Value, json};
use tests_harness::ApiServer;

use crate::link::clock::Hands;

/// 2026-11-22T12:00:00Z.
const NOW: u64 = 1_795_348_800_000;

pub(super) struct Scene {
    pub(super) clock: Arc<Hands>,
    pub(super) clusters: Arc<Kubernetes>,
}

/// An account with a definition.
pub(super) fn account(name: &str, definition: &Value) -> Account {
    Account { name: name.to_owned(), definition: Definition::new(definition.to_string()) }
}

/// A definition with this kubeconfig.
pub(super) fn inline(kubeconfig: &str) -> Value {
    json!({ "kubeconfigContents": kubeconfig, "liveManifestCalls": true })
}

/// A definition that reaches a server with its token `good`.
pub(super) fn good(api: &ApiServer) -> Value {
    inline(&api.kubeconfig("", "token: good"))
}

/// Waits for a fact, and fails the test rather than wait for ever.
pub(super) async fn soon<T>(fact: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(20), fact).await.expect("it does not come")
}

impl Scene {
    pub(super) fn new() -> Self {
        Self::with(KubernetesOptions::default())
    }

    /// Files under this folder, and this command, are allowed.
    pub(super) fn allowing(root: &Path, command: &str) -> Self {
        Self::with(KubernetesOptions {
            files_root: Some(root.into()),
            exec: ExecRules { allow: vec![command.to_owned()], env: Vec::new() },
            ..KubernetesOptions::default()
        })
    }

    pub(super) fn with(options: KubernetesOptions) -> Self {
        let clock = Arc::new(Hands::at(NOW));
        let clusters = Arc::new(Kubernetes::start(options, clock.clone()));
        Self { clock, clusters }
    }

    pub(super) async fn look(&self, definition: &Value) -> Result<Seen, Refusal> {
        soon(self.clusters.look(&account("a", definition))).await
    }

    /// The code and the sentence of a look that is refused. Whatever it is refused for, it shows no secret.
    pub(super) async fn refused(&self, definition: &Value) -> (Code, String) {
        let refusal = self.look(definition).await.expect_err("it is held");
        tame(&refusal)
    }

    /// A look that begins, and is given up when time passes after a fact.
    pub(super) async fn given_up(
        &self,
        definition: &Value,
        fact: impl Future<Output = ()>,
    ) -> (Code, String) {
        let look = self.look(definition);
        tokio::pin!(look);
        tokio::select! {
            looked = &mut look => panic!("it is not waited for: {looked:?}"),
            () = soon(fact) => self.clock.advance(30_000),
        }
        tame(&look.await.expect_err("it is held"))
    }

    /// Holds an account as it is seen now.
    pub(super) async fn hold(&self, name: &str, definition: &Value) -> Seen {
        let account = account(name, definition);
        let seen = soon(self.clusters.look(&account)).await.expect("it can be held");
        self.clusters.hold(&account, &seen);
        seen
    }

    /// Moves time on to the next look at the only account, when nothing goes on.
    pub(super) async fn next_look(&self) {
        self.next_of(1).await;
    }

    /// The same while its namespaces are watched: the watch waits too, for its end, which is later.
    pub(super) async fn next_look_beside_a_watch(&self) {
        self.next_of(2).await;
    }

    async fn next_of(&self, sleepers: usize) {
        let at = soon(self.clock.only(sleepers)).await;
        self.clock.advance(at - self.clock.time());
    }

    /// Moves time on from look to look until something is told.
    pub(super) async fn told(&self) -> Vec<Change> {
        let told = async {
            tokio::select! {
                changes = self.clusters.changes() => changes,
                never = async { loop { self.next_look().await } } => never,
            }
        };
        soon(told).await
    }
}

/// A sentence without the port of this run.
fn tame(refusal: &Refusal) -> (Code, String) {
    assert!(!refusal.text.contains("hunter2"), "{}", refusal.text);
    let mut text = String::new();
    let mut rest = refusal.text.as_str();
    while let Some((before, after)) = rest.split_once("127.0.0.1:") {
        text.push_str(before);
        text.push_str("127.0.0.1:PORT");
        rest = after.trim_start_matches(|letter: char| letter.is_ascii_digit());
    }
    text.push_str(rest);
    (refusal.code, text)
}
