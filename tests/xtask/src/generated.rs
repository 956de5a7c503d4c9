//! Code that is generated and checked in: writing it, and telling whether what is checked in is current.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::proto;
use crate::workspace::{root, target};

/// Where the code of `proto/` is checked in.
#[must_use]
pub fn folder() -> PathBuf {
    root().join("proto").join("src").join("gen")
}

/// Writes the code into the tree.
///
/// # Errors
/// A contract that does not compile, or a file that cannot be written.
pub fn write() -> Result<()> {
    proto::generate(&root().join("proto"), &folder())
}

/// Generates beside the tree and compares.
///
/// # Errors
/// Which files differ, and what to type.
pub fn check() -> Result<()> {
    let fresh = target().join("tmp").join(format!("gen-{}", std::process::id()));
    fs::create_dir_all(&fresh).with_context(|| format!("{} cannot be made", fresh.display()))?;
    let differing =
        proto::generate(&root().join("proto"), &fresh).and_then(|()| differing(&fresh, &folder()));
    fs::remove_dir_all(&fresh)
        .with_context(|| format!("{} cannot be cleared away", fresh.display()))?;
    let differing = differing?;
    if differing.is_empty() {
        return Ok(());
    }
    bail!("not current in {}: {}. Type: cargo xtask gen", folder().display(), differing.join(", "))
}

/// The names of files that are not in both folders, or not the same.
///
/// # Errors
/// A folder that cannot be read.
pub fn differing(one: &Path, other: &Path) -> Result<Vec<String>> {
    let (one, other) = (files(one)?, files(other)?);
    let mut names: Vec<String> = one
        .iter()
        .filter(|(name, bytes)| other.get(*name) != Some(bytes))
        .map(|(name, _)| name.clone())
        .chain(other.keys().filter(|name| !one.contains_key(*name)).cloned())
        .collect();
    names.sort();
    Ok(names)
}

fn files(folder: &Path) -> Result<BTreeMap<String, Vec<u8>>> {
    fs::read_dir(folder)
        .with_context(|| format!("{} cannot be read", folder.display()))?
        .map(|entry| {
            let entry = entry?;
            Ok((entry.file_name().to_string_lossy().into_owned(), fs::read(entry.path())?))
        })
        .collect()
}
