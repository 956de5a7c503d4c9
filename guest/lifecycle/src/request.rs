//! Requests: which are refused and how that is said, and what an accepted one does to its account.

use crate::account::{Definition, OpenRequest};
use crate::case::{Case, Row};
use crate::checks;
use crate::event::{Action, Item, Refused};
use crate::finish::supersede;
use crate::question::{Answers, Placement, Subject, Verdict};
use crate::rebind::rebind;
use crate::snapshot::Snapshot;
use crate::state::State;
use crate::table::{Trigger, possible};
use crate::write::{DefinitionChange, Origin};

/// Attributes whose change may mean another cluster (rule 15).
const CLUSTER_KEYS: [&str; 5] =
    ["kubeconfigFile", "kubeconfigContents", "kubeconfigAgent", "context", "serviceAccount"];

pub(crate) fn refused<T>(
    code: &'static str,
    reason: String,
    state: Option<State>,
) -> Result<T, Refused> {
    Err(Refused { code, reason, possible: possible(state) })
}

/// Whether an item can be accepted, as far as the row and the sources say.
pub(crate) fn check(snapshot: &Snapshot, item: &Item, action: Action) -> Result<(), Refused> {
    let name = &item.name;
    if action.makes_a_row() {
        return check_new(snapshot, item, action);
    }
    let Some(row) = snapshot.account(name) else {
        return refused("unknown", format!("there is no account {name}"), None);
    };
    let Some(state) = row.state else {
        let reason =
            format!("{name} is in a state of another module; {} has to wait", action.as_str());
        return Err(Refused { code: "state", reason, possible: Vec::new() });
    };
    if let Some(agent) = &row.declared_by {
        return check_static(name, agent, action);
    }
    if !accepts(state, action) {
        let able: Vec<&str> = possible(Some(state)).into_iter().map(Action::as_str).collect();
        let able = if able.is_empty() { "nothing".to_owned() } else { able.join(", ") };
        let reason = format!(
            "{name} is {}; it was asked to {}; possible now: {able}",
            state.as_str(),
            action.as_str()
        );
        return refused("state", reason, Some(state));
    }
    let moves = matches!(action, Action::Activate | Action::Update)
        && item.zone.is_some()
        && item.zone != row.zone;
    if moves && !state.takes_a_zone() {
        let zone = row.zone.as_deref().unwrap_or("no zone");
        let reason = format!("{name} is {} in {zone}; deactivate first", state.as_str());
        return refused("zone", reason, Some(state));
    }
    Ok(())
}

fn check_new(snapshot: &Snapshot, item: &Item, action: Action) -> Result<(), Refused> {
    let name = &item.name;
    if let Some(row) = snapshot.account(name) {
        let state = row.state.map_or("in a state of another module", State::as_str);
        return refused("exists", format!("{name} exists already and is {state}"), row.state);
    }
    if let Some(other) = snapshot.lookalike(name) {
        let reason = format!("{other} exists already; {name} differs from it only by case");
        return refused("exists", reason, None);
    }
    if action == Action::Create {
        return match item.definition {
            Some(_) => Ok(()),
            None => refused("no-definition", format!("no definition came with {name}"), None),
        };
    }
    match snapshot.source(name) {
        None => refused("not-in-source", format!("no source has an account {name}"), None),
        Some(source) => match &source.fault {
            Some(fault) => refused("bad-source", format!("{}: {fault}", source.source), None),
            None => Ok(()),
        },
    }
}

fn check_static(name: &str, agent: &str, action: Action) -> Result<(), Refused> {
    if action == Action::Rebind {
        return Ok(());
    }
    let reason = format!(
        "{name} comes from the configuration of agent {agent}; it was asked to {}",
        action.as_str()
    );
    Err(Refused { code: "static", reason, possible: vec![Action::Rebind] })
}

/// Whether an action may be asked for in a state: it has an edge there, or has been asked for already.
fn accepts(state: State, action: Action) -> bool {
    let again = match action {
        Action::Activate => {
            matches!(state, State::ToMigrate | State::Activating | State::Active)
        }
        Action::Deactivate => {
            matches!(state, State::Inactive | State::ToDeactivate | State::Deactivating)
        }
        Action::Delete => state == State::Deleting,
        Action::Migrate
        | Action::Create
        | Action::Adopt
        | Action::Update
        | Action::Rebind
        | Action::Check => false,
    };
    again || possible(Some(state)).contains(&action)
}

