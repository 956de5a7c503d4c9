//! What the attributes of Clouddriver's Kubernetes accounts say about reaching a cluster. Attributes that say nothing
//! about it are not looked at, and neither is one that nobody knows.

use std::collections::HashSet;

use host_agent::Definition;
use serde_json::{Map, Value};
use zeroize::Zeroizing;

use crate::faults::{Outcome, invalid};

/// A definition, as far as it matters here.
#[derive(Debug)]
pub(crate) struct Written {
    /// Where the connection is described.
    pub(crate) source: Source,
    /// `context`: which context of the kubeconfig, if not its current one.
    pub(crate) context: Option<String>,
    /// What is to be told of its namespaces.
    pub(crate) wanted: Wanted,
}

/// Where the connection is described. As for Clouddriver, the first that is given counts.
pub(crate) enum Source {
    /// `serviceAccount: true`: it is the cluster of the agent's own pod.
    Pod,
    /// `kubeconfigFile`.
    File(String),
    /// `kubeconfigContents`.
    Contents(Zeroizing<String>),
}

impl std::fmt::Debug for Source {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Pod => f.write_str("Pod"),
            Self::File(file) => write!(f, "File({file:?})"),
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
    let declared = texts(&map, "namespaces")?;
    let omitted: HashSet<String> = texts(&map, "omitNamespaces")?.into_iter().collect();
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
        source: source(&mut map)?,
    })
}

fn source(map: &mut Map<String, Value>) -> Outcome<Source> {
    let contents = text(map, "kubeconfigContents")?.map(Zeroizing::new);
    if flag(map, "serviceAccount")?.unwrap_or(false) {
        return Ok(Source::Pod);
    }
    if let Some(file) = text(map, "kubeconfigFile")? {
        return Ok(Source::File(file));
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
mod tests {
    use host_agent::{Code, Definition};

    use super::{Source, read};

    fn fault(json: &str) -> String {
        let refusal = read(&Definition::new(json)).unwrap_err();
        assert_eq!(refusal.code, Code::InvalidKubeconfig);
        refusal.text
    }

    #[test]
    fn the_first_way_that_is_given_counts_as_for_clouddriver() {
        let source = |json: &str| read(&Definition::new(json)).unwrap().source;
        let all = r#"{"serviceAccount":true,"kubeconfigFile":"/k","kubeconfigContents":"c"}"#;
        assert!(matches!(source(all), Source::Pod));
        let two = r#"{"serviceAccount":false,"kubeconfigFile":"/k","kubeconfigContents":"c"}"#;
        assert!(matches!(source(two), Source::File(file) if file == "/k"));
        let one = r#"{"kubeconfigFile":"","kubeconfigContents":"c","liveManifestCalls":true}"#;
        assert!(matches!(source(one), Source::Contents(contents) if *contents == "c"));
        assert!(fault("{}").contains("give kubeconfigContents"));
    }

    #[test]
    fn a_fault_names_its_attribute_and_shows_no_value() {
        assert!(fault("[]").contains("no JSON object"));
        let text = fault(r#"{"kubeconfigContents":{"token":"hunter2"}}"#);
        assert!(text.contains("kubeconfigContents") && !text.contains("hunter2"), "{text}");
        assert!(fault(r#"{"kubeconfigContents":"c","namespaces":"a"}"#).contains("namespaces"));
        assert!(fault(r#"{"kubeconfigContents":"c","serviceAccount":"yes"}"#).contains("neither"));
        let both = r#"{"kubeconfigContents":"c","namespaces":["a"],"omitNamespaces":["b"]}"#;
        assert!(fault(both).contains("keep one"));
    }

    #[test]
    fn permissions_are_checked_unless_the_definition_says_no() {
        let must_see = |json: &str| read(&Definition::new(json)).unwrap().wanted.must_see;
        assert!(must_see(r#"{"kubeconfigContents":"c"}"#));
        assert!(!must_see(r#"{"kubeconfigContents":"c","checkPermissionsOnStartup":false}"#));
    }

    #[test]
    fn what_may_be_secret_does_not_print() {
        let written = read(&Definition::new(r#"{"kubeconfigContents":"hunter2"}"#)).unwrap();
        assert!(!format!("{written:?}").contains("hunter2"));
    }
}
