//! The attributes of an account as a person gives them: flags for the usual ones, `--set` for any, a file for many.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use clap::Args;
use serde_json::{Map, Value as Json};

/// What an account is to be.
#[derive(Debug, Clone, Args)]
pub(crate) struct DefinitionArguments {
    /// The zone whose agents may hold it
    #[arg(long)]
    zone: Option<String>,
    /// A kubeconfig on this machine; its contents are sent, and kept sealed
    #[arg(long, value_name = "FILE")]
    kubeconfig: Option<PathBuf>,
    /// A kubeconfig where the agents are; only the path is sent
    #[arg(long, value_name = "PATH")]
    kubeconfig_file: Option<String>,
    /// Use the service account of the agent's pod
    #[arg(long)]
    service_account: bool,
    /// The context of the kubeconfig to use
    #[arg(long)]
    context: Option<String>,
    /// Only this namespace; may be given several times
    #[arg(long = "namespace", value_name = "NAMESPACE")]
    namespaces: Vec<String>,
    /// Any attribute: its value is JSON, or a text; may be given several times
    #[arg(long = "set", value_name = "ATTRIBUTE=VALUE")]
    set: Vec<String>,
}

impl DefinitionArguments {
    /// The account as the API takes it.
    ///
    /// # Errors
    /// A kubeconfig that cannot be read, or a `--set` that is none.
    pub(crate) fn object(self, name: &str) -> Result<Json> {
        let mut object = Map::from_iter([("name".to_owned(), Json::from(name))]);
        let mut put = |attribute: &str, value: Option<Json>| {
            if let Some(value) = value {
                object.insert(attribute.to_owned(), value);
            }
        };
        put("zoneId", self.zone.map(Json::from));
        if let Some(file) = self.kubeconfig {
            let contents = std::fs::read_to_string(&file)
                .with_context(|| format!("{} cannot be read", file.display()))?;
            put("kubeconfigContents", Some(contents.into()));
        }
        put("kubeconfigFile", self.kubeconfig_file.map(Json::from));
        put("serviceAccount", self.service_account.then_some(Json::Bool(true)));
        put("context", self.context.map(Json::from));
        put("namespaces", (!self.namespaces.is_empty()).then(|| self.namespaces.into()));
        for pair in &self.set {
            let Some((attribute, value)) =
                pair.split_once('=').filter(|(attribute, _)| !attribute.is_empty())
            else {
                bail!("--set {pair} is no ATTRIBUTE=VALUE");
            };
            put(attribute, Some(serde_json::from_str(value).unwrap_or_else(|_| value.into())));
        }
        Ok(Json::Object(object))
    }
}

/// The accounts of a file: YAML or JSON, a list of objects or one.
///
/// # Errors
/// A file that cannot be read, or holds something else.
pub(crate) fn from_file(file: &Path) -> Result<Json> {
    let text = std::fs::read_to_string(file)
        .with_context(|| format!("{} cannot be read", file.display()))?;
    let options = serde_saphyr::options! { with_snippet: false };
    let accounts: Json = serde_saphyr::from_str_with_options(&text, options)
        .map_err(|error| anyhow::anyhow!("{} is neither YAML nor JSON: {error}", file.display()))?;
    match accounts {
        list @ Json::Array(_) => Ok(list),
        one @ Json::Object(_) => Ok(Json::Array(vec![one])),
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) => {
            bail!(
                "{} holds no accounts: a list of objects is wanted, each with a name",
                file.display()
            )
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;
    use serde_json::json;

    use super::*;

    #[derive(Debug, Parser)]
    struct Typed {
        #[command(flatten)]
        definition: DefinitionArguments,
    }

    fn object(typed: &[&str]) -> Result<Json> {
        let typed = [&["create"], typed].concat();
        Typed::try_parse_from(typed).expect("flags").definition.object("eu-1")
    }

    #[test]
    fn flags_become_the_attributes_of_the_api() {
        let typed = [
            "--zone",
            "eu",
            "--kubeconfig-file",
            "/k",
            "--namespace",
            "a",
            "--namespace",
            "b",
            "--set",
            "permissions={\"READ\":[\"ops\"]}",
            "--set",
            "noProxy=localhost",
        ];
        assert_eq!(
            object(&typed).expect("right"),
            json!({
                "name": "eu-1", "zoneId": "eu", "kubeconfigFile": "/k", "namespaces": ["a", "b"],
                "permissions": { "READ": ["ops"] }, "noProxy": "localhost",
            })
        );
    }

    #[test]
    fn a_set_without_a_value_says_so() {
        assert!(
            object(&["--set", "metrics"])
                .expect_err("no value")
                .to_string()
                .contains("ATTRIBUTE=VALUE")
        );
    }
}
