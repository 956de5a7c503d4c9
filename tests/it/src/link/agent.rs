//! The reference agent's stream: registration, loss and return, and the last word of the bridge.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use host_agent::{Agent, AgentError, AgentOptions, Change, ConfiguredAccount, Definition, Status};
use host_core::port::link::RegistrationRefused;
use proto::agent::v1::Register;
use tests_harness::Cable;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::clock::Hands;
use super::clusters::{Asked, Watched};
use super::dialler::{Dialler, part};
use super::station::{Fact, Station, add, soon};

/// An agent that runs, on a clock of its own.
pub(super) struct Running {
    pub(super) clock: Arc<Hands>,
    pub(super) clusters: Arc<Watched>,
    pub(super) asked: mpsc::UnboundedReceiver<Asked>,
    pub(super) changes: mpsc::UnboundedSender<Change>,
    status: watch::Receiver<Status>,
    shutdown: CancellationToken,
    ran: JoinHandle<Result<(), AgentError>>,
}

pub(super) fn options(station: &Station) -> AgentOptions {
    AgentOptions::new(&format!("http://{}", station.address), "agent-a", "instance-1", "eu")
}

/// The same agent, dialling through a cable.
pub(super) fn through(cable: &Cable) -> AgentOptions {
    AgentOptions::new(&format!("http://{}", cable.address), "agent-a", "instance-1", "eu")
}

impl Running {
    pub(super) fn start(options: AgentOptions) -> Self {
        let clock = Arc::new(Hands::new());
        let (clusters, asked, changes) = Watched::new();
        let agent =
            Agent::new(options, Arc::clone(&clusters) as _, Arc::clone(&clock) as _).unwrap();
        let (status, shutdown) = (agent.status(), CancellationToken::new());
        let ran = tokio::spawn(agent.run(shutdown.clone()));
        Self { clock, clusters, asked, changes, status, shutdown, ran }
    }

    pub(super) async fn asked(&mut self) -> Asked {
        soon(self.asked.recv()).await.expect("the clusters are there")
    }

    async fn until(&mut self, what: impl FnMut(&Status) -> bool) {
        soon(self.status.wait_for(what)).await.expect("the agent runs");
    }

    async fn stopped(self) -> Result<(), AgentError> {
        soon(self.ran).await.expect("no panic")
    }
}

fn configured(names: impl IntoIterator<Item = String>) -> Vec<ConfiguredAccount> {
    let account = |name| ConfiguredAccount { name, definition: Definition::default() };
    names.into_iter().map(account).collect()
}

#[tokio::test]
async fn accounts_of_the_own_configuration_are_registered_and_looked_at() {
    let mut station = Station::open().await;
    let own = AgentOptions { accounts: configured(["own".into()]), ..options(&station) };
    let mut agent = Running::start(own);
    let (registration, _) = station.registered().await;
    let account = &registration.accounts[0];
    assert_eq!(
        (account.account.as_str(), account.configured, account.held),
        ("own", true, Some(0))
    );
    assert_eq!(agent.asked().await, Asked::Look("own".into()));
    assert_eq!(agent.asked().await, Asked::Hold("own".into()));
    let Fact::Observations(_, seen) = station.next().await else { panic!("nothing observed") };
    assert_eq!((seen[0].healthy, seen[0].configured), (Some(true), true));
    assert_eq!(seen[0].identity.as_ref().map(|i| i.host.as_str()), Some("https://own:6443"));
}

#[tokio::test]
async fn ten_thousand_accounts_of_the_own_configuration_register() {
    let mut station = Station::open().await;
    let accounts = configured((0..10_000).map(|n| format!("own-{n}")));
    let _agent = Running::start(AgentOptions { accounts, ..options(&station) });
    assert_eq!(station.registered().await.0.accounts.len(), 10_000);
}

#[tokio::test]
async fn an_agent_beats_as_often_as_it_was_told() {
    let mut station = Station::open().await;
    let agent = Running::start(options(&station));
    let (_, session) = station.registered().await;
    for _ in 0..3 {
        agent.clock.somebody_waits(20_000).await;
        agent.clock.advance(20_000);
        assert_eq!(soon(station.facts.recv()).await, Some(Fact::Heard(session.clone())));
    }
}

