//! All pairs: every state with every request, agent event and timer. What has to come out is written down a second time,
//! in `grid.txt`.

use std::fmt::Write as _;

use super::world::{DEFINED, NOW, World, agent, definition, failure, holding, identity, item};
use crate::{Action, AgentEvent, Decisions, Holding, Observed, OperationKind, Outcome, State};

/// What may happen to a row besides a request. One agent is concerned: `a1`, of the row's zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Happening {
    /// A new start of the agent's process registers, holding nothing.
    JoinedEmpty,
    /// The agent registers, holding the present definition.
    JoinedHolding,
    /// It is gone.
    Left,
    /// It answers what it was asked: done.
    Done,
    /// It answers what it was asked: refused.
    Refused,
    /// It sees by itself that it holds the account no more.
    Dropped,
    /// It sees by itself that it holds the account.
    Took,
    /// The row's time has come.
    Due,
    /// The slow pass.
    Sweep,
}

const HAPPENINGS: [Happening; 9] = [
    Happening::JoinedEmpty,
    Happening::JoinedHolding,
    Happening::Left,
    Happening::Done,
    Happening::Refused,
    Happening::Dropped,
    Happening::Took,
    Happening::Due,
    Happening::Sweep,
];

/// How a row in this state ordinarily stands with its agent.
fn ordinary(state: Option<State>) -> World {
    let Some(state) = state else { return World::new().agent(agent("a1", "z")) };
    let world = World::with(state);
    let there = |world: World| world.agent(agent("a1", "z"));
    let held = Observed::Held(DEFINED);
    match state {
        State::Inactive => there(world),
        State::ToMigrate => world,
        State::Activating => {
            there(world).knows(holding("a1", Observed::NotHeld).asked(OperationKind::Add))
        }
        State::Active | State::ToDeactivate => there(world).knows(holding("a1", held)),
        State::Failed => there(world)
            .row(|row| row.due_at = Some(NOW + 5_000))
            .knows(holding("a1", Observed::NotHeld).refused(OperationKind::Add)),
        State::Orphaned => world.knows(holding("a1", held).gone(NOW - 90_000)),
        State::Deactivating | State::Deleting => {
            there(world).knows(holding("a1", held).asked(OperationKind::Delete))
        }
        State::DeleteFailed => {
            let refused = holding("a1", held).refused(OperationKind::Delete);
            let mut again = refused.asked(OperationKind::Delete);
            if let Some(operation) = &mut again.operation {
                operation.not_before = Some(NOW + 5_000);
            }
            there(world).knows(again)
        }
    }
}

/// Brings what is known up to date with what happens, as the bridge does, and asks.
fn happen(state: Option<State>, happening: Happening) -> Decisions {
    let mut world = ordinary(state);
    let known = world.holdings.pop().unwrap_or_else(|| holding("a1", Observed::NotHeld));
    let asked = known.operation.as_ref().map(|operation| operation.kind);
    let with = |world: World, holding: Holding| {
        let mut world = world;
        world.agents = vec![agent("a1", "z")];
        world.holdings = vec![holding];
        world
    };
    let clean = |observed| holding("a1", observed);
    let held = Observed::Held(DEFINED);
    match happening {
        Happening::JoinedEmpty => {
            with(world, clean(Observed::NotHeld)).hears("a1", AgentEvent::Joined)
        }
        Happening::JoinedHolding => {
            let known = Holding { observed: held, gone_since: None, ..known };
            with(world, known).hears("a1", AgentEvent::Joined)
        }
        Happening::Left => {
            world.agents.clear();
            world.knows(known.gone(NOW)).hears("a1", AgentEvent::Left)
        }
        Happening::Done => {
            let observed = match asked {
                Some(OperationKind::Delete) => Observed::NotHeld,
                Some(_) | None => held,
            };
            let known =
                Holding { observed, operation: None, refusal: None, gone_since: None, ..known };
            with(world, known).answered("a1", None)
        }
        Happening::Refused => {
            let kind = asked.unwrap_or(OperationKind::Add);
            let observed = if kind == OperationKind::Delete { held } else { Observed::NotHeld };
            let known = Holding { observed, gone_since: None, ..known.refused(kind) };
            with(world, known).answered("a1", Some(failure("unreachable")))
        }
        Happening::Dropped => {
            let known = Holding { observed: Observed::NotHeld, gone_since: None, ..known };
            with(world, known).hears("a1", AgentEvent::Reported(Vec::new()))
        }
        Happening::Took => {
            let known = Holding { observed: held, gone_since: None, ..known };
            with(world, known).hears("a1", AgentEvent::Reported(Vec::new()))
        }
        Happening::Due => {
            let due = world.accounts.first().and_then(|row| row.due_at).unwrap_or(NOW);
            world.knows(known).at(due).tick()
        }
        Happening::Sweep => world.knows(known).tick(),
    }
}

