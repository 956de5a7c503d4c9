//! Builds the programs, and says how far it is.

use std::path::Path;
use std::time::Instant;

use anyhow::{Context as _, Result};

use super::recipe::{self, Recipe};
use super::{SERVERS, go};
use crate::steps::say;

/// Their packages, in the order of [`SERVERS`].
const PACKAGES: [&str; 3] = [
    "k8s.io/kubernetes/cmd/kube-apiserver",
    "go.etcd.io/etcd/server/v3",
    "k8s.io/kubernetes/cmd/kube-controller-manager",
];

/// After so many packages a word is said.
const WORD: usize = 250;

/// Builds all of them into a folder.
pub(super) fn all(recipe: &Recipe, folder: &Path) -> Result<()> {
    say(&format!(
        "    Kubernetes {} is built from Go modules: about five minutes on two processors, once; 3 GB of Go's caches",
        recipe.version
    ));
    for (number, (name, package)) in SERVERS.iter().zip(PACKAGES).enumerate() {
        say(&format!("    {} of {}: {name}", number + 1, SERVERS.len()));
        let begun = Instant::now();
        one(recipe, &folder.join(name), package)
            .with_context(|| format!("{name} was not built"))?;
        say(&format!("       built in {}s", begun.elapsed().as_secs()));
    }
    Ok(())
}

fn one(recipe: &Recipe, place: &Path, package: &str) -> Result<()> {
    let place = place.to_str().context("the folder for caches has a name that is no text")?;
    let flags = stamp(recipe);
    let (mut compiled, mut downloads) = (0, false);
    let arguments = [
        "build",
        "-v",
        "-mod=readonly",
        "-buildvcs=false",
        "-trimpath",
        "-ldflags",
        &flags,
        "-o",
        place,
        package,
    ];
    go::follow(&recipe::folder(), &arguments, |line| {
        if line.starts_with("go: downloading") {
            if !downloads {
                say("       modules are downloaded, about 500 MB");
            }
            downloads = true;
            return;
        }
        compiled += 1;
        if compiled % WORD == 0 {
            say(&format!("       {compiled} packages compiled"));
        }
    })
}

/// What the linker writes into the programs: without it they call themselves version 0. Without symbols, they are a third
/// smaller.
fn stamp(recipe: &Recipe) -> String {
    let within = "k8s.io/component-base/version";
    let values = [
        ("gitVersion", recipe.version.as_str()),
        ("gitMajor", "1"),
        ("gitMinor", recipe.minor()),
        ("gitTreeState", "archive"),
        ("gitCommit", "unknown"),
        // The same from the same recipe, whenever it is built.
        ("buildDate", "1970-01-01T00:00:00Z"),
    ];
    let values = values.map(|(name, value)| format!("-X {within}.{name}={value}"));
    format!("-s -w {}", values.join(" "))
}