#[tokio::test]
async fn a_bridge_that_is_killed_and_comes_back_finds_the_same_instance_with_what_it_held() {
    let (mut killed, cable) = (Station::open().await, Cable::unplugged().await.unwrap());
    cable.plug(killed.address);
    let mut agent = Running::start(through(&cable));
    let (_, session) = killed.registered().await;
    killed.link.deliver(&session, vec![add("op-1", "a", 1), add("op-2", "b", 1)]).await;
    killed.many_results(2).await;
    cable.cut();
    assert_eq!(killed.next().await, Fact::Closed(session.clone()));
    agent.until(|status| status.session.is_none()).await;

    let mut again = Station::open().await;
    cable.plug(again.address);
    soon(agent.clock.somebody_waits(1_000)).await;
    agent.clock.advance(1_000);
    let (registration, _) = again.registered().await;
    assert_eq!(registration.instance, session.instance);
    let mut held: Vec<_> =
        registration.accounts.iter().map(|a| (a.account.as_str(), a.held, a.generation)).collect();
    held.sort_unstable();
    assert_eq!(held, [("a", Some(10), 1), ("b", Some(10), 1)]);
}

#[tokio::test]
async fn an_agent_goes_on_working_while_it_has_no_stream() {
    let (mut station, cable) = (Station::open().await, Cable::unplugged().await.unwrap());
    cable.plug(station.address);
    let mut agent = Running::start(through(&cable));
    let (_, session) = station.registered().await;
    station.link.deliver(&session, vec![add("op-1", "slow", 1)]).await;
    assert_eq!(agent.asked().await, Asked::Look("slow".into()));
    cable.cut();
    agent.until(|status| status.session.is_none()).await;
    agent.clusters.answers.send_replace(true);
    assert_eq!(agent.asked().await, Asked::Hold("slow".into()));
    assert_eq!(station.next().await, Fact::Closed(session));

    cable.plug(station.address);
    soon(agent.clock.somebody_waits(1_000)).await;
    agent.clock.advance(1_000);
    let (registration, _) = station.registered().await;
    assert_eq!(registration.accounts[0].held, Some(10));
    assert_eq!(station.results().await[0].operation, "op-1");
}

#[tokio::test]
async fn a_bridge_that_cannot_be_reached_is_dialled_again_with_growing_waits() {
    let cable = Cable::unplugged().await.unwrap();
    let mut agent = Running::start(through(&cable));
    for (tries, wait) in [(1, 1_000), (2, 1_600), (3, 2_560)] {
        agent.until(|status| status.failures == tries).await;
        soon(agent.clock.somebody_waits(wait)).await;
        agent.clock.advance(wait);
    }
    agent.shutdown.cancel();
    assert_eq!(agent.stopped().await, Ok(()), "told to stop, it stops well");
}

#[tokio::test]
async fn told_to_go_elsewhere_an_agent_dials_at_once() {
    let mut station = Station::open().await;
    let _agent = Running::start(options(&station));
    let (_, first) = station.registered().await;
    assert!(station.link.disconnect("agent-a", "move on").await);
    let mut next = station.next().await;
    if matches!(next, Fact::Closed(_)) {
        next = station.next().await;
    }
    assert!(matches!(next, Fact::Registered(_)), "without a moment passing: {next:?}");
    assert_eq!(first.instance, "instance-1");
}

#[tokio::test]
async fn a_refusal_that_may_pass_is_waited_for() {
    let mut station = Station::open().await;
    let refusal = RegistrationRefused { reason: "the database is away".into(), retry: true };
    station.script.refusals.lock().unwrap().push_back(refusal);
    let mut agent = Running::start(options(&station));
    assert!(matches!(station.next().await, Fact::Registered(_)));
    agent.until(|status| status.failures == 1).await;
    soon(agent.clock.somebody_waits(1_000)).await;
    agent.clock.advance(1_000);
    station.registered().await;
}

#[tokio::test]
async fn a_refusal_that_will_not_pass_stops_the_agent_with_the_reason() {
    let mut station = Station::open().await;
    let refusal =
        RegistrationRefused { reason: "agent-a may not claim zone eu".into(), retry: false };
    station.script.refusals.lock().unwrap().push_back(refusal);
    let agent = Running::start(options(&station));
    assert!(matches!(station.next().await, Fact::Registered(_)));
    let error = agent.stopped().await.unwrap_err();
    assert!(error.to_string().contains("may not claim zone eu"), "{error}");
}

