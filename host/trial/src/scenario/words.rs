//! What a scenario says, read.

use std::path::PathBuf;

use host_core::definition::Definition;
use host_core::policy::{Amendment, Backoff, FailMode, Mode, Placement, Question, Ruling};
use host_core::settings::Settings;
use serde_json::Value;

use crate::world::{Joining, Offered, ScriptedAnswer, Seen};
use crate::yaml::{Key, Node, Place};

/// A file with a scenario, or with a table of questions and answers.
#[derive(Debug, Clone)]
pub enum Written {
    /// The life of accounts.
    Scenario(Scenario),
    /// Questions to a policy.
    Table(Table),
}

impl Written {
    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Scenario(scenario) => &scenario.name,
            Self::Table(table) => &table.name,
        }
    }
}

/// A scenario.
#[derive(Debug, Clone)]
pub struct Scenario {
    /// What it shows, in a sentence.
    pub name: String,
    /// What there is before the first step.
    pub given: Given,
    /// The steps.
    pub steps: Vec<Step>,
}

/// What there is before the first step.
#[derive(Debug, Clone, Default)]
pub struct Given {
    /// The settings.
    pub settings: InForce,
    /// What the sources have.
    pub sources: Offered,
    /// The chain of policies.
    pub policies: Vec<PolicyGiven>,
    /// Rows that stand in the table already.
    pub accounts: Vec<AccountGiven>,
    /// The agents that are connected, in the order of their coming.
    pub agents: Vec<(String, Joining)>,
}

/// A row that stands in the table before the bridge starts: of an older version, or of a life that is not told.
#[derive(Debug, Clone, PartialEq)]
pub struct AccountGiven {
    /// Its name.
    pub name: String,
    /// Its state.
    pub status: String,
    /// Its zone.
    pub zone: Option<String>,
    /// Tries that failed.
    pub failed_count: u32,
    /// When it is due, in milliseconds from the beginning; absent: by events only.
    pub due_ms: Option<u64>,
    /// The agent whose own configuration declares it.
    pub declared_by: Option<String>,
    /// The rest of it.
    pub definition: Definition,
}

/// Settings, with the one that is the link's.
#[derive(Debug, Clone, PartialEq)]
pub struct InForce {
    /// The settings of the lifecycle and of the default retry.
    pub settings: Settings,
    /// `agents.timeout`, in milliseconds.
    pub timeout_ms: u64,
}

impl Default for InForce {
    fn default() -> Self {
        Self { settings: Settings::default(), timeout_ms: 60_000 }
    }
}

/// A policy of the chain.
#[derive(Debug, Clone, PartialEq)]
pub struct PolicyGiven {
    /// Its name in the chain.
    pub name: String,
    /// What answers.
    pub answers: PolicyAnswers,
    /// Its settings.
    pub settings: Value,
    /// What its answers are for.
    pub mode: Mode,
    /// What counts where it fails.
    pub fail: FailMode,
    /// How long it may take, in milliseconds.
    pub deadline_ms: u64,
    /// Where it is written.
    pub place: Place,
}

/// What answers in a policy's place.
#[derive(Debug, Clone, PartialEq)]
pub enum PolicyAnswers {
    /// A module: a component, or a folder that builds one.
    Module(PathBuf),
    /// These answers, by question and name; `*` stands for every other name.
    Written(Vec<WrittenAnswers>),
}

/// The answers to one question.
#[derive(Debug, Clone, PartialEq)]
pub struct WrittenAnswers {
    /// The question.
    pub question: Question,
    /// The answers by name.
    pub answers: Vec<(String, PolicyAnswer)>,
}

/// One answer of a policy.
#[derive(Debug, Clone, PartialEq)]
pub enum PolicyAnswer {
    /// To admission.
    Ruling(Ruling),
    /// To placement.
    Placement(Placement),
    /// To retry.
    Backoff(Backoff),
    /// It fails.
    Fails,
}

/// A step.
#[derive(Debug, Clone)]
pub struct Step {
    /// Where it stands.
    pub place: Place,
    /// What happens.
    pub action: Action,
    /// What is seen then.
    pub expect: Option<Expect>,
}