/// What the policies are to be asked about an item that [`check`] lets through: `admit`, then `place`.
pub(crate) fn subjects(
    snapshot: &Snapshot,
    item: &Item,
    action: Action,
) -> (Option<Subject>, Option<Subject>) {
    let row = snapshot.account(&item.name);
    let definition = match action {
        Action::Migrate | Action::Adopt => {
            snapshot.source(&item.name).map(|source| source.definition.clone())
        }
        Action::Create | Action::Update | Action::Activate => item.definition.clone(),
        Action::Deactivate | Action::Delete | Action::Rebind | Action::Check => None,
    };
    let places = match action {
        Action::Adopt => true,
        Action::Activate => row.and_then(|row| row.state).is_some_and(State::takes_a_zone),
        Action::Migrate
        | Action::Create
        | Action::Deactivate
        | Action::Update
        | Action::Delete
        | Action::Rebind
        | Action::Check => false,
    };
    let zone = item.zone.clone().or_else(|| row.and_then(|row| row.zone.clone()));
    let subject = |definition| Subject {
        name: item.name.clone(),
        zone: zone.clone(),
        definition,
        attributes: item.attributes.clone(),
    };
    let place = places.then(|| subject(definition.clone()));
    (definition.is_some().then(|| subject(definition)), place)
}

/// What the policies said, or why the item is refused.
#[derive(Debug, Default)]
pub(crate) struct Permitted {
    /// The zone to be in; absent: as asked for, or as it is.
    pub(crate) zone: Option<String>,
    amended: Option<Definition>,
}

/// Reads the policies' answers.
pub(crate) fn permitted(
    item: &Item,
    answers: &Answers,
    state: Option<State>,
) -> Result<Permitted, Refused> {
    let mut permitted = Permitted { zone: item.zone.clone(), amended: None };
    match answers.verdict(&item.name) {
        Some(Verdict::Deny(reason)) => return refused("policy", reason.clone(), state),
        Some(Verdict::Amend(definition)) => permitted.amended = Some(definition.clone()),
        Some(Verdict::Allow) | None => {}
    }
    match answers.placement(&item.name) {
        Some(Placement::Refuse(reason)) => return refused("policy", reason.clone(), state),
        Some(Placement::Zone(zone)) => permitted.zone = Some(zone.clone()),
        Some(Placement::Keep) | None => {}
    }
    Ok(permitted)
}

/// Does what an accepted item asks for. What follows from it is settled afterwards.
pub(crate) fn apply(
    case: &mut Case<'_>,
    snapshot: &Snapshot,
    item: &Item,
    action: Action,
    permitted: Permitted,
) -> Result<(), Refused> {
    match action {
        Action::Migrate | Action::Create | Action::Adopt => {
            make(case, snapshot, item, action, permitted);
        }
        Action::Activate => activate(case, item, permitted),
        Action::Deactivate => deactivate(case),
        Action::Update => update(case, item, permitted),
        Action::Delete => delete(case),
        Action::Rebind => return rebind(case, item),
        Action::Check => return checks::begin(case),
    }
    Ok(())
}

fn waits(case: &mut Case<'_>, action: Action) {
    let id = case.happened.request.map(str::to_owned);
    case.own = id.map(|id| OpenRequest { id, action: action.as_str().to_owned() });
}

fn make(
    case: &mut Case<'_>,
    snapshot: &Snapshot,
    item: &Item,
    action: Action,
    permitted: Permitted,
) {
    let state = if action == Action::Adopt { State::ToMigrate } else { State::Inactive };
    let source = snapshot.source(&item.name);
    let (origin, reason) = match (action, source, &item.definition) {
        (Action::Create, _, Some(given)) => {
            let given = permitted.amended.unwrap_or_else(|| given.clone());
            (Origin::Given(given), "the definition came with the request".to_owned())
        }
        (_, Some(source), overrides) => {
            let definition = permitted.amended.unwrap_or_else(|| source.definition.clone());
            let origin = Origin::Source { definition, overrides: overrides.clone() };
            (origin, format!("taken from {}", source.source))
        }
        // `check_new` has seen to it that there is the one or the other.
        (_, None, _) => return,
    };
    case.row = Some(Row::new(state, permitted.zone));
    case.origin = Some(origin);
    case.step(Trigger::Asked(action), Some(state), reason);
    if action == Action::Adopt {
        waits(case, action);
    }
}

