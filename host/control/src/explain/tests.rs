//! What an explanation tells, from facts that are made up, of a module that is none of ours.

use host_core::account::{Account, Failure};
use host_core::agent::{Agent, Presence};
use host_core::description::{Description, Edge, Holder, StateInfo, StateKind};
use host_core::holding::{Health, Holding, Observed, Refusal, Unanswered};
use host_core::operation::{Operation, OperationKind, OperationState};

use super::{Facts, WaitsFor, explain};

const NOW: u64 = 1_000_000;

fn module() -> Description {
    let state = |name: &str, kind| StateInfo { name: name.into(), kind, holder: Holder::Nobody };
    let edge = |from: &str, event: &str, to: &str| Edge {
        from: Some(from.into()),
        event: event.into(),
        to: Some(to.into()),
    };
    Description {
        name: "other".into(),
        version: "1.0.0".into(),
        data_version: 1,
        takes_over: Vec::new(),
        settings_schema: "{}".into(),
        states: vec![state("REST", StateKind::Rest), state("PASSING", StateKind::Transient)],
        edges: vec![
            edge("REST", "activate", "PASSING"),
            edge("REST", "delete", "PASSING"),
            edge("REST", "rebind", "REST"),
            edge("PASSING", "dispatched", "REST"),
        ],
    }
}

fn facts(state: &str, due_at: Option<u64>) -> Facts {
    let account = Account {
        name: "a".into(),
        state: state.into(),
        revision: 3,
        state_revision: 3,
        definition_revision: 2,
        zone: Some("eu".into()),
        declared_by: None,
        identity: None,
        failed_count: 0,
        error: None,
        state_since: NOW - 5_000,
        due_at,
        requests: Vec::new(),
        attributes: Vec::new(),
        generation: None,
    };
    let (holdings, agents, steps, operations) = (vec![], vec![], vec![], vec![]);
    Facts { now: NOW, account, holdings, agents, steps, operations }
}

fn agent(id: &str, presence: Presence) -> Agent {
    Agent {
        id: id.into(),
        instance: "i".into(),
        zone: "eu".into(),
        session: "s".into(),
        presence,
        presence_since: 0,
        last_seen: 0,
        settled: presence,
        version: String::new(),
        replica: String::new(),
        changed: 0,
    }
}

fn asked(agent: &str, not_before: Option<u64>) -> Holding {
    let operation = Unanswered {
        id: "o".into(),
        kind: OperationKind::Delete,
        definition_revision: 2,
        generation: 1,
        not_before,
    };
    let unheard = Holding::unheard_of("a", agent, "i");
    Holding { operation: Some(operation), observed: Observed::Unknown, ..unheard }
}

fn operation(sent_at: Option<u64>, deadline: Option<u64>) -> Operation {
    Operation {
        id: "o".into(),
        parent: None,
        account: "a".into(),
        agent: "agent-a".into(),
        instance: "i".into(),
        kind: OperationKind::Delete,
        definition_revision: 2,
        generation: 1,
        state: OperationState::Pending,
        not_before: None,
        deadline,
        context: String::new(),
        module: String::new(),
        data_version: 1,
        created_at: NOW - 4_000,
        attempts: 0,
        sent_at,
        ended_at: None,
        failure: None,
        sight: None,
    }
}

#[test]
fn how_a_cluster_stands_is_told_of_agents_that_are_there() {
    let health = |presence| {
        let mut facts = facts("REST", None);
        facts.agents = vec![agent("agent-a", presence)];
        let health = Some(Health { failure: None, since: NOW - 1_000 });
        let unheard = Holding::unheard_of("a", "agent-a", "i");
        facts.holdings = vec![Holding { observed: Observed::Held(2), health, ..unheard }];
        let explained = explain(facts, &module());
        let part = explained.agents.into_iter().next().expect("it holds the account");
        (part.health.is_some(), part.sentence.contains("its cluster answers"))
    };
    assert_eq!(health(Presence::Connected), (true, true));
    assert_eq!(health(Presence::Awaited), (false, false));
    assert_eq!(health(Presence::Gone), (false, false));
}

