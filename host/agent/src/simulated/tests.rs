//! What a simulation file promises, by a clock that moves when told.

use std::sync::Arc;

use futures::FutureExt;

use super::{Script, Simulated};
use crate::clusters::{Account, Clusters, Code, Refusal, Seen};
use crate::definition::Definition;
use crate::surroundings::Surroundings;
use crate::testing::Clock;

struct World {
    clock: Arc<Clock>,
    clusters: Simulated,
}

impl World {
    fn of(text: &str) -> Self {
        let clock = Clock::at(1_000_000);
        let script = Script::read(text, "sim.yml").expect("a good file");
        let surroundings = Arc::clone(&clock) as Arc<dyn Surroundings>;
        Self { clusters: Simulated::new(script, surroundings), clock }
    }

    fn advance(&self, ms: u64) {
        self.clock.advance(ms);
    }

    /// Looks, and lets exactly so much time pass as the look needs.
    async fn look(&self, name: &str, definition: &str) -> (Result<Seen, Code>, u64) {
        let account = account(name, definition);
        let began = self.clock.now();
        let look = self.clusters.look(&account);
        tokio::pin!(look);
        let outcome = loop {
            match look.as_mut().now_or_never() {
                Some(outcome) => break outcome,
                None => self.advance(1),
            }
        };
        (outcome.map_err(|refusal| refusal.code), self.clock.now() - began)
    }
}

fn account(name: &str, definition: &str) -> Account {
    Account { name: name.into(), definition: Definition::new(definition) }
}

#[tokio::test]
async fn the_first_rule_that_fits_the_whole_name_wins() {
    let world = World::of(
        "default: { takes: 5ms }\naccounts:\n  - match: 'prod-.*'\n    takes: 20ms\n  - match: 'prod-1'\n    \
         refuses: timeout\n  - match: eu\n    refuses: unauthorized\n",
    );
    assert_eq!(world.look("prod-1", "{}").await.1, 20);
    assert_eq!(world.look("staging", "{}").await.1, 5);
    assert_eq!(world.look("eu", "{}").await.0, Err(Code::Unauthorized));
    assert!(world.look("eu-2", "{}").await.0.is_ok(), "an expression is over the whole name");
}

