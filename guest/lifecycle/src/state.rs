//! The ten states: their names, whether rows may stay in them, and who watches the cluster meanwhile.

/// Where a row stands. The meaning of each is in `spec/lifecycle.md`, "States".
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum State {
    /// Known, with a definition; no agent is asked to hold it.
    Inactive,
    /// To be activated; nothing has been sent.
    ToMigrate,
    /// Sent to at least one agent; waiting for the answer.
    Activating,
    /// At least one connected agent holds and watches it.
    Active,
    /// No agent could take it.
    Failed,
    /// Was active, and no connected agent holds it any more.
    Orphaned,
    /// To be taken back; nothing has been sent.
    ToDeactivate,
    /// The stop is sent; waiting.
    Deactivating,
    /// The delete is sent to every holder; waiting.
    Deleting,
    /// An agent refused the delete or never answered it.
    DeleteFailed,
}

/// Whether a row may stay in a state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// It may.
    Rest,
    /// It passes through, with a deadline and a way out.
    Transient,
}

/// Who watches the cluster while a row is in a state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Holder {
    /// Clouddriver itself.
    Clouddriver,
    /// The agents that hold it.
    Agent,
    /// Nobody any more.
    Nobody,
}

impl State {
    /// Every state, in the order of the specification.
    pub const ALL: [Self; 10] = [
        Self::Inactive,
        Self::ToMigrate,
        Self::Activating,
        Self::Active,
        Self::Failed,
        Self::Orphaned,
        Self::ToDeactivate,
        Self::Deactivating,
        Self::Deleting,
        Self::DeleteFailed,
    ];

    /// The name that rows, the journal and answers carry.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Inactive => "INACTIVE",
            Self::ToMigrate => "TO_MIGRATE",
            Self::Activating => "ACTIVATING",
            Self::Active => "ACTIVE",
            Self::Failed => "FAILED",
            Self::Orphaned => "ORPHANED",
            Self::ToDeactivate => "TO_DEACTIVATE",
            Self::Deactivating => "DEACTIVATING",
            Self::Deleting => "DELETING",
            Self::DeleteFailed => "DELETE_FAILED",
        }
    }

    /// The state of this name; nothing for a name that another module brought.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == name)
    }

    /// Whether rows may stay here.
    #[must_use]
    pub const fn kind(self) -> Kind {
        match self {
            Self::Inactive | Self::Active | Self::Failed | Self::Orphaned | Self::DeleteFailed => {
                Kind::Rest
            }
            Self::ToMigrate
            | Self::Activating
            | Self::ToDeactivate
            | Self::Deactivating
            | Self::Deleting => Kind::Transient,
        }
    }

    /// Who watches the cluster.
    #[must_use]
    pub const fn holder(self) -> Holder {
        match self {
            Self::Active | Self::ToDeactivate | Self::Deactivating | Self::DeleteFailed => {
                Holder::Agent
            }
            Self::Deleting => Holder::Nobody,
            Self::Inactive | Self::ToMigrate | Self::Activating | Self::Failed | Self::Orphaned => {
                Holder::Clouddriver
            }
        }
    }

    /// Whether a zone that is asked for is taken here (rule 16).
    pub(crate) const fn takes_a_zone(self) -> bool {
        match self {
            Self::Inactive | Self::Failed | Self::Orphaned => true,
            Self::ToMigrate
            | Self::Activating
            | Self::Active
            | Self::ToDeactivate
            | Self::Deactivating
            | Self::Deleting
            | Self::DeleteFailed => false,
        }
    }
}
