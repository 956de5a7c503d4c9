//! Commands that print credentials: which of them may run, and running them within bounds. What one printed is kept
//! until it expires, so that checking an account does not start a process every time.

use std::collections::HashMap;
use std::process::Stdio;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use host_agent::Surroundings;
use secrecy::SecretString;
use serde::Deserialize;
use sha2::{Digest as _, Sha256};
use tokio::io::AsyncReadExt as _;
use tokio::sync::Semaphore;
use zeroize::Zeroizing;

use crate::faults::{Outcome, invalid, kind, shown, unauthorized};
use crate::kubeconfig::Exec;
use crate::options::ExecRules;
use crate::server::Server;
use crate::step::{Progress, Step};

/// How many commands run at once: some are whole interpreters.
const AT_ONCE: usize = 4;

/// The most that one may print, in bytes.
const MOST_PRINTED: u64 = 64 << 10;

/// How long credentials are used that do not say when they expire, in milliseconds.
const KEPT_MS: u64 = 600_000;

/// So long before they expire they are fetched anew, in milliseconds.
const EARLY_MS: u64 = 60_000;

/// How many commands' credentials are kept.
const MOST_KEPT: usize = 20_000;

/// Whether a command may run.
///
/// # Errors
/// It may not, and which setting would allow it.
pub(crate) fn allowed(exec: &Exec, rules: &ExecRules) -> Outcome<()> {
    let command = &exec.command;
    if !rules.allow.contains(command) {
        return Err(invalid(format!(
            "the kubeconfig's user wants the command {} run for credentials, and agent.exec.allow does not name it; give \
             a token or a certificate, or allow the command on this agent",
            shown(command)
        )));
    }
    match exec.env.iter().find(|variable| !rules.env.contains(&variable.name)) {
        None => Ok(()),
        Some(variable) => Err(invalid(format!(
            "the kubeconfig's user sets {} for its command, and agent.exec.env does not name it; leave it out, or allow \
             it on this agent",
            shown(&variable.name)
        ))),
    }
}

/// What a command printed.
#[derive(Debug, Clone, Default)]
pub(crate) struct Printed {
    pub(crate) token: Option<SecretString>,
    /// Certificate and key, PEM.
    pub(crate) certificate: Option<(Zeroizing<String>, SecretString)>,
}

/// Names a command with its arguments, variables and server.
pub(crate) type Key = [u8; 32];

#[derive(Debug)]
struct Kept {
    printed: Printed,
    until: u64,
}

/// The commands of all accounts.
#[derive(Debug)]
pub(crate) struct Commands {
    surroundings: Arc<dyn Surroundings>,
    places: Semaphore,
    kept: Mutex<HashMap<Key, Kept>>,
}

#[derive(Deserialize)]
struct Credential {
    status: Option<Status>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Status {
    expiration_timestamp: Option<String>,
    token: Option<SecretString>,
    client_certificate_data: Option<String>,
    client_key_data: Option<SecretString>,
}

impl Commands {
    pub(crate) fn new(surroundings: Arc<dyn Surroundings>) -> Self {
        Self { surroundings, places: Semaphore::new(AT_ONCE), kept: Mutex::default() }
    }

    /// Runs a command that may run, or answers what it printed before.
    ///
    /// # Errors
    /// It does not run, fails, or prints no credentials.
    pub(crate) async fn credentials(
        &self,
        exec: &Exec,
        server: &Server,
        progress: &Progress,
    ) -> Outcome<(Key, Printed)> {
        let key = key(exec, server);
        let now = self.surroundings.now();
        if let Some(kept) = self.kept().get(&key).filter(|kept| now < kept.until) {
            return Ok((key, kept.printed.clone()));
        }
        progress.begins(Step::Command);
        let _place = self.places.acquire().await;
        let status = run(exec, server).await?;
        let expires = status.expiration_timestamp.as_deref().and_then(moment);
        let until = expires.map_or(now + KEPT_MS, |at| at.saturating_sub(EARLY_MS));
        let certificate = status
            .client_certificate_data
            .zip(status.client_key_data)
            .map(|(certificate, key)| (Zeroizing::new(certificate), key));
        let printed = Printed { token: status.token, certificate };
        let mut all = self.kept();
        all.retain(|_, kept| now < kept.until);
        if all.len() < MOST_KEPT {
            all.insert(key, Kept { printed: printed.clone(), until });
        }
        Ok((key, printed))
    }

    /// The server does not take them: the command is to be asked again next time.
    pub(crate) fn forget(&self, key: &Key) {
        self.kept().remove(key);
    }

    fn kept(&self) -> MutexGuard<'_, HashMap<Key, Kept>> {
        // Nothing panics while it is held.
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn run(exec: &Exec, server: &Server) -> Outcome<Status> {
    let command = shown(&exec.command);
    let version = exec.api_version.as_deref().unwrap_or("client.authentication.k8s.io/v1");
    let mut spec = serde_json::json!({ "interactive": false });
    if exec.provide_cluster_info.unwrap_or(false) {
        spec["cluster"] = serde_json::json!({ "server": server.uri.to_string() });
    }
    let info = serde_json::json!({ "apiVersion": version, "kind": "ExecCredential", "spec": spec });
    let mut child = tokio::process::Command::new(&exec.command)
        .args(&exec.args)
        .envs(exec.env.iter().map(|variable| (&variable.name, &variable.value)))
        .env("KUBERNETES_EXEC_INFO", info.to_string())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        // What it complains about may have secrets in it.
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .map_err(|error| {
            invalid(format!(
                "the kubeconfig's command {command} cannot be run on this agent: {}",
                kind(&error)
            ))
        })?;
    let mut printed = Zeroizing::new(Vec::new());
    if let Some(out) = child.stdout.take() {
        let read = out.take(MOST_PRINTED + 1).read_to_end(&mut printed).await;
        if read.is_err() || printed.len() as u64 > MOST_PRINTED {
            return Err(invalid(format!(
                "the kubeconfig's command {command} prints more than {} KiB, which are no credentials",
                MOST_PRINTED >> 10
            )));
        }
    }
    let ended = child.wait().await;
    if !ended.as_ref().is_ok_and(std::process::ExitStatus::success) {
        let status = ended.ok().and_then(|status| status.code());
        let status = status.map_or("a signal".to_owned(), |code| format!("status {code}"));
        return Err(unauthorized(format!(
            "the kubeconfig's command {command} ended with {status} and gave no credentials; run it by hand where this \
             agent runs"
        )));
    }
    let credential: Option<Credential> = serde_json::from_slice(&printed).ok();
    credential.and_then(|credential| credential.status).ok_or_else(|| {
        invalid(format!(
            "the kubeconfig's command {command} prints no ExecCredential with a status; see its version"
        ))
    })
}

fn moment(text: &str) -> Option<u64> {
    let at = humantime::parse_rfc3339_weak(text).ok()?;
    let since = at.duration_since(std::time::UNIX_EPOCH).ok()?;
    u64::try_from(since.as_millis()).ok()
}

fn key(exec: &Exec, server: &Server) -> Key {
    let mut digest = Sha256::new();
    let server = server.identity();
    let env = exec.env.iter().flat_map(|variable| [&variable.name, &variable.value]);
    for text in [&exec.command, &server].into_iter().chain(&exec.args).chain(env) {
        digest.update((text.len() as u64).to_be_bytes());
        digest.update(text);
    }
    digest.finalize().into()
}

#[cfg(test)]
mod tests;
