//! The binary's commands as a person types them, and what they write.

use std::process::Stdio;

use anyhow::{Context as _, Result};
use tests_harness::Api;
use tests_xtask::workspace::binary;

/// What was written, and the exit code.
pub(crate) struct Said {
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) complaint: String,
}

/// `swingbridge accounts …`, asked of a bridge.
pub(crate) async fn accounts(api: &Api, arguments: &[&str]) -> Result<Said> {
    let output = tokio::process::Command::new(binary())
        .arg("accounts")
        .args(arguments)
        .args(["--url", api.base()])
        .stdin(Stdio::null())
        .output()
        .await
        .context("the binary is not built")?;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let code = output.status.code();
    Ok(Said { code, out: text(&output.stdout), complaint: text(&output.stderr) })
}
