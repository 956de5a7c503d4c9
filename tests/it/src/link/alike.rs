//! The scripted agents of trials over their link without a wire, and the reference agent over a real connection: the same
//! cases hold for both, so that what passes on a laptop passes in production.

use std::collections::VecDeque;
use std::sync::Arc;

use host_core::account::Failure;
use host_core::agent::{OperationResult, Registration};
use host_core::operation::Delivery;
use host_core::port::link::{AgentLink as _, Delivered, Session};
use host_trial::world::{MemoryLink, ScriptedAgent, ScriptedAnswer};
use tests_harness::Cable;
use tokio::sync::mpsc;

use super::agent::{Running, through};
use super::station::{Fact, Script, Station, add, drop_account, soon};

/// Both ends of a link, with an agent that does what it is told and succeeds.
enum Ends {
    Real { station: Box<Station>, agent: Box<Running>, cable: Cable },
    Scripted(Box<Scripted>),
}

struct Scripted {
    link: MemoryLink,
    script: Arc<Script>,
    facts: mpsc::UnboundedReceiver<Fact>,
    agent: ScriptedAgent,
    results: VecDeque<OperationResult>,
}

impl Ends {
    async fn real() -> Self {
        let (station, cable) = (Station::open().await, Cable::unplugged().await.unwrap());
        cable.plug(station.address);
        let agent = Box::new(Running::start(through(&cable)));
        Self::Real { station: Box::new(station), agent, cable }
    }

    async fn scripted() -> Self {
        let (script, facts) = Script::new();
        let link = MemoryLink::default();
        let mut agent = ScriptedAgent::new("agent-a", "eu", "instance-1");
        agent.join(&*script, &link).await.expect("it is taken");
        Self::Scripted(Box::new(Scripted { link, script, facts, agent, results: VecDeque::new() }))
    }

    async fn registered(&mut self) -> (Registration, Session) {
        match self {
            Self::Real { station, .. } => station.registered().await,
            Self::Scripted(end) => match (end.next().await, end.next().await) {
                (Fact::Registered(registration), Fact::Opened(session)) => (registration, session),
                other => panic!("not registered: {other:?}"),
            },
        }
    }

    async fn deliver(&self, session: &Session, deliveries: Vec<Delivery>) -> Delivered {
        match self {
            Self::Real { station, .. } => station.link.deliver(session, deliveries).await,
            Self::Scripted(end) => end.link.deliver(session, deliveries).await,
        }
    }

    /// The next answers, in the form that both give: operation, generation, what is held, and the code of a refusal.
    async fn answers(&mut self, count: usize) -> Vec<(String, u64, Option<u64>, Option<String>)> {
        let results = match self {
            Self::Real { station, .. } => station.many_results(count).await,
            Self::Scripted(end) => end.answered(count).await,
        };
        let mut answers: Vec<_> = results
            .into_iter()
            .map(|result| {
                let code = result.failure.map(|failure: Failure| failure.code);
                (result.operation, result.generation, result.held, code)
            })
            .collect();
        answers.sort_unstable();
        answers
    }

    /// The stream breaks, and the agent comes back.
    async fn breaks(&mut self, session: &Session) {
        match self {
            Self::Real { station, agent, cable } => {
                cable.cut();
                while station.next().await != Fact::Closed(session.clone()) {}
                cable.plug(station.address);
                soon(agent.clock.somebody_waits(1_000)).await;
                agent.clock.advance(1_000);
            }
            Self::Scripted(end) => {
                end.agent.leave(&*end.script, &end.link).await;
                assert_eq!(end.next().await, Fact::Closed(session.clone()));
                end.agent.join(&*end.script, &end.link).await.expect("it is taken");
            }
        }
    }

    async fn disconnect(&self) -> bool {
        match self {
            Self::Real { station, .. } => station.link.disconnect("agent-a", "a test").await,
            Self::Scripted(end) => end.link.disconnect("agent-a", "a test").await,
        }
    }

    /// The next thing that the bridge is told.
    async fn next(&mut self) -> Fact {
        match self {
            Self::Real { station, .. } => station.next().await,
            Self::Scripted(end) => {
                end.agent.listen(&*end.script, &end.link).await;
                end.next().await
            }
        }
    }
}

impl Scripted {
    async fn next(&mut self) -> Fact {
        soon(self.facts.recv()).await.expect("the script is there")
    }

