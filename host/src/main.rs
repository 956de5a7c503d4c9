//! The binary `swingbridge`: its configuration, the composition of the rooms, and its command line.
//!
//! Nothing here decides anything. [`cli`] is what a person types; [`serve`] and [`agent`] put the rooms together.

mod agent;
mod cli;
mod config;
mod demo;
mod process;
mod serve;
mod telemetry;
mod trial;

use std::process::ExitCode;

fn main() -> ExitCode {
    cli::main()
}
