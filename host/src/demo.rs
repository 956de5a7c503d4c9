//! `swingbridge demo`: all of it on one machine, told as it happens, and checked.
//!
//! It starts this same program as a bridge and as two agents, in a folder of its own, and asks it over HTTP as anybody
//! would. It ends what it started, whatever happens, and nothing else. There are two plays: with the accounts of an example
//! and simulated clusters, and with real clusters that somebody else has started.

mod children;
mod clouddriver;
mod clusters;
mod health;
mod narrate;
mod proof;
mod real;
mod stage;
mod story;
mod watch;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;
use clap::Args;
use tokio_util::sync::CancellationToken;

use crate::cli::output::write;
use crate::process;

use self::clouddriver::Clouddriver;
use self::clusters::Clusters;
use self::stage::{Flags, Stage};

#[derive(Debug, Args)]
pub(crate) struct DemoArguments {
    /// Leave it running at the end, with its addresses, until Ctrl-C
    #[arg(long)]
    keep: bool,
    /// With real clusters: a folder that `cargo xtask clusters --folder` made
    #[arg(long, value_name = "FOLDER")]
    kubernetes: Option<PathBuf>,
}

/// What is played, with what it needs.
#[derive(Debug)]
enum Play {
    /// Accounts of an example, simulated clusters.
    Example(Clouddriver),
    /// Real clusters.
    Real(Clusters),
}

/// Sets the stage, tells the story, and clears away.
///
/// # Errors
/// What was not as it should be, with the end of the bridge's log.
pub(crate) async fn run(arguments: DemoArguments) -> Result<ExitCode> {
    let stop = process::shutdown()?;
    let set = tokio::select! {
        set = set(arguments.kubernetes) => Some(set?),
        () = stop.cancelled() => None,
    };
    let Some((mut stage, play)) = set else {
        return stopped();
    };
    let told = tokio::select! {
        // Once the story is told, being stopped is how it ends well.
        biased;
        told = tell(&mut stage, &play, arguments.keep, &stop) => Some(told),
        () = stop.cancelled() => None,
    };
    let told = told.transpose().map_err(|error| stage.with_logs(error));
    let cleared = stage.clear().await;
    let told = told?;
    cleared?;
    if told.is_some() { Ok(ExitCode::SUCCESS) } else { stopped() }
}

fn stopped() -> Result<ExitCode> {
    write("\nStopped before the end; everything that was started has been ended.")?;
    Ok(ExitCode::FAILURE)
}

/// Everything is started.
async fn set(kubernetes: Option<PathBuf>) -> Result<(Stage, Play)> {
    let folder = Stage::new_folder()?;
    let (play, flags) = match kubernetes {
        None => {
            write(narrate::OPENING)?;
            let clouddriver = Clouddriver::write(folder.path()).await?;
            let agent = Clouddriver::simulated(folder.path())?;
            let flags = Flags { bridge: vec![clouddriver.flag()], agent };
            (Play::Example(clouddriver), flags)
        }
        Some(clusters) => {
            let clusters = Clusters::in_folder(clusters)?;
            write(narrate::OPENING_WITH_CLUSTERS)?;
            (Play::Real(clusters), Flags { bridge: Vec::new(), agent: real::agent_flags() })
        }
    };
    Ok((Stage::set(folder, flags).await?, play))
}

async fn tell(stage: &mut Stage, play: &Play, keep: bool, stop: &CancellationToken) -> Result<()> {
    match play {
        Play::Example(clouddriver) => story::tell(stage, clouddriver).await?,
        Play::Real(clusters) => real::tell(stage, clusters).await?,
    }
    if keep {
        write(&narrate::addresses(stage))?;
        stop.cancelled().await;
    }
    Ok(())
}
