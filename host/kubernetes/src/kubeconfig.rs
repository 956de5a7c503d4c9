//! The text of a kubeconfig: only the parts that matter here are kept. It is input: its size, its depth and what its
//! aliases grow to are bounded, and a fault tells where it is, but nothing of what stands there.

use std::collections::HashMap;
use std::fmt;

use secrecy::SecretString;
use serde::Deserialize;
use serde::de::{Deserializer, Error as _};

use crate::faults::{Outcome, invalid};

/// The largest kubeconfig that is read, in bytes.
const LARGEST: usize = 1 << 20;

/// The most things (scalars, begins and ends of lists and maps) in one, those that aliases repeat included.
const MOST_EVENTS: usize = 100_000;

/// The most that aliases may repeat.
const MOST_REPEATED: usize = 10_000;

/// A kubeconfig.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Kubeconfig {
    #[serde(rename = "current-context")]
    pub(crate) current_context: Option<String>,
    #[serde(deserialize_with = "nullable")]
    pub(crate) contexts: Vec<NamedContext>,
    #[serde(deserialize_with = "nullable")]
    pub(crate) clusters: Vec<NamedCluster>,
    #[serde(deserialize_with = "nullable")]
    pub(crate) users: Vec<NamedUser>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct NamedContext {
    pub(crate) name: String,
    pub(crate) context: Option<Context>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Context {
    pub(crate) cluster: Option<String>,
    pub(crate) user: Option<String>,
    pub(crate) namespace: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct NamedCluster {
    pub(crate) name: String,
    pub(crate) cluster: Option<Cluster>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "kebab-case")]
pub(crate) struct Cluster {
    pub(crate) server: Option<String>,
    pub(crate) certificate_authority: Option<String>,
    pub(crate) certificate_authority_data: Option<String>,
    pub(crate) insecure_skip_tls_verify: Option<bool>,
    pub(crate) tls_server_name: Option<String>,
    /// It may carry a password.
    pub(crate) proxy_url: Option<SecretString>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct NamedUser {
    pub(crate) name: String,
    pub(crate) user: Option<User>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "kebab-case")]
pub(crate) struct User {
    pub(crate) token: Option<SecretString>,
    #[serde(rename = "tokenFile")]
    pub(crate) token_file: Option<String>,
    pub(crate) username: Option<String>,
    pub(crate) password: Option<SecretString>,
    pub(crate) client_certificate: Option<String>,
    pub(crate) client_certificate_data: Option<String>,
    pub(crate) client_key: Option<String>,
    pub(crate) client_key_data: Option<SecretString>,
    #[serde(rename = "as")]
    pub(crate) act_as: Option<String>,
    pub(crate) as_uid: Option<String>,
    pub(crate) as_groups: Option<Vec<String>>,
    pub(crate) as_user_extra: Option<HashMap<String, Vec<String>>>,
    pub(crate) auth_provider: Option<AuthProvider>,
    pub(crate) exec: Option<Exec>,
}

/// An old way to credentials, which is only refused.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct AuthProvider {
    pub(crate) name: String,
}

/// A command that prints credentials.
#[derive(Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Exec {
    #[serde(rename = "apiVersion")]
    pub(crate) api_version: Option<String>,
    pub(crate) command: String,
    #[serde(deserialize_with = "nullable")]
    pub(crate) args: Vec<String>,
    #[serde(deserialize_with = "nullable")]
    pub(crate) env: Vec<Variable>,
    #[serde(rename = "provideClusterInfo")]
    pub(crate) provide_cluster_info: Option<bool>,
}

#[derive(Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Variable {
    pub(crate) name: String,
    pub(crate) value: String,
}

impl fmt::Debug for Exec {
    /// Arguments and variables may be secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Exec({:?}, {} arguments)", self.command, self.args.len())
    }
}

impl fmt::Debug for Cluster {
    /// An address may have a password in it, and a path may be somebody's contents.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Cluster")
    }
}

impl fmt::Debug for User {
    /// As for [`Cluster`].
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("User")
    }
}

