//! `swingbridge test`: scenarios against a module, without a bridge.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context, Result, anyhow};
use clap::Args;
use host_core::port::lifecycle::Lifecycle;
use host_engine::Anatomy;
use host_trial::Kit;
use host_trial::report::{self, FileReport, Report, human};
use host_trial::suite::{Source, Suite};

use crate::trial::modules::FileModules;
use crate::trial::paths::{self, Paths};

use super::output;

#[derive(Debug, Args)]
pub(crate) struct TestArguments {
    /// A module first, if it is not the built-in lifecycle: a component's file, or the folder of a project that builds
    /// one. Then files and folders with scenarios; a project brings its own
    paths: Vec<PathBuf>,
    /// Only scenarios whose name contains this
    #[arg(long)]
    filter: Option<String>,
    /// The seed of ids and chance: the same one gives the same run
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Write what came into the files, in the place of what was expected
    #[arg(long, conflicts_with = "watch")]
    bless: bool,
    /// Run again whenever a file changes
    #[arg(long)]
    watch: bool,
    /// Write a report for CI systems to this file, as `JUnit` XML
    #[arg(long, value_name = "FILE")]
    junit: Option<PathBuf>,
    /// Answer with JSON instead of lines
    #[arg(long)]
    json: bool,
    /// Fetch no tools of a project's language; say what to type instead
    #[arg(long)]
    no_install: bool,
    /// Write the JSON Schema of scenarios and do nothing else
    #[arg(long)]
    schema: bool,
}

/// Runs scenarios.
pub(crate) fn perform(arguments: &TestArguments) -> Result<ExitCode> {
    if arguments.schema {
        output::write(host_trial::scenario::SCHEMA)?;
        return Ok(ExitCode::SUCCESS);
    }
    let paths = paths::sort(arguments.paths.clone()).map_err(anyhow::Error::msg)?;
    let modules = FileModules { install: !arguments.no_install };
    let kit = Kit::new(Arc::new(modules)).map_err(anyhow::Error::msg)?;
    if arguments.watch {
        return super::watch::again_and_again(&watched(&paths), || {
            kit.look_again();
            once(&kit, arguments, &paths)
        });
    }
    once(&kit, arguments, &paths)
}

fn watched(paths: &Paths) -> Vec<PathBuf> {
    paths.module.iter().chain(&paths.scenarios).cloned().collect()
}

fn once(kit: &Kit, arguments: &TestArguments, paths: &Paths) -> Result<ExitCode> {
    let sources = paths::sources(&paths.scenarios).map_err(anyhow::Error::msg)?;
    let suite = suite(kit, arguments, paths.module.as_deref())?;
    let (sources, report) = if arguments.bless {
        bless(&suite, sources, arguments.json)?
    } else {
        let tell = |file: &FileReport| tell(file, &suite.command, arguments.json);
        let report = suite.run(&sources, tell);
        (sources, report)
    };
    if report.files.is_empty() {
        let filter = arguments.filter.clone().unwrap_or_default();
        return Err(anyhow!("none of {} scenarios has `{filter}` in its name", sources.len()));
    }
    if let Some(path) = &arguments.junit {
        let xml = report::junit(&report).map_err(anyhow::Error::msg)?;
        std::fs::write(path, xml)
            .with_context(|| format!("{} cannot be written", path.display()))?;
    }
    if arguments.json {
        output::write_json(&report::json(&report))?;
    } else {
        output::write_styled(&human::summary(&report))?;
    }
    Ok(if report.counts().1 == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn tell(file: &FileReport, command: &str, json: bool) {
    if !json {
        // Whoever has seen enough has closed it; the run ends by itself.
        let _gone = output::write_styled(&human::file(file, command));
    }
}

/// The suite that was asked for.
fn suite<'k>(kit: &'k Kit, arguments: &TestArguments, module: Option<&Path>) -> Result<Suite<'k>> {
    suite_of(kit, module, arguments.filter.clone(), arguments.seed)
}

/// The suite for a module: a policy is asked by tables, and everything else goes on beside the built-in lifecycle.
pub(crate) fn suite_of<'k>(
    kit: &'k Kit,
    module: Option<&Path>,
    filter: Option<String>,
    seed: u64,
) -> Result<Suite<'k>> {
    let mut policy = None;
    let mut lifecycle = crate::trial::LIFECYCLE.to_vec();
    if let Some(path) = module {
        let bytes = crate::trial::bytes(kit, path)?;
        let anatomy = Anatomy::of(&bytes, host_engine::Limits::default().file_bytes)?;
        if anatomy.is_of_policies() {
            policy = Some(path.to_owned());
        } else {
            lifecycle = bytes;
        }
    }
    let lifecycle = kit.lifecycle(lifecycle).map_err(anyhow::Error::msg)?;
    let module = module.map(|module| format!(" {}", module.display())).unwrap_or_default();
    Ok(Suite {
        kit,
        lifecycle: Arc::new(lifecycle) as Arc<dyn Lifecycle>,
        policy,
        filter,
        seed,
        command: format!("swingbridge test{module}"),
    })
}

/// Writes what came into the files until nothing more can be written, and runs them once more.
fn bless(suite: &Suite<'_>, mut sources: Vec<Source>, json: bool) -> Result<(Vec<Source>, Report)> {
    /// What is written may let a later step come to something else; more rounds than this would not help.
    const ROUNDS: usize = 4;
    for source in &mut sources {
        let before = source.text.clone();
        for _ in 0..ROUNDS {
            let Some(text) = suite.blessed(source) else { break };
            source.text = text;
        }
        if source.text != before {
            std::fs::write(&source.path, &source.text)
                .with_context(|| format!("{} cannot be written", source.path.display()))?;
            output::say(&format!("written: {}", source.path.display()));
        }
    }
    let report = suite.run(&sources, |file| tell(file, &suite.command, json));
    Ok((sources, report))
}
