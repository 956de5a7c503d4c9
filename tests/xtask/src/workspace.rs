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

/// The `swingbridge` that [`build_binary`] makes.
#[must_use]
pub fn binary() -> PathBuf {
    built("swingbridge")
}

/// A binary of the workspace.
#[must_use]
pub fn built(name: &str) -> PathBuf {
    target().join("debug").join(format!("{name}{}", env::consts::EXE_SUFFIX))
}

/// Builds `swingbridge`. Everything that xtask builds is built for the whole workspace: a selection of packages has
/// features of its own, and would build wasmtime and half of the rest once more.
#[must_use]
pub fn build_binary() -> Command {
    cargo(&["build", "--workspace", "--bin", "swingbridge"])
}

/// A cargo command in the workspace's folder, with the cargo that runs us.
///
/// What that cargo told us of our own package is not handed on: there are build scripts (ring's) that run again when it
/// changes, and everything on top of them would be built anew whenever xtask and a cargo that was typed take turns.
#[must_use]
pub fn cargo(arguments: &[&str]) -> Command {
    let mut command = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.args(arguments).current_dir(root());
    let ours = |name: &str| name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_");
    for (name, _) in env::vars_os().filter(|(name, _)| name.to_str().is_some_and(ours)) {
        command.env_remove(name);
    }
    command
}
