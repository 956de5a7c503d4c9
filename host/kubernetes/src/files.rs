//! Files that a definition or a kubeconfig names: read under one folder only, whatever links lead there, and never more
//! of them than is reasonable. No sentence shows a path: in the wrong field it may be somebody's contents.

use std::fmt;
use std::path::{Component, Path, PathBuf};

use zeroize::Zeroizing;

use crate::beneath::{self, Found};
use crate::faults::{Outcome, invalid, kind};

/// The largest file that is read, in bytes: a kubeconfig of a hundred contexts has less.
const LARGEST: u64 = 1 << 20;

/// The longest path, in bytes: as long as Linux takes.
const LONGEST: usize = 4_096;

/// A file, as a field names it.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Named {
    field: &'static str,
    path: String,
}

impl Named {
    /// Takes what a field has for a path.
    ///
    /// # Errors
    /// It has what should be in the file.
    pub(crate) fn read(field: &'static str, path: impl Into<String>) -> Outcome<Self> {
        let path = path.into();
        if is_contents(&path) || path.len() > LONGEST {
            return Err(invalid(format!(
                "{field} takes the path of a file, and has something else, perhaps what is in one; give that in the field \
                 for contents ({})",
                if field == "kubeconfigFile" { "kubeconfigContents" } else { "…-data, or token" }
            )));
        }
        Ok(Self { field, path })
    }

    /// What tells it from other files. Not to be shown.
    pub(crate) fn key(&self) -> &str {
        &self.path
    }
}

impl fmt::Debug for Named {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Named({}, {} bytes)", self.field, self.path.len())
    }
}

/// Whether a text is what is in a file, and no path: it has several lines, or is JSON.
pub(crate) fn is_contents(text: &str) -> bool {
    text.contains(|letter: char| letter == '{' || letter.is_control())
}

/// The folder that files are read under.
#[derive(Debug, Clone)]
pub(crate) struct Files {
    root: Option<PathBuf>,
    /// Where paths begin that are not absolute, if not at the folder.
    base: Option<PathBuf>,
    /// What the folder is called in sentences.
    called: &'static str,
}

impl Files {
    /// Files of an operator's folder; none: no file is read.
    pub(crate) fn under(root: Option<PathBuf>) -> Self {
        Self { root, base: None, called: "agent.files.root" }
    }

    /// Files that Kubernetes has put into the agent's own pod.
    pub(crate) fn of_the_pod(folder: PathBuf) -> Self {
        Self { root: Some(folder), base: None, called: "the folder of the pod's service account" }
    }

    /// The same files, for a kubeconfig that is one of them: as for kubectl, paths in it begin at its own folder.
    pub(crate) fn beside(&self, kubeconfig: &Named) -> Self {
        let base = self.root.as_deref().map(|root| self.clean(root, kubeconfig));
        Self { base: base.and_then(|file| file.parent().map(Path::to_owned)), ..self.clone() }
    }

    /// Where a path leads, by its words alone.
    fn clean(&self, root: &Path, file: &Named) -> PathBuf {
        cleaned(&self.base.as_deref().unwrap_or(root).join(&file.path))
    }

    /// Reads a file.
    ///
    /// # Errors
    /// Files are not read, the file is elsewhere, or it cannot be read.
    pub(crate) async fn read(&self, file: &Named) -> Outcome<Zeroizing<Vec<u8>>> {
        let (called, field) = (self.called, file.field);
        let Some(root) = &self.root else {
            return Err(invalid(format!(
                "{field} names a file, and this agent reads none; give what is in it instead, or set {called}"
            )));
        };
        let elsewhere = || {
            invalid(format!(
                "{field} names a file that is not under {called}; put it there, or give what is in it instead"
            ))
        };
        let (root, path) = (cleaned(root), self.clean(root, file));
        // What does not even pretend to be there is not asked for: whether it exists is nobody's business.
        let inside = path.strip_prefix(&root).map_err(|_| elsewhere())?.to_owned();
        let reading =
            tokio::task::spawn_blocking(move || beneath::read(&root, &inside, LARGEST)).await;
        match reading.unwrap_or_else(|failed| Err(failed.into())) {
            Ok(Found::Contents(contents)) => Ok(contents),
            Ok(Found::Elsewhere) => Err(elsewhere()),
            Ok(Found::NoFile) => Err(invalid(format!(
                "what {field} names under {called} is no file, or larger than {} KiB",
                LARGEST >> 10
            ))),
            Err(error) => Err(invalid(format!(
                "the file that {field} names under {called} cannot be read: {}",
                kind(&error)
            ))),
        }
    }
}

/// A path without `.` and `..`, as kubectl cleans it: by its words, before links are followed.
fn cleaned(path: &Path) -> PathBuf {
    let mut cleaned = PathBuf::new();
    for part in path.components() {
        let last = cleaned.components().next_back();
        match (part, last) {
            (Component::CurDir, _) | (Component::ParentDir, Some(Component::RootDir)) => {}
            (Component::ParentDir, Some(Component::Normal(_))) => {
                cleaned.pop();
            }
            (part, _) => cleaned.push(part),
        }
    }
    cleaned
}

#[cfg(test)]
mod tests;
