//! A small world: rows, agents and holdings to be set up in a line, and a driver that answers like an empty chain.

use crate::{
    Account, Action, Agent, AgentEvent, Answer, Answers, Attributes, Backoff, Change, Decisions,
    Definition, Event, Failure, Holding, Identity, Item, NewAccount, Observed, OpenRequest,
    OperationKind, Outcome, Placement, Presence, Refusal, Refused, Removal, Request, Settings,
    Snapshot, SourceAccount, State, Submission, Unanswered, Verdict, Zones, decide, reads,
};

/// The time of every call, unless a test moves it.
pub(super) const NOW: u64 = 1_000_000;
/// The row's definition revision.
pub(super) const DEFINED: u64 = 70;
/// The row's revision, and the one at which it came into its state.
pub(super) const REVISION: u64 = 50;
pub(super) const STATE_REVISION: u64 = 45;

pub(super) fn account(name: &str, state: State) -> Account {
    Account {
        name: name.to_owned(),
        state: Some(state),
        revision: REVISION,
        state_revision: STATE_REVISION,
        definition_revision: DEFINED,
        zone: Some("z".to_owned()),
        declared_by: None,
        identity: None,
        failed_count: 0,
        error: None,
        state_since: NOW - 1_000,
        due_at: None,
        requests: Vec::new(),
        attributes: Attributes::new(),
    }
}

pub(super) fn agent(id: &str, zone: &str) -> Agent {
    Agent {
        id: id.to_owned(),
        instance: format!("{id}-1"),
        zone: zone.to_owned(),
        presence: Presence::Connected,
    }
}

pub(super) fn holding(agent: &str, observed: Observed) -> Holding {
    Holding {
        account: "acc".to_owned(),
        agent: agent.to_owned(),
        instance: format!("{agent}-1"),
        revision: 3,
        observed,
        configured: false,
        identity: None,
        operation: None,
        refusal: None,
        asked_revision: 0,
        gone_since: None,
    }
}

impl Holding {
    /// Asked in the present state, and unanswered.
    pub(super) fn asked(mut self, kind: OperationKind) -> Self {
        self.asked_revision = REVISION;
        self.operation = Some(Unanswered { kind, definition_revision: DEFINED, not_before: None });
        if kind != OperationKind::Check {
            self.observed = Observed::Unknown;
        }
        self
    }

    /// Asked in the present state, and answered with a refusal.
    pub(super) fn refused(mut self, kind: OperationKind) -> Self {
        self.asked_revision = REVISION;
        self.operation = None;
        self.refusal = Some(Refusal {
            failure: failure("unreachable"),
            kind,
            definition_revision: DEFINED,
            times: 1,
        });
        self
    }

    pub(super) fn gone(mut self, since: u64) -> Self {
        self.gone_since = Some(since);
        self
    }

    pub(super) fn seeing(mut self, cluster: &str) -> Self {
        self.identity = Some(identity(cluster));
        self
    }
}

pub(super) fn identity(cluster: &str) -> Identity {
    Identity {
        host: format!("https://{cluster}"),
        fingerprint: format!("sha256:{cluster}"),
        version: "1.30".to_owned(),
    }
}

pub(super) fn failure(code: &str) -> Failure {
    Failure { code: code.to_owned(), text: "the API server does not answer".to_owned() }
}

pub(super) fn definition(keys: &[&str]) -> Definition {
    Definition { id: "d1".to_owned(), keys: keys.iter().map(|key| (*key).to_owned()).collect() }
}

pub(super) fn item(name: &str) -> Item {
    Item { name: name.to_owned(), zone: None, definition: None, attributes: Attributes::new() }
}

pub(super) fn open(id: &str, action: &str) -> OpenRequest {
    OpenRequest { id: id.to_owned(), action: action.to_owned() }
}

/// Everything that a call reads, and how the policies answer.
#[derive(Debug, Clone)]
pub(super) struct World {
    pub(super) now: u64,
    pub(super) accounts: Vec<Account>,
    pub(super) agents: Vec<Agent>,
    pub(super) holdings: Vec<Holding>,
    pub(super) sources: Vec<SourceAccount>,
    pub(super) verdict: Verdict,
    pub(super) placement: Placement,
    pub(super) give_up_at: u32,
}

impl World {
    pub(super) fn new() -> Self {
        Self {
            now: NOW,
            accounts: Vec::new(),
            agents: Vec::new(),
            holdings: Vec::new(),
            sources: Vec::new(),
            verdict: Verdict::Allow,
            placement: Placement::Keep,
            give_up_at: 8,
        }
    }

    /// The account `acc` in this state, in the zone `z`, with a transient state's deadline ahead.
    pub(super) fn with(state: State) -> Self {
        let mut row = account("acc", state);
        if state.kind() == crate::Kind::Transient {
            row.due_at = Some(NOW + 10_000);
        }
        Self { accounts: vec![row], ..Self::new() }
    }

    pub(super) fn row(mut self, change: impl FnOnce(&mut Account)) -> Self {
        change(&mut self.accounts[0]);
        self
    }

    pub(super) fn agent(mut self, agent: Agent) -> Self {
        self.agents.push(agent);
        self
    }

    pub(super) fn knows(mut self, holding: Holding) -> Self {
        self.holdings.push(holding);
        self
    }

    pub(super) fn at(mut self, now: u64) -> Self {
        self.now = now;
        self
    }

