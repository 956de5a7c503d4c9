//! `swingbridge demo`: all of it on one machine, told as it happens, and checked.
//!
//! It starts this same program as a bridge and as two agents, in a folder of its own, and asks it over HTTP as anybody
//! would. It ends what it started, whatever happens, and nothing else.

mod children;
mod narrate;
mod proof;
mod stage;
mod story;
mod watch;

use std::process::ExitCode;

use anyhow::Result;
use clap::Args;
use tokio_util::sync::CancellationToken;

use crate::cli::output::write;
use crate::process;

use self::stage::Stage;

#[derive(Debug, Args)]
pub(crate) struct DemoArguments {
    /// Leave it running at the end, with its addresses, until Ctrl-C
    #[arg(long)]
    keep: bool,
}

/// Sets the stage, tells the story, and clears away.
///
/// # Errors
/// What was not as it should be, with the end of the bridge's log.
pub(crate) async fn run(arguments: DemoArguments) -> Result<ExitCode> {
    let stop = process::shutdown()?;
    let set = tokio::select! {
        set = Stage::set() => Some(set?),
        () = stop.cancelled() => None,
    };
    let Some(mut stage) = set else {
        return stopped();
    };
    let told = tokio::select! {
        // Once the story is told, being stopped is how it ends well.
        biased;
        told = tell(&mut stage, arguments.keep, &stop) => Some(told),
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

async fn tell(stage: &mut Stage, keep: bool, stop: &CancellationToken) -> Result<()> {
    story::tell(stage).await?;
    if keep {
        write(&narrate::addresses(stage))?;
        stop.cancelled().await;
    }
    Ok(())
}
