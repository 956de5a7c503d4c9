//! `swingbridge config`: what is in force and why, and whether a start would work with it.

use std::process::ExitCode;

use anyhow::Result;
use clap::{Args, Subcommand};
use host_clouddriver::Engines;

use super::flags::{AllKeys, KeyFlags};
use super::output::{write, write_json};
use crate::config::{Settings, show};
use crate::{process, telemetry};

#[derive(Debug, Args)]
pub(crate) struct ConfigVerb {
    #[command(subcommand)]
    check: Option<CheckVerb>,
    /// Write it as JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    keys: KeyFlags<AllKeys>,
}

#[derive(Debug, Subcommand)]
enum CheckVerb {
    /// Say whether the configuration can be used, without starting anything
    ///
    /// References to secrets are resolved for it. Exits 0 if it can be used.
    Check {
        #[command(flatten)]
        keys: KeyFlags<AllKeys>,
    },
}

/// Shows or checks.
pub(crate) async fn perform(verb: ConfigVerb) -> Result<ExitCode> {
    let mut pairs = verb.keys.into_pairs();
    let Some(CheckVerb::Check { keys }) = verb.check else {
        let settings = Settings::load(&process::surroundings(pairs))?;
        if verb.json {
            write_json(&show::json(&settings))?;
        } else {
            write(&show::text(&settings))?;
        }
        return Ok(ExitCode::SUCCESS);
    };
    pairs.extend(keys.into_pairs());
    let settings = Settings::load(&process::surroundings(pairs))?;
    for note in &settings.notes {
        write(&format!("note: {note}"))?;
    }
    let config = settings.config(&Engines).await?;
    telemetry::check(&config.telemetry)?;
    write("the configuration can be used")?;
    Ok(ExitCode::SUCCESS)
}