    /// Does what it was sent, and takes the answers.
    async fn answered(&mut self, count: usize) -> Vec<OperationResult> {
        let sent = self.agent.listen(&*self.script, &self.link).await;
        for sent in sent
            .iter()
            .filter(|sent| {
                self.agent
                    .unanswered(&sent.operation.account)
                    .any(|open| open.id == sent.operation.id)
            })
            .cloned()
            .collect::<Vec<_>>()
        {
            self.agent.answer(&*self.script, &sent.operation.id, ScriptedAnswer::default()).await;
        }
        while self.results.len() < count {
            match self.next().await {
                Fact::Results(_, results) => self.results.extend(results),
                other => panic!("no answers: {other:?}"),
            }
        }
        self.results.drain(..count).collect()
    }
}

macro_rules! on_both {
    ($($case:ident),* $(,)?) => {
        mod real {
            $(#[tokio::test]
            async fn $case() {
                super::$case(super::Ends::real().await).await;
            })*
        }
        mod scripted {
            $(#[tokio::test]
            async fn $case() {
                super::$case(super::Ends::scripted().await).await;
            })*
        }
    };
}

on_both!(
    what_is_done_is_answered_with_what_is_held,
    the_same_id_is_answered_the_same_and_not_done_twice,
    an_old_generation_is_stale_and_changes_nothing,
    who_comes_back_says_what_it_holds_and_its_generations,
    a_session_that_is_over_takes_nothing,
    a_stream_that_is_ended_is_told_once,
);

async fn what_is_done_is_answered_with_what_is_held(mut ends: Ends) {
    let (registration, session) = ends.registered().await;
    assert_eq!((registration.agent.as_str(), registration.zone.as_str()), ("agent-a", "eu"));
    assert_eq!(registration.accounts, []);
    assert!(ends.deliver(&session, vec![add("op-1", "a", 1), add("op-2", "b", 1)]).await.open);
    let held = |id: &str, held: Option<u64>| (id.to_owned(), 1, held, None);
    assert_eq!(ends.answers(2).await, [held("op-1", Some(10)), held("op-2", Some(10))]);
    ends.deliver(&session, vec![drop_account("op-3", "a", 2)]).await;
    assert_eq!(ends.answers(1).await, [("op-3".to_owned(), 2, None, None)]);
}

async fn the_same_id_is_answered_the_same_and_not_done_twice(mut ends: Ends) {
    let (_, session) = ends.registered().await;
    let mut answers = Vec::new();
    for _ in 0..3 {
        ends.deliver(&session, vec![add("op-1", "a", 1)]).await;
        answers.push(ends.answers(1).await);
    }
    assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:?}");
}

async fn an_old_generation_is_stale_and_changes_nothing(mut ends: Ends) {
    let (_, session) = ends.registered().await;
    ends.deliver(&session, vec![add("new", "a", 7)]).await;
    ends.answers(1).await;
    ends.deliver(&session, vec![drop_account("old", "a", 6)]).await;
    assert_eq!(ends.answers(1).await, [("old".to_owned(), 6, Some(70), Some("stale".to_owned()))]);
}

async fn who_comes_back_says_what_it_holds_and_its_generations(mut ends: Ends) {
    let (_, session) = ends.registered().await;
    ends.deliver(&session, vec![add("op-1", "a", 1), add("op-2", "b", 1)]).await;
    ends.answers(2).await;
    ends.deliver(&session, vec![drop_account("op-3", "b", 2)]).await;
    ends.answers(1).await;
    ends.breaks(&session).await;
    let (registration, again) = ends.registered().await;
    assert_eq!(
        (registration.instance, &again.instance),
        (session.instance.clone(), &session.instance)
    );
    assert_ne!(again.session, session.session);
    let mut known: Vec<_> =
        registration.accounts.iter().map(|a| (a.account.as_str(), a.held, a.generation)).collect();
    known.sort_unstable();
    assert_eq!(known, [("a", Some(10), 1), ("b", None, 2)]);
}

async fn a_session_that_is_over_takes_nothing(mut ends: Ends) {
    let (_, session) = ends.registered().await;
    ends.breaks(&session).await;
    let (_, again) = ends.registered().await;
    assert!(!ends.deliver(&session, vec![add("op-1", "a", 1)]).await.open);
    assert!(ends.deliver(&again, vec![add("op-1", "a", 1)]).await.open);
    assert_eq!(ends.answers(1).await, [("op-1".to_owned(), 1, Some(10), None)]);
}

async fn a_stream_that_is_ended_is_told_once(mut ends: Ends) {
    let (_, session) = ends.registered().await;
    assert!(ends.disconnect().await);
    assert_eq!(ends.next().await, Fact::Closed(session.clone()));
    assert!(!ends.disconnect().await, "it has none any more");
    assert!(!ends.deliver(&session, vec![add("op-1", "a", 1)]).await.open);
}
