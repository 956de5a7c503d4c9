//! One run of a command: within a time of its own, in a process group of its own that is ended as a whole, and without
//! the agent's own settings. What it prints is read within bounds.

use std::process::Stdio;

use host_agent::Surroundings;
use rustix::process::{Pid, Signal, kill_process_group};
use secrecy::SecretString;
use serde::Deserialize;
use tokio::io::AsyncReadExt as _;
use tokio::process::{Child, Command};
use zeroize::Zeroizing;

use super::Printed;
use crate::faults::{Outcome, invalid, kind, shown, timeout, unauthorized};
use crate::kubeconfig::Exec;
use crate::server::Server;

/// How long one may run, in milliseconds.
pub(super) const LONGEST_MS: u64 = 10_000;

/// The most that one may print, in bytes.
pub(super) const MOST_PRINTED: u64 = 64 << 10;

/// How the agent's own settings begin, tokens and passwords among them. The rest of its variables is for the commands:
/// clouds give identities there.
const OWN: &[u8] = b"SWINGBRIDGE_";

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

/// Runs a command that may run. What it printed, and when that expires.
///
/// # Errors
/// It does not run, takes too long, fails, or prints no credentials.
pub(super) async fn run(
    exec: &Exec,
    server: &Server,
    surroundings: &dyn Surroundings,
) -> Outcome<(Printed, Option<u64>)> {
    let until = surroundings.now().saturating_add(LONGEST_MS);
    let called = shown(&exec.command);
    let running = Running::start(exec, server, &called)?;
    let status = tokio::select! {
        biased;
        status = running.finish(&called) => status?,
        () = surroundings.sleep_until(until) => return Err(timeout(format!(
            "the kubeconfig's command {called} gave no credentials within {} s and was ended; run it by hand where this \
             agent runs",
            LONGEST_MS / 1_000
        ))),
    };
    let expires = status.expiration_timestamp.as_deref().and_then(moment);
    let certificate = status
        .client_certificate_data
        .zip(status.client_key_data)
        .map(|(certificate, key)| (Zeroizing::new(certificate), key));
    Ok((Printed { token: status.token, certificate }, expires))
}

/// A command, and whatever it started: all of it ends when this is dropped before it is finished.
struct Running {
    // Dropped first: the command's number is its own until it is waited for.
    group: Group,
    child: Child,
}

/// A process group that ends when it is dropped.
struct Group(Option<Pid>);

impl Drop for Group {
    fn drop(&mut self) {
        if let Some(group) = self.0 {
            // Gone already is as good.
            let _ = kill_process_group(group, Signal::KILL);
        }
    }
}

impl Running {
    fn start(exec: &Exec, server: &Server, called: &str) -> Outcome<Self> {
        let mut command = Command::new(&exec.command);
        for (name, _) in std::env::vars_os() {
            if name.as_encoded_bytes().starts_with(OWN) {
                command.env_remove(name);
            }
        }
        let child = command
            .args(&exec.args)
            .envs(exec.env.iter().map(|variable| (&variable.name, &variable.value)))
            .env("KUBERNETES_EXEC_INFO", info(exec, server))
            .process_group(0)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            // What it complains about may have secrets in it.
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .map_err(|error| {
                invalid(format!(
                    "the kubeconfig's command {called} cannot be run on this agent: {}",
                    kind(&error)
                ))
            })?;
        let group = child.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw);
        Ok(Self { group: Group(group), child })
    }

    async fn finish(mut self, called: &str) -> Outcome<Status> {
        let mut printed = Zeroizing::new(Vec::new());
        if let Some(out) = self.child.stdout.take() {
            let read = out.take(MOST_PRINTED + 1).read_to_end(&mut printed).await;
            if read.is_err() || printed.len() as u64 > MOST_PRINTED {
                return Err(invalid(format!(
                    "the kubeconfig's command {called} prints more than {} KiB, which are no credentials",
                    MOST_PRINTED >> 10
                )));
            }
        }
        let ended = self.child.wait().await;
        // From here on the number may be another's.
        self.group.0 = None;
        if !ended.as_ref().is_ok_and(std::process::ExitStatus::success) {
            let status = ended.ok().and_then(|status| status.code());
            let status = status.map_or("a signal".to_owned(), |code| format!("status {code}"));
            return Err(unauthorized(format!(
                "the kubeconfig's command {called} ended with {status} and gave no credentials; run it by hand where \
                 this agent runs"
            )));
        }
        let credential: Option<Credential> = serde_json::from_slice(&printed).ok();
        credential.and_then(|credential| credential.status).ok_or_else(|| {
            invalid(format!(
                "the kubeconfig's command {called} prints no ExecCredential with a status; see its version"
            ))
        })
    }
}

/// What a command is told of its task.
fn info(exec: &Exec, server: &Server) -> String {
    let version = exec.api_version.as_deref().unwrap_or("client.authentication.k8s.io/v1");
    let mut spec = serde_json::json!({ "interactive": false });
    if exec.provide_cluster_info.unwrap_or(false) {
        spec["cluster"] = serde_json::json!({ "server": server.uri.to_string() });
    }
    serde_json::json!({ "apiVersion": version, "kind": "ExecCredential", "spec": spec }).to_string()
}

fn moment(text: &str) -> Option<u64> {
    let at = humantime::parse_rfc3339_weak(text).ok()?;
    let since = at.duration_since(std::time::UNIX_EPOCH).ok()?;
    u64::try_from(since.as_millis()).ok()
}
