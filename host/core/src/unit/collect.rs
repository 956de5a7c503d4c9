//! Collects what a module asks for in one call, and refuses what it may not.
//!
//! Each write is answered at once: whether it could be allowed, not whether it will commit. It must be of the call's
//! batch, of a row that was read in this call, along declared edges, and within bounds.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use crate::account::{Account, Change, Fields, NewAccount, Removal, State, Step};
use crate::description::Description;
use crate::holding::Holding;
use crate::unit::{Submission, Writes};

/// The longest context of a submission, in bytes.
pub const CONTEXT_MAX: usize = 4_096;
/// The longest reason or error text, in bytes; longer ones are cut.
pub const TEXT_MAX: usize = 4_096;
/// The most attributes of a row.
pub const ATTRIBUTES_MAX: usize = 64;
/// The longest attribute value, in bytes.
pub const ATTRIBUTE_MAX: usize = 1_024;
/// The most steps of one row in one unit.
pub const STEPS_MAX: usize = 8;

/// Why a write cannot be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Denial {
    /// The account that it was for.
    pub name: String,
    /// A sentence.
    pub reason: String,
}

/// What of a row that was read is compared with writes.
#[derive(Debug)]
struct Read {
    state: State,
    revision: u64,
}

/// Collects the writes of one call.
#[derive(Debug)]
pub struct Collector {
    description: Arc<Description>,
    batch: HashSet<String>,
    rows: HashMap<String, Option<Read>>,
    holdings: HashMap<(String, String), u64>,
    written: HashSet<String>,
    asked: HashSet<(String, String)>,
    writes_max: usize,
    writes: Writes,
}

impl Collector {
    /// For a call about these accounts, with at most `writes_max` writes.
    #[must_use]
    pub fn new(description: Arc<Description>, batch: Vec<String>, writes_max: usize) -> Self {
        Self {
            description,
            batch: batch.into_iter().collect(),
            rows: HashMap::new(),
            holdings: HashMap::new(),
            written: HashSet::new(),
            asked: HashSet::new(),
            writes_max,
            writes: Writes::default(),
        }
    }

    /// The module has read these rows; of the names asked for, the others have none.
    pub fn has_read(&mut self, asked: &[String], rows: &[Account]) {
        for row in rows {
            let read = Read { state: row.state.clone(), revision: row.revision };
            self.rows.insert(row.name.clone(), Some(read));
        }
        for name in asked {
            if !self.rows.contains_key(name) {
                self.rows.insert(name.clone(), None);
            }
        }
    }

