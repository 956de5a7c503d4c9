//! What the programs are built from: a Go module of no code, whose `go.mod` names them as its tools, and whose `go.sum`
//! says what every module must hash to.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context as _, Result};

use super::go;
use crate::workspace::root;

/// The module of Kubernetes itself.
const KUBERNETES: &str = "k8s.io/kubernetes";
/// The module of the server that keeps what Kubernetes knows.
const ETCD: &str = "go.etcd.io/etcd/server/v3";

/// The recipe, as it is checked in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recipe {
    /// The whole `go.mod`: programs that were built from the same one are the same.
    pub module: String,
    /// The version of Kubernetes: `v1.34.4`.
    pub version: String,
    /// The oldest Go that builds it: `1.24.0`.
    pub go: String,
}

/// Where it is.
#[must_use]
pub(super) fn folder() -> PathBuf {
    root().join("tests").join("clusters").join("go")
}

impl Recipe {
    /// As it is checked in.
    ///
    /// # Errors
    /// When the file cannot be read, or does not name what it must.
    pub fn of_this_workspace() -> Result<Self> {
        let file = folder().join("go.mod");
        let module = fs::read_to_string(&file).with_context(|| file.display().to_string())?;
        Self::of(module).with_context(|| format!("{} names no Kubernetes", file.display()))
    }

    fn of(module: String) -> Option<Self> {
        let version = required(&module, KUBERNETES)?;
        let go = module.lines().find_map(|line| line.strip_prefix("go "))?.to_owned();
        Some(Self { module, version, go })
    }

    /// The second number of the version: `34`.
    #[must_use]
    pub fn minor(&self) -> &str {
        self.version.split('.').nth(1).unwrap_or_default()
    }
}

/// The version that a module file requires of a module.
fn required(module: &str, of: &str) -> Option<String> {
    module.lines().find_map(|line| {
        let mut words = line.trim().trim_start_matches("require ").split_whitespace();
        (words.next() == Some(of)).then_some(())?;
        words.next().filter(|version| version.starts_with('v')).map(str::to_owned)
    })
}

/// Writes the recipe for a version, and has Go find the rest.
///
/// Kubernetes builds from one tree in which its libraries are folders, so its own module file requires them without a
/// version and replaces each by a folder. They are published apart, as `v0.MINOR.PATCH`, and are replaced by these.
pub(super) fn write(version: &str) -> Result<()> {
    let folder = folder();
    let file = folder.join("go.mod");
    let named = format!("{KUBERNETES}@{version}");
    let theirs = go::answer(&folder, &["list", "-m", "-f", "{{.GoMod}}", &named])?;
    let theirs = fs::read_to_string(theirs.trim()).context("the module file of Kubernetes")?;
    let etcd = required(&theirs, ETCD).context("Kubernetes requires no etcd")?;
    fs::write(&file, module_file(&theirs, version)?)?;
    let sums = folder.join("go.sum");
    fs::write(&sums, "")?;
    // With their versions: without, Go takes the newest, whose libraries are not the ones that are named above.
    go::run(
        &folder,
        &[
            "get",
            "-tool",
            &format!("{KUBERNETES}/cmd/kube-apiserver@{version}"),
            &format!("{KUBERNETES}/cmd/kube-controller-manager@{version}"),
            &format!("{ETCD}@{etcd}"),
        ],
    )
}

/// The module file, before Go adds what follows from it.
fn module_file(theirs: &str, version: &str) -> Result<String> {
    let line = |word: &str| theirs.lines().find(|line| line.starts_with(word));
    let libraries = version.strip_prefix("v1.").context("a version of Kubernetes 1")?;
    let mut text = String::from("module swingbridge/clusters\n\n");
    text.push_str(line("go ").context("Kubernetes names no version of Go")?);
    text.push_str("\n\n");
    if let Some(defaults) = line("godebug ") {
        text.push_str(&format!("{defaults}\n\n"));
    }
    text.push_str(&format!("require {KUBERNETES} {version}\n\nreplace (\n"));
    for replaced in theirs.lines().filter(|line| line.contains(" => ./staging/")) {
        let library = replaced.split_whitespace().next().context("a replaced module has a name")?;
        text.push_str(&format!("\t{library} => {library} v0.{libraries}\n"));
    }
    text.push_str(")\n");
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The beginning of a module file of Kubernetes, shortened.
    const THEIRS: &str = "module k8s.io/kubernetes\n\ngo 1.24.0\n\ngodebug default=go1.24\n\nrequire (\n\
        \tgo.etcd.io/etcd/client/v3 v3.6.4\n\tgo.etcd.io/etcd/server/v3 v3.6.4 // indirect\n\tk8s.io/api v0.0.0\n)\n\n\
        replace (\n\tk8s.io/api => ./staging/src/k8s.io/api\n\tk8s.io/client-go => ./staging/src/k8s.io/client-go\n)\n";

    #[test]
    fn libraries_that_were_folders_become_published_ones() {
        let file = module_file(THEIRS, "v1.34.4").expect("made");
        assert!(file.contains("\tk8s.io/client-go => k8s.io/client-go v0.34.4\n"), "{file}");
        assert!(!file.contains("staging"), "{file}");
        let recipe = Recipe::of(file).expect("a recipe");
        assert_eq!((recipe.version.as_str(), recipe.go.as_str()), ("v1.34.4", "1.24.0"));
        assert_eq!(recipe.minor(), "34");
    }

    #[test]
    fn a_required_version_is_found_in_a_list_and_alone() {
        assert_eq!(required(THEIRS, ETCD).as_deref(), Some("v3.6.4"));
        assert_eq!(
            required("require k8s.io/kubernetes v1.2.3\n", KUBERNETES).as_deref(),
            Some("v1.2.3")
        );
        assert_eq!(required(THEIRS, "k8s.io/absent"), None);
    }

    #[test]
    fn what_is_checked_in_is_a_recipe() {
        let recipe = Recipe::of_this_workspace().expect("a recipe");
        assert!(recipe.version.starts_with("v1."), "{recipe:?}");
        assert!(recipe.module.contains("tool ("), "go.mod names its tools");
    }
}
