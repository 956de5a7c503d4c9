//! What the chain promises.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use host_core::account::Failure;
use host_core::clock::Millis;
use host_core::definition::Definition;
use host_core::error::{CallClass, CallError};
use host_core::policy::{
    Admission, Amendment, Answers, Backoff, Case, FailMode, FailedTry, Mode, Placement, Question,
    Questions, Ruling,
};
use host_core::port::ids::Ids;
use host_core::port::policy::{Policies as _, Policy};
use host_core::port::recorder::Recorder;
use host_core::port::time::Clock;
use host_core::record::Record;
use host_core::settings::InForce;
use serde_json::json;

use super::{Chain, ChainPorts, Member};

/// Answers by name; fails where it is told to, for a list that holds such a name.
#[derive(Debug, Clone, Default)]
struct Table {
    rulings: BTreeMap<String, Ruling>,
    placements: BTreeMap<String, Placement>,
    backoffs: BTreeMap<String, Backoff>,
    fails: Vec<String>,
    host_fails: bool,
    short: bool,
    seen: Arc<Mutex<Vec<Questions>>>,
}

#[async_trait]
impl Policy for Table {
    fn digest(&self) -> &'static str {
        "sha256:table"
    }

    fn answers(&self, question: Question) -> bool {
        match question {
            Question::Admission => true,
            Question::Placement => !self.placements.is_empty() || !self.fails.is_empty(),
            Question::Retry => !self.backoffs.is_empty() || !self.fails.is_empty(),
        }
    }

    async fn ask(&self, questions: Questions, _within: Duration) -> Result<Answers, CallError> {
        self.seen.lock().expect("no panic").push(questions.clone());
        let fault = |class| CallError { class, sentence: "it broke".into() };
        let names = questions.names();
        if self.host_fails {
            return Err(fault(CallClass::Overload));
        }
        if names.iter().any(|name| self.fails.contains(name)) {
            return Err(fault(CallClass::Trap));
        }
        let most = if self.short { names.len() - 1 } else { names.len() };
        let names = names.into_iter().take(most);
        Ok(match questions.question() {
            Question::Admission => {
                let of =
                    |name: String| Some(self.rulings.get(&name).cloned().unwrap_or(Ruling::Allow));
                Answers::Admission(names.map(of).collect())
            }
            Question::Placement => {
                Answers::Placement(names.map(|name| self.placements.get(&name).cloned()).collect())
            }
            Question::Retry => {
                Answers::Retry(names.map(|name| self.backoffs.get(&name).copied()).collect())
            }
        })
    }
}

#[derive(Debug, Default)]
struct Around {
    records: Mutex<Vec<Record>>,
}

impl Ids for Around {
    fn next(&self) -> String {
        "id".into()
    }
    fn chance(&self) -> f64 {
        0.0
    }
}

#[async_trait]
impl Clock for Around {
    fn now(&self) -> Millis {
        7
    }
    async fn sleep_until(&self, _: Millis) {}
}

impl Recorder for Around {
    fn wants(&self) -> bool {
        true
    }
    fn take(&self, record: Record) {
        self.records.lock().expect("no panic").push(record);
    }
}

fn member(name: &str, policy: Table) -> Member {
    Member {
        name: name.into(),
        generation: 3,
        policy: Arc::new(policy),
        mode: Mode::Enforce,
        fail: FailMode::Closed,
        deadline: Duration::from_secs(1),
        settings: Vec::new(),
    }
}

fn chain(members: Vec<Member>) -> (Chain, Arc<Around>) {
    let around = Arc::new(Around::default());
    let ports = ChainPorts {
        settings: InForce::default(),
        ids: Arc::clone(&around) as Arc<_>,
        clock: Arc::clone(&around) as Arc<_>,
        recorder: Arc::clone(&around) as Arc<_>,
    };
    (Chain::new(members, ports), around)
}

fn case(name: &str) -> Case {
    let definition = Definition::from_json(json!({"namespaces": ["a"]})).expect("a definition");
    Case { name: name.into(), zone: Some("eu".into()), definition, attributes: Vec::new() }
}

fn cases(names: &[&str]) -> Vec<Case> {
    names.iter().map(|name| case(name)).collect()
}

