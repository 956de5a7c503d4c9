//! `swingbridge bench`: what a module's calls cost, and how two modules compare.

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, anyhow};
use clap::Args;
use host_core::record::Record;
use host_trial::bench::{self, Cost, Ratio, Subject};
use host_trial::suite::Source;
use host_trial::{Kit, Modules};
use indicatif::ProgressBar;
use serde_json::{Value as Json, json};

use crate::trial::modules::FileModules;
use crate::trial::{paths, records};

use super::output::{table, write, write_json};

#[derive(Debug, Args)]
pub(crate) struct BenchArguments {
    /// The module: a component's file, or the folder of a project that builds one; `built-in` is the lifecycle that this
    /// program carries
    module: PathBuf,
    /// Another module to compare it with
    #[arg(long, value_name = "MODULE")]
    against: Option<PathBuf>,
    /// What is called: files of recorded calls (.jsonl), or scenarios whose calls are taken. Without any, a project's own
    /// scenarios, or a sample
    calls: Vec<PathBuf>,
    /// A policy's settings, as a JSON object
    #[arg(long, default_value = "{}")]
    settings: String,
    /// How often each call is made; of a comparison, how many pairs
    #[arg(long, default_value = "51")]
    rounds: NonZeroUsize,
    /// Write a profile by function of the guest to this file; profiler.firefox.com opens it
    #[arg(long, value_name = "FILE")]
    profile: Option<PathBuf>,
    /// Answer with JSON instead of a table
    #[arg(long)]
    json: bool,
}

/// Measures.
pub(crate) fn perform(arguments: &BenchArguments) -> Result<ExitCode> {
    let modules = Arc::new(FileModules { install: true });
    let kit = Kit::new(Arc::clone(&modules) as Arc<_>).map_err(anyhow::Error::msg)?;
    let settings: Json = serde_json::from_str(&arguments.settings)
        .map_err(|error| anyhow!("--settings is no JSON: {error}"))?;
    let bytes = crate::trial::bytes(&kit, &arguments.module)?;
    let bar = ProgressBar::new_spinner();
    bar.enable_steady_tick(Duration::from_millis(100));
    let tell = |what: &str| bar.set_message(what.to_owned());
    tell("compiling");
    let subject = subject(&kit, bytes.clone(), &settings)?;
    let calls = calls(&kit, arguments, &subject)?;
    if !calls.iter().any(|record| subject.takes(record)) {
        return Err(anyhow!("none of {} calls is one for this module", calls.len()));
    }
    if let Some(path) = &arguments.profile {
        tell("profiling");
        profile(&modules, bytes.clone(), &settings, &calls, path)?;
    }
    let counting = Kit::counting(Arc::clone(&modules) as Arc<_>).map_err(anyhow::Error::msg)?;
    let counted = self::subject(&counting, bytes, &settings)?;
    let costs = bench::costs(&subject, &counted, &calls, arguments.rounds.get(), tell);
    let costs = kit.wait(costs).map_err(|error| anyhow!("{}", error.sentence))?;
    let ratios = match &arguments.against {
        None => Vec::new(),
        Some(other) => {
            let other = crate::trial::bytes(&kit, other)?;
            let other = self::subject(&kit, other, &settings)?;
            kit.wait(bench::compare(&subject, &other, &calls, arguments.rounds.get(), tell))
        }
    };
    bar.finish_and_clear();
    if arguments.json {
        write_json(&as_json(&costs, &ratios))?;
    } else {
        write(&as_text(&costs, &ratios))?;
    }
    Ok(ExitCode::SUCCESS)
}

fn subject(kit: &Kit, bytes: Vec<u8>, settings: &Json) -> Result<Subject> {
    kit.subject(bytes, settings).map_err(anyhow::Error::msg)
}

/// The calls that are made: recorded ones, or those of scenarios.
fn calls(kit: &Kit, arguments: &BenchArguments, subject: &Subject) -> Result<Vec<Record>> {
    let is_record =
        |path: &&PathBuf| path.extension().is_some_and(|end| end == "jsonl" || end == "ndjson");
    let files: Vec<PathBuf> = arguments.calls.iter().filter(is_record).cloned().collect();
    let mut scenarios: Vec<PathBuf> =
        arguments.calls.iter().filter(|path| !is_record(path)).cloned().collect();
    let own = arguments.module.join("scenarios");
    if arguments.calls.is_empty() && own.is_dir() {
        scenarios.push(own);
    }
    let mut calls = records::read(&files)?;
    let sources = if !scenarios.is_empty() {
        paths::sources(&scenarios).map_err(anyhow::Error::msg)?
    } else if files.is_empty() && matches!(subject, Subject::Lifecycle(_)) {
        let text = bench::SAMPLE.to_owned();
        vec![Source { path: PathBuf::from("sample.yaml"), text }]
    } else if files.is_empty() {
        return Err(anyhow!("name scenarios or recorded calls that ask this policy something"));
    } else {
        Vec::new()
    };
    if !sources.is_empty() {
        let suite = super::test::suite_of(kit, Some(&arguments.module), None, 1)?;
        let report = suite.run(&sources, |_| {});
        for file in report.files {
            match file.told {
                Ok(told) => calls.extend(told.calls),
                Err(fault) => return Err(anyhow!("{}: {}", file.path.display(), fault.text)),
            }
        }
    }
    Ok(calls)
}

