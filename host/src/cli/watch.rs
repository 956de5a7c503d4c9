//! Does something again whenever a file changes, until it is ended by hand.

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::mpsc;
use std::time::Duration;

use anyhow::{Context, Result};
use notify::{EventKind, RecursiveMode, Watcher as _};

use super::output;

/// Editors write a file in several steps: what comes within this time is one change.
const SETTLES: Duration = Duration::from_millis(200);

/// Does it now, and again after every change of one of these paths.
pub(crate) fn again_and_again(
    paths: &[PathBuf],
    mut work: impl FnMut() -> Result<ExitCode>,
) -> Result<ExitCode> {
    let (changed, changes) = mpsc::channel();
    let mut watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
        let ours = event.is_ok_and(|event| !is_of_tools(&event));
        if ours {
            // Nobody listens any more: the program ends.
            let _gone = changed.send(());
        }
    })
    .context("files cannot be watched here")?;
    for path in paths {
        watcher
            .watch(path, RecursiveMode::Recursive)
            .with_context(|| format!("{} cannot be watched", path.display()))?;
    }
    loop {
        if let Err(error) = work() {
            output::complain(&format!("{error:#}"));
        }
        // What the work itself has written is no change.
        while changes.recv_timeout(SETTLES).is_ok() {}
        output::write("\nwaiting for a change (Ctrl-C ends it)")?;
        if changes.recv().is_err() {
            return Ok(ExitCode::SUCCESS);
        }
        while changes.recv_timeout(SETTLES).is_ok() {}
    }
}

/// What building a project writes, and mere looks.
fn is_of_tools(event: &notify::Event) -> bool {
    let made = ["target", "node_modules", "build", ".venv", "__pycache__"];
    let is_made = |path: &PathBuf| {
        path.components().any(|part| made.iter().any(|made| part.as_os_str() == *made))
    };
    matches!(event.kind, EventKind::Access(_)) || event.paths.iter().all(is_made)
}
