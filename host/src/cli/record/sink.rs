//! Where records go: standard output, or a file that appears once it is whole.

use std::fs::Permissions;
use std::io::{self, BufWriter, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use tempfile::NamedTempFile;

/// Where records go.
#[derive(Debug)]
pub(super) enum Sink {
    /// Standard output.
    Out(BufWriter<io::Stdout>),
    /// A file beside the one that it becomes.
    File {
        /// What is written.
        draft: BufWriter<NamedTempFile>,
        /// What it becomes.
        path: PathBuf,
        /// Whether one that is there goes.
        force: bool,
    },
}

impl Sink {
    /// Opens a file, or standard output.
    pub(super) fn open(path: Option<&Path>, force: bool) -> Result<Self> {
        let Some(path) = path else { return Ok(Self::Out(BufWriter::new(io::stdout()))) };
        if !force && path.exists() {
            bail!(there(path));
        }
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
        let folder = folder.unwrap_or(Path::new("."));
        // As any other file that this user writes.
        let draft = tempfile::Builder::new()
            .prefix(".swingbridge-record-")
            .permissions(Permissions::from_mode(0o666))
            .tempfile_in(folder)
            .with_context(|| format!("{} cannot be written into", folder.display()))?;
        Ok(Self::File { draft: BufWriter::new(draft), path: path.to_owned(), force })
    }

    /// Writes a line; answers whether somebody still wants more.
    pub(super) fn write(&mut self, line: &[u8]) -> Result<bool> {
        let line_into = |to: &mut dyn io::Write| {
            to.write_all(line)?;
            to.write_all(b"\n")
        };
        match self {
            Self::Out(out) => match line_into(out) {
                Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(false),
                written => {
                    written.context("standard output cannot be written")?;
                    Ok(true)
                }
            },
            Self::File { draft, path, .. } => {
                line_into(draft).with_context(|| unwritable(path))?;
                Ok(true)
            }
        }
    }

    /// Puts the file into its place; answers which, if it is one.
    pub(super) fn close(self) -> Result<Option<PathBuf>> {
        match self {
            Self::Out(mut out) => match out.flush() {
                Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
                    Err(error).context("standard output cannot be written")
                }
                Ok(()) | Err(_) => Ok(None),
            },
            Self::File { draft, path, force } => {
                let draft = draft.into_inner().map_err(io::IntoInnerError::into_error);
                let draft = draft.with_context(|| unwritable(&path))?;
                draft.as_file().sync_all().with_context(|| unwritable(&path))?;
                let placed = match force {
                    true => draft.persist(&path),
                    false => draft.persist_noclobber(&path),
                };
                match placed {
                    Ok(_) => Ok(Some(path)),
                    Err(failed) if failed.error.kind() == io::ErrorKind::AlreadyExists => {
                        bail!(there(&path))
                    }
                    Err(failed) => Err(failed.error).with_context(|| unwritable(&path)),
                }
            }
        }
    }
}

fn there(path: &Path) -> String {
    format!(
        "{} is there already and is left as it is; --force puts another in its place",
        path.display()
    )
}

fn unwritable(path: &Path) -> String {
    format!("{} cannot be written", path.display())
}

#[cfg(test)]
mod tests {
    use super::Sink;

    fn names(folder: &std::path::Path) -> Vec<String> {
        let entries = std::fs::read_dir(folder).expect("the folder");
        entries
            .map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned())
            .collect()
    }

    #[test]
    fn a_file_appears_when_it_is_whole_and_one_that_was_given_up_leaves_nothing() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("calls.ndjson");
        let mut given_up = Sink::open(Some(&path), false).expect("a file");
        assert!(given_up.write(b"{}").expect("written"));
        assert!(!path.exists());
        drop(given_up);
        assert_eq!(names(folder.path()), Vec::<String>::new());
        let mut sink = Sink::open(Some(&path), false).expect("a file");
        sink.write(b"{\"a\":1}").expect("written");
        sink.write(b"{\"a\":2}").expect("written");
        assert_eq!(sink.close().expect("closed"), Some(path.clone()));
        assert_eq!(std::fs::read_to_string(&path).expect("read"), "{\"a\":1}\n{\"a\":2}\n");
        assert_eq!(names(folder.path()), ["calls.ndjson"]);
    }

    #[test]
    fn a_file_that_is_there_stays_unless_it_is_to_go() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("calls.ndjson");
        let late = Sink::open(Some(&path), false).expect("nothing is there yet");
        std::fs::write(&path, "mine").expect("written");
        for refused in [Sink::open(Some(&path), false).map(|_| None), late.close()] {
            let said = refused.expect_err("it is there").to_string();
            assert!(said.contains("--force"), "{said}");
        }
        assert_eq!(std::fs::read_to_string(&path).expect("read"), "mine");
        let other = Sink::open(Some(&path), true).expect("a file");
        other.close().expect("closed");
        assert_eq!(std::fs::read_to_string(&path).expect("read"), "");
    }
}
