//! The table: every edge of the lifecycle, once, as data.
//!
//! The source of `describe`, of what a refusal calls possible, and of the check that every step that is decided is one
//! of these. An edge that is absent does not exist.

use crate::event::Action;
use crate::state::State;

/// What happens on an edge.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Trigger {
    /// A request's action.
    Asked(Action),
    /// A connected agent of the zone can be asked to hold it.
    Candidate,
    /// None came within `activation.wait`.
    NoAgent,
    /// An agent of the zone holds it.
    Held,
    /// An agent of the zone came and is asked too.
    Joined,
    /// Every agent that was asked has refused or gone, and one refused.
    Refused,
    /// Every agent that was asked has gone.
    Lost,
    /// The answers did not come in time.
    Deadline,
    /// A failed try is due again.
    Retry,
    /// No connected agent holds it any more.
    Orphaned,
    /// What was to be sent is sent.
    Dispatched,
    /// No agent holds it any more, as was asked for.
    Released,
    /// All have answered, and one holds it still.
    StillHeld,
    /// An agent declares it in its own configuration.
    Declared,
    /// No agent declares it any more.
    Undeclared,
}

impl Trigger {
    /// The edge's event, as the journal and `describe` name it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Asked(action) => action.as_str(),
            Self::Candidate => "candidate",
            Self::NoAgent => "no-agent",
            Self::Held => "held",
            Self::Joined => "joined",
            Self::Refused => "refused",
            Self::Lost => "lost",
            Self::Deadline => "deadline",
            Self::Retry => "retry",
            Self::Orphaned => "orphaned",
            Self::Dispatched => "dispatched",
            Self::Released => "released",
            Self::StillHeld => "still-held",
            Self::Declared => "declared",
            Self::Undeclared => "undeclared",
        }
    }
}

/// An edge. Without `from` a row comes into being; without `to` it is removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Edge {
    /// Where the row stands.
    pub from: Option<State>,
    /// What happens.
    pub on: Trigger,
    /// Where it goes.
    pub to: Option<State>,
}

const fn born(on: Trigger, to: State) -> Edge {
    Edge { from: None, on, to: Some(to) }
}

const fn edge(from: State, on: Trigger, to: State) -> Edge {
    Edge { from: Some(from), on, to: Some(to) }
}

const fn gone(from: State, on: Trigger) -> Edge {
    Edge { from: Some(from), on, to: None }
}

use crate::event::Action as A;
use crate::state::State as S;
use crate::table::Trigger as T;