#[tokio::test]
async fn an_agent_whose_id_another_process_takes_stops_with_the_reason() {
    let mut station = Station::open().await;
    let agent = Running::start(options(&station));
    station.registered().await;
    let other = Register { instance_id: "instance-2".into(), ..part([], true) };
    let _other = Dialler::register(station.address, other).await;
    let error = agent.stopped().await.unwrap_err();
    assert!(error.to_string().contains("another process"), "{error}");
}

#[tokio::test]
async fn an_agent_that_is_told_to_stop_leaves_and_the_bridge_hears_it() {
    let mut station = Station::open().await;
    let agent = Running::start(options(&station));
    let (_, session) = station.registered().await;
    agent.shutdown.cancel();
    assert_eq!(agent.stopped().await, Ok(()));
    assert_eq!(station.next().await, Fact::Closed(session));
}

#[tokio::test]
async fn what_was_not_acknowledged_is_said_again_on_the_next_stream_and_what_was_is_not() {
    let mut station = Station::open().await;
    station.script.acknowledges.store(false, Ordering::SeqCst);
    let mut agent = Running::start(options(&station));
    let (_, session) = station.registered().await;
    station.link.deliver(&session, vec![add("op-1", "a", 1)]).await;
    let first = station.results().await;
    station.script.acknowledges.store(true, Ordering::SeqCst);

    let mut session = reconnected(&mut station, &mut agent).await;
    assert_eq!(station.results().await, first, "the same answer");
    // The acknowledgement is on the stream before the operation: when that is answered, it was heard.
    station.link.deliver(&session, vec![add("op-2", "b", 1)]).await;
    assert_eq!(station.results().await[0].operation, "op-2");

    session = reconnected(&mut station, &mut agent).await;
    station.link.deliver(&session, vec![add("op-3", "c", 1)]).await;
    let last: Vec<String> = station.results().await.into_iter().map(|r| r.operation).collect();
    assert!(!last.contains(&"op-1".to_owned()), "{last:?}");
    let looks = std::iter::from_fn(|| agent.asked.try_recv().ok())
        .filter(|a| *a == Asked::Look("a".into()));
    assert_eq!(looks.count(), 1, "an answer that is said again is not worked for again");
}

#[tokio::test]
async fn what_an_agent_saw_is_said_again_until_it_is_acknowledged() {
    const HEARTBEAT_MS: u64 = 20_000;
    let mut station = Station::open().await;
    let agent = Running::start(options(&station));
    let (_, session) = station.registered().await;
    station.link.deliver(&session, vec![add("op-1", "a", 1)]).await;
    station.results().await;
    station.script.acknowledges.store(false, Ordering::SeqCst);
    let change = Change {
        account: "a".into(),
        health: Ok(()),
        identity: None,
        namespaces: Some(Vec::new()),
    };
    agent.changes.send(change).unwrap();
    let Fact::Observations(_, first) = station.next().await else { panic!("nothing observed") };
    assert_eq!(first[0].namespaces, Some(Vec::new()), "there is none any more");
    station.script.acknowledges.store(true, Ordering::SeqCst);
    let again = loop {
        tokio::select! {
            fact = station.next() => match fact {
                Fact::Observations(_, seen) => break seen,
                Fact::Heard(_) => {}
                other => panic!("{other:?}"),
            },
            () = agent.clock.somebody_waits(HEARTBEAT_MS) => agent.clock.advance(HEARTBEAT_MS),
        }
    };
    assert_eq!(again, first, "nobody said that it was taken in");
}

/// Ends the agent's stream, and waits until it has another.
async fn reconnected(station: &mut Station, agent: &mut Running) -> host_core::port::link::Session {
    assert!(station.link.disconnect("agent-a", "to see it come back").await);
    loop {
        tokio::select! {
            fact = station.next() => {
                if let Fact::Opened(session) = fact {
                    return session;
                }
            }
            // The second time in a row it waits a moment.
            () = agent.clock.somebody_waits(1_000) => agent.clock.advance(1_000),
        }
    }
}