#[tokio::test]
async fn labels_of_the_definition_choose_a_rule() {
    let world = World::of("accounts:\n  - labels: { tier: edge }\n    refuses: unreachable\n");
    assert_eq!(world.look("a", r#"{"labels":{"tier":"edge"}}"#).await.0, Err(Code::Unreachable));
    assert!(world.look("a", r#"{"labels":{"tier":"core"}}"#).await.0.is_ok());
    assert!(world.look("a", "{}").await.0.is_ok());
}

#[tokio::test]
async fn a_refusal_may_be_for_the_first_tries_only() {
    let world = World::of("accounts:\n  - match: a.*\n    refuses: unauthorized\n    times: 2\n");
    assert_eq!(world.look("a1", "{}").await.0, Err(Code::Unauthorized));
    assert_eq!(world.look("a2", "{}").await.0, Err(Code::Unauthorized));
    assert_eq!(world.look("a1", "{}").await.0, Err(Code::Unauthorized));
    assert!(world.look("a1", "{}").await.0.is_ok());
    let always = World::of("accounts:\n  - match: a\n    refuses: invalid-kubeconfig\n");
    for _ in 0..5 {
        assert_eq!(always.look("a", "{}").await.0, Err(Code::InvalidKubeconfig));
    }
}

#[tokio::test]
async fn a_cluster_is_away_between_two_times_and_what_is_held_says_so_once() {
    let world = World::of(
        "default: { takes: 0s }\naccounts:\n  - match: edge\n    unreachable: [10s, 40s]\n",
    );
    let seen = world.look("edge", "{}").await.0.expect("reachable at first");
    world.clusters.hold(&account("edge", "{}"), &seen);
    world.clusters.hold(&account("core", "{}"), &seen);
    assert!(world.clusters.changes().now_or_never().is_none());
    world.advance(10_000);
    assert_eq!(world.look("edge", "{}").await.0, Err(Code::Unreachable));
    let changes = world.clusters.changes().await;
    assert_eq!(
        changes.iter().map(|c| (c.account.as_str(), c.health.is_ok())).collect::<Vec<_>>(),
        [("edge", false)]
    );
    assert!(world.clusters.changes().now_or_never().is_none());
    world.advance(30_000);
    assert!(world.clusters.changes().await[0].health.is_ok());
    assert!(world.look("edge", "{}").await.0.is_ok());
}

#[tokio::test]
async fn a_cluster_changes_by_time_and_each_change_is_told_once() {
    let world = World::of(
        "default: { takes: 0s }\naccounts:\n  - match: a\n    changes:\n\
         \x20     - { after: 10s, version: v1.35.0, namespaces: [team-a] }\n\
         \x20     - { after: 20s, health: unauthorized, certificate: second }\n\
         \x20     - { after: 30s, health: healthy }\n",
    );
    let first = world.look("a", "{}").await.0.expect("it answers");
    world.clusters.hold(&account("a", "{}"), &first);
    assert!(world.clusters.changes().now_or_never().is_none());
    world.advance(10_000);
    let changes = world.clusters.changes().await;
    let seen = changes[0].identity.as_ref().expect("another version");
    assert_eq!((seen.version.as_str(), &seen.host), ("v1.35.0", &first.identity.host));
    assert_eq!(changes[0].namespaces, Some(vec!["team-a".to_owned()]));
    world.advance(10_000);
    assert_eq!(world.look("a", "{}").await.0, Err(Code::Unauthorized));
    let changes = world.clusters.changes().await;
    assert_eq!(changes[0].health.as_ref().map_err(|why| why.code), Err(Code::Unauthorized));
    assert_eq!((&changes[0].identity, &changes[0].namespaces), (&None, &None), "nothing is seen");
    world.advance(10_000);
    let changes = world.clusters.changes().await;
    assert!(changes[0].health.is_ok());
    let seen = changes[0].identity.as_ref().expect("another certificate");
    assert_ne!(seen.fingerprint, first.identity.fingerprint);
    assert_eq!(changes[0].namespaces, None, "the same as before");
    assert!(world.clusters.changes().now_or_never().is_none());
    let now = world.look("a", "{}").await.0.expect("it answers again");
    assert_eq!(&now.identity, seen);
}

#[tokio::test]
async fn an_account_that_is_let_go_is_not_watched_any_more() {
    let world = World::of("default: { takes: 0s, unreachable: [1s, 2s] }");
    world.clusters.hold(&account("a", "{}"), &Seen::default());
    world.clusters.release("a");
    world.advance(1_500);
    assert!(world.clusters.changes().now_or_never().is_none());
}

#[tokio::test]
async fn the_same_account_always_is_the_same_cluster() {
    let world = World::of("");
    let (first, again) = (world.look("eu-1", "{}").await.0, world.look("eu-1", "{}").await.0);
    let seen = first.clone().expect("seen");
    assert_eq!(first, again);
    assert_eq!(seen.identity.host, "https://eu-1.simulated:6443");
    assert_eq!(seen.identity.fingerprint.split(':').count(), 32);
    let other = world.look("eu-2", "{}").await.0.expect("seen");
    assert_ne!(seen.identity.fingerprint, other.identity.fingerprint);
}

#[tokio::test]
async fn declared_namespaces_are_seen_and_a_definition_that_is_no_object_is_refused() {
    let world = World::of("default: { takes: 0s }");
    let seen = world.look("a", r#"{"namespaces":["team-a"]}"#).await.0.expect("seen");
    assert_eq!(seen.namespaces, Some(vec!["team-a".to_owned()]));
    let refused = world.clusters.look(&account("a", "hunter2")).await;
    let Err(Refusal { code, text }) = refused else { panic!("seen") };
    assert_eq!(code, Code::InvalidKubeconfig);
    assert!(!text.contains("hunter2"));
}

#[test]
fn a_bad_file_is_answered_with_the_line_and_what_would_be_right() {
    let sentence = |text: &str| Script::read(text, "sim.yml").unwrap_err().to_string();
    for (text, words) in [
        ("defualt: {}\n", &["sim.yml, line 1", "\"defualt\"", "\"default\""][..]),
        ("accounts:\n  - mtach: a\n", &["line 2", "did you mean \"match\"?"]),
        ("accounts:\n  - match: a\n    refuses: unautorized\n", &["line 3", "\"unauthorized\""]),
        ("default:\n  takes: soon\n", &["line 2", "20ms"]),
        ("default:\n  takes: 5\n", &["line 2"]),
        ("accounts:\n  - match: '('\n", &["line 2", "regular expression"]),
        ("accounts:\n  - match: 'a)(b'\n", &["regular expression"]),
        ("accounts:\n  - match: a\n    unreachable: [40s, 10s]\n", &["line 3", "[from, to]"]),
        ("accounts:\n  - takes: 5ms\n", &["rule 1", "give match or labels"]),
        ("accounts:\n  - match: a\n    times: 2\n", &["rule 1", "give refuses too"]),
        ("default: [\n", &["sim.yml"]),
        (
            "accounts:\n  - match: a\n    changes: [{ after: 2s }, { after: 1s }]\n",
            &["rule 1", "the earliest first"],
        ),
        (
            "accounts:\n  - match: a\n    changes: [{ after: 2s, health: unautorized }]\n",
            &["line 3", "\"unauthorized\""],
        ),
    ] {
        let sentence = sentence(text);
        for word in words {
            assert!(sentence.contains(word), "{text:?} says {sentence:?}, without {word:?}");
        }
    }
}
