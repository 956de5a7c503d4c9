//! Rows and units for tests, as short as they can be said.

use host_core::account::{Account, Failure, Identity, OpenRequest};
use host_core::agent::{Agent, Presence};
use host_core::definition::Definition;
use host_core::holding::{Holding, Observed};
use host_core::journal::JournalEntry;
use host_core::operation::{Operation, OperationKind, OperationState};
use host_core::port::slots::Offer;
use host_core::request::ItemOutcome;
use host_core::unit::{
    GenerationWrite, HoldingWrite, ItemWrite, RowInsert, RowRemoval, RowUpdate, Unit,
};

/// A time in the tests.
pub(crate) const NOW: u64 = 1_795_348_917_499;

pub(crate) fn account(name: &str) -> Account {
    Account {
        name: name.into(),
        state: "INACTIVE".into(),
        revision: 1,
        state_revision: 1,
        definition_revision: 1,
        zone: None,
        declared_by: None,
        identity: None,
        failed_count: 0,
        error: None,
        state_since: NOW,
        due_at: None,
        requests: Vec::new(),
        attributes: Vec::new(),
        generation: None,
    }
}

/// A row with something in every column.
pub(crate) fn full(name: &str, revision: u64) -> Account {
    Account {
        state: "ACTIVE".into(),
        revision,
        state_revision: revision,
        definition_revision: revision,
        zone: Some("eu".into()),
        identity: Some(Identity {
            host: format!("https://{name}:6443"),
            fingerprint: "27:5E".into(),
            version: "1.34".into(),
        }),
        failed_count: 3,
        error: Some(Failure { code: "timeout".into(), text: "it didn't answer".into() }),
        due_at: Some(NOW + 1),
        requests: vec![OpenRequest { id: "r".into(), action: "activate".into() }],
        attributes: vec![("b".into(), "1".into()), ("a".into(), "кластер \"x\"".into())],
        ..account(name)
    }
}

pub(crate) fn definition(json: &str) -> Definition {
    Definition::from_text(json).expect("a JSON object")
}

pub(crate) fn unit(call: &str) -> Unit {
    Unit { call: call.into(), at: NOW, slot_generation: 1, ..Unit::default() }
}

pub(crate) fn insert(account: Account) -> RowInsert {
    RowInsert {
        account,
        definition: definition(r#"{"kubeconfigFile":"/kc"}"#),
        source: "api".into(),
        source_fingerprint: String::new(),
    }
}

pub(crate) fn inserts<'n>(call: &str, names: impl IntoIterator<Item = &'n str>) -> Unit {
    Unit { inserts: names.into_iter().map(|name| insert(account(name))).collect(), ..unit(call) }
}

/// A change of a row at revision 1 into another state.
pub(crate) fn update(name: &str, state: &str) -> RowUpdate {
    let account = Account { state: state.into(), revision: 2, state_revision: 2, ..account(name) };
    RowUpdate { expected: 1, account, definition: None }
}

pub(crate) fn removal(name: &str, expected: u64) -> RowRemoval {
    RowRemoval { name: name.into(), expected }
}

pub(crate) fn holding(account: &str, agent: &str) -> Holding {
    Holding { revision: 1, observed: Observed::Held(1), ..Holding::unheard_of(account, agent, "i") }
}

pub(crate) fn new_holding(account: &str, agent: &str) -> HoldingWrite {
    HoldingWrite { expected: None, holding: holding(account, agent) }
}

pub(crate) fn operation(id: &str, account: &str, agent: &str) -> Operation {
    Operation {
        id: id.into(),
        parent: Some("r".into()),
        account: account.into(),
        agent: agent.into(),
        instance: "i".into(),
        kind: OperationKind::Add,
        definition_revision: 1,
        generation: 1,
        state: OperationState::Pending,
        not_before: None,
        deadline: Some(NOW + 60_000),
        context: "{}".into(),
        module: "sha256:1".into(),
        data_version: 1,
        created_at: NOW,
        attempts: 0,
        sent_at: None,
        ended_at: None,
        failure: None,
        sight: None,
    }
}

pub(crate) fn journal(id: &str, account: &str) -> JournalEntry {
    JournalEntry {
        id: id.into(),
        at: NOW,
        account: account.into(),
        from: None,
        to: Some("INACTIVE".into()),
        event: "migrate".into(),
        reason: "somebody asked".into(),
        who: "alice".into(),
        request: Some("r".into()),
        operation: None,
        module: "sha256:1".into(),
        revision: 1,
    }
}

pub(crate) fn generation(name: &str, expected: Option<u64>, generation: u64) -> GenerationWrite {
    GenerationWrite { name: name.into(), expected, generation, removed_at: None }
}

/// A module without bytes.
pub(crate) fn offer(digest: &str) -> Offer {
    Offer { digest: digest.into(), program: 1, bytes: Vec::new() }
}

pub(crate) fn item(request: &str, name: &str, outcome: ItemOutcome) -> ItemWrite {
    let state = Some("TO_MIGRATE".to_owned());
    ItemWrite { request: request.into(), name: name.into(), outcome, state }
}

pub(crate) fn agent(id: &str) -> Agent {
    Agent {
        id: id.into(),
        instance: "i".into(),
        zone: "eu".into(),
        session: "s".into(),
        presence: Presence::Connected,
        presence_since: NOW,
        last_seen: NOW,
        settled: Presence::Gone,
        version: "0.1.0".into(),
        replica: "bridge-0".into(),
        changed: 0,
    }
}

pub(crate) fn texts<'t>(names: impl IntoIterator<Item = &'t str>) -> Vec<String> {
    names.into_iter().map(str::to_owned).collect()
}
