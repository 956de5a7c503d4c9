//! Faults that are put in on purpose, to see that the simulation finds them. Each is put in at a port, so that nothing
//! that ships knows of it.

use std::fmt;
use std::str::FromStr;

/// A fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mutant {
    /// The database does not compare the revision of an account's row.
    RevisionIgnored,
    /// It does not compare the revision of a holding.
    HoldingIgnored,
    /// It does not look whether the agent has a newer session.
    SessionFenceIgnored,
    /// It does not look whether the lease has another holder.
    LeaseFenceIgnored,
    /// Nobody looks again after a commit that was decided while an agent came or went.
    NoLookAgain,
    /// An operation counts as sent before it is on the stream.
    SentBeforeDelivered,
    /// Answers are acknowledged before they are committed.
    AcknowledgedBeforeCommitted,
    /// The good-bye of any session counts as that of the newest.
    LateGoodByeCounts,
    /// A name's count of generations ends with its row.
    GenerationOfTheRow,
    /// Only the first agent is sent anything.
    OnlyTheFirstAgent,
    /// A unit is applied by halves: what becomes of operations is left out.
    Halves,
    /// What was not sent and whose ring was lost is never looked for.
    NoLookForUnsent,
}

impl Mutant {
    /// All of them.
    pub const ALL: [Self; 12] = [
        Self::RevisionIgnored,
        Self::HoldingIgnored,
        Self::SessionFenceIgnored,
        Self::LeaseFenceIgnored,
        Self::NoLookAgain,
        Self::SentBeforeDelivered,
        Self::AcknowledgedBeforeCommitted,
        Self::LateGoodByeCounts,
        Self::GenerationOfTheRow,
        Self::OnlyTheFirstAgent,
        Self::Halves,
        Self::NoLookForUnsent,
    ];

    /// Its name on a command line.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::RevisionIgnored => "revision-ignored",
            Self::HoldingIgnored => "holding-ignored",
            Self::SessionFenceIgnored => "session-fence-ignored",
            Self::LeaseFenceIgnored => "lease-fence-ignored",
            Self::NoLookAgain => "no-look-again",
            Self::SentBeforeDelivered => "sent-before-delivered",
            Self::AcknowledgedBeforeCommitted => "acknowledged-before-committed",
            Self::LateGoodByeCounts => "late-good-bye-counts",
            Self::GenerationOfTheRow => "generation-of-the-row",
            Self::OnlyTheFirstAgent => "only-the-first-agent",
            Self::Halves => "halves",
            Self::NoLookForUnsent => "no-look-for-unsent",
        }
    }
}

impl fmt::Display for Mutant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Mutant {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let found = Self::ALL.into_iter().find(|mutant| mutant.as_str() == text);
        found.ok_or_else(|| {
            let names: Vec<&str> = Self::ALL.iter().map(|mutant| mutant.as_str()).collect();
            format!("there is no such fault; there are {}", names.join(", "))
        })
    }
}
