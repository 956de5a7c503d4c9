//! The sins. The account's name says which.

use std::hint::black_box;

use crate::bindings::{accounts, agents, events, log, module, types};

/// What the exports are implemented on.
pub(crate) struct Module;

impl module::Guest for Module {
    fn describe() -> module::Description {
        let rest = |name: &str| module::StateInfo {
            name: name.to_owned(),
            kind: module::Kind::Rest,
            holder: module::Holder::Nobody,
        };
        let edge = |from: Option<&str>, to: Option<&str>| module::Edge {
            from: from.map(str::to_owned),
            event: "move".to_owned(),
            to: to.map(str::to_owned),
        };
        module::Description {
            name: "misbehaving".to_owned(),
            version: "0.0.1".to_owned(),
            data_version: 1,
            takes_over: Vec::new(),
            settings_schema: "{}".to_owned(),
            states: vec![rest("HERE"), rest("THERE")],
            edges: vec![
                edge(None, Some("HERE")),
                edge(Some("HERE"), Some("THERE")),
                edge(Some("HERE"), None),
                edge(Some("THERE"), None),
            ],
        }
    }

    fn validate_settings(settings: Vec<(String, String)>) -> Result<(), String> {
        if settings.iter().any(|(key, _)| key == "refused") {
            return Err("refused is no setting of mine".to_owned());
        }
        Ok(())
    }
}

impl events::Guest for Module {
    fn handle(request: events::Request) -> Vec<events::Outcome> {
        let done = request.items.iter().map(|_| events::Outcome::Done).collect();
        match request.items[0].name.as_str() {
            "behaves" => done,
            "loops-for-ever" => loops_for_ever(),
            "recurses-for-ever" => vec![events::Outcome::Done; usize::from(recurses(0) == 0)],
            "panics" => panic!("as it was told"),
            "wants-all-memory" => wants_all_memory(),
            "sends-a-huge-string" => sends_a_huge_string(),
            "asks-for-501-accounts" => asks_for_501_accounts(),
            "reads-without-end" => reads_without_end(),
            "floods-the-log" => floods_the_log(done),
            "answers-too-few" => Vec::new(),
            "takes-an-undeclared-edge" => {
                denied(change("takes-an-undeclared-edge", "NOWHERE"), done)
            }
            "writes-outside-its-batch" => denied(change("somebody-else", "THERE"), done),
            "writes-what-it-never-read" => {
                let unread = accounts::change(&[row("writes-what-it-never-read", "THERE")]);
                denied(unread, done)
            }
            "asks-an-agent-for-a-stranger" => denied(asks_for_a_stranger(), done),
            other => panic!("no sin is called {other}"),
        }
    }

    fn on_agent(_: String, _: String, _: events::AgentEvent, _: Vec<String>) {}

    fn tick(_: events::Reason, _: Vec<String>) -> Option<u64> {
        None
    }
}

/// Sits in a loop that never makes a host call.
fn loops_for_ever() -> Vec<events::Outcome> {
    let mut turns = 0_u64;
    loop {
        turns = black_box(turns.wrapping_add(1));
    }
}

/// Uses up the stack: not the one that a compiler keeps in linear memory, but that of the machine.
fn recurses(depth: u64) -> u64 {
    if depth == u64::MAX {
        return 0;
    }
    recurses(depth + 1).wrapping_mul(31) ^ depth
}

/// Grows its memory until it is stopped.
fn wants_all_memory() -> Vec<events::Outcome> {
    let mut kept = Vec::new();
    loop {
        kept.push(black_box(vec![1_u8; 1 << 20]));
    }
}

/// Hands the host more in one call than a call may carry.
fn sends_a_huge_string() -> Vec<events::Outcome> {
    log::write(log::Level::Info, &"x".repeat(4 << 20));
    Vec::new()
}

/// Asks for more rows at once than the contract allows.
fn asks_for_501_accounts() -> Vec<events::Outcome> {
    let names: Vec<String> = (0..501).map(|n| n.to_string()).collect();
    drop(accounts::get(&names));
    Vec::new()
}

/// Reads pages until it is stopped.
fn reads_without_end() -> Vec<events::Outcome> {
    loop {
        drop(black_box(accounts::page("", 500)));
    }
}

/// Writes more log lines than it may, and goes on well.
fn floods_the_log(done: Vec<events::Outcome>) -> Vec<events::Outcome> {
    for line in 0..100_000 {
        log::write(log::Level::Warn, &format!("line {line}"));
    }
    done
}

fn row(name: &str, to: &str) -> accounts::RowChange {
    accounts::RowChange {
        name: name.to_owned(),
        revision: 1,
        steps: vec![accounts::Step {
            event: "move".to_owned(),
            to: to.to_owned(),
            reason: "as it was told".to_owned(),
        }],
        fields: types::Fields {
            zone: None,
            identity: None,
            failed_count: 0,
            error: None,
            due_at: None,
            attributes: Vec::new(),
        },
        definition: accounts::DefinitionChange::Keep,
        open: None,
        finished: Vec::new(),
    }
}

fn change(name: &str, to: &str) -> Result<(), types::Denial> {
    drop(accounts::get(&[name.to_owned()]));
    accounts::change(&[row(name, to)])
}

fn asks_for_a_stranger() -> Result<(), types::Denial> {
    let submission = agents::Submission {
        account: "somebody-else".to_owned(),
        account_revision: Some(1),
        agent: "agent-a".to_owned(),
        instance: "i".to_owned(),
        holding_revision: None,
        kind: agents::OperationKind::Delete,
        not_before: None,
        deadline: None,
        parent: None,
        context: String::new(),
    };
    agents::submit(&[submission]).map(|_| ())
}

/// A write that must be denied: if it is, all is done; the denial goes to the log.
fn denied(answer: Result<(), types::Denial>, done: Vec<events::Outcome>) -> Vec<events::Outcome> {
    match answer {
        Ok(()) => panic!("the write was not denied"),
        Err(denial) => {
            log::write(log::Level::Warn, &format!("denied: {}: {}", denial.name, denial.reason));
            done
        }
    }
}