fn failed(name: &str, failed_count: u32) -> FailedTry {
    let failure = Failure { code: "timeout".into(), text: "why".into() };
    FailedTry { name: name.into(), failed_count, failure, attributes: Vec::new() }
}

fn set(key: &str, value: serde_json::Value) -> Ruling {
    Ruling::Amend(vec![Amendment { key: key.into(), value: Some(value) }])
}

fn rulings<const N: usize>(of: [(&str, Ruling); N]) -> Table {
    let rulings = of.into_iter().map(|(name, ruling)| (name.to_owned(), ruling)).collect();
    Table { rulings, ..Table::default() }
}

#[tokio::test]
async fn an_empty_chain_allows_keeps_and_answers_the_default_retry() {
    let (chain, _) = chain(Vec::new());
    assert!(Question::ALL.into_iter().all(|question| !chain.asks(question)));
    assert_eq!(chain.admit(cases(&["a"])).await, Ok(vec![Admission::Allow]));
    assert_eq!(chain.place(cases(&["a"])).await, Ok(vec![Placement::Keep]));
    assert_eq!(chain.retry(vec![failed("a", 2)]).await, Ok(vec![Backoff::After(10_000)]));
}

#[tokio::test]
async fn the_first_no_ends_it_and_amendments_are_laid_one_over_the_other() {
    let first =
        rulings([("no", Ruling::Deny("because".into())), ("yes", set("context", json!("c")))]);
    let second = rulings([("yes", set("namespaces", json!(["b"])))]);
    let seen = Arc::clone(&second.seen);
    let (chain, _) = chain(vec![member("one", first), member("two", second)]);
    let decided = chain.admit(cases(&["no", "yes", "other"])).await.expect("answers");
    assert_eq!(decided[0], Admission::Deny("because".into()));
    let both = json!({"namespaces": ["b"], "context": "c"});
    assert_eq!(decided[1], Admission::Amend(Definition::from_json(both).expect("a definition")));
    assert_eq!(decided[2], Admission::Allow);
    let seen = seen.lock().expect("no panic").clone();
    assert_eq!(seen.len(), 1, "it was asked once");
    assert_eq!(seen[0].names(), ["yes", "other"], "and not about what is denied");
}

#[tokio::test]
async fn what_a_policy_may_not_change_it_cannot() {
    let bold = rulings([("a", set("kubeconfigFile", json!("/etc/other"))), ("b", Ruling::Allow)]);
    let (chain, _) = chain(vec![member("bold", bold)]);
    let decided = chain.admit(cases(&["a", "b"])).await.expect("answers");
    let Admission::Deny(reason) = &decided[0] else { panic!("{decided:?}") };
    assert!(reason.contains("policy bold") && reason.contains("kubeconfigFile"), "{reason}");
    assert_eq!(decided[1], Admission::Allow);
}

#[tokio::test]
async fn a_policy_that_fails_harms_only_the_account_it_fails_for() {
    let broken = Table { fails: vec!["c".into()], ..Table::default() };
    let (closed, _) = chain(vec![member("broken", broken.clone())]);
    let decided = closed.admit(cases(&["a", "b", "c", "d"])).await.expect("answers");
    let denied: Vec<bool> = decided.iter().map(|d| matches!(d, Admission::Deny(_))).collect();
    assert_eq!(denied, [false, false, true, false]);
    let placed = closed.place(cases(&["a", "c"])).await.expect("answers");
    assert!(
        matches!(&placed[..], [Placement::Keep, Placement::Refuse(why)] if why.contains("it broke"))
    );
    let retried = closed.retry(vec![failed("c", 1)]).await;
    assert_eq!(retried, Ok(vec![Backoff::After(5_000)]), "a broken policy gives nobody up");
    let open = Member { fail: FailMode::Open, ..member("broken", broken) };
    let (open, _) = chain(vec![open]);
    assert_eq!(open.admit(cases(&["c"])).await, Ok(vec![Admission::Allow]));
    assert_eq!(open.place(cases(&["c"])).await, Ok(vec![Placement::Keep]));
}