fn request(state: Option<State>, action: Action) -> Decisions {
    let mut asked = item("acc");
    if matches!(action, Action::Create | Action::Update) {
        asked.definition = Some(definition(&["namespaces"]));
    }
    let mut world = ordinary(state).offers("acc", None);
    if action == Action::Rebind {
        for row in &mut world.accounts {
            row.identity = Some(identity("old"));
        }
        world.holdings = world.holdings.into_iter().map(|known| known.seeing("new")).collect();
    }
    world.ask(action, asked)
}

/// What came of it, in a line: the outcome of a request, the states that were gone through, what was sent.
fn told(decisions: &Decisions) -> String {
    let mut line = String::new();
    if let Some(outcome) = decisions.outcomes.first() {
        let word = match outcome {
            Outcome::Done => "done",
            Outcome::Pending => "pending",
            Outcome::Refused(refused) => refused.code,
            Outcome::Unsupported => "unsupported",
        };
        line.push_str(word);
    }
    let mut add = |text: String| {
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(&text);
    };
    for to in decisions.path() {
        add(format!("> {to}"));
    }
    for sent in decisions.sent() {
        add(format!("[{sent}]"));
    }
    if line.is_empty() { ".".to_owned() } else { line }
}

fn states() -> impl Iterator<Item = (Option<State>, &'static str)> {
    let rows = State::ALL.into_iter().map(|state| (Some(state), state.as_str()));
    std::iter::once((None, "(none)")).chain(rows)
}

#[test]
fn every_pair_comes_out_as_it_is_written_down() {
    let mut grid = String::new();
    for (state, name) in states() {
        for action in Action::ALL {
            let line = told(&request(state, action));
            writeln!(grid, "{name:14}{:15}{line}", action.as_str()).expect("a string takes it");
        }
        for happening in HAPPENINGS {
            let line = told(&happen(state, happening));
            let happening = format!("{happening:?}");
            writeln!(grid, "{name:14}{happening:15}{line}").expect("a string takes it");
        }
    }
    let expected = include_str!("grid.txt");
    for (line, expected) in grid.lines().zip(expected.lines()) {
        assert_eq!(line, expected);
    }
    assert_eq!(grid.lines().count(), expected.lines().count(), "the grid is:\n{grid}");
}

#[test]
fn a_request_without_an_edge_is_told_the_state_and_what_is_possible() {
    let mut refusals = 0;
    for (state, name) in states() {
        for action in Action::ALL {
            let decisions = request(state, action);
            let Outcome::Refused(refused) = decisions.outcome() else { continue };
            refusals += 1;
            assert!(decisions.changes.is_empty() && decisions.submissions.is_empty());
            assert!(!refused.possible.contains(&action) || refused.code == "no-agent");
            match refused.code {
                "unknown" => assert!(refused.reason.contains("no account acc")),
                "exists" => assert!(refused.reason.contains(name), "{}", refused.reason),
                "state" => {
                    assert!(refused.reason.contains(name), "{}", refused.reason);
                    assert!(refused.reason.contains(action.as_str()), "{}", refused.reason);
                    assert!(refused.reason.contains("possible now"), "{}", refused.reason);
                    let named = |a: &Action| refused.reason.contains(a.as_str());
                    assert!(refused.possible.iter().all(named), "{}", refused.reason);
                }
                "no-agent" => assert_eq!(action, Action::Check),
                other => panic!("{name} {action:?}: {other}"),
            }
        }
    }
    assert!(refusals > 40, "{refusals} refusals");
}

#[test]
fn every_step_is_an_edge_and_every_transient_state_has_its_time() {
    let decided = states().flat_map(|(state, _)| {
        let asked = Action::ALL.into_iter().map(move |action| (state, request(state, action)));
        asked.chain(HAPPENINGS.into_iter().map(move |what| (state, happen(state, what))))
    });
    for (from, decisions) in decided {
        for (steps, fields) in decisions
            .changes
            .iter()
            .map(|change| (&change.steps, Some(&change.fields)))
            .chain(decisions.inserts.iter().map(|insert| (&insert.steps, Some(&insert.fields))))
            .chain(decisions.removals.iter().map(|removal| (&removal.steps, None)))
        {
            let mut at = from;
            for step in steps {
                assert!(crate::table::has(at, step.on, step.to), "{at:?} {step:?}");
                assert!(!step.reason.is_empty());
                at = step.to;
            }
            if let Some((state, fields)) = at.zip(fields) {
                let transient = state.kind() == crate::Kind::Transient;
                assert!(!transient || fields.due_at.is_some(), "{state:?}");
            }
        }
    }
}
