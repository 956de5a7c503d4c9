//! What a run of scenarios tells: people ([`human`]), and machines ([`junit()`], [`json()`]).

pub mod human;
mod json;
mod junit;

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::Duration;

use host_core::description::Edge;

use crate::scenario::told::{EdgeTaken, Told};
use crate::yaml::Fault;

pub use json::json;
pub use junit::junit;

/// What came of one file.
#[derive(Debug, Clone)]
pub struct FileReport {
    /// The file, as it was named.
    pub path: PathBuf,
    /// The scenario's name; of a file that cannot be read, the file's.
    pub name: String,
    /// What came of it, or what is wrong with the file.
    pub told: Result<Told, Fault>,
    /// How long it took.
    pub took: Duration,
}

impl FileReport {
    /// Whether all was as expected.
    #[must_use]
    pub fn is_well(&self) -> bool {
        self.told.as_ref().is_ok_and(Told::is_well)
    }
}

/// What came of all of them.
#[derive(Debug, Clone, Default)]
pub struct Report {
    /// Each, in the order of the files.
    pub files: Vec<FileReport>,
    /// How long all of it took, without building and compiling.
    pub took: Duration,
    /// The edges of the lifecycle that nothing took; absent: they were not looked for.
    pub untaken: Option<Vec<Edge>>,
    /// How to run it again, up to the file: `swingbridge test MODULE`.
    pub command: String,
}

impl Report {
    /// How many were as expected, and how many were not.
    #[must_use]
    pub fn counts(&self) -> (usize, usize) {
        let well = self.files.iter().filter(|file| file.is_well()).count();
        (well, self.files.len() - well)
    }
}

/// The edges that nothing took.
#[must_use]
pub fn untaken(edges: &[Edge], files: &[FileReport]) -> Vec<Edge> {
    let told = files.iter().filter_map(|file| file.told.as_ref().ok());
    let taken: BTreeSet<&EdgeTaken> = told.flat_map(|told| &told.edges).collect();
    let is_taken =
        |edge: &&Edge| !taken.contains(&(edge.from.clone(), edge.event.clone(), edge.to.clone()));
    edges.iter().filter(is_taken).cloned().collect()
}

/// An edge as people write it.
#[must_use]
pub fn edge_in_words(edge: &Edge) -> String {
    let state = |state: &Option<String>| state.clone().unwrap_or_else(|| "(none)".to_owned());
    format!("{} → {} ({})", state(&edge.from), state(&edge.to), edge.event)
}
