//! `clusters`: real API servers for a person to try things with, which are stopped, frozen, renewed and replaced by a word.

mod control;
mod stage;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;
use clap::Parser;
use tests_xtask::steps::say;
use tokio::runtime::Runtime;
use tokio::signal::unix::{SignalKind, signal};

use stage::Stage;

/// Starts Kubernetes API servers on loopback, and ends them at Ctrl-C.
#[derive(Debug, Parser)]
struct Arguments {
    /// How many
    #[arg(long, default_value_t = 2, value_parser = clap::value_parser!(u8).range(1..=20))]
    count: u8,
    /// Where kubeconfigs are written; left out: a temporary folder that goes with them
    #[arg(long, value_name = "FOLDER")]
    folder: Option<PathBuf>,
    /// For a program that starts them: end when standard input ends, and leave nothing in the folder
    #[arg(long)]
    attached: bool,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let ended = Runtime::new().map_err(Into::into).and_then(|runtime| {
        let ended = runtime.block_on(run(arguments));
        // Who waits for a line that is typed waits for ever.
        runtime.shutdown_background();
        ended
    });
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            say(&format!("\nclusters: {error:#}"));
            ExitCode::FAILURE
        }
    }
}

async fn run(arguments: Arguments) -> Result<()> {
    let stopped = tokio::signal::ctrl_c();
    let mut terminated = signal(SignalKind::terminate())?;
    let serve = async {
        let count = usize::from(arguments.count);
        let stage = Stage::set(count, arguments.folder, arguments.attached).await?;
        say(&stage.told());
        control::serve(stage, arguments.attached).await
    };
    tokio::select! {
        ended = serve => ended,
        interrupted = stopped => {
            interrupted?;
            say("\nThey are ended, and what was written for them is gone.");
            Ok(())
        }
        _ = terminated.recv() => Ok(()),
    }
}
