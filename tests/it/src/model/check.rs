//! What must be true: always, and when nothing is under way any more.

use guest_lifecycle::{Kind, State};
use host_core::account::{Account, Identity};
use host_core::agent::Presence;
use host_core::holding::{Holding, Observed};
use host_core::operation::OperationKind;
use host_core::unit::Unit;

use super::host::Taught;
use super::world::{Cluster, Side, World};

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

/// What is wrong with a unit that is about to be applied: only `rebind` takes an account over to another cluster, and who
/// holds an `ACTIVE` one is told to drop it only for what it answers.
pub(super) fn unit(world: &World, unit: &Unit, taught: &Taught<'_>) -> Option<String> {
    for update in &unit.updates {
        let after = &update.account;
        let before = world.rows.get(&after.name)?;
        let turned = match (&before.identity, &after.identity) {
            (Some(before), Some(after)) => !before.is_same_cluster(after),
            (None, _) | (_, None) => before.identity.is_some(),
        };
        let rebound = unit.journal.iter().any(|step| step.event == "rebind");
        if turned && !rebound {
            return Some(format!("{} becomes another cluster by itself", after.name));
        }
        let stays = state(before) == State::Active && state(after) == State::Active;
        let answers =
            matches!(taught, Taught::Answer(asked, _) if asked.kind != OperationKind::Update);
        let dropped = unit.operations.iter().find(|sent| {
            let known = world.holdings.get(&(after.name.clone(), sent.agent.clone()));
            let side = world.agents.iter().find(|side| side.id == sent.agent);
            sent.kind == OperationKind::Delete
                && side
                    .is_some_and(|side| after.zone.as_ref().is_none_or(|zone| *zone == side.zone))
                && known.is_some_and(is_at_peace)
        });
        if let Some(sent) = dropped.filter(|_| stays && !answers) {
            return Some(format!("{} is told to drop {}, which it holds", sent.agent, after.name));
        }
    }
    None
}

/// Held, and nobody has asked to drop it.
fn is_at_peace(known: &Holding) -> bool {
    let refused_to_drop = known.refusal.as_ref().is_some_and(|r| r.kind == OperationKind::Delete);
    matches!(known.observed, Observed::Held(_)) && known.operation.is_none() && !refused_to_drop
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

/// By what is known, it sees another cluster than the recorded one.
fn sees_another(world: &World, account: &str, row: &Account, side: &Side) -> bool {
    let seen = holding(world, account, side).and_then(|known| known.identity.as_ref());
    let differ = |(seen, recorded): (&Identity, &Identity)| !seen.is_same_cluster(recorded);
    seen.zip(row.identity.as_ref()).is_some_and(differ)
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
    let another = |side: &Side| sees_another(world, name, row, side);
    let held = there.iter().any(|side| {
        side.holds.contains_key(name) && (state(row) == State::Active || !another(side))
    });
    let to_hold = [OperationKind::Add, OperationKind::Update];
    match state(row) {
        State::Active if !held => Some(format!("{name} is ACTIVE and nobody holds it")),
        State::Active
            if row.error.is_none()
                && there.iter().any(|side| {
                    side.holds.contains_key(name)
                        && another(side)
                        && !refused(world, name, side, &[OperationKind::Delete])
                }) =>
        {
            Some(format!("{name} is ACTIVE, a holder sees another cluster, and nothing says so"))
        }
        State::Active => there
            .iter()
            .find(|side| {
                side.holds.get(name) != Some(&row.definition_revision)
                    && !refused(world, name, side, &to_hold)
                    // Asked to hold it, it named another cluster: it has refused (rule 15).
                    && (side.holds.contains_key(name) || !another(side))
            })
            .map(|side| format!("{} does not hold what {name} is, and has not refused", side.id)),
        State::Failed | State::Orphaned if held => {
            Some(format!("{name} is {} and an agent of its zone holds it", row.state))
        }
        // Whoever refuses to drop another cluster is not asked for this one.
        State::Orphaned
            if there.iter().any(|side| !(another(side) && side.holds.contains_key(name))) =>
        {
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
        let sees = side.sees.filter(|_| side.holds.contains_key(&known.account));
        if sees.is_some_and(|sees| known.identity.as_ref().map(Cluster::of) != Some(sees)) {
            return Some(format!("{} has told what it sees, and it is not known", side.id));
        }
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
