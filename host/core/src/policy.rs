//! Questions to the chain of policies, and its answers.

use crate::account::{DefinitionId, Failure};
use crate::definition::Definition;
use crate::event::DefinitionRef;

/// An account that a question is about.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Subject {
    /// The account.
    pub name: String,
    /// Its zone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub zone: Option<String>,
    /// The definition in question; absent: the row's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub definition: Option<DefinitionRef>,
    /// What the module says of it besides.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub attributes: Vec<(String, String)>,
}

/// The answer to *may this account exist, and like this?*
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case", rename_all_fields = "camelCase")]
pub enum Verdict {
    /// Yes.
    Allow,
    /// No, because.
    Deny(String),
    /// Yes, like that.
    Amend {
        /// The handle of the amended definition.
        id: DefinitionId,
        /// The attributes that it sets.
        keys: Vec<String>,
    },
}

/// The answer to *where should it live?*
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Placement {
    /// Where it says.
    Keep,
    /// There.
    Zone(String),
    /// Nowhere, because.
    Refuse(String),
}

/// A try that failed.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FailedTry {
    /// The account.
    pub name: String,
    /// Tries that failed, this one included.
    pub failed_count: u32,
    /// Why.
    pub failure: Failure,
    /// What the module says of it besides.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub attributes: Vec<(String, String)>,
}

/// The answer to *when to try again?*
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Backoff {
    /// After this many milliseconds.
    After(u64),
    /// Never.
    GiveUp,
}

/// What a policy may be asked.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize,
)]
#[serde(rename_all = "kebab-case")]
pub enum Question {
    /// May this account exist, and like this?
    Admission,
    /// Where should it live?
    Placement,
    /// When to try again?
    Retry,
}

impl Question {
    /// Every question.
    pub const ALL: [Self; 3] = [Self::Admission, Self::Placement, Self::Retry];

    /// The word for it: the world that a policy of it has.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Admission => "admission",
            Self::Placement => "placement",
            Self::Retry => "retry",
        }
    }
}

/// An account as a policy is asked about it.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Case {
    /// The account.
    pub name: String,
    /// Its zone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub zone: Option<String>,
    /// Its definition, references in the place of secrets.
    pub definition: Definition,
    /// What else is known of it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub attributes: Vec<(String, String)>,
}

/// A list of the same question.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Questions {
    /// Of admission.
    Admission(Vec<Case>),
    /// Of placement.
    Placement(Vec<Case>),
    /// Of retry.
    Retry(Vec<FailedTry>),
}

impl Questions {
    /// Which one it is.
    #[must_use]
    pub fn question(&self) -> Question {
        match self {
            Self::Admission(_) => Question::Admission,
            Self::Placement(_) => Question::Placement,
            Self::Retry(_) => Question::Retry,
        }
    }

    /// The accounts that are asked about.
    #[must_use]
    pub fn names(&self) -> Vec<String> {
        match self {
            Self::Admission(cases) | Self::Placement(cases) => {
                cases.iter().map(|case| case.name.clone()).collect()
            }
            Self::Retry(tries) => tries.iter().map(|failed| failed.name.clone()).collect(),
        }
    }

    /// The same for a part of the list.
    ///
    /// # Panics
    /// If the part is not of the list.
    #[must_use]
    pub fn part(&self, places: std::ops::Range<usize>) -> Self {
        match self {
            Self::Admission(cases) => Self::Admission(cases[places].to_vec()),
            Self::Placement(cases) => Self::Placement(cases[places].to_vec()),
            Self::Retry(tries) => Self::Retry(tries[places].to_vec()),
        }
    }
}

/// A change of a definition that a policy asks for: a key's new value, or none to remove it.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Amendment {
    /// The attribute, in the spelling of the HTTP API.
    pub key: String,
    /// Its value from now on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<serde_json::Value>,
}

/// What a policy answered to *may this account exist, and like this?*
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Ruling {
    /// Yes.
    Allow,
    /// No, because.
    Deny(String),
    /// Yes, with these changes.
    Amend(Vec<Amendment>),
}

/// What a policy answered to a list, in its order. Nothing stands where it answered what this bridge does not know: that
/// counts as if the policy were not there.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Answers {
    /// To admission.
    Admission(Vec<Option<Ruling>>),
    /// To placement.
    Placement(Vec<Option<Placement>>),
    /// To retry.
    Retry(Vec<Option<Backoff>>),
}

/// What the chain decided about an account that asks to exist.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Admission {
    /// It may.
    Allow,
    /// It may not, because.
    Deny(String),
    /// It may, like that.
    Amend(Definition),
}

/// What a policy's answers are for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Mode {
    /// They count.
    #[default]
    Enforce,
    /// They are asked for and told, and count for nothing.
    Monitor,
    /// They are not asked for.
    Off,
}

/// What counts in the place of an answer that a policy failed to give.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FailMode {
    /// No: it is denied, or placed nowhere. To retry there is no such answer, and the next in the chain is asked.
    #[default]
    Closed,
    /// As if the policy were not there.
    Open,
}
