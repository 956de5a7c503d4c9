//! `cargo xtask test`: everything that must pass before a change is good, in the order in which it tells most soonest.

use std::process::Command;

use anyhow::{Result, bail};
use clap::ValueEnum;

use crate::databases;
use crate::guest::{self, TARGET};
use crate::kubernetes::{self, Programs};
use crate::leftovers::Mark;
use crate::steps::{Steps, run, say};
use crate::toolchain::{GuestToolchain, require_c_compiler, require_test_tools};
use crate::workspace::{cargo, target};

/// A part of the run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Part {
    /// Every file is formatted.
    Format,
    /// The component that the binary carries can be built.
    Guest,
    /// Clippy finds nothing, in the host's code and in the guest's.
    Lints,
    /// The unit tests, the integration tests and the binary that they start.
    Tests,
    /// The examples in the documentation.
    Examples,
    /// The documentation builds without a warning.
    Docs,
}

impl Part {
    /// Every part, in the order in which they run.
    pub const ALL: [Self; 6] =
        [Self::Format, Self::Guest, Self::Lints, Self::Tests, Self::Examples, Self::Docs];

    fn name(self) -> &'static str {
        match self {
            Self::Format => "format",
            Self::Guest => "guest: build the component that the binary carries",
            Self::Lints => "lints: clippy, warnings denied",
            Self::Tests => "tests",
            Self::Examples => "examples in the documentation",
            Self::Docs => "documentation, warnings denied",
        }
    }
}

/// Sets up and runs the parts; all of them if none is named.
///
/// # Errors
/// The first part that does not pass, or what to install.
pub fn check(only: &[Part]) -> Result<()> {
    let mut steps = Steps::new();
    let chosen = if only.is_empty() { &Part::ALL[..] } else { only };
    steps.step("set up: compilers, tools, databases and Kubernetes", || {
        require_c_compiler()?;
        require_test_tools()?;
        if chosen.contains(&Part::Tests) { servers() } else { Ok(()) }
    })?;
    for part in Part::ALL.into_iter().filter(|part| chosen.contains(part)) {
        steps.step(part.name(), || do_part(part))?;
    }
    steps.summary(if only.is_empty() { "All is well:" } else { "These parts are well:" });
    Ok(())
}

/// What the tests start. Without Kubernetes they are told apart, and all others run.
fn servers() -> Result<()> {
    databases::require()?;
    if let Programs::NoGo(missing) = kubernetes::prepare()? {
        say(&format!(
            "    tests that need real Kubernetes API servers are SKIPPED, each by name: {missing}"
        ));
    }
    Ok(())
}

fn do_part(part: Part) -> Result<()> {
    match part {
        Part::Format => run(&mut cargo(&["fmt", "--all", "--check"])),
        Part::Guest => {
            let built = guest::build()?;
            say(&format!("    {} bytes", std::fs::metadata(built)?.len()));
            Ok(())
        }
        Part::Lints => lints(),
        Part::Tests => tests(),
        Part::Examples => run(&mut cargo(&["test", "--workspace", "--doc"])),
        Part::Docs => run(cargo(&["doc", "--workspace", "--no-deps", "--document-private-items"])
            .env("RUSTDOCFLAGS", "--deny warnings")),
    }
}

/// The guest's glue exists on its own target only, so it is looked at there too.
fn lints() -> Result<()> {
    guest::build()?;
    run(&mut cargo(&["clippy", "--workspace", "--all-targets", "--", "--deny", "warnings"]))?;
    let toolchain = GuestToolchain::find()?;
    if !toolchain.has_clippy() {
        say("    the guest's glue is left out: Debian's compiler for it has no clippy");
        return Ok(());
    }
    let mut command = cargo(&["clippy", "--profile", "guest", "--package", "guest-component"]);
    command.args(["--target", TARGET, "--target-dir"]).arg(guest::folder());
    toolchain.configure(&mut command)?;
    run(command.args(["--", "--deny", "warnings"]))
}

/// The integration tests start the binary, so it is built first. Whatever they start must be gone afterwards.
fn tests() -> Result<()> {
    guest::build()?;
    run(&mut crate::workspace::build_binary())?;
    let mark = Mark::new();
    let mut command = cargo(&["test", "--workspace", "--lib", "--bins", "--tests"]);
    mark.put_on(&mut command);
    let passed = run(&mut command);
    let servers = [&databases::SERVERS[..], &kubernetes::SERVERS].concat();
    let left = mark.left_behind(&target(), &servers);
    for leftover in &left {
        end(leftover.process);
    }
    passed?;
    if !left.is_empty() {
        let list: Vec<String> = left
            .iter()
            .map(|leftover| format!("{} ({})", leftover.program.display(), leftover.process))
            .collect();
        bail!("the tests passed, but left processes behind (now ended): {}", list.join(", "));
    }
    Ok(())
}

fn end(process: u32) {
    let ended = Command::new("kill").args(["-KILL", &process.to_string()]).status();
    if !ended.is_ok_and(|status| status.success()) {
        say(&format!("    process {process} could not be ended"));
    }
}