#[test]
fn a_state_that_nobody_has_heard_of_is_explained_by_its_edges_and_its_due_time() {
    let explained = explain(facts("PASSING", Some(NOW + 60_000)), &module());
    assert_eq!(explained.waits.len(), 1);
    assert_eq!(
        (explained.waits[0].what, explained.waits[0].until),
        (WaitsFor::Look, Some(NOW + 60_000))
    );
    assert!(explained.waits[0].sentence.ends_with("(in 1 min)"), "{:?}", explained.waits);
    assert!(explained.possible.is_empty());
    let resting = explain(facts("REST", None), &module());
    assert!(resting.waits.is_empty());
    assert!(resting.sentences.contains(&"it waits for nothing".to_owned()));
    let possible: Vec<&str> = resting.possible.iter().map(|action| action.as_str()).collect();
    assert_eq!(possible, ["activate", "delete", "rebind"]);
}

#[test]
fn an_agent_that_was_asked_is_waited_for_until_its_deadline() {
    let mut known = facts("PASSING", Some(NOW + 9_000));
    known.agents = vec![agent("agent-a", Presence::Connected)];
    known.holdings = vec![asked("agent-a", None)];
    known.operations = vec![operation(Some(NOW - 3_000), None)];
    let explained = explain(known.clone(), &module());
    let [wait] = explained.waits.as_slice() else { panic!("{:?}", explained.waits) };
    assert_eq!((wait.what, wait.agent.as_deref()), (WaitsFor::Answer, Some("agent-a")));
    assert_eq!((wait.since, wait.until), (Some(NOW - 3_000), Some(NOW + 9_000)));
    for words in ["asked to let go of it", "(3 s ago)", "has not answered", "(in 9 s)"] {
        assert!(wait.sentence.contains(words), "{words}: {}", wait.sentence);
    }
    known.operations = vec![operation(None, Some(NOW + 7_000))];
    known.agents[0].presence = Presence::Gone;
    let gone = explain(known, &module());
    assert_eq!(gone.waits[0].until, Some(NOW + 7_000), "the operation's own");
    for words in ["no stream has taken it yet", "the agent is gone"] {
        assert!(gone.waits[0].sentence.contains(words), "{}", gone.waits[0].sentence);
    }
}

#[test]
fn what_may_not_be_sent_yet_says_from_when() {
    let mut known = facts("REST", None);
    known.holdings = vec![asked("agent-a", Some(NOW + 20_000))];
    known.operations = vec![operation(None, None)];
    let explained = explain(known, &module());
    assert_eq!(explained.waits[0].not_before, Some(NOW + 20_000));
    assert!(explained.waits[0].sentence.contains("will be asked to let go of it at"));
}

#[test]
fn a_row_that_nobody_came_to_is_late_and_says_where_to_look() {
    let on_time = explain(facts("PASSING", Some(NOW - 30_000)), &module());
    assert_eq!(on_time.late_ms, None);
    let late = explain(facts("PASSING", Some(NOW - 30_001)), &module());
    assert_eq!(late.late_ms, Some(30_001));
    assert!(late.sentences.iter().any(|sentence| sentence.contains("look at the log")));
    let mut without = facts("PASSING", None);
    without.account.state_since = NOW - 31_000;
    assert_eq!(explain(without, &module()).late_ms, Some(31_000), "nobody will ever come to it");
    assert_eq!(explain(facts("REST", None), &module()).late_ms, None);
}

#[test]
fn an_agent_is_shown_with_what_it_holds_and_what_it_refused() {
    let mut known = facts("REST", None);
    known.agents = vec![agent("agent-a", Presence::Connected)];
    let refusal = Refusal {
        failure: Failure { code: "unauthorized".into(), text: "no".into() },
        kind: OperationKind::Add,
        definition_revision: 2,
        at: NOW - 60_000,
        times: 2,
    };
    let held = Holding { observed: Observed::Held(1), ..Holding::unheard_of("a", "agent-a", "i") };
    known.holdings =
        vec![Holding { refusal: Some(refusal), ..held }, Holding::unheard_of("a", "agent-b", "i")];
    let explained = explain(known, &module());
    let [part] = explained.agents.as_slice() else { panic!("{:?}", explained.agents) };
    assert!(!part.current, "an older definition");
    let words = "agent agent-a (connected) holds an older definition of it; it refused AddAccounts 2 times in a row";
    assert!(part.sentence.starts_with(words), "{}", part.sentence);
    assert!(part.sentence.ends_with("unauthorized: no"), "{}", part.sentence);
}

#[test]
fn a_row_of_an_agents_configuration_is_changed_there() {
    let mut known = facts("REST", None);
    known.account.declared_by = Some("agent-a".into());
    let explained = explain(known, &module());
    assert_eq!(explained.possible.iter().map(|a| a.as_str()).collect::<Vec<_>>(), ["rebind"]);
    assert!(explained.sentences.iter().any(|s| s.contains("the configuration of agent agent-a")));
}
