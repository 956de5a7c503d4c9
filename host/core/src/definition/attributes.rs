//! The attributes that are known, and their types.

use serde_json::Value;

use super::BadDefinition;

/// An inline kubeconfig, or a reference to one.
pub const CONTENTS: &str = "kubeconfigContents";
/// The path of a kubeconfig where the agent runs, or a reference.
pub const FILE: &str = "kubeconfigFile";
/// The agent's own service account.
pub const SERVICE_ACCOUNT: &str = "serviceAccount";

/// What a body may carry beside the definition's attributes: the row has these.
pub(super) const NOT_OF_THE_DEFINITION: [&str; 5] = ["name", "zoneId", "state", "type", "@type"];

enum Type {
    Text,
    Flag,
    Number,
    Texts,
    Objects,
    Roles,
    Object,
}

/// Every known attribute. Clouddriver's own fields are in it, since it writes all of them with their defaults.
const KNOWN: [(&str, Type); 35] = [
    (CONTENTS, Type::Text),
    (FILE, Type::Text),
    ("kubeconfigAgent", Type::Text),
    (SERVICE_ACCOUNT, Type::Flag),
    ("context", Type::Text),
    ("insecure", Type::Flag),
    ("oauthScopes", Type::Texts),
    ("oauthServiceAccount", Type::Text),
    ("namespaces", Type::Texts),
    ("omitNamespaces", Type::Texts),
    ("onlyNamespacedResources", Type::Flag),
    ("customResourceDefinitions", Type::Objects),
    ("customResources", Type::Objects),
    ("kinds", Type::Texts),
    ("omitKinds", Type::Texts),
    ("metrics", Type::Flag),
    ("permissions", Type::Roles),
    ("requiredGroupMembership", Type::Texts),
    ("maxResumableResourceAgeMs", Type::Number),
    ("onlySpinnakerManaged", Type::Flag),
    ("noProxy", Type::Text),
    ("environment", Type::Text),
    ("accountType", Type::Text),
    ("cacheThreads", Type::Number),
    ("cacheIntervalSeconds", Type::Number),
    ("cacheAllApplicationRelationships", Type::Flag),
    ("cachingPolicies", Type::Objects),
    ("checkPermissionsOnStartup", Type::Flag),
    ("debug", Type::Flag),
    ("namingStrategy", Type::Text),
    ("kubectlExecutable", Type::Text),
    ("kubectlRequestTimeoutSeconds", Type::Number),
    ("rawResourcesEndpointConfig", Type::Object),
    ("labels", Type::Object),
    ("proxy", Type::Text),
];

/// The one spelling of an attribute: field names are read without regard to case where the original is inconsistent.
pub(super) fn spelling(key: &str) -> String {
    let folded = key.to_ascii_lowercase();
    let fixed = ["name", "zoneId", "state", "type"];
    KNOWN
        .iter()
        .map(|(known, _)| *known)
        .chain(fixed)
        .find(|known| known.to_ascii_lowercase() == folded)
        .map_or_else(|| key.to_owned(), str::to_owned)
}

/// Checks the type of one attribute; `null` is no value and allowed everywhere.
pub(super) fn check(key: &str, value: &Value) -> Result<(), BadDefinition> {
    let Some((_, kind)) = KNOWN.iter().find(|(known, _)| *known == key) else {
        return Ok(());
    };
    if value.is_null() {
        return Ok(());
    }
    let wrong = |expected| Err(BadDefinition::WrongType { key: key.to_owned(), expected });
    match kind {
        Type::Text if !value.is_string() => wrong("a string"),
        Type::Flag if !value.is_boolean() => wrong("true or false"),
        Type::Number if !value.is_u64() => wrong("a whole number, 0 or more"),
        Type::Texts if !is_list(value, Value::is_string) => wrong("a list of strings"),
        Type::Objects if !is_list(value, Value::is_object) => wrong("a list of objects"),
        Type::Object if !value.is_object() => wrong("an object"),
        Type::Roles => check_roles(value),
        Type::Text | Type::Flag | Type::Number | Type::Texts | Type::Objects | Type::Object => {
            Ok(())
        }
    }
}

fn is_list(value: &Value, of: impl Fn(&Value) -> bool) -> bool {
    value.as_array().is_some_and(|list| list.iter().all(of))
}

/// Permissions fail closed (`spec/lifecycle.md`, rule 9): a role that would be dropped silently is an error.
fn check_roles(value: &Value) -> Result<(), BadDefinition> {
    const EXPECTED: &str = "an object of READ, WRITE, EXECUTE and CREATE, each a list of roles";
    let wrong = || BadDefinition::WrongType { key: "permissions".into(), expected: EXPECTED };
    for (right, roles) in value.as_object().ok_or_else(wrong)? {
        if !["READ", "WRITE", "EXECUTE", "CREATE"].contains(&right.as_str()) {
            return Err(wrong());
        }
        for role in roles.as_array().ok_or_else(wrong)? {
            let role = role.as_str().ok_or_else(wrong)?;
            if role.is_empty() || role.trim() != role {
                return Err(BadDefinition::BlankRole { key: right.clone() });
            }
        }
    }
    Ok(())
}
