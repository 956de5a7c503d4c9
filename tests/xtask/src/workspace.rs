//! Where things lie: the workspace's folder, what cargo makes in it, and the cargo that is running us.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The folder with the workspace's `Cargo.toml`.
#[must_use]
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .ancestors()
        .nth(2)
        .expect("this package lies two folders below the workspace")
        .to_owned()
}

/// The one target folder of everything that is built for this machine.
#[must_use]
pub fn target() -> PathBuf {
    env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from)
}

/// The `swingbridge` that `cargo build -p host` makes.
#[must_use]
pub fn binary() -> PathBuf {
    target().join("debug").join(format!("swingbridge{}", env::consts::EXE_SUFFIX))
}

/// A cargo command in the workspace's folder, with the cargo that runs us.
#[must_use]
pub fn cargo(arguments: &[&str]) -> Command {
    let mut command = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.args(arguments).current_dir(root());
    command
}