/// Takes a zone and a definition; answers whether one of them changes anything.
fn redefine(case: &mut Case<'_>, item: &Item, permitted: Permitted, merge: bool) -> bool {
    let Some(row) = &mut case.row else { return false };
    let mut changed = false;
    if row.state.takes_a_zone() && permitted.zone.is_some() && permitted.zone != row.zone {
        row.zone = permitted.zone;
        changed = true;
    }
    let Some(definition) = permitted.amended.or_else(|| item.definition.clone()) else {
        return changed;
    };
    if definition.keys.iter().any(|key| CLUSTER_KEYS.contains(&key.as_str())) {
        row.identity = None;
    }
    case.definition = if merge {
        DefinitionChange::Merge(definition)
    } else {
        DefinitionChange::Override(definition)
    };
    true
}

fn activate(case: &mut Case<'_>, item: &Item, permitted: Permitted) {
    let Some(state) = case.state() else { return };
    supersede(case, &[Action::Deactivate]);
    let changed = redefine(case, item, permitted, false);
    match state {
        State::Inactive
        | State::Failed
        | State::Orphaned
        | State::ToDeactivate
        | State::Deactivating
        | State::DeleteFailed => {
            let reason = "asked to activate".to_owned();
            case.step(Trigger::Asked(Action::Activate), Some(State::ToMigrate), reason);
            if let Some(row) = &mut case.row {
                row.failed_count = 0;
                row.error = None;
                row.memory.lost = 0;
            }
            waits(case, Action::Activate);
        }
        State::ToMigrate | State::Activating => {
            if changed {
                note_update(case, state);
            }
            waits(case, Action::Activate);
        }
        State::Active => {
            if changed {
                note_update(case, state);
                waits_for_answers(case, Action::Update);
            }
        }
        State::Deleting => {}
    }
}

fn note_update(case: &mut Case<'_>, state: State) {
    let reason = "the definition is changed".to_owned();
    case.step(Trigger::Asked(Action::Update), Some(state), reason);
    let deadline = case.deadline_of(state).filter(|_| state == State::Activating);
    if let (Some(row), Some(deadline)) = (&mut case.row, deadline) {
        row.memory.timer = Some(deadline);
    }
}

pub(crate) fn waits_for_answers(case: &mut Case<'_>, action: Action) {
    waits(case, action);
    let by = case.now.saturating_add(case.settings.activation_deadline);
    if let Some(row) = &mut case.row {
        row.memory.answer_by = Some(row.memory.answer_by.map_or(by, |other| other.max(by)));
    }
}

fn update(case: &mut Case<'_>, item: &Item, permitted: Permitted) {
    let Some(state) = case.state() else { return };
    if !redefine(case, item, permitted, true) {
        return;
    }
    note_update(case, state);
    if matches!(state, State::Active | State::Activating) {
        waits_for_answers(case, Action::Update);
    }
}

fn deactivate(case: &mut Case<'_>) {
    let Some(state) = case.state() else { return };
    supersede(case, &[Action::Activate, Action::Adopt, Action::Update]);
    let to = match state {
        State::Active | State::Activating => State::ToDeactivate,
        State::ToMigrate | State::Failed | State::Orphaned => {
            if case.has_possible_holder() {
                State::ToDeactivate
            } else {
                State::Inactive
            }
        }
        State::Inactive
        | State::ToDeactivate
        | State::Deactivating
        | State::Deleting
        | State::DeleteFailed => return waits(case, Action::Deactivate),
    };
    let reason = "asked to deactivate".to_owned();
    case.step(Trigger::Asked(Action::Deactivate), Some(to), reason);
    if let Some(row) = &mut case.row {
        row.error = None;
    }
    waits(case, Action::Deactivate);
}

fn delete(case: &mut Case<'_>) {
    if case.state() != Some(State::Deleting) {
        let others: Vec<Action> =
            Action::ALL.into_iter().filter(|action| *action != Action::Delete).collect();
        supersede(case, &others);
        let to = case.has_possible_holder().then_some(State::Deleting);
        case.step(Trigger::Asked(Action::Delete), to, "asked to delete".to_owned());
        if let Some(row) = &mut case.row {
            row.error = None;
        }
    }
    waits(case, Action::Delete);
}
