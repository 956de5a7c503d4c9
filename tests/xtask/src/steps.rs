//! A run of named steps: says what it does before it does it, how long it took, and what came of all of them.

use std::io::{self, Write as _};
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

/// The steps done so far.
#[derive(Debug)]
pub struct Steps {
    begun: Instant,
    done: Vec<(String, Duration)>,
}

impl Steps {
    /// Begins a run.
    #[must_use]
    #[expect(
        clippy::new_without_default,
        reason = "a run begins when it is made; a default has no such moment"
    )]
    pub fn new() -> Self {
        Self { begun: Instant::now(), done: Vec::new() }
    }

    /// Does one step.
    ///
    /// # Errors
    /// What the step answered, with its name.
    pub fn step<T>(&mut self, name: &str, what: impl FnOnce() -> Result<T>) -> Result<T> {
        say(&format!("\n==> {name}"));
        let begun = Instant::now();
        let answer = what().with_context(|| format!("`{name}` did not pass"))?;
        self.done.push((name.to_owned(), begun.elapsed()));
        Ok(answer)
    }

    /// Ends the run: a line per step, and the time of all of them.
    pub fn summary(&self, closing: &str) {
        say("");
        for (name, took) in &self.done {
            say(&format!("  passed  {:>7}  {name}", seconds(*took)));
        }
        say(&format!("\n{closing} {} in all.", seconds(self.begun.elapsed())));
        // For whoever reads the end of a long output: a step that did not pass ends the run before this line.
        say(&format!("\n{} passed, 0 failed", self.done.len()));
    }
}

/// Runs a command to its end, on this terminal.
///
/// # Errors
/// When it cannot be started or does not succeed.
pub fn run(command: &mut Command) -> Result<()> {
    let shown = shown(command);
    say(&format!("    {shown}"));
    let status = command.status().with_context(|| format!("`{shown}` could not be started"))?;
    if !status.success() {
        bail!("`{shown}` ended with {status}; what it said stands above");
    }
    Ok(())
}

/// Tells the person at the terminal something. It goes to standard error, beside cargo's own words.
pub fn say(text: &str) {
    // Nobody is left to tell if the terminal is gone.
    let _gone = writeln!(io::stderr().lock(), "{text}");
}

/// A command as it would be typed: without the folder of the program.
fn shown(command: &Command) -> String {
    let program = std::path::Path::new(command.get_program());
    let mut words =
        vec![program.file_stem().unwrap_or(program.as_os_str()).to_string_lossy().into_owned()];
    words.extend(command.get_args().map(|argument| argument.to_string_lossy().into_owned()));
    words.join(" ")
}

fn seconds(time: Duration) -> String {
    match time.as_secs() {
        long @ 60.. => format!("{}m{:02}s", long / 60, long % 60),
        short => format!("{short}.{}s", time.subsec_millis() / 100),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_that_fails_ends_the_step_with_its_name() {
        let mut steps = Steps::new();
        let error =
            steps.step("nothing", || run(&mut Command::new("false"))).expect_err("false fails");
        assert!(
            format!("{error:#}").contains("`nothing` did not pass: `false` ended with"),
            "{error:#}"
        );
        assert!(steps.done.is_empty());
    }

    #[test]
    fn times_are_told_in_minutes_from_a_minute_on() {
        assert_eq!(seconds(Duration::from_millis(3_250)), "3.2s");
        assert_eq!(seconds(Duration::from_secs(61)), "1m01s");
    }
}
