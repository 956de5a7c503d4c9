//! Files that a definition or a kubeconfig names: read under one folder only, whatever links lead there, and never more
//! of them than is reasonable.

use std::path::{Component, Path, PathBuf};

use tokio::io::AsyncReadExt as _;
use zeroize::Zeroizing;

use crate::faults::{Outcome, invalid, kind, shown};

/// The largest file that is read, in bytes: a kubeconfig of a hundred contexts has less.
const LARGEST: u64 = 1 << 20;

/// The folder that files are read under.
#[derive(Debug, Clone)]
pub(crate) struct Files {
    root: Option<PathBuf>,
    /// What the folder is called in sentences.
    called: &'static str,
}

impl Files {
    /// Files of an operator's folder; none: no file is read.
    pub(crate) fn under(root: Option<PathBuf>) -> Self {
        Self { root, called: "agent.files.root" }
    }

    /// Files that Kubernetes has put into the agent's own pod.
    pub(crate) fn of_the_pod(folder: PathBuf) -> Self {
        Self { root: Some(folder), called: "the folder of the pod's service account" }
    }

    /// Reads a file. A path that is not absolute begins at the folder.
    ///
    /// # Errors
    /// Files are not read, the file is elsewhere, or it cannot be read; `what` is the field that names it.
    pub(crate) async fn read(&self, path: &str, what: &str) -> Outcome<Zeroizing<Vec<u8>>> {
        let called = self.called;
        let Some(root) = &self.root else {
            return Err(invalid(format!(
                "{what} names a file, and this agent reads none; give what is in it instead, or set {called}"
            )));
        };
        let path = root.join(path);
        let elsewhere = || {
            invalid(format!(
                "{what} names the file {}, which is not under {called}; put it there, or give what is in it instead",
                shown(&path.display().to_string())
            ))
        };
        // What does not even pretend to be there is not asked for: whether it exists is nobody's business.
        if !path.starts_with(root) || path.components().any(|part| part == Component::ParentDir) {
            return Err(elsewhere());
        }
        let unreadable = |error: std::io::Error| {
            invalid(format!(
                "the file {}, which {what} names, cannot be read: {}",
                shown(&path.display().to_string()),
                kind(&error)
            ))
        };
        let root = tokio::fs::canonicalize(root).await.map_err(unreadable)?;
        let real = tokio::fs::canonicalize(&path).await.map_err(unreadable)?;
        if !real.starts_with(&root) {
            return Err(elsewhere());
        }
        contents(&real).await.map_err(unreadable)?.ok_or_else(|| {
            invalid(format!(
                "the file {}, which {what} names, is no file, or larger than {} KiB",
                shown(&path.display().to_string()),
                LARGEST >> 10
            ))
        })
    }
}

/// What is in a file; none if it is none, or too large.
async fn contents(path: &Path) -> std::io::Result<Option<Zeroizing<Vec<u8>>>> {
    // A pipe would be waited for.
    if !tokio::fs::metadata(path).await?.is_file() {
        return Ok(None);
    }
    let mut contents = Zeroizing::new(Vec::new());
    let file = tokio::fs::File::open(path).await?;
    file.take(LARGEST + 1).read_to_end(&mut contents).await?;
    Ok((contents.len() as u64 <= LARGEST).then_some(contents))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::{Files, LARGEST};

    #[tokio::test]
    async fn a_file_is_read_under_the_root_only_whatever_links_lead_there() {
        let folder = tempfile::tempdir().unwrap();
        let (root, outside) = (folder.path().join("root"), folder.path().join("secret"));
        std::fs::create_dir(&root).unwrap();
        std::fs::write(root.join("ca"), "ca").unwrap();
        std::fs::write(&outside, "hunter2").unwrap();
        symlink(&outside, root.join("link")).unwrap();
        symlink(root.join("ca"), root.join("inner")).unwrap();
        let files = Files::under(Some(root.clone()));
        let read = async |path: &str| files.read(path, "certificate-authority").await;
        assert_eq!(**read("ca").await.unwrap(), *b"ca");
        assert_eq!(**read("inner").await.unwrap(), *b"ca");
        assert_eq!(**read(root.join("ca").to_str().unwrap()).await.unwrap(), *b"ca");
        for elsewhere in ["link", "../secret", outside.to_str().unwrap(), "/etc/passwd"] {
            let text = read(elsewhere).await.unwrap_err().text;
            assert!(text.contains("not under agent.files.root"), "{elsewhere}: {text}");
            assert!(text.contains("certificate-authority"), "{text}");
        }
        assert!(read("none").await.unwrap_err().text.contains("cannot be read"));
    }

    #[tokio::test]
    async fn a_folder_a_pipe_and_a_giant_are_no_files_and_nothing_is_waited_for() {
        let folder = tempfile::tempdir().unwrap();
        let giant = usize::try_from(LARGEST).unwrap() + 1;
        std::fs::write(folder.path().join("giant"), vec![b' '; giant]).unwrap();
        let made = std::process::Command::new("mkfifo").arg(folder.path().join("pipe")).status();
        assert!(made.unwrap().success());
        let files = Files::under(Some(folder.path().into()));
        for odd in [".", "pipe", "giant"] {
            let text = files.read(odd, "tokenFile").await.unwrap_err().text;
            assert!(text.contains("is no file"), "{odd}: {text}");
        }
    }

    #[tokio::test]
    async fn without_a_root_no_file_is_read() {
        let text = Files::under(None).read("ca", "client-key").await.unwrap_err().text;
        assert!(text.contains("this agent reads none"), "{text}");
    }
}
