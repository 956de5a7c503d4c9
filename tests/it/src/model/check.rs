//! What must be true: always, and when nothing is under way any more.

use guest_lifecycle::{Kind, State};
use host_core::account::Account;
use host_core::agent::Presence;
use host_core::holding::{Holding, Observed};
use host_core::operation::OperationKind;

use super::world::{Side, World};

fn state(row: &Account) -> State {
    State::parse(&row.state).expect("the library's own")
}

/// What is wrong with a state that holds at every moment.
pub(super) fn always(world: &World) -> Option<String> {
    for (name, row) in &world.rows {
        if state(row).kind() == Kind::Transient && row.due_at.is_none() {
            return Some(format!("{name} is {} without a deadline", row.state));
        }
        if state(row) == State::ToDeactivate {
            return Some(format!("{name} stays in TO_DEACTIVATE"));
        }
    }
    None
}

/// What is wrong with a state at rest, in which nothing happens by itself whatever the agents do: the row, what is known and what is held disagree.
pub(super) fn at_rest(world: &World) -> Option<String> {
    for (name, row) in &world.rows {
        if state(row).kind() != Kind::Rest {
            return Some(format!("{name} rests in {}", row.state));
        }
        if let Some(open) = row.requests.first() {
            return Some(format!("{name} rests in {} with an open {}", row.state, open.action));
        }
        if let Some(what) = row_disagrees(world, name, row) {
            return Some(what);
        }
    }
    let connected = world.agents.iter().filter(|side| side.presence == Presence::Connected);
    for side in connected {
        if let Some(what) = agent_disagrees(world, side) {
            return Some(what);
        }
    }
    None
}

fn holding<'w>(world: &'w World, account: &str, side: &Side) -> Option<&'w Holding> {
    let known = world.holdings.get(&(account.to_owned(), side.id.clone()))?;
    (known.instance == side.instance).then_some(known)
}

fn refused(world: &World, account: &str, side: &Side, kinds: &[OperationKind]) -> bool {
    let refusal = holding(world, account, side).and_then(|known| known.refusal.as_ref());
    refusal.is_some_and(|refusal| kinds.contains(&refusal.kind))
}

/// The connected agents of the row's zone, and which of them really hold the account.
fn row_disagrees(world: &World, name: &str, row: &Account) -> Option<String> {
    let zone = |side: &&Side| row.zone.as_ref().is_none_or(|zone| *zone == side.zone);
    let connected = |side: &&Side| side.presence == Presence::Connected;
    let there: Vec<&Side> = world.agents.iter().filter(connected).filter(zone).collect();
    let held = there.iter().any(|side| side.holds.contains_key(name));
    let to_hold = [OperationKind::Add, OperationKind::Update];
    match state(row) {
        State::Active if !held => Some(format!("{name} is ACTIVE and nobody holds it")),
        State::Active => there
            .iter()
            .find(|side| {
                side.holds.get(name) != Some(&row.definition_revision)
                    && !refused(world, name, side, &to_hold)
            })
            .map(|side| format!("{} does not hold what {name} is, and has not refused", side.id)),
        State::Failed | State::Orphaned if held => {
            Some(format!("{name} is {} and an agent of its zone holds it", row.state))
        }
        State::Orphaned if !there.is_empty() => {
            Some(format!("{name} is ORPHANED and an agent could be asked"))
        }
        State::Failed => there
            .iter()
            .find(|side| holding(world, name, side).is_none_or(|known| known.asked_revision == 0))
            .map(|side| format!("{name} is FAILED for good and {} was never asked", side.id)),
        State::DeleteFailed if !world.agents.iter().any(|side| side.holds.contains_key(name)) => {
            Some(format!("{name} is DELETE_FAILED and nobody holds it"))
        }
        State::Inactive
        | State::Orphaned
        | State::DeleteFailed
        | State::ToMigrate
        | State::Activating
        | State::ToDeactivate
        | State::Deactivating
        | State::Deleting => None,
    }
}

fn agent_disagrees(world: &World, side: &Side) -> Option<String> {
    for account in side.holds.keys() {
        let wanted = world.rows.get(account).is_some_and(|row| {
            state(row) == State::Active && row.zone.as_ref().is_none_or(|zone| *zone == side.zone)
        });
        if !wanted && !refused(world, account, side, &[OperationKind::Delete]) {
            return Some(format!("{} holds {account}, which is not wanted of it", side.id));
        }
    }
    for known in world.holdings.values().filter(|known| known.agent == side.id) {
        if known.instance != side.instance {
            return Some(format!("what is known of {} is of an older instance", side.id));
        }
        let truth =
            side.holds.get(&known.account).map_or(Observed::NotHeld, |r| Observed::Held(*r));
        if known.observed != truth {
            return Some(format!(
                "{} is believed {:?} of {}, and it is {truth:?}",
                side.id, known.observed, known.account
            ));
        }
    }
    let unanswered = world.outbox.iter().find(|pending| {
        pending.operation.agent == side.id && pending.operation.instance == side.instance
    });
    unanswered
        .map(|pending| format!("{:?} is never answered by {}", pending.operation.kind, side.id))
}
