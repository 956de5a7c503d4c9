//! Go: whether it is here and new enough, and how it is called.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, bail};

use super::recipe::{self, Recipe};

/// A command of Go in the folder of the recipe. No C compiler is used, no workspace above it is looked at.
fn command(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new("go");
    command.args(arguments).current_dir(folder).envs([("CGO_ENABLED", "0"), ("GOWORK", "off")]);
    command
}

/// That Go is here, as new as the recipe wants. A Go that fetches the version that a module names, does.
///
/// # Errors
/// A sentence with what to install.
pub(super) fn require(recipe: &Recipe) -> Result<(), String> {
    let install = format!(
        "Install Go {} or newer (https://go.dev/doc/install; apt-get, dnf and brew have it too), or name a folder with \
         kube-apiserver, etcd and kube-controller-manager in {}",
        recipe.go,
        super::FOLDER
    );
    let said = command(&recipe::folder(), &["env", "GOVERSION"]).stdin(Stdio::null()).output();
    let Ok(said) = said else { return Err(format!("Go is not here. {install}")) };
    let version = String::from_utf8_lossy(&said.stdout).trim().to_owned();
    if said.status.success() && number(&version) >= number(&recipe.go) {
        return Ok(());
    }
    // One that is told by the module file to be newer than it is says so itself.
    let reason = String::from_utf8_lossy(&said.stderr).trim().to_owned();
    let reason = if reason.is_empty() { format!("it is {version}") } else { reason };
    Err(format!("Go is too old: {reason}. {install}"))
}

/// `go1.26.8` and `1.24.0` as numbers, to be compared. What is no number counts as the newest: a build of one's own; no
/// answer at all as the oldest.
fn number(version: &str) -> [u32; 3] {
    if version.trim().is_empty() {
        return [0; 3];
    }
    let mut parts = version.trim_start_matches("go").split(['.', 'r', 'b', '-', ' ']);
    if parts.clone().next().is_none_or(|first| first.parse::<u32>().is_err()) {
        return [u32::MAX; 3];
    }
    [(); 3].map(|()| parts.next().and_then(|part| part.parse().ok()).unwrap_or_default())
}

/// Runs Go on this terminal.
pub(super) fn run(folder: &Path, arguments: &[&str]) -> Result<()> {
    crate::steps::run(&mut command(folder, arguments))
}

/// What Go answers.
pub(super) fn answer(folder: &Path, arguments: &[&str]) -> Result<String> {
    let output = command(folder, arguments).stdin(Stdio::null()).output();
    let output = output.context("Go could not be started")?;
    if !output.status.success() {
        bail!("go {}: {}", arguments.join(" "), String::from_utf8_lossy(&output.stderr).trim());
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Runs Go and hands on each line that it says on the way.
///
/// # Errors
/// When it does not succeed: the last lines that it said.
pub(super) fn follow(folder: &Path, arguments: &[&str], mut line: impl FnMut(&str)) -> Result<()> {
    let mut command = command(folder, arguments);
    let spawned = command.stdin(Stdio::null()).stderr(Stdio::piped()).spawn();
    let mut child = spawned.context("Go could not be started")?;
    let said = BufReader::new(child.stderr.take().context("it was asked for")?);
    let mut last = Vec::new();
    for each in said.lines() {
        let each = each?;
        line(&each);
        last.push(each);
        if last.len() > LAST {
            last.remove(0);
        }
    }
    let status = child.wait()?;
    if !status.success() {
        bail!("go {} ended with {status}; it said:\n{}", arguments.join(" "), last.join("\n"));
    }
    Ok(())
}

/// So many lines are kept to be told if Go fails.
const LAST: usize = 20;

#[cfg(test)]
mod tests {
    use super::number;

    #[test]
    fn versions_are_compared_as_numbers() {
        assert!(number("go1.26.8") > number("1.24.0"));
        assert!(number("go1.9") < number("1.24.0"));
        assert!(number("go1.24rc1") >= number("1.24.0"));
        assert!(number("devel go1.27-abc") > number("1.24.0"));
    }

    #[test]
    fn an_answer_of_nothing_is_no_version() {
        // An old Go that does not know the word answers an empty line, and must not pass for one that was built by hand.
        assert!(number("") < number("1.24.0"));
    }
}
