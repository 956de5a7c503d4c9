//! For tests of this room: projects in folders that go with the test, and tools that are scripts.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, PoisonError};

use anyhow::Result;
use tempfile::TempDir;

use super::Builder;

/// The least that is taken for a component.
pub(super) const COMPONENT: &str = "\0asm\x0d\0\x01\0";

/// A project in a folder. Programs are found in its `bin`, and those that a script needs where every system has them.
pub(super) struct Project {
    folder: TempDir,
    told: Mutex<Vec<String>>,
}

impl Project {
    pub(super) fn of(files: &[(&str, &str)]) -> Self {
        let project =
            Self { folder: tempfile::tempdir().expect("a folder"), told: Mutex::default() };
        project.write(files);
        project
    }

    pub(super) fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub(super) fn write(&self, files: &[(&str, &str)]) {
        for (path, text) in files {
            let path = self.folder().join(path);
            fs::create_dir_all(path.parent().expect("a file has a folder")).expect("a folder");
            fs::write(path, text).expect("a file");
        }
    }

    /// A program that is a script of the shell.
    pub(super) fn program(&self, path: &str, script: &str) {
        let text = format!("#!/bin/sh\nPATH=/usr/bin:/bin\n{script}\n");
        self.write(&[(".script", &text), (path, "")]);
        let (script, program) = (self.folder().join(".script"), self.folder().join(path));
        fs::remove_file(&program).expect("there is one");
        fs::set_permissions(&script, fs::Permissions::from_mode(0o755)).expect("it may be run");
        // By another process: what this one has open for writing may be open in a child that another test starts at
        // this moment, and then cannot be run.
        let copied = Command::new("cp").arg(&script).arg(&program).status();
        assert!(copied.is_ok_and(|status| status.success()));
    }

    pub(super) fn build(&self) -> Result<PathBuf> {
        self.build_with(true)
    }

    pub(super) fn build_without_installing(&self) -> Result<PathBuf> {
        self.build_with(false)
    }

    /// What whoever waits was told.
    pub(super) fn told(&self) -> Vec<String> {
        self.told.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn build_with(&self, install: bool) -> Result<PathBuf> {
        let tell = |line: &str| {
            self.told.lock().unwrap_or_else(PoisonError::into_inner).push(line.to_owned());
        };
        let path = self.folder().join("bin").into_os_string();
        Builder { install, path, tell: &tell }.build(self.folder())
    }
}

/// What an error says, with everything behind it.
pub(super) fn said<T: std::fmt::Debug>(result: Result<T>) -> String {
    format!("{:#}", result.expect_err("this fails"))
}
