//! What the attributes of Clouddriver's Kubernetes accounts say about reaching a cluster. Attributes that say nothing
//! about it are not looked at, and neither is one that nobody knows.

use std::collections::HashSet;

use host_agent::Definition;
use serde_json::{Map, Value};
use zeroize::Zeroizing;

use crate::exceptions::{Direct, Exceptions};
use crate::faults::{Outcome, invalid};
use crate::files::{self, Named};
use crate::namespaces::possible;

/// A definition, as far as it matters here.
#[derive(Debug)]
pub(crate) struct Written {
    /// Where the connection is described.
    pub(crate) source: Source,
    /// `context`: which context of the kubeconfig, if not its current one.
    pub(crate) context: Option<String>,
    /// What is to be told of its namespaces.
    pub(crate) wanted: Wanted,
    /// What counts before the kubeconfig.
    pub(crate) exceptions: Exceptions,
}

/// Where the connection is described. The first that is given counts: `kubeconfigAgent`, which is for agents alone, and
/// then as for Clouddriver.
pub(crate) enum Source {
    /// `serviceAccount: true`: it is the cluster of the agent's own pod.
    Pod,
    /// `kubeconfigFile`, or a path in `kubeconfigAgent`.
    File(Named),
    /// `kubeconfigContents`, or contents in `kubeconfigAgent`.
    Contents(Zeroizing<String>),
}

impl std::fmt::Debug for Source {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Pod => f.write_str("Pod"),
            Self::File(file) => file.fmt(f),
            Self::Contents(contents) => write!(f, "Contents({} bytes)", contents.len()),
        }
    }
}

/// What is to be told of an account's namespaces.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Wanted {
    /// `namespaces`: these and no other. Empty: those that the cluster lists.
    pub(crate) declared: Vec<String>,
    /// `omitNamespaces`: not these.
    pub(crate) omitted: HashSet<String>,
    /// `checkPermissionsOnStartup`, which is true if it is left out: an account that may see nothing at all is refused.
    pub(crate) must_see: bool,
}

/// Reads a definition.
///
/// # Errors
/// Which attribute cannot be used, and what would be right.
pub(crate) fn read(definition: &Definition) -> Outcome<Written> {
    let Ok(Value::Object(mut map)) = serde_json::from_slice(definition.expose()) else {
        return Err(invalid("the definition is no JSON object; write the account anew"));
    };
    let declared = names(&map, "namespaces")?;
    let omitted: HashSet<String> = names(&map, "omitNamespaces")?.into_iter().collect();
    if !declared.is_empty() && !omitted.is_empty() {
        return Err(invalid("the definition has namespaces and omitNamespaces; keep one of them"));
    }
    Ok(Written {
        context: text(&mut map, "context")?,
        wanted: Wanted {
            declared,
            omitted,
            must_see: flag(&map, "checkPermissionsOnStartup")?.unwrap_or(true),
        },
        exceptions: Exceptions {
            insecure: flag(&map, "insecure")?.unwrap_or(false),
            direct: Direct::read(&map)?,
        },
        source: source(&mut map)?,
    })
}

fn source(map: &mut Map<String, Value>) -> Outcome<Source> {
    let contents = text(map, "kubeconfigContents")?.map(Zeroizing::new);
    match text(map, "kubeconfigAgent")?.map(Zeroizing::new) {
        Some(own) if files::is_contents(&own) => return Ok(Source::Contents(own)),
        Some(own) => return Named::read("kubeconfigAgent", own.as_str()).map(Source::File),
        None => {}
    }
    if flag(map, "serviceAccount")?.unwrap_or(false) {
        return Ok(Source::Pod);
    }
    if let Some(file) = text(map, "kubeconfigFile")? {
        return Named::read("kubeconfigFile", file).map(Source::File);
    }
    contents.map(Source::Contents).ok_or_else(|| {
        invalid(
            "the definition says of no cluster how to reach it; give kubeconfigContents, kubeconfigFile or \
             serviceAccount: true",
        )
    })
}

/// A text that is not blank.
fn text(map: &mut Map<String, Value>, key: &str) -> Outcome<Option<String>> {
    match map.remove(key) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) if text.trim().is_empty() => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err(invalid(format!("{key} of the definition is no text"))),
    }
}

fn flag(map: &Map<String, Value>, key: &str) -> Outcome<Option<bool>> {
    match map.get(key) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Bool(flag)) => Ok(Some(*flag)),
        Some(Value::String(text)) if text == "true" => Ok(Some(true)),
        Some(Value::String(text)) if text == "false" => Ok(Some(false)),
        Some(_) => Err(invalid(format!("{key} of the definition is neither true nor false"))),
    }
}

/// Names of namespaces. One that cannot be is refused here: told on, the bridge would take nothing more of this agent.
fn names(map: &Map<String, Value>, key: &str) -> Outcome<Vec<String>> {
    let names = texts(map, key)?;
    match names.iter().position(|name| !possible(name)) {
        None => Ok(names),
        Some(at) => Err(invalid(format!(
            "entry {} of {key} of the definition cannot be the name of a namespace: 1 to 63 small letters, digits and `-`; see \
             whether there is a blank around it",
            at + 1
        ))),
    }
}

fn texts(map: &Map<String, Value>, key: &str) -> Outcome<Vec<String>> {
    let wrong = || invalid(format!("{key} of the definition is no list of names"));
    match map.get(key) {
        None | Some(Value::Null) => Ok(Vec::new()),
        Some(Value::Array(list)) => {
            list.iter().map(|entry| entry.as_str().map(str::to_owned).ok_or_else(wrong)).collect()
        }
        Some(_) => Err(wrong()),
    }
}

#[cfg(test)]
mod tests;
