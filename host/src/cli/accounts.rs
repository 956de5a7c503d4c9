//! `swingbridge accounts`: look at accounts, and ask for what should become of them.

mod ask;
mod check;
mod read;
mod seen;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Result;
use clap::{Args, Subcommand};

use super::client::{Client, ClientArguments};
use super::definition::DefinitionArguments;

pub(crate) use self::read::journal;

#[derive(Debug, Subcommand)]
pub(crate) enum AccountsVerb {
    /// List accounts by name
    List {
        #[command(flatten)]
        filter: FilterArguments,
        #[command(flatten)]
        client: ClientArguments,
    },
    /// Show one account: its state, why, the agents that hold it, its definition without secrets
    Show {
        /// The account
        name: String,
        #[command(flatten)]
        client: ClientArguments,
    },
    /// Show what happened to an account, the newest step first: from, to, why, who asked, which module decided
    History {
        /// The account; also one that has been removed
        name: String,
        /// At most so many steps
        #[arg(long, default_value_t = 100)]
        limit: u32,
        #[command(flatten)]
        client: ClientArguments,
    },
    /// Explain why an account is where it is, what it waits for and until when, and what can be done
    Explain {
        /// The account
        name: String,
        #[command(flatten)]
        client: ClientArguments,
    },
    /// Take accounts over from Clouddriver; they stay INACTIVE until they are activated
    Migrate {
        #[command(flatten)]
        names: Names,
        #[command(flatten)]
        overrides: Overrides,
        #[command(flatten)]
        way: Way,
    },
    /// Hand accounts to the agents of their zone
    Activate {
        #[command(flatten)]
        names: Names,
        #[command(flatten)]
        overrides: Overrides,
        #[command(flatten)]
        way: Way,
    },
    /// Take accounts away from agents; they stay known, INACTIVE
    Deactivate {
        #[command(flatten)]
        names: Names,
        #[command(flatten)]
        way: Way,
    },
    /// Create an account that Clouddriver does not know, or the accounts of a file
    Create(CreateArguments),
    /// Change what an account is; agents that hold it are told
    Update {
        /// The account
        name: String,
        #[command(flatten)]
        definition: DefinitionArguments,
        /// Create it if it is not there
        #[arg(long)]
        upsert: bool,
        #[command(flatten)]
        way: Way,
    },
    /// Ask the agents of an account's zone whether they reach its cluster, and what they see there; nothing is activated
    ///
    /// Exits 0 if an agent reaches the cluster that is recorded, 1 if none does.
    Check {
        /// The account
        name: String,
        /// How long to wait for the answers
        #[arg(long, value_name = "DURATION", default_value = "90s", value_parser = humantime::parse_duration)]
        wait: Duration,
        #[command(flatten)]
        client: ClientArguments,
    },
    /// Accept the cluster that agents see where it is another one than the recorded one
    ///
    /// `accounts show` tells what each of them sees. Where they see different ones, say which is right.
    Rebind {
        /// The account
        name: String,
        /// The fingerprint of the certificate of the cluster that is accepted
        #[arg(long)]
        fingerprint: Option<String>,
        /// The agent that sees it
        #[arg(long)]
        agent: Option<String>,
        #[command(flatten)]
        way: Way,
    },
    /// Remove accounts: first from the agents, then here; Clouddriver's own table is never touched
    Delete {
        #[command(flatten)]
        names: Names,
        #[command(flatten)]
        way: Way,
    },
}

/// Which accounts a list is of.
#[derive(Debug, Args)]
pub(crate) struct FilterArguments {
    /// Only accounts in this state, like ACTIVE or FAILED
    #[arg(long)]
    state: Option<String>,
    /// Only accounts of this zone
    #[arg(long)]
    zone: Option<String>,
    /// Only accounts from this source
    #[arg(long)]
    source: Option<String>,
    /// Only accounts whose name contains this
    #[arg(long, value_name = "TEXT")]
    contains: Option<String>,
    /// At most so many; all of them if left out
    #[arg(long)]
    limit: Option<usize>,
}

/// The accounts that something is asked for.
#[derive(Debug, Args)]
pub(crate) struct Names {
    /// The accounts
    #[arg(required = true, value_name = "NAME")]
    names: Vec<String>,
}

/// What may be said along with a migration or an activation.
#[derive(Debug, Args)]
pub(crate) struct Overrides {
    /// The zone whose agents may hold them; kept from then on
    #[arg(long)]
    zone: Option<String>,
    /// The kubeconfig to use instead, where the agents are
    #[arg(long, value_name = "PATH")]
    kubeconfig_file: Option<String>,
}

/// How it is asked, and how long the outcome is waited for.
#[derive(Debug, Args)]
pub(crate) struct Way {
    /// How long to wait for the outcome; 0s asks and does not wait
    #[arg(long, value_name = "DURATION", default_value = "30s", value_parser = humantime::parse_duration)]
    wait: Duration,
    #[command(flatten)]
    client: ClientArguments,
}

/// What is created.
#[derive(Debug, Args)]
pub(crate) struct CreateArguments {
    /// The account
    #[arg(required_unless_present = "file", conflicts_with = "file")]
    name: Option<String>,
    /// Accounts to create: YAML or JSON, a list of objects with `name` and attributes as the API takes them
    #[arg(long, value_name = "FILE")]
    file: Option<PathBuf>,
    #[command(flatten)]
    definition: DefinitionArguments,
    #[command(flatten)]
    way: Way,
}

/// Does a verb.
pub(crate) async fn perform(verb: AccountsVerb) -> Result<ExitCode> {
    match verb {
        AccountsVerb::List { filter, client } => read::list(&Client::new(client)?, &filter).await,
        AccountsVerb::Show { name, client } => read::show(&Client::new(client)?, &name).await,
        AccountsVerb::History { name, limit, client } => {
            read::history(&Client::new(client)?, &name, limit).await
        }
        AccountsVerb::Explain { name, client } => read::explain(&Client::new(client)?, &name).await,
        AccountsVerb::Migrate { names, overrides, way } => {
            ask::migrate(names, overrides, way).await
        }
        AccountsVerb::Activate { names, overrides, way } => {
            ask::activate(names, overrides, way).await
        }
        AccountsVerb::Deactivate { names, way } => ask::deactivate(names, way).await,
        AccountsVerb::Create(arguments) => ask::create(arguments).await,
        AccountsVerb::Update { name, definition, upsert, way } => {
            ask::update(&name, definition, upsert, way).await
        }
        AccountsVerb::Check { name, wait, client } => {
            check::check(&Client::new(client)?, &name, wait).await
        }
        AccountsVerb::Rebind { name, fingerprint, agent, way } => {
            ask::rebind(&name, fingerprint.as_deref(), agent.as_deref(), way).await
        }
        AccountsVerb::Delete { names, way } => ask::delete(names, way).await,
    }
}
