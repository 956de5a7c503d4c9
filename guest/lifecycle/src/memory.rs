//! What the module remembers of a row beyond its fields: the attributes that `wit/README.md` registers.
//!
//! A pair whose key is not one of these is written back as it was read.

use crate::account::{Account, Attributes, Millis};
use crate::state::State;

/// The row's timer, when `due_at` is taken by an earlier `answer-by`.
const TIMER: &str = "timer";
/// By when the open updates and checks are to be answered.
const ANSWER_BY: &str = "answer-by";
/// How many times in a row every agent that was asked has gone.
const LOST: &str = "lost";
/// Present in `FAILED` for want of a candidate.
const NO_AGENT: &str = "no-agent";
/// When the retry policy gave up.
const GAVE_UP: &str = "gave-up";
/// Present while an agent that came after that is still to be tried.
const NEWCOMER: &str = "newcomer";
/// Since when no connected agent has held an `ACTIVE` account.
const UNHELD_SINCE: &str = "unheld-since";
/// Since when no agent has declared a static account.
const UNDECLARED_SINCE: &str = "undeclared-since";
/// Present while the row's error is that of a refused update.
const UPDATE_REFUSED: &str = "update-refused";
/// At which revisions of the row the open checks began, oldest first.
const CHECKS: &str = "checks";
/// Present while the row's error is that a holder sees another cluster.
const CONFLICT: &str = "conflict";

/// A row's memory, read.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Memory {
    /// When the present state's own time is up.
    pub(crate) timer: Option<Millis>,
    pub(crate) answer_by: Option<Millis>,
    pub(crate) lost: u32,
    pub(crate) no_agent: bool,
    pub(crate) gave_up: Option<Millis>,
    pub(crate) newcomer: bool,
    pub(crate) unheld_since: Option<Millis>,
    pub(crate) undeclared_since: Option<Millis>,
    pub(crate) update_refused: bool,
    pub(crate) conflict: bool,
    pub(crate) checks: Vec<u64>,
    others: Attributes,
}

impl Memory {
    pub(crate) fn of(row: &Account) -> Self {
        let mut memory = Self::default();
        for (key, value) in &row.attributes {
            match key.as_str() {
                TIMER => memory.timer = value.parse().ok(),
                ANSWER_BY => memory.answer_by = value.parse().ok(),
                LOST => memory.lost = value.parse().unwrap_or(0),
                NO_AGENT => memory.no_agent = true,
                GAVE_UP => memory.gave_up = value.parse().ok(),
                NEWCOMER => memory.newcomer = true,
                UNHELD_SINCE => memory.unheld_since = value.parse().ok(),
                UNDECLARED_SINCE => memory.undeclared_since = value.parse().ok(),
                UPDATE_REFUSED => memory.update_refused = true,
                CONFLICT => memory.conflict = true,
                CHECKS => {
                    memory.checks = value.split(' ').filter_map(|at| at.parse().ok()).collect();
                }
                _ => memory.others.push((key.clone(), value.clone())),
            }
        }
        if memory.timer.is_none() && memory.answer_by.is_none() {
            memory.timer = row.due_at;
        }
        memory
    }

    /// When `tick` is to be called.
    pub(crate) fn due_at(&self) -> Option<Millis> {
        [self.timer, self.answer_by].into_iter().flatten().min()
    }

    pub(crate) fn attributes(&self) -> Attributes {
        let mut pairs = self.others.clone();
        let mut keep = |key: &str, value: Option<String>| {
            pairs.extend(value.map(|value| (key.to_owned(), value)));
        };
        let time = |at: Option<Millis>| at.map(|at| at.to_string());
        let mark = |set: bool| set.then(|| "1".to_owned());
        keep(TIMER, time(self.timer.filter(|_| self.answer_by.is_some())));
        keep(ANSWER_BY, time(self.answer_by));
        keep(LOST, (self.lost > 0).then(|| self.lost.to_string()));
        keep(NO_AGENT, mark(self.no_agent));
        keep(GAVE_UP, time(self.gave_up));
        keep(NEWCOMER, mark(self.newcomer));
        keep(UNHELD_SINCE, time(self.unheld_since));
        keep(UNDECLARED_SINCE, time(self.undeclared_since));
        keep(UPDATE_REFUSED, mark(self.update_refused));
        keep(CONFLICT, mark(self.conflict));
        let checks: Vec<String> = self.checks.iter().map(u64::to_string).collect();
        keep(CHECKS, (!checks.is_empty()).then(|| checks.join(" ")));
        pairs
    }

    /// Forgets what belongs to the state that is left. How often a try was lost is kept from try to try.
    pub(crate) fn leave_state(&mut self, to: State) {
        if !matches!(to, State::ToMigrate | State::Activating) {
            self.lost = 0;
        }
        self.timer = None;
        self.no_agent = false;
        self.gave_up = None;
        self.newcomer = false;
        self.unheld_since = None;
        self.update_refused = false;
        self.conflict = false;
    }
}
