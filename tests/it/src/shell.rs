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
    verb(api, "accounts", arguments).await
}

/// `swingbridge VERB …`, asked of a bridge.
pub(crate) async fn verb(api: &Api, verb: &str, arguments: &[&str]) -> Result<Said> {
    let arguments = [&[verb], arguments, &["--url", api.base()]].concat();
    swingbridge(&arguments).await
}

/// `swingbridge …`
pub(crate) async fn swingbridge(arguments: &[&str]) -> Result<Said> {
    let output = tokio::process::Command::new(binary())
        .args(arguments)
        .stdin(Stdio::null())
        .output()
        .await
        .context("the binary is not built")?;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let code = output.status.code();
    Ok(Said { code, out: text(&output.stdout), complaint: text(&output.stderr) })
}
