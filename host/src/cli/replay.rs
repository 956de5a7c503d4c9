//! `swingbridge replay`: recorded calls given to a module, and what it would decide otherwise.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Result, anyhow};
use clap::Args;
use host_engine::{Anatomy, Limits};
use host_trial::Kit;
use host_trial::replay::{Candidate, Replay, Replayed};
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::{Value as Json, json};

use crate::trial::modules::FileModules;
use crate::trial::records;

use super::output::{write, write_json};

#[derive(Debug, Args)]
pub(crate) struct ReplayArguments {
    /// The module: a component's file, or the folder of a project that builds one; `built-in` is the lifecycle that this
    /// program carries
    module: PathBuf,
    /// Files of recorded calls, as `swingbridge record` writes them; `-` is standard input
    #[arg(required = true)]
    records: Vec<PathBuf>,
    /// A policy's settings, as a JSON object; a lifecycle module is told those of the record
    #[arg(long, default_value = "{}")]
    settings: String,
    /// Show what was decided then and now whole, as JSON
    #[arg(long)]
    raw: bool,
    /// Answer with JSON instead of lines
    #[arg(long)]
    json: bool,
}

/// 0: it decides the same. 1: it does not.
pub(crate) fn perform(arguments: &ReplayArguments) -> Result<ExitCode> {
    let records = records::read(&arguments.records)?;
    if records.is_empty() {
        return Err(anyhow!("there is no recorded call in these files"));
    }
    let kit = Kit::new(Arc::new(FileModules { install: true })).map_err(anyhow::Error::msg)?;
    let settings: Json = serde_json::from_str(&arguments.settings)
        .map_err(|error| anyhow!("--settings is no JSON: {error}"))?;
    let candidate = candidate(&kit, &arguments.module, &settings)?;
    let bar = ProgressBar::new(records.len() as u64);
    if let Ok(style) = ProgressStyle::with_template("{pos} of {len} calls {wide_bar} {eta}") {
        bar.set_style(style);
    }
    let tell = |number: usize| bar.set_position(number as u64);
    let replay = kit.wait(candidate.replay(&records, arguments.raw, tell));
    bar.finish_and_clear();
    if replay.replayed == 0 {
        let left: Vec<String> =
            replay.left_out.iter().map(|(why, count)| format!("{count} {why}")).collect();
        return Err(anyhow!("no call could be given to this module: {}", left.join(", ")));
    }
    if arguments.json {
        write_json(&as_json(&replay))?;
    } else {
        write(&as_text(&replay))?;
    }
    Ok(if replay.is_same() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn candidate(kit: &Kit, module: &Path, settings: &Json) -> Result<Candidate> {
    let bytes = crate::trial::bytes(kit, module)?;
    let anatomy = Anatomy::of(&bytes, Limits::default().file_bytes)?;
    Ok(if anatomy.is_of_policies() {
        Candidate::Policy(Arc::new(kit.policy(bytes, settings).map_err(anyhow::Error::msg)?))
    } else {
        Candidate::Lifecycle(Arc::new(kit.lifecycle(bytes).map_err(anyhow::Error::msg)?))
    })
}

fn as_text(replay: &Replay) -> String {
    let mut lines = Vec::new();
    for told in &replay.told {
        lines.extend(told.differences.iter().map(host_trial::replay::Difference::in_words));
        if let Some(why) = &told.unknown {
            lines.push(format!("call {}: it cannot be told what it decides: {why}", told.record));
        }
        lines.extend(told.asks.iter().map(|asks| format!("call {}: {asks}", told.record)));
        if let Some((then, now)) = told.raw.as_deref() {
            lines.push(format!("  then: {then}\n  now:  {now}"));
        }
    }
    let otherwise = replay.replayed - replay.same;
    let accounts = replay.accounts();
    let mut sum =
        format!("{} calls: {} the same, {otherwise} otherwise", replay.replayed, replay.same);
    if !accounts.is_empty() {
        sum.push_str(&format!(" ({} accounts)", accounts.len()));
    }
    for (why, count) in &replay.left_out {
        sum.push_str(&format!("; {count} left out: {why}"));
    }
    lines.push(sum);
    lines.join("\n")
}

fn as_json(replay: &Replay) -> Json {
    let told = |told: &Replayed| {
        let differences = told.differences.iter();
        let differences = differences
            .map(|found| json!({"account": found.account, "was": found.was, "is": found.is}));
        json!({
            "record": told.record,
            "differences": differences.collect::<Vec<_>>(),
            "asks": told.asks,
            "unknown": told.unknown,
            "raw": told.raw.as_deref().map(|(then, now)| json!({"then": then, "now": now})),
        })
    };
    json!({
        "replayed": replay.replayed,
        "same": replay.same,
        "accounts": replay.accounts(),
        "leftOut": replay.left_out,
        "told": replay.told.iter().map(told).collect::<Vec<_>>(),
    })
}
