//! `swingbridge inspect`: what a component is, and what the bridge would refuse it for.

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Result;
use clap::Args;
use host_core::description::{Description, Holder, StateKind};
use host_engine::{GATES, Inspection, Kind, Limits, inspect};
use host_trial::Kit;
use serde_json::{Value as Json, json};

use crate::trial::modules::FileModules;

use super::output::{table, write, write_json};

#[derive(Debug, Args)]
pub(crate) struct InspectArguments {
    /// The module: a component's file, or the folder of a project that builds one; `built-in` is the lifecycle that this
    /// program carries
    module: PathBuf,
    /// The settings that it would be given, if it is a policy: a JSON object
    #[arg(long, default_value = "{}")]
    settings: String,
    /// Answer with JSON instead of lines
    #[arg(long)]
    json: bool,
}

/// 0: the bridge would take it. 1: it would not.
pub(crate) fn perform(arguments: &InspectArguments) -> Result<ExitCode> {
    let kit = Kit::new(Arc::new(FileModules { install: true })).map_err(anyhow::Error::msg)?;
    let bytes = crate::trial::bytes(&kit, &arguments.module)?;
    let pairs = host_core::settings::Settings::default().pairs();
    let limits = Limits::default();
    let looked = inspect(kit.engine(), bytes, limits, &pairs, &arguments.settings);
    let inspection = kit.wait(looked);
    if arguments.json {
        write_json(&as_json(&inspection))?;
    } else {
        write(&as_text(&inspection))?;
    }
    Ok(if inspection.refusal.is_none() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Each gate with what it says; those behind a refusal were not reached.
fn gates(inspection: &Inspection) -> Vec<(&'static str, String)> {
    let refused = inspection.refusal.as_ref();
    let mut reached = true;
    let verdict = |gate: &'static str| {
        let said = match refused.filter(|error| error.gate() == gate) {
            Some(error) => {
                reached = false;
                format!("refused: {error}")
            }
            None if reached => "passed".to_owned(),
            None => "not reached".to_owned(),
        };
        (gate, said)
    };
    GATES.into_iter().map(verdict).collect()
}

fn as_text(inspection: &Inspection) -> String {
    let mut text = String::new();
    let mut line = |key: &str, value: &str| text.push_str(&format!("{key:<14}{value}\n"));
    match &inspection.kind {
        Some(Kind::Lifecycle(Some(described))) => {
            line("lifecycle", &format!("{} {}", described.name, described.version));
        }
        Some(Kind::Policy(questions, Some(described))) => {
            let questions: Vec<&str> = questions.iter().map(|question| question.as_str()).collect();
            line("policy", &format!("{} {}", described.name, described.version));
            line("answers", &questions.join(", "));
        }
        Some(Kind::Lifecycle(None)) => line("module", "of no policy's contract"),
        Some(Kind::Policy(..)) => line("module", "a policy"),
        None => line("module", "no component"),
    }
    line("digest", &inspection.digest);
    if let Some(anatomy) = &inspection.anatomy {
        line("size", &format!("{} bytes", anatomy.bytes));
        let (modules, nested) = (anatomy.core_modules, anatomy.nested);
        line(
            "parts",
            &format!(
                "{modules} core modules, {nested} components inside, {} functions",
                anatomy.functions
            ),
        );
        line("imports", &listed(&anatomy.imports));
        line("exports", &listed(&anatomy.exports));
    }
    if let Some(Kind::Lifecycle(Some(described))) = &inspection.kind {
        text.push_str(&description(described));
    }
    text.push('\n');
    for (gate, said) in gates(inspection) {
        text.push_str(&format!("{gate:<14}{said}\n"));
    }
    text
}

fn listed(names: &[String]) -> String {
    if names.is_empty() { "nothing".to_owned() } else { names.join(&format!("\n{:14}", "")) }
}

fn description(described: &Description) -> String {
    let states: Vec<Vec<String>> = described
        .states
        .iter()
        .map(|state| {
            let kind = match state.kind {
                StateKind::Rest => "rest",
                StateKind::Transient => "transient",
            };
            vec![state.name.clone(), kind.to_owned(), holder(state.holder).to_owned()]
        })
        .collect();
    let edges: Vec<Vec<String>> = described
        .edges
        .iter()
        .map(|edge| {
            let state =
                |state: &Option<String>| state.clone().unwrap_or_else(|| "(none)".to_owned());
            vec![state(&edge.from), edge.event.clone(), state(&edge.to)]
        })
        .collect();
    let takes_over: Vec<String> = described.takes_over.iter().map(u32::to_string).collect();
    format!(
        "{:<14}{} (takes over {})\n\n{}\n{}",
        "data version",
        described.data_version,
        if takes_over.is_empty() { "none".to_owned() } else { takes_over.join(", ") },
        table(&["STATE", "KIND", "WATCHED BY"], &states),
        table(&["FROM", "EVENT", "TO"], &edges)
    )
}

fn holder(holder: Holder) -> &'static str {
    match holder {
        Holder::Clouddriver => "clouddriver",
        Holder::Agent => "agent",
        Holder::Nobody => "nobody",
    }
}

fn as_json(inspection: &Inspection) -> Json {
    let kind = match &inspection.kind {
        None => Json::Null,
        Some(Kind::Lifecycle(described)) => json!({
            "lifecycle": described.as_ref().map(|described| json!({
                "name": described.name,
                "version": described.version,
                "dataVersion": described.data_version,
                "takesOver": described.takes_over,
                "settingsSchema": described.settings_schema,
                "states": described.states.iter().map(|state| json!({
                    "name": state.name,
                    "transient": state.kind == StateKind::Transient,
                    "holder": holder(state.holder),
                })).collect::<Vec<_>>(),
                "edges": described.edges.iter().map(|edge| json!({
                    "from": edge.from, "event": edge.event, "to": edge.to,
                })).collect::<Vec<_>>(),
            })),
        }),
        Some(Kind::Policy(questions, described)) => json!({
            "policy": {
                "answers": questions.iter().map(|question| question.as_str()).collect::<Vec<_>>(),
                "name": described.as_ref().map(|d| d.name.clone()),
                "version": described.as_ref().map(|d| d.version.clone()),
                "settingsSchema": described.as_ref().map(|d| d.settings_schema.clone()),
            },
        }),
    };
    let anatomy = inspection.anatomy.as_ref().map(|anatomy| {
        json!({
            "bytes": anatomy.bytes,
            "coreModules": anatomy.core_modules,
            "nestedComponents": anatomy.nested,
            "functions": anatomy.functions,
            "imports": anatomy.imports,
            "exports": anatomy.exports,
        })
    });
    let gates = gates(inspection).into_iter();
    let gates = gates.map(|(gate, said)| json!({"gate": gate, "says": said}));
    json!({
        "digest": inspection.digest,
        "kind": kind,
        "anatomy": anatomy,
        "taken": inspection.refusal.is_none(),
        "gates": gates.collect::<Vec<_>>(),
    })
}
