//! `cargo xtask VERB`: the one place where everything that a developer types is found.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use clap::{Parser, Subcommand};
use tests_xtask::check::{self, Part};
use tests_xtask::kubernetes::{self, Programs};
use tests_xtask::steps::{run, say};
use tests_xtask::toolchain::require_c_compiler;
use tests_xtask::{demo, generated, guest, workspace};

/// Everything that a developer types.
///
/// New here? `cargo xtask demo` shows what Swingbridge does, `cargo xtask test` whether a change is good. Both set up
/// what they need; the first run builds for some minutes, later ones take seconds.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Arguments {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Check a change as CI does: format, lints, tests, documentation
    ///
    /// Leaves no process behind and nothing outside target/.
    Test {
        /// Only these parts, in the usual order
        #[arg(long, value_name = "PART", value_delimiter = ',')]
        only: Vec<Part>,
    },
    /// The same as `test`: what CI does, anybody can type
    Ci,
    /// Build the binary and watch real accounts cross to agents, on SQLite, on this machine
    Demo {
        /// Leave it running, with its addresses, until Ctrl-C
        #[arg(long)]
        keep: bool,
        /// With two real Kubernetes API servers, one of which is stopped and started again; needs Go
        #[arg(long)]
        kubernetes: bool,
    },
    /// Start Kubernetes API servers on loopback to try things with, until Ctrl-C
    ///
    /// The first time they are built from Go modules, which takes about five minutes. It says where they are, where their
    /// kubeconfigs are, and what can be typed to stop, freeze or replace one.
    Clusters {
        /// How many
        #[arg(long, default_value_t = 2)]
        count: u8,
        /// Where kubeconfigs are written; left out: a temporary folder that goes with them
        #[arg(long, value_name = "FOLDER")]
        folder: Option<PathBuf>,
        /// Start nothing: have tests/clusters/go name this version of Kubernetes, v1.34.4 for example
        #[arg(long, value_name = "VERSION", conflicts_with_all = ["count", "folder"])]
        recipe: Option<String>,
    },
    /// Build guest/component into target/guest/lifecycle.wasm, the component that the binary carries
    Guest,
    /// Write the code that is generated from proto/ and checked in
    Gen {
        /// Write nothing; fail if what is checked in is not current
        #[arg(long)]
        check: bool,
    },
    /// Check the house: who knows whom, what stands where, how files begin
    Tidy,
    /// Simulate bridges, agents, database and clock, with a schedule from each seed
    ///
    /// `--seeds N` runs so many and says which failed; `--seed S` replays one with everything that happens. `--help` after
    /// `--` lists the rest.
    Simulate {
        /// Handed on to the simulation: --seeds, --seed, --replicas, --steps, --component, --mutant
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<String>,
    },
    /// Run the benchmarks of spec/measures.md; without names, all of them
    ///
    /// Our own crates are optimized for it, so the first run builds them once more.
    Bench {
        /// A measure, or the first part of its name: `engine` for all of `engine.…`
        names: Vec<String>,
    },
}

fn main() -> ExitCode {
    match perform(Arguments::parse().verb) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            say(&format!("\nxtask: {error:#}"));
            ExitCode::FAILURE
        }
    }
}

fn perform(verb: Verb) -> Result<()> {
    match verb {
        Verb::Test { only } => check::check(&only),
        Verb::Ci => check::check(&[]),
        Verb::Demo { keep, kubernetes: true } => demo::with_clusters(keep),
        // It becomes the demo, so that Ctrl-C and the exit code are its own.
        Verb::Demo { keep, kubernetes: false } => become_(demo::command(keep)?),
        Verb::Clusters { recipe: Some(version), .. } => kubernetes::move_to(&version),
        Verb::Clusters { count, folder, recipe: None } => clusters(count, folder),
        Verb::Guest => {
            let path = guest::build()?;
            say(&format!("{} ({} bytes)", path.display(), std::fs::metadata(&path)?.len()));
            Ok(())
        }
        Verb::Gen { check: false } => generated::write(),
        Verb::Gen { check: true } => generated::check(),
        Verb::Tidy => run(&mut workspace::cargo(&[
            "test",
            "--workspace",
            "--test",
            "it",
            "--",
            "floors::",
            "tidy::",
        ])),
        Verb::Simulate { arguments } => simulate(&arguments),
        Verb::Bench { names } => bench(&names),
    }
}

/// Builds what starts them, then becomes it, so that what is typed and Ctrl-C are its own.
fn clusters(count: u8, folder: Option<PathBuf>) -> Result<()> {
    if let Programs::NoGo(missing) = kubernetes::prepare()? {
        bail!("no cluster can be started here: {missing}");
    }
    run(&mut workspace::cargo(&["build", "--workspace", "--bin", "clusters"]))?;
    let mut command = std::process::Command::new(workspace::built("clusters"));
    command.args(["--count", &count.to_string()]);
    if let Some(folder) = folder {
        command.arg("--folder").arg(folder);
    }
    become_(command)
}

#[cfg(unix)]
fn become_(mut command: std::process::Command) -> Result<()> {
    use std::os::unix::process::CommandExt as _;
    Err(command.exec()).context("it was built and could not be started")
}

#[cfg(not(unix))]
fn become_(mut command: std::process::Command) -> Result<()> {
    run(&mut command)
}

fn simulate(arguments: &[String]) -> Result<()> {
    require_c_compiler()?;
    guest::build()?;
    run(&mut workspace::cargo(&["build", "--workspace", "--bin", "simulate"]))?;
    let mut command = std::process::Command::new(workspace::built("simulate"));
    run(command.args(arguments).current_dir(workspace::root()))
}

fn bench(names: &[String]) -> Result<()> {
    require_c_compiler()?;
    guest::build()?;
    // What comes from elsewhere is optimized in any case; this raises our own crates.
    let optimized = [
        "--config",
        "profile.dev.opt-level=3",
        "--config",
        "profile.dev.debug-assertions=false",
        "--config",
        "profile.dev.incremental=false",
    ];
    let mut build = workspace::cargo(&["build", "--workspace", "--bin", "benches"]);
    run(build.args(optimized))?;
    let mut command = std::process::Command::new(workspace::built("benches"));
    run(command.args(names).current_dir(workspace::root()))
}
