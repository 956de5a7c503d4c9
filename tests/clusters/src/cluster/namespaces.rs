//! Namespaces of a cluster: many at once, and gone when it is said that they are.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use futures::stream::{self, TryStreamExt as _};
use k8s_openapi::api::core::v1::Namespace;
use kube::api::{DeleteParams, ListParams, ObjectMeta, PostParams};
use kube::{Api, Client};

use super::Cluster;

/// So many are made at the same time.
const AT_ONCE: usize = 16;
/// How long one may take to go: its controller waits for five seconds before it looks again.
const GOING: Duration = Duration::from_secs(60);
/// Between two looks.
const LOOK: Duration = Duration::from_millis(50);

impl Cluster {
    /// Makes namespaces. One that is there already is left as it is.
    ///
    /// # Errors
    /// What the API server says.
    pub async fn create_namespaces<'n>(
        &self,
        names: impl IntoIterator<Item = &'n str>,
    ) -> Result<()> {
        let namespaces: &Api<Namespace> = &Api::all(self.client().await?);
        let names: Vec<&str> = names.into_iter().collect();
        stream::iter(names.into_iter().map(Ok))
            .try_for_each_concurrent(AT_ONCE, async |name| create(namespaces, name).await)
            .await
    }

    /// The names of all namespaces, in order: those that every cluster has among them.
    ///
    /// # Errors
    /// What the API server says.
    pub async fn namespaces(&self) -> Result<Vec<String>> {
        let namespaces: Api<Namespace> = Api::all(self.client().await?);
        let list = namespaces.list(&ListParams::default()).await?;
        let mut names: Vec<String> =
            list.items.into_iter().filter_map(|namespace| namespace.metadata.name).collect();
        names.sort();
        Ok(names)
    }

    /// Deletes namespaces and returns when they are gone.
    ///
    /// # Errors
    /// What the API server says, or that one of them does not go.
    pub async fn delete_namespaces<'n>(
        &self,
        names: impl IntoIterator<Item = &'n str>,
    ) -> Result<()> {
        let client = &self.client().await?;
        let names: Vec<&str> = names.into_iter().collect();
        stream::iter(names.into_iter().map(Ok))
            .try_for_each_concurrent(AT_ONCE, async |name| {
                self.delete(client, name).await.with_context(|| name.to_owned())
            })
            .await
    }

    async fn delete(&self, client: &Client, name: &str) -> Result<()> {
        let namespaces: Api<Namespace> = Api::all(client.clone());
        namespaces.delete(name, &DeleteParams::default()).await?;
        if !self.options.controllers {
            // Nobody looks whether it is empty, so that it would be about to go for ever.
            finalize(client, &namespaces, name).await?;
        }
        let begun = Instant::now();
        while namespaces.get_opt(name).await?.is_some() {
            ensure!(begun.elapsed() < GOING, "it is still there after {}s", GOING.as_secs());
            tokio::time::sleep(LOOK).await;
        }
        Ok(())
    }
}

async fn create(namespaces: &Api<Namespace>, name: &str) -> Result<()> {
    let metadata = ObjectMeta { name: Some(name.to_owned()), ..ObjectMeta::default() };
    let wanted = Namespace { metadata, ..Namespace::default() };
    match namespaces.create(&PostParams::default(), &wanted).await {
        Ok(_) => Ok(()),
        Err(kube::Error::Api(status)) if status.is_already_exists() => Ok(()),
        Err(error) => Err(error).with_context(|| format!("namespace {name}")),
    }
}

/// What the controller does when it finds a namespace empty.
async fn finalize(client: &Client, namespaces: &Api<Namespace>, name: &str) -> Result<()> {
    let Some(mut going) = namespaces.get_opt(name).await? else { return Ok(()) };
    if let Some(spec) = &mut going.spec {
        spec.finalizers = Some(Vec::new());
    }
    let path = format!("/api/v1/namespaces/{name}/finalize");
    let request = http::Request::put(path)
        .header("content-type", "application/json")
        .body(serde_json::to_vec(&going)?)?;
    client.request_text(request).await?;
    Ok(())
}
