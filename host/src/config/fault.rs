//! What can be wrong with a configuration: where it stands, what is wrong, and what would be right.

use std::fmt;

use thiserror::Error;

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub(crate) enum Fault {
    /// A file that is there cannot be read, or is no YAML.
    #[error("{file} cannot be read: {reason}")]
    File {
        /// Which.
        file: String,
        /// Why, with the line if there is one.
        reason: String,
    },
    /// A key or a variable that nobody knows.
    #[error("{place}: {name} is not known{}", meant(nearest.as_deref()))]
    Unknown {
        /// The file and line, or the environment.
        place: String,
        /// As it was written.
        name: String,
        /// What was probably meant.
        nearest: Option<String>,
    },
    /// A key that one file sets twice.
    #[error("{place}: {name} is set twice")]
    Twice {
        /// The file and line.
        place: String,
        /// The key.
        name: String,
    },
    /// A value that its key does not allow.
    #[error("{place}: {name} cannot be this: {wanted}")]
    Value {
        /// The file and line, the variable, or the flag.
        place: String,
        /// The key.
        name: String,
        /// What would be right.
        wanted: String,
    },
    /// A key of the original that stands for something that must not be lost silently.
    #[error("{place}: {name}: {why}")]
    Original {
        /// The file and line.
        place: String,
        /// The original's key.
        name: String,
        /// Why it cannot be taken, and what to do.
        why: String,
    },
    /// A reference to a secret that leads nowhere.
    #[error("{place}: {name} refers to a secret that cannot be had: {reason}")]
    Reference {
        /// The file and line, the variable, or the flag.
        place: String,
        /// The key.
        name: String,
        /// Why.
        reason: String,
    },
    /// Values that are right alone and cannot work together.
    #[error("{what}. {mend}")]
    Together {
        /// What does not work.
        what: String,
        /// What to set.
        mend: String,
    },
}

/// Everything that is wrong, so that one start is enough to learn it.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub(crate) struct Faults(pub(crate) Vec<Fault>);

impl fmt::Display for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the configuration cannot be used:")?;
        for fault in &self.0 {
            write!(f, "\n  {fault}")?;
        }
        f.write_str("\n`swingbridge config` shows every key and what is in force")
    }
}

fn meant(nearest: Option<&str>) -> String {
    nearest.map(|nearest| format!("; is {nearest} meant?")).unwrap_or_default()
}