    /// The module has read these holdings.
    pub fn has_read_holdings<'h>(&mut self, holdings: impl IntoIterator<Item = &'h Holding>) {
        for holding in holdings {
            let key = (holding.account.clone(), holding.agent.clone());
            self.holdings.insert(key, holding.revision);
        }
    }

    /// How many writes were collected.
    #[must_use]
    pub fn count(&self) -> usize {
        self.written.len() + self.asked.len()
    }

    /// What was collected.
    #[must_use]
    pub fn into_writes(self) -> Writes {
        self.writes
    }

    /// New rows.
    ///
    /// # Errors
    /// The first one that cannot be; then none of the list is collected.
    pub fn insert(&mut self, mut rows: Vec<NewAccount>) -> Result<(), Denial> {
        self.room(rows.iter().map(|row| &row.name))?;
        for row in &mut rows {
            match self.rows.get(&row.name) {
                None => return deny(&row.name, "its row was not read in this call"),
                Some(Some(_)) => return deny(&row.name, "it has a row already"),
                Some(None) => {}
            }
            self.check_steps(&row.name, None, &mut row.steps, false)?;
            check_fields(&row.name, &mut row.fields)?;
        }
        self.keep(rows.iter().map(|row| row.name.clone()));
        self.writes.inserts.extend(rows);
        Ok(())
    }

    /// Changes.
    ///
    /// # Errors
    /// As for [`Self::insert`].
    pub fn change(&mut self, mut rows: Vec<Change>) -> Result<(), Denial> {
        self.room(rows.iter().map(|row| &row.name))?;
        for row in &mut rows {
            let state = self.state_of(&row.name, row.revision)?;
            if !row.steps.is_empty() {
                self.check_steps(&row.name, Some(state), &mut row.steps, false)?;
            }
            check_fields(&row.name, &mut row.fields)?;
        }
        self.keep(rows.iter().map(|row| row.name.clone()));
        self.writes.changes.extend(rows);
        Ok(())
    }

    /// Removals.
    ///
    /// # Errors
    /// As for [`Self::insert`].
    pub fn remove(&mut self, mut rows: Vec<Removal>) -> Result<(), Denial> {
        self.room(rows.iter().map(|row| &row.name))?;
        for row in &mut rows {
            let state = self.state_of(&row.name, row.revision)?;
            self.check_steps(&row.name, Some(state), &mut row.steps, true)?;
        }
        self.keep(rows.iter().map(|row| row.name.clone()));
        self.writes.removals.extend(rows);
        Ok(())
    }

    /// Operations; their ids are given already.
    ///
    /// # Errors
    /// As for [`Self::insert`].
    pub fn submit(&mut self, operations: Vec<Submission>) -> Result<(), Denial> {
        if self.count() + operations.len() > self.writes_max {
            return deny("", &format!("a call may make {} writes", self.writes_max));
        }
        let mut keys = HashSet::new();
        for operation in &operations {
            let name = &operation.account;
            self.of_the_batch(name)?;
            let Some(row) = self.rows.get(name) else {
                return deny(name, "its row was not read in this call");
            };
            if row.as_ref().map(|row| row.revision) != operation.account_revision {
                return deny(name, "the submission names another revision than was read");
            }
            let key = (name.clone(), operation.agent.clone());
            if self.holdings.get(&key).copied().filter(|r| *r > 0) != operation.holding_revision {
                return deny(name, "the submission names another holding than was read");
            }
            if operation.context.len() > CONTEXT_MAX {
                return deny(name, "the context of a submission has at most 4,096 bytes");
            }
            if operation.agent.is_empty() || operation.instance.is_empty() {
                return deny(name, "a submission names an agent and its instance");
            }
            if self.asked.contains(&key) || !keys.insert(key) {
                return deny(name, "an agent is asked one thing about an account in a call");
            }
        }
        self.asked.extend(keys);
        self.writes.submissions.extend(operations);
        Ok(())
    }

    fn room<'n>(&self, names: impl Iterator<Item = &'n String>) -> Result<(), Denial> {
        let mut seen = HashSet::new();
        for name in names {
            self.of_the_batch(name)?;
            if self.written.contains(name) || !seen.insert(name) {
                return deny(name, "a row is written once in a call");
            }
        }
        if self.count() + seen.len() > self.writes_max {
            return deny("", &format!("a call may make {} writes", self.writes_max));
        }
        Ok(())
    }

    fn of_the_batch(&self, name: &str) -> Result<(), Denial> {
        if self.batch.contains(name) {
            return Ok(());
        }
        deny(name, "it is not of this call's batch")
    }

    fn keep(&mut self, names: impl Iterator<Item = String>) {
        self.written.extend(names);
    }

    fn state_of(&self, name: &str, revision: u64) -> Result<String, Denial> {
        match self.rows.get(name) {
            None => deny(name, "its row was not read in this call"),
            Some(None) => deny(name, "it has no row"),
            Some(Some(row)) if row.revision != revision => {
                deny(name, "the write names another revision than was read")
            }
            Some(Some(row)) => Ok(row.state.clone()),
        }
    }

    fn check_steps(
        &self,
        name: &str,
        from: Option<String>,
        steps: &mut [Step],
        removes: bool,
    ) -> Result<(), Denial> {
        if steps.is_empty() || steps.len() > STEPS_MAX {
            return deny(name, &format!("{} steps; 1 to {STEPS_MAX} may be", steps.len()));
        }
        let last = steps.len() - 1;
        let mut at = from;
        for (place, step) in steps.iter_mut().enumerate() {
            cut(&mut step.reason);
            let to = (!(removes && place == last)).then_some(step.to.as_str());
            if !self.description.declares(at.as_deref(), &step.event, to) {
                let (from, to) = (at.as_deref().unwrap_or("no row"), to.unwrap_or("no row"));
                let edge =
                    format!("the module does not declare the edge {from} —{}→ {to}", step.event);
                return deny(name, &edge);
            }
            at = Some(step.to.clone());
        }
        Ok(())
    }
}

fn check_fields(name: &str, fields: &mut Fields) -> Result<(), Denial> {
    if fields.attributes.len() > ATTRIBUTES_MAX {
        return deny(name, "a row has at most 64 attributes");
    }
    for (key, value) in &fields.attributes {
        if key.is_empty() || key.len() > 64 || value.len() > ATTRIBUTE_MAX {
            return deny(name, "an attribute has a key of 1 to 64 bytes and at most 1,024 bytes");
        }
    }
    if fields.zone.as_ref().is_some_and(|zone| zone.is_empty() || zone.chars().count() > 255) {
        return deny(name, "a zone has 1 to 255 characters");
    }
    if let Some(error) = &mut fields.error {
        if error.code.len() > 64 {
            return deny(name, "an error's code has at most 64 bytes");
        }
        cut(&mut error.text);
    }
    Ok(())
}

/// Cuts a text to [`TEXT_MAX`] bytes, at a character.
pub fn cut(text: &mut String) {
    if text.len() > TEXT_MAX {
        let end = (0..=TEXT_MAX).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
        text.truncate(end);
    }
}

fn deny<T>(name: &str, reason: &str) -> Result<T, Denial> {
    Err(Denial { name: name.to_owned(), reason: reason.to_owned() })
}
