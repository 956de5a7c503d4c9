//! The programs of Kubernetes that the tests start for themselves: built once from Go modules, and kept.
//!
//! Nothing is installed, downloaded as a binary, or run in a container: `go build` makes them from the modules that
//! `tests/clusters/go` names, and the folder for caches of whoever runs it keeps them for every checkout.

mod build;
mod go;
mod keep;
mod recipe;

use std::env;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail, ensure};

pub use recipe::Recipe;

use crate::steps::say;

/// Names a folder with the programs, to be used instead of building them.
pub const FOLDER: &str = "SWINGBRIDGE_TEST_KUBERNETES";

/// The programs that are started for tests, and must be gone afterwards.
pub const SERVERS: [&str; 3] = ["kube-apiserver", "etcd", "kube-controller-manager"];

/// The programs of Kubernetes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kubernetes {
    /// Answers.
    pub api_server: PathBuf,
    /// Keeps what the API server knows.
    pub etcd: PathBuf,
    /// Does what follows from it: aggregated roles, service accounts of namespaces, the end of a namespace.
    pub controllers: PathBuf,
}

/// What came of looking for them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Programs {
    /// They are here.
    Here(Kubernetes),
    /// They are not, and cannot be built: why, and what to install.
    NoGo(String),
}

impl Kubernetes {
    /// In a folder, if all of them are.
    fn within(folder: &Path) -> Option<Self> {
        let [api_server, etcd, controllers] = SERVERS.map(|name| folder.join(name));
        let all = [&api_server, &etcd, &controllers].into_iter().all(|program| program.is_file());
        all.then_some(Self { api_server, etcd, controllers })
    }
}

/// Finds the programs, or builds them, which is told and takes about five minutes, once. Processes that ask at once wait
/// for the one that builds.
///
/// # Errors
/// When Go is here and does not build them, with what it said; when a folder that was named has not all of them.
pub fn prepare() -> Result<Programs> {
    if let Some(folder) = env::var_os(FOLDER) {
        let folder = PathBuf::from(folder);
        let found = Kubernetes::within(&folder);
        return found.map(Programs::Here).with_context(|| {
            format!("{FOLDER} names {}, which has not all of {SERVERS:?}", folder.display())
        });
    }
    let recipe = Recipe::of_this_workspace()?;
    let place = keep::Place::of(&recipe)?;
    if let Some(found) = place.kept(&recipe) {
        return Ok(Programs::Here(found));
    }
    if let Err(missing) = go::require(&recipe) {
        return Ok(Programs::NoGo(missing));
    }
    place.fill(&recipe, |folder| build::all(&recipe, folder)).map(Programs::Here)
}

/// Writes the recipe for another version of Kubernetes, `v1.34.4` for example: which modules, and what they must hash to.
///
/// # Errors
/// What Go said.
pub fn move_to(version: &str) -> Result<()> {
    let parts: Vec<&str> = version.split('.').collect();
    ensure!(
        matches!(parts.as_slice(), ["v1", minor, patch] if is_number(minor) && is_number(patch)),
        "{version:?} is no version of Kubernetes; one looks like v1.34.4"
    );
    if let Err(missing) = go::require(&Recipe::of_this_workspace()?) {
        bail!(missing);
    }
    recipe::write(version)?;
    say(&format!("{} is for {version} now", recipe::folder().display()));
    Ok(())
}

fn is_number(text: &str) -> bool {
    text.parse::<u32>().is_ok()
}
