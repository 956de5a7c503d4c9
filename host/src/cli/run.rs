//! `swingbridge run`: one export called once, and what came of it.

use std::collections::BTreeMap;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, anyhow, bail};
use clap::{Args, ValueEnum};
use host_core::definition::Definition;
use host_core::event::Event;
use host_core::policy::{Question, Questions};
use host_core::port::policy::Policy as _;
use host_core::record::{End, Record};
use host_trial::Kit;
use host_trial::bench::Subject;
use host_trial::scenario::read;
use host_trial::scenario::run::Runner;
use serde_json::{Map, Value as Json, json};

use crate::trial::modules::FileModules;

use super::output::write_json;

/// What is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Export {
    /// What the module says of itself
    Describe,
    /// Whether it can serve with the settings
    ValidateSettings,
    /// A request: {"action": "activate", "items": [{"name": "a"}]}
    Handle,
    /// A word of an agent: {"agent": "agent-a", "event": "joined", "accounts": ["a"]}
    OnAgent,
    /// Time has passed: {"reason": "due", "accounts": ["a"]}
    Tick,
    /// A policy: may these exist? [{"name": "a", "definition": {}}]
    Admission,
    /// A policy: where should these live? [{"name": "a", "zone": "eu", "definition": {}}]
    Placement,
    /// A policy: when to try these again? [{"name": "a", "failedCount": 1, "code": "timeout"}]
    Retry,
}

#[derive(Debug, Args)]
pub(crate) struct RunArguments {
    /// The module: a component's file, or the folder of a project that builds one; `built-in` is the lifecycle that this
    /// program carries
    module: PathBuf,
    /// What is called
    export: Export,
    /// The event or the questions as JSON, in a file; `-`, or nothing, is standard input
    #[arg(value_name = "FILE")]
    input: Option<PathBuf>,
    /// The world that a lifecycle module is called in: a scenario, whose `given` is taken, or a file with that alone
    #[arg(long, value_name = "FILE")]
    given: Option<PathBuf>,
    /// The settings of a policy, as a JSON object; of a lifecycle, keys and values
    #[arg(long, default_value = "{}")]
    settings: String,
}

/// Calls it.
pub(crate) fn perform(arguments: &RunArguments) -> Result<ExitCode> {
    let kit = Kit::counting(Arc::new(FileModules { install: true })).map_err(anyhow::Error::msg)?;
    let settings: Json = serde_json::from_str(&arguments.settings)
        .map_err(|error| anyhow!("--settings is no JSON: {error}"))?;
    let bytes = crate::trial::bytes(&kit, &arguments.module)?;
    let subject = kit.subject(bytes, &settings).map_err(anyhow::Error::msg)?;
    let answer = match (subject, arguments.export) {
        (Subject::Lifecycle(module), Export::Describe | Export::ValidateSettings) => {
            lifecycle_of_itself(&kit, &module, arguments.export, &settings)?
        }
        (Subject::Policy(policy), Export::Describe | Export::ValidateSettings) => {
            let described = policy.description();
            let schema = serde_json::from_str::<Json>(&described.settings_schema);
            json!({
                "name": described.name,
                "version": described.version,
                "settingsSchema": schema.unwrap_or(Json::Null),
                "settings": "accepted",
            })
        }
        (Subject::Lifecycle(module), Export::Handle | Export::OnAgent | Export::Tick) => {
            let (event, definitions) = event(arguments.export, input(arguments.input.as_deref())?)?;
            let lifecycle = Arc::new(module);
            let runner = Runner { kit: &kit, lifecycle, seed: 1, goes_on: false };
            let (given, folder) = given(arguments.given.as_deref())?;
            let world = runner.world(&given, &folder);
            let mut world =
                world.map_err(|fault| anyhow!("the given world cannot be: {}", fault.text))?;
            as_json(&world.rehearse(event, &definitions).map_err(anyhow::Error::msg)?)
        }
        (Subject::Policy(policy), Export::Admission | Export::Placement | Export::Retry) => {
            let questions = questions(arguments.export, input(arguments.input.as_deref())?)?;
            let within = Duration::from_secs(5);
            let (answers, report) = kit.wait(policy.ask_measured(questions, within));
            let answers = answers.map_err(|error| anyhow!("{}", error.sentence))?;
            json!({
                "answers": serde_json::to_value(answers)?,
                "fuel": report.fuel,
                "memoryPeakBytes": report.memory_peak,
            })
        }
        (Subject::Lifecycle(_), _) => {
            bail!("this is a lifecycle module; it is called with handle, on-agent or tick")
        }
        (Subject::Policy(policy), _) => {
            let answers = Question::ALL.into_iter().filter(|question| policy.answers(*question));
            let answers: Vec<&str> = answers.map(Question::as_str).collect();
            bail!("this is a policy; it is asked {}", answers.join(", "))
        }
    };
    write_json(&answer)?;
    Ok(ExitCode::SUCCESS)
}

