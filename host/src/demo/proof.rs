//! What the demo holds against the facts, beside what the bridge says of itself.

use std::path::Path;

use anyhow::{Context, Result, bail, ensure};
use reqwest::Method;
use serde_json::Value as Json;

use super::clouddriver::Clouddriver;
use super::narrate;
use super::stage::{AgentRole, Stage};
use crate::cli::client::Client;
use crate::cli::output::write;

/// Says that something is as it should be, or fails.
pub(crate) fn check(holds: bool, what: &str) -> Result<()> {
    ensure!(holds, "not so: {what}");
    write(&narrate::checked(what))
}

/// The accounts that an agent holds, as the bridge knows it.
pub(crate) async fn held_by(client: &Client, role: AgentRole) -> Result<Vec<String>> {
    let agent = client.send(client.call(Method::GET, &["armory", "agents", role.id], &[])).await?;
    let accounts = agent
        .get("accounts")
        .and_then(Json::as_array)
        .context("an agent has a list of accounts")?;
    Ok(accounts.iter().filter_map(Json::as_str).map(str::to_owned).collect())
}

/// Clouddriver's database is what it was, to the byte.
pub(crate) fn clouddriver_is_untouched(clouddriver: &Clouddriver) -> Result<()> {
    let now = std::fs::read(&clouddriver.path).context("Clouddriver's database cannot be read")?;
    check(
        now == clouddriver.untouched,
        "Clouddriver's own database has not been written: it is the same to the byte",
    )
}

/// No token of a kubeconfig stands in clear anywhere but where Clouddriver itself put it.
pub(crate) fn no_secret_in_clear(
    stage: &Stage,
    clouddriver: &Clouddriver,
    answers: &[Json],
) -> Result<()> {
    let tokens = tokens(&clouddriver.untouched);
    ensure!(!tokens.is_empty(), "the example has no tokens to hunt for");
    let mut looked_at = 0;
    for entry in std::fs::read_dir(stage.folder()).context("the demo's folder cannot be read")? {
        let path = entry.context("the demo's folder cannot be read")?.path();
        if path == clouddriver.path || !path.is_file() {
            continue;
        }
        looked_at += 1;
        let bytes =
            std::fs::read(&path).with_context(|| format!("{} cannot be read", path.display()))?;
        refuse_token(&bytes, &tokens, &path)?;
    }
    for answer in answers {
        refuse_token(answer.to_string().as_bytes(), &tokens, Path::new("an answer of the API"))?;
    }
    check(
        looked_at >= 4,
        &format!(
            "none of the {} tokens in those kubeconfigs stands in clear in the bridge's database, its logs or its answers",
            tokens.len()
        ),
    )
}

fn refuse_token(bytes: &[u8], tokens: &[String], place: &Path) -> Result<()> {
    for token in tokens {
        if find(bytes, token.as_bytes()).is_some() {
            bail!("a token of a kubeconfig stands in clear in {}", place.display());
        }
    }
    Ok(())
}

/// The tokens that were planted in the recorded kubeconfigs: `TOKEN-` and a number.
fn tokens(bytes: &[u8]) -> Vec<String> {
    let mut tokens = Vec::new();
    let mut rest = bytes;
    while let Some(at) = find(rest, b"TOKEN-") {
        rest = &rest[at + b"TOKEN-".len()..];
        let digits: String = rest
            .iter()
            .take_while(|byte| byte.is_ascii_digit())
            .map(|byte| char::from(*byte))
            .collect();
        let token = format!("TOKEN-{digits}");
        if !digits.is_empty() && !tokens.contains(&token) {
            tokens.push(token);
        }
    }
    tokens
}

fn find(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    bytes.windows(wanted.len()).position(|window| window == wanted)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_found_once_each_wherever_they_stand() {
        assert_eq!(tokens(b"x TOKEN-1\0TOKEN-12 TOKEN-1 TOKEN-"), ["TOKEN-1", "TOKEN-12"]);
    }

    #[test]
    fn a_token_in_clear_is_refused() {
        assert!(refuse_token(b"..TOKEN-1..", &["TOKEN-1".to_owned()], Path::new("x")).is_err());
        assert!(refuse_token(b"..sealed..", &["TOKEN-1".to_owned()], Path::new("x")).is_ok());
    }
}
