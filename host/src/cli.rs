//! What a person types: the verbs, their help, and what each answers to the shell.
//!
//! 0: done. 1: it could not be done, and standard error says why. 2: it was typed wrong.

pub(crate) mod accounts;
mod agents;
mod bench;
pub(crate) mod client;
mod definition;
mod events;
mod flags;
mod inspect;
mod new;
mod operations;
pub(crate) mod output;
mod record;
mod replay;
mod run;
mod settings;
mod stream;
mod test;
mod watch;

use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::{Parser, Subcommand};
use host_clouddriver::Engines;

use crate::config::{Config, Settings};
use crate::{agent, demo, process, serve, telemetry};

use self::flags::{AgentKeys, BridgeKeys, KeyFlags};

/// Gives Spinnaker's Clouddriver dynamic accounts: takes its Kubernetes accounts, hands them to agents, and keeps the
/// life of each.
///
/// Try it: `swingbridge demo`. Run it: `swingbridge serve`, and `swingbridge agent` inside each network that has
/// clusters. Then ask it: `swingbridge accounts list`.
#[derive(Debug, Parser)]
#[command(name = "swingbridge", version, propagate_version = true)]
struct Arguments {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    #[command(flatten)]
    Bridge(BridgeVerb),
    #[command(flatten)]
    Trial(TrialVerb),
}

/// Work on a module, without a bridge.
#[derive(Debug, Subcommand)]
enum TrialVerb {
    /// Run scenarios against a module: no server, no network, no waiting
    ///
    /// A scenario is a YAML file that says what happens and what is seen then; for a policy it is a table of questions and
    /// answers. Without a module it is about the built-in lifecycle.
    Test(test::TestArguments),
    /// Call one export once, with an event or questions in JSON
    ///
    /// Prints the answer, the unit that it asked for, and its log lines; nothing is changed anywhere.
    Run(run::RunArguments),
    /// Give recorded calls to a module, and see what it would decide otherwise
    ///
    /// `swingbridge record` fetches the calls from a bridge. Nothing is changed by it: what the module asks is answered as it
    /// was then. Ends with 1 if it decides otherwise.
    Replay(replay::ReplayArguments),
    /// Measure what a module's calls cost, alone or beside another module
    ///
    /// Per export, in a fresh instance and in one that stays: time, instructions, memory, bytes over the boundary, host
    /// calls. Two modules are measured in turn, and a difference is told from noise.
    Bench(bench::BenchArguments),
    /// Show what a component is, and what the bridge would refuse it for
    Inspect(inspect::InspectArguments),
    /// Write a policy project that builds and passes its own scenarios at once
    New(new::NewArguments),
}

/// The bridge, its agents, and its clients.
#[derive(Debug, Subcommand)]
enum BridgeVerb {
    /// Run the bridge: the HTTP API, the agent link, and the module that decides
    ///
    /// Without any configuration it runs on SQLite, on loopback. Once ready it writes one line of JSON to standard
    /// output, with the addresses in use; logs go to standard error. SIGTERM drains and exits 0.
    Serve {
        #[command(flatten)]
        keys: KeyFlags<BridgeKeys>,
    },
    /// Run an agent: it dials the bridge and holds the accounts of its zone
    ///
    /// Run it where the clusters can be reached; the bridge never dials. It reaches Kubernetes as each account's definition
    /// says; with --simulate its clusters are scripted by a file, for demos and load tests.
    Agent {
        #[command(flatten)]
        keys: KeyFlags<AgentKeys>,
    },
    /// Show every key of the configuration, what is in force and why, or check it
    ///
    /// Looked for: swingbridge.yml, then swingbridge-local.yml, each in /opt/spinnaker/config, ~/.spinnaker and the
    /// working folder; then variables (SWINGBRIDGE_…), then flags. The later wins.
    Config(settings::ConfigVerb),
    /// Watch all of it work on this machine: accounts of a real Clouddriver cross to simulated agents
    ///
    /// Needs nothing and leaves nothing behind: a folder for the time of the run, SQLite, ports that are free.
    Demo(demo::DemoArguments),
    /// Look at accounts and change them, through the HTTP API
    #[command(subcommand)]
    Accounts(accounts::AccountsVerb),
    /// Look at agents, through the HTTP API
    #[command(subcommand)]
    Agents(agents::AgentsVerb),
    /// Look at requests and what became of them, through the HTTP API
    #[command(subcommand)]
    Operations(operations::OperationsVerb),
    /// Fetch recorded calls of modules from a bridge: what each was asked and told, and what it decided
    ///
    /// One JSON object on each line, the newest first. No secret is in one: modules see references. The bridge keeps the
    /// newest calls (records.calls), and not each one under load.
    Record(record::RecordArguments),
    /// Show what happens to accounts, as it happens, through the HTTP API
    ///
    /// One line a step, until it is ended by hand. What was missed while the bridge was away comes when it is back.
    Events(events::EventsArguments),
}

