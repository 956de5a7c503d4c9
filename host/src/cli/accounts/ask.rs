//! The requests of `swingbridge accounts`: each is one call that waits for its outcome.

use std::process::ExitCode;

use anyhow::Result;
use reqwest::Method;
use serde_json::{Map, Value as Json, json};

use super::super::client::Client;
use super::super::definition::{self, DefinitionArguments};
use super::super::operations;
use super::{CreateArguments, Names, Overrides, Way};

pub(super) async fn migrate(names: Names, overrides: Overrides, way: Way) -> Result<ExitCode> {
    ask(Method::POST, &["armory", "accounts"], &[], &items(names, &overrides, None), way).await
}

pub(super) async fn activate(names: Names, overrides: Overrides, way: Way) -> Result<ExitCode> {
    ask(Method::PATCH, &["armory", "accounts"], &[], &items(names, &overrides, Some("ACTIVE")), way)
        .await
}

pub(super) async fn deactivate(names: Names, way: Way) -> Result<ExitCode> {
    let body = items(names, &Overrides { zone: None, kubeconfig_file: None }, Some("INACTIVE"));
    ask(Method::PATCH, &["armory", "accounts"], &[], &body, way).await
}

pub(super) async fn create(arguments: CreateArguments) -> Result<ExitCode> {
    let CreateArguments { name, file, definition, way } = arguments;
    let body = match (name, file) {
        (Some(name), _) => definition.object(&name)?,
        (None, Some(file)) => definition::from_file(&file)?,
        (None, None) => Json::Array(Vec::new()),
    };
    ask(Method::POST, &["armory", "accounts", "dynamic"], &[], &body, way).await
}

pub(super) async fn update(
    name: &str,
    definition: DefinitionArguments,
    upsert: bool,
    way: Way,
) -> Result<ExitCode> {
    let query: &[(&str, &str)] = if upsert { &[("upsert", "true")] } else { &[] };
    ask(Method::PUT, &["armory", "accounts", "dynamic"], query, &definition.object(name)?, way)
        .await
}

pub(super) async fn rebind(
    name: &str,
    fingerprint: Option<&str>,
    agent: Option<&str>,
    way: Way,
) -> Result<ExitCode> {
    let said = [("fingerprint", fingerprint), ("agent", agent)];
    let query: Vec<(&str, &str)> =
        said.into_iter().filter_map(|(key, value)| Some((key, value?))).collect();
    ask(Method::POST, &["armory", "accounts", name, "rebind"], &query, &Json::Null, way).await
}

pub(super) async fn delete(names: Names, way: Way) -> Result<ExitCode> {
    ask(Method::DELETE, &["armory", "accounts"], &[], &names.names.into(), way).await
}

async fn ask(
    method: Method,
    path: &[&str],
    query: &[(&str, &str)],
    body: &Json,
    way: Way,
) -> Result<ExitCode> {
    let client = Client::new(way.client)?;
    let answer = client.send(client.waiting(method, path, query, way.wait).json(body)).await?;
    operations::show(&client, &answer, !way.wait.is_zero())
}

/// One item per name, with the same overrides.
fn items(names: Names, overrides: &Overrides, state: Option<&str>) -> Json {
    names
        .names
        .into_iter()
        .map(|name| {
            let mut item = Map::from_iter([("name".to_owned(), json!(name))]);
            for (attribute, value) in [
                ("state", state),
                ("zoneId", overrides.zone.as_deref()),
                ("kubeconfigFile", overrides.kubeconfig_file.as_deref()),
            ] {
                if let Some(value) = value {
                    item.insert(attribute.to_owned(), json!(value));
                }
            }
            Json::Object(item)
        })
        .collect()
}
