//! Batches: names in order, in pieces that one call can take.

use std::collections::{BTreeSet, VecDeque};

use host_core::BATCH_MAX;
use host_core::error::StoreError;

use crate::bridge::Shared;

/// Every account that an agent's coming or going may concern, in batches, each name once: rows of its zone or of none,
/// names that something is known about with it, and those that it has just named.
#[derive(Debug)]
pub(crate) struct Concerning {
    agent: String,
    zone: String,
    named: BTreeSet<String>,
    after: Option<String>,
    ready: VecDeque<Vec<String>>,
}

impl Concerning {
    pub(crate) fn new(agent: &str, zone: &str, named: BTreeSet<String>) -> Self {
        let (agent, zone) = (agent.to_owned(), zone.to_owned());
        Self { agent, zone, named, after: Some(String::new()), ready: VecDeque::new() }
    }

    /// The next batch; nothing when all have been given.
    ///
    /// # Errors
    /// [`StoreError`] of the page that could not be read.
    pub(crate) async fn next(
        &mut self,
        shared: &Shared,
    ) -> Result<Option<Vec<String>>, StoreError> {
        while self.ready.is_empty() {
            let Some(after) = self.after.take() else { return Ok(None) };
            let (agent, zone) = (self.agent.clone(), self.zone.clone());
            let page = shared.ports.rows.names_concerning(agent, zone, after, BATCH_MAX).await?;
            self.after = page.last().cloned();
            let mut batch = match &self.after {
                Some(last) => {
                    let mut later = self.named.split_off(last);
                    later.remove(last);
                    std::mem::replace(&mut self.named, later)
                }
                None => std::mem::take(&mut self.named),
            };
            batch.extend(page);
            let names: Vec<String> = batch.into_iter().collect();
            self.ready.extend(names.chunks(BATCH_MAX).map(<[String]>::to_vec));
        }
        Ok(self.ready.pop_front())
    }
}