#[tokio::test]
async fn a_policy_that_answers_too_little_has_failed() {
    let (chain, _) = chain(vec![member("short", Table { short: true, ..Table::default() })]);
    let decided = chain.admit(cases(&["a"])).await.expect("answers");
    assert!(matches!(&decided[0], Admission::Deny(why) if why.contains("number of answers")));
}

#[tokio::test]
async fn a_policy_that_cannot_be_asked_is_the_hosts_fault() {
    let (chain, _) = chain(vec![member("full", Table { host_fails: true, ..Table::default() })]);
    let failed = chain.admit(cases(&["a", "b"])).await.expect_err("it cannot be asked");
    assert_eq!(failed.class, CallClass::Overload);
}

#[tokio::test]
async fn a_zone_is_told_to_the_next_and_a_refusal_ends_it() {
    let zones = |of: &[(&str, Placement)]| Table {
        placements: of.iter().map(|(name, to)| ((*name).to_owned(), to.clone())).collect(),
        ..Table::default()
    };
    let one =
        zones(&[("a", Placement::Zone("us".into())), ("b", Placement::Refuse("full".into()))]);
    let two = zones(&[("c", Placement::Keep)]);
    let seen = Arc::clone(&two.seen);
    let (chain, _) = chain(vec![member("one", one), member("two", two)]);
    let placed = chain.place(cases(&["a", "b", "c"])).await.expect("answers");
    let expected =
        [Placement::Zone("us".into()), Placement::Refuse("full".into()), Placement::Keep];
    assert_eq!(placed, expected);
    let seen = seen.lock().expect("no panic").clone();
    let Questions::Placement(seen) = &seen[0] else { panic!("{seen:?}") };
    let seen: Vec<(&str, Option<&str>)> =
        seen.iter().map(|case| (case.name.as_str(), case.zone.as_deref())).collect();
    assert_eq!(seen, [("a", Some("us")), ("c", Some("eu"))]);
}

#[tokio::test]
async fn the_first_answer_to_retry_counts_and_the_default_stands_behind() {
    let waits = |of: &[(&str, Backoff)]| Table {
        backoffs: of.iter().map(|(name, wait)| ((*name).to_owned(), *wait)).collect(),
        ..Table::default()
    };
    let one = waits(&[("a", Backoff::GiveUp)]);
    let two = waits(&[("a", Backoff::After(1)), ("b", Backoff::After(2))]);
    let (chain, _) = chain(vec![member("one", one), member("two", two)]);
    let decided = chain.retry(vec![failed("a", 1), failed("b", 1), failed("c", 1)]).await;
    assert_eq!(decided, Ok(vec![Backoff::GiveUp, Backoff::After(2), Backoff::After(5_000)]));
}

#[tokio::test]
async fn one_that_only_watches_is_asked_and_counts_for_nothing() {
    let no = rulings([("a", Ruling::Deny("no".into()))]);
    let seen = Arc::clone(&no.seen);
    let watching = Member { mode: Mode::Monitor, ..member("watching", no.clone()) };
    let off = Member { mode: Mode::Off, ..member("off", no) };
    let (chain, around) = chain(vec![watching, off]);
    assert!(chain.asks(Question::Admission), "its definitions are read");
    assert_eq!(chain.admit(cases(&["a"])).await, Ok(vec![Admission::Allow]));
    while around.records.lock().expect("no panic").is_empty() {
        tokio::task::yield_now().await;
    }
    assert_eq!(seen.lock().expect("no panic").len(), 1, "and the one that is off is not");
}

#[tokio::test]
async fn what_was_asked_and_answered_is_recorded_with_the_module() {
    let (chain, around) = chain(vec![member("one", rulings([("a", Ruling::Deny("no".into()))]))]);
    chain.admit(cases(&["a"])).await.expect("answers");
    let records = around.records.lock().expect("no panic").clone();
    let [record] = &records[..] else { panic!("{records:?}") };
    assert_eq!((record.slot.as_str(), record.slot_generation), ("one", 3));
    assert_eq!((record.module.as_str(), record.at, record.outcome()), ("sha256:table", 7, "ok"));
    let again: Record =
        serde_json::from_str(&serde_json::to_string(record).expect("JSON")).expect("a record");
    assert_eq!(again, *record, "and can be read again");
}
