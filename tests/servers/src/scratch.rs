//! A folder that is gone when this process is gone, however it ends.

use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use anyhow::{Context as _, Result};

/// Waits for its standard input to end, which it does with the process that holds it. The servers in the folder are ended
/// at the same moment by guards of their own and may still write, so it is removed until it stays away,
/// whatever the search path of who made it.
const GUARD: &str = r#"
PATH=$PATH:/usr/bin:/bin
read -r word
tries=0
while [ $tries -lt 100 ]; do
    rm -rf "$1" 2>/dev/null
    sleep 0.05
    [ -e "$1" ] || exit 0
    tries=$((tries + 1))
done
"#;

/// A folder in the system's temporary folder that nobody but this user can read.
#[derive(Debug)]
pub struct Scratch {
    path: PathBuf,
    guard: Child,
}

impl Scratch {
    /// Makes one.
    ///
    /// # Errors
    /// When it cannot be made, or nobody guards it.
    pub fn new(prefix: &str) -> Result<Self> {
        let folder = tempfile::Builder::new().prefix(prefix).tempdir()?;
        let guard = Command::new("/bin/sh")
            .args(["-c", GUARD, "folder-guard"])
            .arg(folder.path())
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            // A Ctrl-C at the terminal is for the tests; their end is what the guard waits for.
            .process_group(0)
            .spawn()
            .context("no shell guards the folder")?;
        Ok(Self { path: folder.keep(), guard })
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// A new folder in it.
    ///
    /// # Errors
    /// When there is one already, or it cannot be made.
    pub fn folder(&self, name: &str) -> Result<PathBuf> {
        let folder = self.path.join(name);
        std::fs::create_dir(&folder).with_context(|| folder.display().to_string())?;
        Ok(folder)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        drop(self.guard.stdin.take());
        let _gone = self.guard.wait();
    }
}

#[cfg(test)]
mod tests {
    use super::Scratch;

    #[test]
    fn a_folder_is_gone_with_what_is_in_it_when_nobody_holds_it() {
        let scratch = Scratch::new("swingbridge-scratch-").expect("a folder");
        let path = scratch.path().to_owned();
        std::fs::write(scratch.folder("within").expect("a folder").join("file"), "")
            .expect("written");
        assert!(path.is_dir());
        drop(scratch);
        assert!(!path.exists());
    }
}
