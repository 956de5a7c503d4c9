//! Builds `guest/component` into the component that the binary carries.
//!
//! A plain `cargo build` for `wasm32-unknown-unknown`, linked by the `wasm-component-ld` that comes with the Rust
//! toolchain: no other tool, and no WASI import (`spec/modules.md`, "The contract"). Its target folder is its own, so
//! that it may be built while a build for this machine goes on.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use anyhow::{Context, Result, bail};

use crate::toolchain::GuestToolchain;
use crate::workspace::{cargo, root};

/// The target of every guest.
pub const TARGET: &str = "wasm32-unknown-unknown";

/// Where the component stands for those who embed or load it. `host/build.rs` names the same place.
#[must_use]
pub fn path() -> PathBuf {
    folder().join("lifecycle.wasm")
}

/// The target folder of the guests.
#[must_use]
pub fn folder() -> PathBuf {
    root().join("target").join("guest")
}

/// Builds the lifecycle component from what is in the tree, and answers where it stands ([`path`]).
///
/// May be called at once by several threads and processes; the file is only touched when its bytes change, so that
/// nothing that embeds it is built again for nothing.
///
/// # Errors
/// What the build said, or what to install.
pub fn build() -> Result<PathBuf> {
    let place = path();
    component("guest-component", &place)?;
    Ok(place)
}

/// Builds the component of the tests that misbehaves as it is told, and answers where it stands.
///
/// # Errors
/// As for [`build`].
pub fn build_misbehaving() -> Result<PathBuf> {
    let place = folder().join("misbehaving.wasm");
    component("tests-components-misbehaving", &place)?;
    Ok(place)
}

/// Builds the lifecycle of the tests that has one rule changed, and answers where it stands.
///
/// # Errors
/// As for [`build`].
pub fn build_impatient() -> Result<PathBuf> {
    let place = folder().join("impatient.wasm");
    component("tests-components-impatient", &place)?;
    Ok(place)
}

/// Builds the policy of the tests that misbehaves as names tell it, and answers where it stands.
///
/// # Errors
/// As for [`build`].
pub fn build_picky() -> Result<PathBuf> {
    let place = folder().join("picky.wasm");
    component("tests-components-picky", &place)?;
    Ok(place)
}

fn component(package: &str, place: &Path) -> Result<()> {
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
    let _turn = ONE_AT_A_TIME.lock().unwrap_or_else(std::sync::PoisonError::into_inner);

    let toolchain = GuestToolchain::find()?;
    let target_dir = folder();
    let mut command = cargo(&["build", "--profile", "guest", "--package", package]);
    command.args(["--target", TARGET, "--target-dir"]).arg(&target_dir);
    toolchain.configure(&mut command)?;
    let status = command.status().context("cargo could not be started")?;
    if !status.success() {
        bail!("{package} was not built; what cargo said stands above");
    }
    let file = format!("{}.wasm", package.replace('-', "_"));
    let built = target_dir.join(TARGET).join("guest").join(file);
    let bytes = fs::read(&built)
        .with_context(|| format!("cargo built {package}, but {} is not there", built.display()))?;
    check_is_component(&bytes)?;
    replace_if_changed(place, &bytes)
}

/// A component begins with the magic number, version 13 and layer 1; a core module has layer 0.
fn check_is_component(bytes: &[u8]) -> Result<()> {
    const COMPONENT: &[u8] = b"\0asm\x0d\0\x01\0";
    if bytes.starts_with(COMPONENT) {
        return Ok(());
    }
    bail!(
        "the guest was built as a core module, not as a component: wasm-component-ld did not link it. Is a linker for \
         {TARGET} set in a cargo configuration above this folder?"
    )
}

/// Puts `bytes` in the place of what is at `path` in one step, so that no reader ever sees half of it.
fn replace_if_changed(path: &Path, bytes: &[u8]) -> Result<()> {
    if fs::read(path).is_ok_and(|present| present == bytes) {
        return Ok(());
    }
    let partial = path.with_extension(format!("{}.partial", std::process::id()));
    fs::write(&partial, bytes)
        .and_then(|()| fs::rename(&partial, path))
        .with_context(|| format!("{} could not be written", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_core_module_is_not_taken_for_a_component() {
        assert!(check_is_component(b"\0asm\x01\0\0\0").is_err());
        assert!(check_is_component(b"\0asm\x0d\0\x01\0...").is_ok());
    }

    #[test]
    fn the_same_bytes_leave_the_file_as_it_is() {
        let folder = std::env::temp_dir().join(format!("xtask-replace-{}", std::process::id()));
        fs::create_dir_all(&folder).expect("a temporary folder");
        let file = folder.join("some.wasm");
        replace_if_changed(&file, b"one").expect("written");
        let before = fs::metadata(&file).expect("it is there").modified().expect("it has a time");
        replace_if_changed(&file, b"one").expect("left alone");
        assert_eq!(
            before,
            fs::metadata(&file).expect("it is there").modified().expect("it has a time")
        );
        replace_if_changed(&file, b"two").expect("replaced");
        assert_eq!(fs::read(&file).expect("it is there"), b"two");
        fs::remove_dir_all(&folder).expect("cleared away");
    }
}