/// What happens in a step.
#[derive(Debug, Clone)]
pub enum Action {
    /// A request comes in.
    Request {
        /// The method.
        method: String,
        /// Path and query.
        path: String,
        /// Headers.
        headers: Vec<(String, String)>,
        /// The body.
        body: Option<Value>,
    },
    /// An agent does something.
    Agent {
        /// Its id.
        id: String,
        /// What.
        what: AgentAction,
    },
    /// Accounts of a source are taken in and activated at once, as a scan that finds them does.
    Adopt {
        /// Their names.
        names: Vec<String>,
        /// The zone that is asked for.
        zone: Option<String>,
    },
    /// Somebody writes rows into the table by hand, past the bridge.
    Rows(Vec<AccountGiven>),
    /// Time passes, in milliseconds.
    Advance(u64),
    /// The bridge is killed and starts again.
    Restart,
    /// What was given is replaced.
    Replace {
        /// What the sources have.
        sources: Option<Offered>,
        /// The settings.
        settings: Option<InForce>,
        /// The chain.
        policies: Option<Vec<PolicyGiven>>,
    },
}

/// What an agent does.
#[derive(Debug, Clone)]
pub enum AgentAction {
    /// Its stream opens.
    Joins(Joining),
    /// Its stream ends.
    Leaves,
    /// Nothing comes from it any more.
    Silent,
    /// It answers.
    Answers {
        /// By account.
        answers: Vec<(String, ScriptedAnswer)>,
        /// The operation that is meant, of all it was sent; the first is 1.
        operation: Option<usize>,
        /// It says again what it has said.
        repeats: bool,
    },
    /// It tells what it sees.
    Reports(Vec<(String, Seen)>),
}

/// What is seen after a step.
#[derive(Debug, Clone)]
pub struct Expect {
    /// The status of the answer.
    pub status: Option<(u16, Place)>,
    /// The body of the answer.
    pub body: Option<Node>,
    /// Accounts.
    pub accounts: Vec<(Key, AccountExpected)>,
    /// Everything that was sent to agents.
    pub sent: Option<SentExpected>,
    /// Refused items, with what the reason contains.
    pub refused: Vec<(Key, String, Place)>,
}

/// What is seen of an account.
#[derive(Debug, Clone)]
pub enum AccountExpected {
    /// It has no row.
    Absent(Place),
    /// Its row says this.
    Row(Box<RowExpected>),
}

/// What is seen of a row. Each with its place.
#[derive(Debug, Clone, Default)]
pub struct RowExpected {
    /// The state.
    pub status: Option<(String, Place)>,
    /// The zone; absent inside: none.
    pub zone: Option<(Option<String>, Place)>,
    /// Tries that failed.
    pub failed_count: Option<(u64, Place)>,
    /// What the error contains; absent inside: there is none.
    pub error: Option<(Option<String>, Place)>,
    /// Whether an agent sees another cluster than the recorded one.
    pub conflict: Option<(bool, Place)>,
    /// Whether the source says something else by now.
    pub drift: Option<(bool, Place)>,
}

/// What is sent.
#[derive(Debug, Clone)]
pub struct SentExpected {
    /// Where it stands.
    pub place: Place,
    /// Each message.
    pub sent: Vec<Sending>,
}

/// What one agent is sent of one kind.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Sending {
    /// The agent.
    pub agent: String,
    /// `add`, `update`, `delete` or `check`.
    pub kind: String,
    /// The accounts, by name.
    pub names: Vec<String>,
    /// It was sent before.
    pub again: bool,
}

/// A table of questions to a policy.
#[derive(Debug, Clone)]
pub struct Table {
    /// What it shows; absent in the file: the question.
    pub name: String,
    /// The question.
    pub question: Question,
    /// The policy's settings.
    pub settings: Value,
    /// The questions with their answers.
    pub cases: Vec<TableCase>,
}

/// A question with its answer.
#[derive(Debug, Clone)]
pub struct TableCase {
    /// Where it stands.
    pub place: Place,
    /// What it shows.
    pub name: Option<String>,
    /// What is asked.
    pub ask: Ask,
    /// What is answered.
    pub answer: (AnswerExpected, Place),
    /// What the reason contains.
    pub reason: Option<(String, Place)>,
}

/// What a case asks.
#[derive(Debug, Clone)]
pub enum Ask {
    /// Of admission or placement.
    Case(host_core::policy::Case),
    /// Of retry.
    Failed(host_core::policy::FailedTry),
}

/// The answer that is expected.
#[derive(Debug, Clone, PartialEq)]
pub enum AnswerExpected {
    /// `allow`.
    Allow,
    /// `deny`.
    Deny,
    /// `amend`: these, and what else is of no matter.
    Amend(Vec<Amendment>),
    /// `keep`.
    Keep,
    /// `zone`: this one, or any.
    Zone(Option<String>),
    /// `refuse`.
    Refuse,
    /// `after`: so many milliseconds, or any.
    After(Option<u64>),
    /// `give-up`.
    GiveUp,
}
