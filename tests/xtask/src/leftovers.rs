//! Finds processes that a test run started and did not end.
//!
//! Every process that the run starts inherits a mark in its environment. Those that are still there when the run is
//! over, and were built in our target folder or are servers that were started for it, were left behind. Known on Linux;
//! elsewhere nothing is looked for.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

/// How long a guard may take to end what it guards.
const MOMENT: Duration = Duration::from_secs(10);

/// Carries the mark.
const MARK: &str = "XTASK_RUN";

/// One run's mark.
#[derive(Debug, Clone)]
pub struct Mark(String);

/// A process that is still there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Leftover {
    /// Its id.
    pub process: u32,
    /// What it is.
    pub program: PathBuf,
}

impl Mark {
    /// The mark of this process's run.
    #[must_use]
    pub fn new() -> Self {
        Self(std::process::id().to_string())
    }

    /// A mark of its own for something within a run.
    #[must_use]
    pub fn named(name: &str) -> Self {
        Self(format!("{}-{name}", std::process::id()))
    }

    /// Marks a command and everything that it starts.
    pub fn put_on(&self, command: &mut Command) {
        command.env(MARK, &self.0);
    }

    /// Marked processes that run something from below `folder`, or a program of one of the names. What is ended by its
    /// guard when its test ends has a moment for it.
    #[must_use]
    pub fn left_behind(&self, folder: &Path, names: &[&str]) -> Vec<Leftover> {
        let begun = Instant::now();
        loop {
            let named = |left: &Leftover| {
                left.program.file_name().is_some_and(|name| names.iter().any(|each| name == *each))
            };
            let left: Vec<Leftover> = self
                .left_in(Path::new("/"))
                .into_iter()
                .filter(|left| left.program.starts_with(folder) || named(left))
                .collect();
            if left.is_empty() || begun.elapsed() > MOMENT {
                return left;
            }
            std::thread::sleep(MOMENT / 50);
        }
    }

    /// Marked processes that run something from below `folder`.
    #[must_use]
    pub fn left_in(&self, folder: &Path) -> Vec<Leftover> {
        let wanted = format!("{MARK}={}", self.0);
        let mut left: Vec<Leftover> = processes()
            .filter_map(|process| {
                let place = Path::new("/proc").join(process.to_string());
                let program = fs::read_link(place.join("exe")).ok()?;
                let environment = fs::read(place.join("environ")).ok()?;
                let marked =
                    environment.split(|byte| *byte == 0).any(|pair| pair == wanted.as_bytes());
                (marked && program.starts_with(folder)).then_some(Leftover { process, program })
            })
            .collect();
        left.sort_by_key(|leftover| leftover.process);
        left
    }
}

impl Default for Mark {
    fn default() -> Self {
        Self::new()
    }
}

fn processes() -> impl Iterator<Item = u32> {
    fs::read_dir("/proc").into_iter().flatten().filter_map(|entry| {
        entry.ok()?.file_name().to_str().map(OsStr::new)?.to_str()?.parse().ok()
    })
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use std::process::Stdio;

    use super::*;

    #[test]
    fn a_marked_process_is_found_until_it_ends() {
        let mark = Mark::named("a-marked-process");
        let mut command = Command::new("cat");
        mark.put_on(&mut command);
        let mut child =
            command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("cat starts");
        // It answers, so it runs by now.
        let mut input = child.stdin.take().expect("piped");
        std::io::Write::write_all(&mut input, b"x").expect("it listens");
        let mut answer = [0];
        let mut output = child.stdout.take().expect("piped");
        std::io::Read::read_exact(&mut output, &mut answer).expect("it answers");

        let left = mark.left_in(Path::new("/"));
        assert_eq!(left.iter().map(|found| found.process).collect::<Vec<_>>(), [child.id()]);
        assert_eq!(mark.left_in(Path::new("/nowhere")), []);

        drop(input);
        child.wait().expect("it ends");
        assert_eq!(mark.left_in(Path::new("/")), []);
    }
}
