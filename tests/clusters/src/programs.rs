//! The programs, and what a test does where they cannot be had.

use anyhow::{Result, bail};
use tests_xtask::kubernetes::{Kubernetes, Programs, prepare};
use tests_xtask::steps::say;
use tokio::sync::OnceCell;

/// Looked for once by this process.
async fn programs() -> Result<&'static Programs> {
    static FOUND: OnceCell<Programs> = OnceCell::const_new();
    FOUND.get_or_try_init(|| async { tokio::task::spawn_blocking(prepare).await? }).await
}

/// The programs, built if they are not here.
///
/// # Errors
/// What to install, or why they are not built.
pub(crate) async fn found() -> Result<&'static Kubernetes> {
    match programs().await? {
        Programs::Here(kubernetes) => Ok(kubernetes),
        Programs::NoGo(missing) => bail!("no cluster can be started here: {missing}"),
    }
}

/// Whether a test has to be skipped, since there is no Go that builds the programs: then a line with the test's name and
/// what to install has been written, past the capture of the test runner.
///
/// # Errors
/// When there is a Go, and it does not build them: that is no reason to skip.
pub async fn skipped(test: &str) -> Result<bool> {
    match programs().await? {
        Programs::Here(_) => Ok(false),
        Programs::NoGo(missing) => {
            say(&format!("SKIPPED {test}: it needs real Kubernetes API servers. {missing}"));
            Ok(true)
        }
    }
}
