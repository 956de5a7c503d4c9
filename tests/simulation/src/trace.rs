//! What happened, as a hash and, for whoever wants to read it, as lines.

use std::fmt::Arguments;
use std::hash::{DefaultHasher, Hasher as _};
use std::sync::{Mutex, MutexGuard, PoisonError};

#[derive(Debug)]
struct State {
    hash: DefaultHasher,
    lines: Option<Vec<String>>,
    trouble: Option<String>,
}

/// The trace of a run.
#[derive(Debug)]
pub struct Trace(Mutex<State>);

impl Trace {
    /// `keeps`: the lines too, not only their hash.
    #[must_use]
    pub fn new(keeps: bool) -> Self {
        // The hasher's keys are fixed, so that two runs can be compared.
        let hash = DefaultHasher::new();
        Self(Mutex::new(State { hash, lines: keeps.then(Vec::new), trouble: None }))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Something happened.
    pub fn say(&self, what: Arguments<'_>) {
        let text = what.to_string();
        let mut state = self.state();
        state.hash.write(text.as_bytes());
        if let Some(lines) = &mut state.lines {
            lines.push(text);
        }
    }

    /// A line for whoever reads, of which the hash needs not know.
    pub fn explain(&self, what: Arguments<'_>) {
        if let Some(lines) = &mut self.state().lines {
            lines.push(format!("      {what}"));
        }
    }

    /// Something is not as it must be. The first of these stands.
    pub fn violated(&self, what: String) {
        let mut state = self.state();
        if let Some(lines) = &mut state.lines {
            lines.push(format!("VIOLATED: {what}"));
        }
        state.trouble.get_or_insert(what);
    }

    /// What is not as it must be.
    #[must_use]
    pub fn trouble(&self) -> Option<String> {
        self.state().trouble.clone()
    }

    /// Everything so far as one number.
    #[must_use]
    pub fn hash(&self) -> u64 {
        self.state().hash.finish()
    }

    /// The lines, if they were kept.
    #[must_use]
    pub fn lines(&self) -> Vec<String> {
        self.state().lines.clone().unwrap_or_default()
    }
}
