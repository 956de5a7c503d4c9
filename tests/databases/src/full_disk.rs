//! A disk that a test fills, for the processes that stand on it.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context as _, Result, ensure};
use tempfile::TempDir;

/// What makes the calls of a process fail as they do on a disk that is full.
const SOURCE: &str = include_str!("full_disk.c");

/// A disk that can be full. Processes stand on it that are started with its [`Self::variables`]; Linux only, with the C
/// compiler that building needs anyway.
#[derive(Debug)]
pub struct Disk {
    folder: TempDir,
}

impl Disk {
    /// A disk with room.
    ///
    /// # Errors
    /// When the compiler does not do it.
    pub fn new() -> Result<Self> {
        let folder = tempfile::tempdir()?;
        // A server looks into it as another user.
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755))?;
        let disk = Self { folder };
        let source = disk.folder.path().join("full_disk.c");
        fs::write(&source, SOURCE)?;
        let compiler = std::env::var_os("CC").unwrap_or_else(|| "cc".into());
        let output = Command::new(&compiler)
            .args(["-O1", "-shared", "-fPIC", "-o"])
            .arg(disk.library())
            .arg(&source)
            .arg("-ldl")
            .output()
            .with_context(|| format!("{} does not start", compiler.display()))?;
        let said = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success(), "{} says: {said}", compiler.display());
        Ok(disk)
    }

    fn library(&self) -> PathBuf {
        self.folder.path().join("full_disk.so")
    }

    fn flag(&self) -> PathBuf {
        self.folder.path().join("full")
    }

    /// The variables that a process is started with.
    #[must_use]
    pub fn variables(&self) -> [(&'static str, String); 2] {
        let text = |path: PathBuf| AsRef::<OsStr>::as_ref(&path).to_string_lossy().into_owned();
        [("LD_PRELOAD", text(self.library())), ("FULL_DISK_WHILE", text(self.flag()))]
    }

    /// From now on no file grows.
    ///
    /// # Errors
    /// When that cannot be said.
    pub fn fill(&self) -> Result<()> {
        Ok(fs::write(self.flag(), "")?)
    }

    /// There is room again.
    ///
    /// # Errors
    /// When that cannot be said.
    pub fn make_room(&self) -> Result<()> {
        Ok(fs::remove_file(self.flag())?)
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use std::fs;
    use std::process::Command;

    use super::Disk;

    #[test]
    fn no_file_grows_on_a_full_disk() {
        let (disk, folder) = (Disk::new().expect("a disk"), tempfile::tempdir().expect("a folder"));
        let append = |text: &str| {
            let script = format!("echo {text} >>file");
            let mut shell = Command::new("sh");
            shell.args(["-c", &script]).envs(disk.variables()).current_dir(&folder);
            shell.output().expect("a shell")
        };
        assert!(append("one").status.success());
        disk.fill().expect("full");
        let refused = append("two");
        assert!(!refused.status.success(), "{refused:?}");
        disk.make_room().expect("room");
        assert!(append("three").status.success());
        let text = fs::read_to_string(folder.path().join("file")).expect("a file");
        assert_eq!(text, "one\nthree\n");
    }
}
