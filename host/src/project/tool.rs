//! The programs that build a project: where they are, how they are called, and what is shown of what they said.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result};

/// How much is shown of what a program said before it failed.
const LINES: usize = 25;

/// What a program said, and whether it did what it was to do.
#[derive(Debug)]
pub(super) struct Outcome {
    pub(super) succeeded: bool,
    pub(super) output: String,
    pub(super) errors: String,
}

impl Outcome {
    /// The last lines of everything that was said, indented.
    pub(super) fn last_lines(&self) -> String {
        last_lines(&[self.output.as_str(), self.errors.as_str()].join("\n"))
    }
}

/// A program by its name, if it is on the path.
pub(super) fn find(name: &str, path: &OsStr) -> Option<PathBuf> {
    std::env::split_paths(path).map(|folder| folder.join(name)).find(|program| program.is_file())
}

/// Runs a program to its end, in a folder, with a path to find others on. It sees nothing of the bridge's settings.
pub(super) fn run(
    program: &Path,
    arguments: &[&str],
    folder: &Path,
    path: &OsStr,
) -> Result<Outcome> {
    let mut command = Command::new(program);
    for (variable, _) in std::env::vars_os() {
        if variable.to_string_lossy().starts_with("SWINGBRIDGE_") {
            command.env_remove(variable);
        }
    }
    let output = command
        .args(arguments)
        .current_dir(folder)
        .env("PATH", path)
        .env("NO_COLOR", "1")
        // Where a tool says itself what is wrong with a source, its own inside would only hide it.
        .env("RUST_BACKTRACE", "0")
        .stdin(Stdio::null())
        .output()
        .with_context(|| format!("{} could not be started", program.display()))?;
    Ok(Outcome {
        succeeded: output.status.success(),
        output: String::from_utf8_lossy(&output.stdout).into_owned(),
        errors: String::from_utf8_lossy(&output.stderr).into_owned(),
    })
}

/// The last lines of a text that are not empty, indented, and without the credentials that a tool's address may have.
pub(super) fn last_lines(text: &str) -> String {
    let lines: Vec<&str> =
        text.lines().map(str::trim_end).filter(|line| !line.is_empty()).collect();
    let shown = lines.iter().skip(lines.len().saturating_sub(LINES));
    shown.map(|line| format!("  {}\n", without_credentials(line))).collect()
}

/// `https://name:word@host/…` as `https://…@host/…`.
fn without_credentials(line: &str) -> String {
    let mut shown = String::new();
    let mut rest = line;
    while let Some(at) = rest.find("://") {
        let (before, after) = rest.split_at(at + 3);
        shown.push_str(before);
        let end = after.find(|letter: char| letter == '/' || letter.is_whitespace());
        let (authority, behind) = after.split_at(end.unwrap_or(after.len()));
        match authority.rsplit_once('@') {
            Some((_, host)) => {
                shown.push_str("…@");
                shown.push_str(host);
            }
            None => shown.push_str(authority),
        }
        rest = behind;
    }
    shown.push_str(rest);
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_lines_are_shown_and_no_empty_ones() {
        let text: String = (1..=40).map(|number| format!("line {number}\n\n")).collect();
        let shown = last_lines(&text);
        assert!(shown.starts_with("  line 16\n") && shown.ends_with("  line 40\n"), "{shown}");
        assert_eq!(last_lines("\n \n"), "");
    }

    #[test]
    fn what_opens_a_registry_is_not_shown() {
        let shown = last_lines("from https://ann:s3cret@host/simple and http://tok@[::1]:80 now");
        assert_eq!(shown, "  from https://…@host/simple and http://…@[::1]:80 now\n");
        let plain = "see https://host/@scope/name";
        assert_eq!(last_lines(plain), format!("  {plain}\n"));
    }
}