/// Calls the module for some seconds and writes where it spent them.
fn profile(
    modules: &Arc<FileModules>,
    bytes: Vec<u8>,
    settings: &Json,
    calls: &[Record],
    path: &PathBuf,
) -> Result<()> {
    const LONG: Duration = Duration::from_secs(3);
    let modules = Arc::clone(modules) as Arc<dyn Modules>;
    let kit = Kit::profiling(modules).map_err(anyhow::Error::msg)?;
    let subject = subject(&kit, bytes, settings)?;
    kit.wait(bench::exercise(&subject, calls, LONG));
    let profile = match &subject {
        Subject::Lifecycle(module) => module.profile(),
        Subject::Policy(policy) => policy.profile(),
    };
    let profile = profile.ok_or_else(|| anyhow!("this module cannot be profiled"))?;
    let file = std::fs::File::create(path)
        .with_context(|| format!("{} cannot be written", path.display()))?;
    profile.write(std::io::BufWriter::new(file)).map_err(anyhow::Error::msg)
}

fn as_text(costs: &[Cost], ratios: &[(String, Ratio)]) -> String {
    let headings = [
        "EXPORT",
        "CALLS",
        "ACCOUNTS",
        "FRESH µs p50",
        "p99",
        "WARM µs p50",
        "p99",
        "FUEL p50",
        "MEMORY KiB",
        "IN B",
        "OUT B",
    ];
    let row = |cost: &Cost| {
        vec![
            cost.export.clone(),
            cost.calls.to_string(),
            cost.accounts.to_string(),
            format!("{:.1}", cost.fresh.p50),
            format!("{:.1}", cost.fresh.p99),
            format!("{:.1}", cost.warm.p50),
            format!("{:.1}", cost.warm.p99),
            format!("{:.0}", cost.fuel.p50),
            (cost.memory_peak >> 10).to_string(),
            cost.bytes_in.to_string(),
            cost.bytes_out.to_string(),
        ]
    };
    let mut text = table(&headings, &costs.iter().map(row).collect::<Vec<_>>());
    for cost in costs.iter().filter(|cost| !cost.hostcalls.is_empty()) {
        let calls = cost.hostcalls.iter().map(|(name, mean)| format!("{name} {mean:.1}"));
        text.push_str(&format!(
            "\nhost calls of {}: {}",
            cost.export,
            calls.collect::<Vec<_>>().join(", ")
        ));
    }
    if !ratios.is_empty() {
        text.push_str("\n\n");
        let row = |(export, ratio): &(String, Ratio)| {
            let says = match ratio.bounds {
                None => "too few pairs to tell",
                Some(_) if ratio.is_more_than_noise() => "more than noise",
                Some(_) => "not more than noise",
            };
            let bounds = ratio.bounds.map(|(low, high)| format!("{low:.3} to {high:.3}"));
            vec![
                export.clone(),
                format!("{:.3}", ratio.median),
                bounds.unwrap_or_else(|| "-".to_owned()),
                ratio.pairs.to_string(),
                says.to_owned(),
            ]
        };
        let rows: Vec<Vec<String>> = ratios.iter().map(row).collect();
        text.push_str(&table(&["EXPORT", "THE OTHER BY THIS", "95 %", "PAIRS", ""], &rows));
    }
    text
}

fn as_json(costs: &[Cost], ratios: &[(String, Ratio)]) -> Json {
    let spread = |spread: &bench::Spread| json!({"p50": spread.p50, "p99": spread.p99, "least": spread.least, "most": spread.most, "count": spread.count});
    let cost = |cost: &Cost| {
        json!({
            "export": cost.export,
            "calls": cost.calls,
            "accounts": cost.accounts,
            "freshUs": spread(&cost.fresh),
            "warmUs": spread(&cost.warm),
            "fuel": spread(&cost.fuel),
            "memoryPeakBytes": cost.memory_peak,
            "bytesIn": cost.bytes_in,
            "bytesOut": cost.bytes_out,
            "hostCalls": cost.hostcalls,
        })
    };
    let ratio = |(export, ratio): &(String, Ratio)| {
        json!({
            "export": export,
            "otherByThis": ratio.median,
            "low": ratio.bounds.map(|(low, _)| low),
            "high": ratio.bounds.map(|(_, high)| high),
            "pairs": ratio.pairs,
            "moreThanNoise": ratio.is_more_than_noise(),
        })
    };
    json!({
        "costs": costs.iter().map(cost).collect::<Vec<_>>(),
        "comparison": ratios.iter().map(ratio).collect::<Vec<_>>(),
    })
}