    pub(super) fn offers(mut self, name: &str, fault: Option<&str>) -> Self {
        self.sources.push(SourceAccount {
            name: name.to_owned(),
            source: "clouddriver.accounts".to_owned(),
            definition: definition(&["kubeconfigFile"]),
            fault: fault.map(str::to_owned),
        });
        self
    }

    pub(super) fn decide(&self, event: &Event) -> Decisions {
        let wanted = reads(event);
        let folded: Vec<String> = wanted.names.iter().map(|name| name.to_lowercase()).collect();
        let rows = self.accounts.iter().filter(|row| folded.contains(&row.name.to_lowercase()));
        let holdings = self.holdings.iter().filter(|h| wanted.names.contains(&h.account));
        let sources = self.sources.iter().filter(|s| wanted.names.contains(&s.name));
        let mut snapshot = Snapshot::new(
            self.now,
            Settings::default(),
            rows.cloned().collect(),
            holdings.filter(|_| wanted.holdings).cloned().collect(),
            sources.filter(|_| wanted.sources).cloned().collect(),
        );
        let mut answers = Answers::default();
        for _ in 0..4 {
            match decide(event, &snapshot, &answers) {
                Ok(decisions) => return decisions,
                Err(questions) => {
                    if let Some(zones) = &questions.agents {
                        let agents = self.agents.iter().filter(|agent| match zones {
                            Zones::All => true,
                            Zones::Of(zones) => zones.contains(&agent.zone),
                        });
                        snapshot.add_agents(zones, agents.cloned().collect());
                    }
                    let all = |n: usize| vec![self.verdict.clone(); n];
                    answers.admit(&questions.admit, all(questions.admit.len()));
                    let places = vec![self.placement.clone(); questions.place.len()];
                    answers.place(&questions.place, places);
                    let backoffs = questions.retry.iter().map(|question| {
                        if question.failed_count >= self.give_up_at {
                            Backoff::GiveUp
                        } else {
                            Backoff::After(5_000)
                        }
                    });
                    answers.retry(&questions.retry, backoffs.collect());
                }
            }
        }
        panic!("the library asked a fourth time");
    }

    pub(super) fn ask(&self, action: Action, item: Item) -> Decisions {
        let items = vec![item];
        self.decide(&Event::Handle(Request { id: "r1".to_owned(), action: Some(action), items }))
    }

    pub(super) fn tick(&self) -> Decisions {
        self.decide(&Event::Tick { accounts: vec!["acc".to_owned()] })
    }

    pub(super) fn hears(&self, agent: &str, event: AgentEvent) -> Decisions {
        self.decide(&Event::OnAgent {
            agent: agent.to_owned(),
            instance: format!("{agent}-1"),
            event,
            accounts: vec!["acc".to_owned()],
        })
    }

    pub(super) fn answered(&self, agent: &str, failure: Option<Failure>) -> Decisions {
        self.answered_to(None, agent, failure)
    }

    pub(super) fn answered_to(
        &self,
        kind: Option<OperationKind>,
        agent: &str,
        failure: Option<Failure>,
    ) -> Decisions {
        let account = "acc".to_owned();
        let answer = Answer { account, failure, counted: true, kind };
        self.hears(agent, AgentEvent::Reported(vec![answer]))
    }
}

/// Reads what was decided about one account.
impl Decisions {
    pub(super) fn outcome(&self) -> &Outcome {
        &self.outcomes[0]
    }

    pub(super) fn refusal(&self) -> &Refused {
        match self.outcome() {
            Outcome::Refused(refused) => refused,
            Outcome::Done | Outcome::Pending | Outcome::Unsupported => {
                panic!("not refused: {self:?}")
            }
        }
    }

    pub(super) fn changed(&self) -> &Change {
        self.changes.first().unwrap_or_else(|| panic!("no change: {self:?}"))
    }

    pub(super) fn made(&self) -> &NewAccount {
        self.inserts.first().unwrap_or_else(|| panic!("no insert: {self:?}"))
    }

    pub(super) fn removed(&self) -> &Removal {
        self.removals.first().unwrap_or_else(|| panic!("no removal: {self:?}"))
    }

    /// The states that the row went through.
    pub(super) fn path(&self) -> Vec<&'static str> {
        let changes = self.changes.iter().flat_map(|change| &change.steps);
        let inserts = self.inserts.iter().flat_map(|insert| &insert.steps);
        let removals = self.removals.iter().flat_map(|removal| &removal.steps);
        let steps = changes.chain(inserts).chain(removals);
        steps.map(|step| step.to.map_or("removed", State::as_str)).collect()
    }

    /// What is sent to whom: `add a1`, and `(later)` where it waits.
    pub(super) fn sent(&self) -> Vec<String> {
        let word = |submission: &Submission| {
            let kind = match submission.kind {
                OperationKind::Add => "add",
                OperationKind::Update => "update",
                OperationKind::Delete => "delete",
                OperationKind::Check => "check",
            };
            let later = if submission.not_before.is_some() { " (later)" } else { "" };
            format!("{kind} {}{later}", submission.agent)
        };
        self.submissions.iter().map(word).collect()
    }

    pub(super) fn attribute(&self, key: &str) -> Option<&str> {
        let fields = &self.changed().fields;
        fields.attributes.iter().find(|(name, _)| name == key).map(|(_, value)| value.as_str())
    }
}
