//! The senders: one per open stream, from the outbox to the stream, in order, again after a crash.

use std::collections::HashMap;

use host_core::account::Failure;
use host_core::agent::OperationResult;
use host_core::definition::{Definition, OWN_SCHEME};
use host_core::error::StoreError;
use host_core::operation::{Delivery, Operation, OperationKind};
use host_core::port::link::{AgentEvents as _, Session};
use host_core::secret::Secret;
use tracing::{debug, warn};

use crate::bridge::{Bridge, Shared, later};
use crate::registry::Known;

/// Operations that are read, resolved and handed over together.
const TOGETHER: usize = 500;
/// How long a sender waits when the database does not answer.
const TROUBLE_MS: u64 = 1_000;

impl Bridge {
    /// Starts the sender of a stream. It ends with the stream's session.
    pub(crate) fn spawn_sender(&self, session: Session, known: Known) {
        let bridge = self.clone();
        self.shared.tasks.spawn(async move {
            loop {
                let next = match bridge.send(&session, &known).await {
                    Ok(Sent::Ended) => return,
                    Ok(Sent::All(next)) => next,
                    Err(error) => {
                        warn!(agent = %session.agent, "the outbox cannot be read: {error}");
                        Some(later(bridge.shared.ports.clock.now(), TROUBLE_MS))
                    }
                };
                let clock = &bridge.shared.ports.clock;
                let timer = async {
                    match next {
                        Some(at) => clock.sleep_until(at).await,
                        None => std::future::pending().await,
                    }
                };
                tokio::select! {
                    biased;
                    () = known.end.cancelled() => return,
                    () = known.wake.notified() => {}
                    () = timer => {}
                }
            }
        });
    }

    /// Hands over everything that may be sent now.
    async fn send(&self, session: &Session, known: &Known) -> Result<Sent, StoreError> {
        let shared = &self.shared;
        let (agent, instance) = (&session.agent, &session.instance);
        while !known.end.is_cancelled() {
            let now = shared.ports.clock.now();
            let outbox = &shared.ports.outbox;
            let operations = outbox
                .to_send(agent.clone(), instance.clone(), session.session.clone(), now, TOGETHER)
                .await?;
            if operations.is_empty() {
                let next = outbox.next_to_send(agent.clone(), instance.clone(), now).await?;
                return Ok(Sent::All(next));
            }
            debug!(%agent, operations = operations.len(), "sending");
            let ids: Vec<String> = operations.iter().map(|o| o.id.clone()).collect();
            let (deliveries, mut failed) = shared.resolve(operations.clone()).await?;
            let delivered = shared.ports.link.deliver(session, deliveries).await;
            if !delivered.open {
                return Ok(Sent::Ended);
            }
            outbox.sent(ids, session.session.clone(), shared.ports.clock.now()).await?;
            let left_out = delivered.undeliverable.into_iter().filter_map(|left| {
                let operation = operations.iter().find(|o| o.id == left.operation)?;
                Some(refused_here(operation, left.failure))
            });
            failed.extend(left_out);
            if !failed.is_empty() {
                self.results(session.clone(), failed).await;
            }
        }
        Ok(Sent::Ended)
    }
}

enum Sent {
    /// Nothing is left that may be sent; something else may be at this time.
    All(Option<u64>),
    /// The stream is gone.
    Ended,
}

impl Shared {
    /// Puts definitions to operations, secrets resolved. What cannot be resolved becomes an answer that says why, as if
    /// the agent had refused; nobody else's operation is held up by it.
    async fn resolve(
        &self,
        operations: Vec<Operation>,
    ) -> Result<(Vec<Delivery>, Vec<OperationResult>), StoreError> {
        let mut names: Vec<String> = operations
            .iter()
            .filter(|operation| operation.kind != OperationKind::Delete)
            .map(|operation| operation.account.clone())
            .collect();
        names.dedup();
        let rows =
            if names.is_empty() { Vec::new() } else { self.ports.rows.definitions(names).await? };
        let sealed = self.open(rows.iter().map(|row| &row.definition)).await?;
        let rows: HashMap<&str, _> = rows.iter().map(|row| (row.name.as_str(), row)).collect();
        let (mut deliveries, mut failed) = (Vec::new(), Vec::new());
        for mut operation in operations {
            if operation.kind == OperationKind::Delete {
                deliveries.push(Delivery { operation, definition: Secret::default() });
                continue;
            }
            // The row has gone on: whatever took its place has an operation of its own on its way.
            let Some(row) = rows.get(operation.account.as_str()) else { continue };
            operation.definition_revision = row.definition_revision;
            match self.definition(&row.definition, &sealed).await {
                Ok(definition) => deliveries.push(Delivery { operation, definition }),
                Err(text) => {
                    let failure = Failure { code: "internal".into(), text };
                    failed.push(refused_here(&operation, failure));
                }
            }
        }
        Ok((deliveries, failed))
    }

    /// The values behind this bridge's own references, all at once.
    async fn open(
        &self,
        definitions: impl Iterator<Item = &Definition>,
    ) -> Result<HashMap<String, Secret>, StoreError> {
        let mut references: Vec<String> = definitions
            .flat_map(Definition::references)
            .filter(|text| text.starts_with(OWN_SCHEME))
            .map(str::to_owned)
            .collect();
        references.sort_unstable();
        references.dedup();
        let mut opened = HashMap::new();
        for part in references.chunks(host_core::BATCH_MAX) {
            let values = self.ports.vault.open(part.to_vec()).await?;
            let found = part.iter().cloned().zip(values);
            opened.extend(found.filter_map(|(reference, value)| Some((reference, value?))));
        }
        Ok(opened)
    }

    /// One definition for an agent. A sealed value may itself be written in Clouddriver's notation (its `noop` engine
    /// carries values in clear, which is why it was sealed), so it is resolved once more.
    async fn definition(
        &self,
        definition: &Definition,
        sealed: &HashMap<String, Secret>,
    ) -> Result<Secret, String> {
        let mut values: HashMap<String, Secret> = HashMap::new();
        for reference in definition.references() {
            let value = match sealed.get(reference) {
                Some(value) if is_clouddrivers(value.expose()) => {
                    self.ports.engines.resolve(value.expose()).await?
                }
                Some(value) => value.clone(),
                None if reference.starts_with(OWN_SCHEME) => {
                    return Err(format!("the secret behind {reference} is gone; set it again"));
                }
                None => self.ports.engines.resolve(reference).await?,
            };
            values.insert(reference.to_owned(), value);
        }
        let definition = definition.with_file_as_contents(|text| sealed.get(text));
        definition.resolved(|reference| {
            values.get(reference).cloned().ok_or_else(|| format!("{reference} was not resolved"))
        })
    }
}

fn is_clouddrivers(text: &str) -> bool {
    ["encrypted:", "encryptedFile:", "secret://"].iter().any(|scheme| text.starts_with(scheme))
}

/// The answer to an operation that the agent never saw.
fn refused_here(operation: &Operation, failure: Failure) -> OperationResult {
    OperationResult {
        operation: operation.id.clone(),
        account: operation.account.clone(),
        generation: operation.generation,
        failure: Some(failure),
        held: None,
        undelivered: true,
        identity: None,
        namespaces: None,
        took_ms: 0,
    }
}