/// Parses what was typed and does it.
pub(crate) fn main() -> ExitCode {
    match perform(Arguments::parse().verb) {
        Ok(code) => code,
        Err(error) => {
            output::complain(&format!("{error:#}"));
            ExitCode::FAILURE
        }
    }
}

fn perform(verb: Verb) -> Result<ExitCode> {
    let verb = match verb {
        // These run worlds of their own, each with a runtime.
        Verb::Trial(verb) => return try_out(verb),
        Verb::Bridge(verb) => verb,
    };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("the runtime could not be started")?;
    runtime.block_on(async {
        match verb {
            BridgeVerb::Serve { keys } => {
                let config = prepare(keys).await?;
                serve::run(config).await.map(|()| ExitCode::SUCCESS)
            }
            BridgeVerb::Agent { keys } => {
                let config = prepare(keys).await?;
                agent::run(config).await.map(|()| ExitCode::SUCCESS)
            }
            BridgeVerb::Config(verb) => settings::perform(verb).await,
            BridgeVerb::Demo(arguments) => demo::run(arguments).await,
            BridgeVerb::Accounts(verb) => accounts::perform(verb).await,
            BridgeVerb::Agents(verb) => agents::perform(verb).await,
            BridgeVerb::Operations(verb) => operations::perform(verb).await,
            BridgeVerb::Record(arguments) => record::perform(arguments).await,
            BridgeVerb::Events(arguments) => events::perform(arguments).await,
        }
    })
}

fn try_out(verb: TrialVerb) -> Result<ExitCode> {
    match verb {
        TrialVerb::Test(arguments) => test::perform(&arguments),
        TrialVerb::Run(arguments) => run::perform(&arguments),
        TrialVerb::Bench(arguments) => bench::perform(&arguments),
        TrialVerb::Replay(arguments) => replay::perform(&arguments),
        TrialVerb::Inspect(arguments) => inspect::perform(&arguments),
        TrialVerb::New(arguments) => new::perform(&arguments, host_trial::scenario::SCHEMA),
    }
}

/// Loads the configuration and begins to log.
async fn prepare<S: flags::Selection>(keys: KeyFlags<S>) -> Result<Config> {
    let settings = Settings::load(&process::surroundings(keys.into_pairs()))?;
    let notes = settings.notes.clone();
    let config = settings.config(&Engines).await?;
    telemetry::start(&config.telemetry)?;
    for note in notes {
        tracing::info!("configuration: {note}");
    }
    Ok(config)
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::Arguments;

    #[test]
    fn the_command_line_is_well_formed() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn every_verb_and_every_flag_says_what_it_is_for() {
        fn walk(command: &clap::Command) {
            assert!(command.get_about().is_some(), "{} has no help", command.get_name());
            for argument in command.get_arguments() {
                assert!(
                    argument.get_help().is_some(),
                    "{} {} has no help",
                    command.get_name(),
                    argument.get_id()
                );
            }
            for inner in command.get_subcommands().filter(|inner| inner.get_name() != "help") {
                walk(inner);
            }
        }
        walk(&Arguments::command());
    }
}