/// Takes `null` for nothing.
fn nullable<'de, D: Deserializer<'de>, T: Deserialize<'de> + Default>(
    deserializer: D,
) -> Result<T, D::Error> {
    Option::deserialize(deserializer).map(Option::unwrap_or_default).map_err(D::Error::custom)
}

/// Reads a kubeconfig.
///
/// # Errors
/// It is none, or too much of one; with the line, if that is known, and nothing of its text.
pub(crate) fn read(text: &str) -> Outcome<Kubeconfig> {
    if text.len() > LARGEST {
        return Err(invalid(format!(
            "the kubeconfig is larger than {} KiB; leave out what this account does not need",
            LARGEST >> 10
        )));
    }
    let options = serde_saphyr::options! {
        with_snippet: false,
        budget: serde_saphyr::budget! {
            max_events: MOST_EVENTS,
            max_total_scalar_bytes: 4 * LARGEST,
            max_documents: 1,
            max_depth: 32,
        },
        alias_limits: serde_saphyr::alias_limits! {
            max_total_replayed_events: MOST_REPEATED,
            max_replay_stack_depth: 8,
        },
    };
    serde_saphyr::from_str_with_options(text, options).map_err(|error| {
        let line = error.location().map(|at| format!(" in line {}", at.line())).unwrap_or_default();
        invalid(format!(
            "the kubeconfig cannot be read: it is no YAML of a kubeconfig, or far too much of one. The fault is found{}",
            if line.is_empty() { " at no single line".to_owned() } else { line }
        ))
    })
}

#[cfg(test)]
mod tests {
    use super::{LARGEST, read};

    #[test]
    fn unknown_fields_and_nulls_are_no_faults() {
        let text = "apiVersion: v1\nkind: Config\npreferences: {colors: true}\nclusters: null\ncontexts:\n- name: a\n  \
                    context: {cluster: c, user: u, extensions: [{name: x, extension: {y: 1}}]}\n  odd: 1\n";
        let read = read(text).unwrap();
        assert!(read.clusters.is_empty());
        assert_eq!(read.contexts[0].context.as_ref().unwrap().cluster.as_deref(), Some("c"));
        assert!(super::read(r#"{"current-context":"json"}"#).unwrap().current_context.is_some());
    }

    #[test]
    fn a_fault_tells_its_line_and_nothing_of_the_text() {
        for text in [
            "users:\n- name: u\n  user:\n    token: {hunter2: hunter2}\n",
            "a: b: hunter2",
            "\"hunter2",
        ] {
            let refusal = read(text).unwrap_err().text;
            assert!(!refusal.contains("hunter2"), "{refusal}");
            assert!(refusal.contains("in line"), "{refusal}");
        }
        for field in ["token", "tokenFile", "client-certificate", "client-key-data", "password"] {
            let user = read(&format!("users: [{{user: {{{field}: hunter2}}}}]")).unwrap();
            assert!(!format!("{user:?}").contains("hunter2"), "{field}");
        }
        let cluster = read("clusters: [{cluster: {server: 'https://me:hunter2@api'}}]").unwrap();
        assert!(!format!("{cluster:?}").contains("hunter2"));
    }

    #[test]
    fn giants_and_bombs_are_refused_before_they_grow() {
        assert!(read(&" ".repeat(LARGEST + 1)).unwrap_err().text.contains("larger than"));
        let mut bomb = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x]\n");
        for n in 1..12 {
            let before = format!("*a{}", n - 1);
            let line = [before.as_str(); 9].join(", ");
            bomb.push_str(&format!("a{n}: &a{n} [{line}]\n"));
        }
        bomb.push_str("contexts: *a11\n");
        assert!(read(&bomb).unwrap_err().text.contains("far too much"));
        let deep = format!("contexts: {}{}", "[".repeat(5_000), "]".repeat(5_000));
        assert!(read(&deep).is_err());
        let many = format!("contexts: [{}]", "{name: x},".repeat(60_000));
        assert!(read(&many).is_err());
        let loops = "contexts: &a [*a]";
        assert!(read(loops).is_err());
    }
}
