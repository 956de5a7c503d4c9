//! A run of many files: each is read and run, several at a time, and reported in their order.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use host_core::port::lifecycle::Lifecycle;
use host_core::port::policy::Policy;

use crate::kit::Kit;
use crate::report::{FileReport, Report, untaken};
use crate::scenario::words::{Table, Written};
use crate::scenario::{ask, bless, read, run::Runner};
use crate::yaml::{Fault, Place};

/// A file with its text.
#[derive(Debug, Clone)]
pub struct Source {
    /// Its path, as it was named.
    pub path: PathBuf,
    /// What stands in it.
    pub text: String,
}

/// What files are run against.
#[derive(Debug)]
pub struct Suite<'k> {
    /// The engine.
    pub kit: &'k Kit,
    /// The lifecycle.
    pub lifecycle: Arc<dyn Lifecycle>,
    /// The policy that tables ask: its path and bytes; its settings are the tables'.
    pub policy: Option<PathBuf>,
    /// Only scenarios whose name contains this.
    pub filter: Option<String>,
    /// The seed.
    pub seed: u64,
    /// How to run it again, up to the file.
    pub command: String,
}

impl Suite<'_> {
    /// Runs files, several at a time, and tells each as soon as all before it are told.
    pub fn run(&self, sources: &[Source], tell: impl Fn(&FileReport) + Sync) -> Report {
        let began = Instant::now();
        let next = AtomicUsize::new(0);
        let done: Mutex<Vec<Option<Option<FileReport>>>> = Mutex::new(vec![None; sources.len()]);
        let told = Mutex::new(0_usize);
        let threads = std::thread::available_parallelism().map_or(1, usize::from);
        std::thread::scope(|scope| {
            for _ in 0..threads.min(sources.len()) {
                scope.spawn(|| {
                    while let Some(at) = Some(next.fetch_add(1, Ordering::Relaxed))
                        && let Some(source) = sources.get(at)
                    {
                        let report = self.file(source, false);
                        done.lock().unwrap_or_else(PoisonError::into_inner)[at] = Some(report);
                        let mut told = told.lock().unwrap_or_else(PoisonError::into_inner);
                        let ready = |at: usize| {
                            let done = done.lock().unwrap_or_else(PoisonError::into_inner);
                            done.get(at).cloned().flatten()
                        };
                        while let Some(report) = ready(*told) {
                            report.iter().for_each(&tell);
                            *told += 1;
                        }
                    }
                });
            }
        });
        let done = done.into_inner().unwrap_or_else(PoisonError::into_inner);
        let files: Vec<FileReport> = done.into_iter().flatten().flatten().collect();
        let lives = files.iter().any(|f| f.told.as_ref().is_ok_and(|told| !told.edges.is_empty()));
        let untaken = (lives && self.filter.is_none())
            .then(|| untaken(&self.lifecycle.description().edges, &files));
        Report { files, took: began.elapsed(), untaken, command: self.command.clone() }
    }

    /// What a file would have to say; nothing, if it says so already or nothing would help.
    #[must_use]
    pub fn blessed(&self, source: &Source) -> Option<String> {
        let report = self.file(source, true)?;
        bless::blessed(&source.text, &report.told.ok()?)
    }

    /// Runs a file; nothing, if it is filtered out.
    fn file(&self, source: &Source, goes_on: bool) -> Option<FileReport> {
        let began = Instant::now();
        let is_wanted =
            |name: &str| self.filter.as_ref().is_none_or(|filter| name.contains(filter.as_str()));
        let (name, told) = match read::read(&source.text) {
            Err(fault) => {
                let name = source.path.display().to_string();
                // Whoever filters asks for one: a file without a name is none of the others either.
                if self.filter.is_some() && !is_wanted(&name) {
                    return None;
                }
                (name, Err(fault))
            }
            Ok(written) if !is_wanted(written.name()) => return None,
            Ok(Written::Table(table)) => (table.name.clone(), self.table(&table)),
            Ok(Written::Scenario(scenario)) => {
                let folder = source.path.parent().unwrap_or(Path::new("."));
                let (lifecycle, seed) = (Arc::clone(&self.lifecycle), self.seed);
                let runner = Runner { kit: self.kit, lifecycle, seed, goes_on };
                (scenario.name.clone(), runner.run(&scenario, folder))
            }
        };
        Some(FileReport { path: source.path.clone(), name, told, took: began.elapsed() })
    }

    fn table(&self, table: &Table) -> Result<crate::scenario::told::Told, Fault> {
        let nowhere = |text: String| Fault::at(Place::default(), text);
        let Some(path) = &self.policy else {
            return Err(nowhere(
                "this is a table of questions to a policy; name its module or its project's folder before the path".into(),
            ));
        };
        let policy: Arc<dyn Policy> = self.kit.policy_at(path, &table.settings).map_err(nowhere)?;
        Ok(ask::ask(self.kit, &*policy, table))
    }
}
