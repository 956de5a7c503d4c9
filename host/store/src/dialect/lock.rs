//! One bridge to a file: a lock beside the database, held for as long as it is open.

use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};

use crate::open::OpenError;

/// The lock on a database file. The operating system lets go of it when the process ends, however it ends.
#[derive(Debug)]
pub(super) struct FileLock {
    _file: File,
}

impl FileLock {
    /// Takes the lock of the database at `path`, or says that somebody has it.
    pub(super) fn take(path: &Path) -> Result<Self, OpenError> {
        let beside = beside(path);
        let file = File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&beside)
            .map_err(|error| OpenError::file(&beside, &error))?;
        match file.try_lock() {
            Ok(()) => Ok(Self { _file: file }),
            Err(TryLockError::WouldBlock) => Err(OpenError::Taken(path.to_owned())),
            Err(TryLockError::Error(error)) => Err(OpenError::file(&beside, &error)),
        }
    }
}

fn beside(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".lock");
    name.into()
}