/// The whole lifecycle (`spec/lifecycle.md`, "Edges"), by the state it leaves.
pub const TABLE: &[Edge] = &[
    born(T::Asked(A::Migrate), S::Inactive),
    born(T::Asked(A::Create), S::Inactive),
    born(T::Asked(A::Adopt), S::ToMigrate),
    born(T::Declared, S::Active),
    // INACTIVE
    edge(S::Inactive, T::Asked(A::Activate), S::ToMigrate),
    edge(S::Inactive, T::Asked(A::Update), S::Inactive),
    edge(S::Inactive, T::Asked(A::Rebind), S::Inactive),
    edge(S::Inactive, T::Asked(A::Delete), S::Deleting),
    gone(S::Inactive, T::Asked(A::Delete)),
    // TO_MIGRATE
    edge(S::ToMigrate, T::Candidate, S::Activating),
    edge(S::ToMigrate, T::Held, S::Active),
    edge(S::ToMigrate, T::NoAgent, S::Failed),
    edge(S::ToMigrate, T::Asked(A::Update), S::ToMigrate),
    edge(S::ToMigrate, T::Asked(A::Rebind), S::ToMigrate),
    edge(S::ToMigrate, T::Asked(A::Deactivate), S::Inactive),
    edge(S::ToMigrate, T::Asked(A::Deactivate), S::ToDeactivate),
    edge(S::ToMigrate, T::Asked(A::Delete), S::Deleting),
    gone(S::ToMigrate, T::Asked(A::Delete)),
    // ACTIVATING
    edge(S::Activating, T::Held, S::Active),
    edge(S::Activating, T::Joined, S::Activating),
    edge(S::Activating, T::Refused, S::Failed),
    edge(S::Activating, T::Deadline, S::Failed),
    edge(S::Activating, T::Lost, S::ToMigrate),
    edge(S::Activating, T::Lost, S::Failed),
    edge(S::Activating, T::Asked(A::Update), S::Activating),
    edge(S::Activating, T::Asked(A::Rebind), S::Activating),
    edge(S::Activating, T::Asked(A::Deactivate), S::ToDeactivate),
    edge(S::Activating, T::Asked(A::Delete), S::Deleting),
    gone(S::Activating, T::Asked(A::Delete)),
    // ACTIVE
    edge(S::Active, T::Joined, S::Active),
    edge(S::Active, T::Orphaned, S::Orphaned),
    edge(S::Active, T::Asked(A::Update), S::Active),
    edge(S::Active, T::Asked(A::Rebind), S::Active),
    edge(S::Active, T::Asked(A::Deactivate), S::ToDeactivate),
    edge(S::Active, T::Asked(A::Delete), S::Deleting),
    gone(S::Active, T::Asked(A::Delete)),
    gone(S::Active, T::Undeclared),
    // FAILED
    edge(S::Failed, T::Held, S::Active),
    edge(S::Failed, T::Retry, S::ToMigrate),
    edge(S::Failed, T::Candidate, S::ToMigrate),
    edge(S::Failed, T::Joined, S::ToMigrate),
    edge(S::Failed, T::Asked(A::Activate), S::ToMigrate),
    edge(S::Failed, T::Asked(A::Update), S::Failed),
    edge(S::Failed, T::Asked(A::Rebind), S::ToMigrate),
    edge(S::Failed, T::Asked(A::Deactivate), S::Inactive),
    edge(S::Failed, T::Asked(A::Deactivate), S::ToDeactivate),
    edge(S::Failed, T::Asked(A::Delete), S::Deleting),
    gone(S::Failed, T::Asked(A::Delete)),
    // ORPHANED
    edge(S::Orphaned, T::Held, S::Active),
    edge(S::Orphaned, T::Candidate, S::Activating),
    edge(S::Orphaned, T::Asked(A::Activate), S::ToMigrate),
    edge(S::Orphaned, T::Asked(A::Update), S::Orphaned),
    edge(S::Orphaned, T::Asked(A::Rebind), S::ToMigrate),
    edge(S::Orphaned, T::Asked(A::Rebind), S::Orphaned),
    edge(S::Orphaned, T::Asked(A::Deactivate), S::Inactive),
    edge(S::Orphaned, T::Asked(A::Deactivate), S::ToDeactivate),
    edge(S::Orphaned, T::Asked(A::Delete), S::Deleting),
    gone(S::Orphaned, T::Asked(A::Delete)),
    gone(S::Orphaned, T::Undeclared),
    // TO_DEACTIVATE
    edge(S::ToDeactivate, T::Dispatched, S::Deactivating),
    edge(S::ToDeactivate, T::Dispatched, S::Inactive),
    edge(S::ToDeactivate, T::Asked(A::Activate), S::ToMigrate),
    edge(S::ToDeactivate, T::Asked(A::Update), S::ToDeactivate),
    edge(S::ToDeactivate, T::Asked(A::Rebind), S::ToDeactivate),
    edge(S::ToDeactivate, T::Asked(A::Delete), S::Deleting),
    gone(S::ToDeactivate, T::Asked(A::Delete)),
    // DEACTIVATING
    edge(S::Deactivating, T::Released, S::Inactive),
    edge(S::Deactivating, T::StillHeld, S::Active),
    edge(S::Deactivating, T::Deadline, S::Active),
    edge(S::Deactivating, T::Asked(A::Activate), S::ToMigrate),
    edge(S::Deactivating, T::Asked(A::Update), S::Deactivating),
    edge(S::Deactivating, T::Asked(A::Rebind), S::Deactivating),
    edge(S::Deactivating, T::Asked(A::Delete), S::Deleting),
    gone(S::Deactivating, T::Asked(A::Delete)),
    // DELETING
    gone(S::Deleting, T::Released),
    edge(S::Deleting, T::StillHeld, S::DeleteFailed),
    edge(S::Deleting, T::Deadline, S::DeleteFailed),
    // DELETE_FAILED
    gone(S::DeleteFailed, T::Released),
    edge(S::DeleteFailed, T::Asked(A::Activate), S::ToMigrate),
    edge(S::DeleteFailed, T::Asked(A::Update), S::DeleteFailed),
    edge(S::DeleteFailed, T::Asked(A::Rebind), S::DeleteFailed),
    edge(S::DeleteFailed, T::Asked(A::Delete), S::Deleting),
    gone(S::DeleteFailed, T::Asked(A::Delete)),
];

/// Whether the table has this edge.
pub(crate) fn has(from: Option<State>, on: Trigger, to: Option<State>) -> bool {
    TABLE.iter().any(|edge| edge.from == from && edge.on == on && edge.to == to)
}

/// Whether agents can be asked there whether they reach the cluster. `check` is no edge: it changes nothing. While the
/// account is let go, its agents are asked something else.
const fn can_be_checked(state: State) -> bool {
    match state {
        State::Inactive
        | State::ToMigrate
        | State::Activating
        | State::Active
        | State::Failed
        | State::Orphaned => true,
        State::ToDeactivate | State::Deactivating | State::Deleting | State::DeleteFailed => false,
    }
}

/// The actions that may be asked for where a row stands (`None`: no row), in the order of [`Action::ALL`].
pub(crate) fn possible(from: Option<State>) -> Vec<Action> {
    let edges = |action| TABLE.iter().any(|e| e.from == from && e.on == Trigger::Asked(action));
    let checked = |action| action == Action::Check && from.is_some_and(can_be_checked);
    Action::ALL.into_iter().filter(|action| edges(*action) || checked(*action)).collect()
}