fn lifecycle_of_itself(
    kit: &Kit,
    module: &host_engine::Module,
    export: Export,
    settings: &Json,
) -> Result<Json> {
    use host_core::port::lifecycle::Lifecycle as _;
    if export == Export::ValidateSettings {
        let object = settings.as_object().cloned().unwrap_or_default();
        let text = |value: Json| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        let pairs: Vec<(String, String)> =
            object.into_iter().map(|(key, value)| (key, text(value))).collect();
        kit.wait(module.accepts(&pairs)).map_err(anyhow::Error::msg)?;
        return Ok(json!({"settings": "accepted"}));
    }
    let described = module.description();
    let schema = serde_json::from_str::<Json>(&described.settings_schema).unwrap_or(Json::Null);
    Ok(json!({
        "name": described.name,
        "version": described.version,
        "dataVersion": described.data_version,
        "takesOver": described.takes_over,
        "settingsSchema": schema,
        "states": described.states.iter().map(|state| state.name.clone()).collect::<Vec<_>>(),
        "edges": described.edges.iter().map(host_trial::report::edge_in_words).collect::<Vec<_>>(),
    }))
}

fn input(path: Option<&Path>) -> Result<Json> {
    let mut text = String::new();
    match path.filter(|path| path.as_os_str() != "-") {
        Some(path) => {
            text = std::fs::read_to_string(path)
                .with_context(|| format!("{} cannot be read", path.display()))?;
        }
        None => {
            std::io::stdin().read_to_string(&mut text).context("standard input cannot be read")?;
        }
    }
    serde_json::from_str(&text).context("what it is called with is no JSON")
}

fn given(path: Option<&Path>) -> Result<(host_trial::scenario::words::Given, PathBuf)> {
    let Some(path) = path else { return Ok(Default::default()) };
    let text = std::fs::read_to_string(path)
        .with_context(|| format!("{} cannot be read", path.display()))?;
    let given = read::given(&text).map_err(|fault| {
        anyhow!("{}:{}:{}: {}", path.display(), fault.place.line, fault.place.column, fault.text)
    })?;
    Ok((given, path.parent().unwrap_or(Path::new(".")).to_owned()))
}

/// An event, and the definitions that its items bring.
fn event(export: Export, mut input: Json) -> Result<(Event, BTreeMap<String, Definition>)> {
    let mut definitions = BTreeMap::new();
    let object = input.as_object_mut().ok_or_else(|| anyhow!("an event is a JSON object"))?;
    let mut default = |key: &str, value: Json| {
        object.entry(key.to_owned()).or_insert(value);
    };
    let name = match export {
        Export::Handle => {
            default("id", json!("request"));
            default("who", json!("somebody"));
            for item in object.get_mut("items").and_then(Json::as_array_mut).into_iter().flatten() {
                take_definition(item, &mut definitions)?;
            }
            "handle"
        }
        Export::OnAgent => {
            default("instance", json!("instance"));
            "on-agent"
        }
        Export::Tick
        | Export::Describe
        | Export::ValidateSettings
        | Export::Admission
        | Export::Placement
        | Export::Retry => "tick",
    };
    let whole = Json::Object(Map::from_iter([(name.to_owned(), input)]));
    let event =
        serde_json::from_value(whole).with_context(|| format!("this is no event for {name}"))?;
    Ok((event, definitions))
}

fn take_definition(item: &mut Json, definitions: &mut BTreeMap<String, Definition>) -> Result<()> {
    let name = item.get("name").and_then(Json::as_str).unwrap_or_default().to_owned();
    let Some(object) = item.as_object_mut() else { return Ok(()) };
    if let Some(definition) = object.remove("definition") {
        let definition = Definition::from_json(definition)
            .map_err(|fault| anyhow!("the definition of {name} cannot be: {fault}"))?;
        definitions.insert(name, definition);
    }
    Ok(())
}

fn questions(export: Export, input: Json) -> Result<Questions> {
    let mut list =
        if input.is_array() { input.as_array().cloned().unwrap_or_default() } else { vec![input] };
    let name = match export {
        Export::Admission => "admission",
        Export::Placement => "placement",
        Export::Retry
        | Export::Describe
        | Export::ValidateSettings
        | Export::Handle
        | Export::OnAgent
        | Export::Tick => "retry",
    };
    for question in list.iter_mut().filter_map(Json::as_object_mut) {
        if name == "retry" {
            question.entry("failedCount").or_insert(json!(1));
            let code = question.remove("code").unwrap_or(json!("unreachable"));
            let text = question.remove("text").unwrap_or(json!(""));
            question.entry("failure").or_insert(json!({"code": code, "text": text}));
        } else {
            question.entry("definition").or_insert(json!({}));
        }
    }
    let whole = Json::Object(Map::from_iter([(name.to_owned(), Json::Array(list))]));
    serde_json::from_value(whole).with_context(|| format!("these are no questions of {name}"))
}

/// What came: the answer, the unit that it asked for, what it asked, and its log.
fn as_json(record: &Record) -> Json {
    let (answer, writes, stopped) = match &record.end {
        End::Decided { answer, writes } => (json!(answer), json!(writes), Json::Null),
        End::Answered(answers) => (json!(answers), Json::Null, Json::Null),
        End::Stopped(error) => (Json::Null, Json::Null, json!(error)),
    };
    let log = record.log.iter().map(|line| format!("{}: {}", line.level.as_str(), line.message));
    json!({
        "answer": answer,
        "unit": writes,
        "stopped": stopped,
        "asked": record.imports.iter().map(host_core::record::Import::function).collect::<Vec<_>>(),
        "log": log.collect::<Vec<_>>(),
        "tookUs": record.took_us,
    })
}
