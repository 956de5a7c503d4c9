//! Requests: taken in, split into batches, answered item by item.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use async_trait::async_trait;
use host_core::BATCH_MAX;
use host_core::clock::Millis;
use host_core::definition::{Definition, OWN_SCHEME};
use host_core::error::StoreError;
use host_core::event::{Action, Event, Item, Refused, Request};
use host_core::once::Once;
use host_core::port::idempotency::KeyUse;
use host_core::port::replicas::{Replica, Ring};
use host_core::request::{ItemOutcome, RequestItem, RequestRow};
use host_core::unit::assemble::KeptDefinition;
use host_core::unit::{Fences, ItemWrite};
use tracing::{info, warn};

use crate::bridge::{Bridge, Shared, later};
use crate::counts::Counter;
use crate::intake::{AskError, Asked, AskedItem, Handle, Intake, Readiness};
use crate::lessons::Taught;
use crate::presence::LOOK_MS;
use crate::units::{Ended, Work};
use crate::world::{handle, keep};

/// Where a definition came from that a request brought.
const SOURCE: &str = "api";

/// How long a request that was cut short waits for the database.
const TROUBLE_MS: u64 = 1_000;

impl Bridge {
    async fn take(&self, asked: Asked) -> Result<Handle, AskError> {
        let id = self.shared.ports.ids.next();
        let items = asked.groups.iter().flat_map(|(_, items)| items);
        let names: Vec<String> = items.map(|item| item.name.clone()).collect();
        // Of a request that somebody else is beginning nothing is ended here.
        let mut ours = true;
        let taken = self.begin(id.clone(), asked, &mut ours).await;
        match &taken {
            Err(_) if !ours => {}
            Err(AskError::Interrupted { request, reason }) => {
                self.cut_short(request.clone(), names, reason.clone());
            }
            Err(AskError::Unavailable(reason)) => self.cut_short(id, names, reason.clone()),
            Ok(_) | Err(_) => {}
        }
        taken
    }

    async fn begin(&self, id: String, asked: Asked, ours: &mut bool) -> Result<Handle, AskError> {
        let shared = &self.shared;
        let row = RequestRow {
            id,
            action: asked.groups.first().map_or(Action::Activate, |(action, _)| *action),
            who: asked.who.clone(),
            created_at: shared.ports.clock.now(),
            total: asked.total() as u64,
            replica: shared.tuning.replica.clone(),
        };
        let decided = asked.refused.iter().map(|(name, refused)| ItemWrite {
            request: row.id.clone(),
            name: name.clone(),
            outcome: ItemOutcome::Refused(refused.clone()),
            state: None,
        });
        let decided: Vec<ItemWrite> = decided.collect();
        let refused = decided.len() as u64;
        let begun = match asked.once.clone() {
            None => shared.ports.records.begin_request(row.clone(), decided).await,
            Some(once) => {
                let keys = &shared.ports.idempotency;
                match keys.begin_once(once, row.clone(), decided).await.map_err(unavailable)? {
                    KeyUse::New => Ok(()),
                    KeyUse::Same(id) => {
                        *ours = false;
                        return self.again(id, asked, ours).await;
                    }
                    KeyUse::Other => return Err(AskError::OtherUse),
                }
            }
        };
        begun.map_err(unavailable)?;
        let accounts = row.total;
        info!(request = %row.id, action = row.action.as_str(), accounts, who = %row.who, "request");
        shared.counts.add(Counter::Requests, &[row.action.as_str()], 1);
        shared.counts.add(Counter::Items, &["refused"], refused);
        self.begin_items(&row, asked.groups).await?;
        self.handle(row).await
    }

    /// A request was cut short by trouble of the host. Items that no unit has come to end here, as soon as the database
    /// answers, so that nobody waits for them for ever. A unit of whose commit nothing was heard either has written its
    /// items by then, which stay, or is refused by those that stand here.
    fn cut_short(&self, id: String, names: Vec<String>, reason: String) {
        let shared = Arc::clone(&self.shared);
        self.shared.tasks.spawn(async move {
            while let Err(error) = shared.end_rest(&id, &names, &reason).await {
                warn!(request = %id, "its items cannot be ended yet: {error}");
                let next = later(shared.ports.clock.now(), TROUBLE_MS);
                tokio::select! {
                    biased;
                    // The next start of this replica ends them, or whoever finds that there is none.
                    () = shared.stop.cancelled() => return,
                    () = shared.ports.clock.sleep_until(next) => {}
                }
            }
        });
    }

    async fn begin_items(
        &self,
        row: &RequestRow,
        groups: Vec<(Action, Vec<AskedItem>)>,
    ) -> Result<(), AskError> {
        for (action, items) in groups {
            for batch in items.chunks(BATCH_MAX) {
                let batch = self.without_foreign_secrets(&row.id, batch).await?;
                self.batch(&row.id, action, &row.who, &batch).await?;
            }
        }
        Ok(())
    }

    /// A request that was begun before, as it stands. If it was cut short, because its bridge stopped before it had begun
    /// all of its items, the others are begun now: whoever repeats it gets all of what was asked, and nothing twice.
    async fn again(&self, id: String, asked: Asked, ours: &mut bool) -> Result<Handle, AskError> {
        let mut row = self.begun_before(&id).await?;
        let total = asked.total() as u64;
        if row.total >= total {
            return self.handle(row).await;
        }
        let keys = &self.shared.ports.idempotency;
        let me = self.shared.tuning.replica.clone();
        let taken = keys.take_up(id.clone(), me, row.total, total).await.map_err(unavailable)?;
        row.total = total;
        if taken {
            *ours = true;
            info!(request = %id, "a request that was cut short is taken up");
            let there = self.handle(row.clone()).await?.items;
            let there: HashSet<&str> = there.iter().map(|item| item.name.as_str()).collect();
            let left = |items: Vec<AskedItem>| {
                items.into_iter().filter(|item| !there.contains(item.name.as_str())).collect()
            };
            let groups = asked.groups.into_iter().map(|(action, items)| (action, left(items)));
            self.begin_items(&row, groups.collect()).await?;
        }
        self.handle(row).await
    }

    async fn begun_before(&self, id: &str) -> Result<RequestRow, AskError> {
        let row = self.shared.ports.records.request(id.to_owned()).await.map_err(unavailable)?;
        row.ok_or_else(|| {
            AskError::Unavailable(format!("the request {id} is gone, and its key is not yet"))
        })
    }

    async fn handle(&self, request: RequestRow) -> Result<Handle, AskError> {
        let items = self.shared.ports.records.items(request.id.clone()).await;
        let items = items.map_err(|error| interrupted(&request.id, &error))?;
        Ok(Handle { request, items })
    }

    /// Leaves out items whose definition refers to a secret of this bridge that is not the account's own: whoever could
    /// read a reference could else have an agent given what it stands for.
    async fn without_foreign_secrets(
        &self,
        id: &str,
        items: &[AskedItem],
    ) -> Result<Vec<AskedItem>, AskError> {
        let refers = |item: &&AskedItem| !own_references(item.definition.as_ref()).is_empty();
        let names: Vec<String> =
            items.iter().filter(refers).map(|item| item.name.clone()).collect();
        if names.is_empty() {
            return Ok(items.to_vec());
        }
        let rows = self.shared.ports.rows.definitions(names).await;
        let rows = rows.map_err(|error| interrupted(id, &error))?;
        let is_foreign = |item: &AskedItem| {
            let row = rows.iter().find(|row| row.name == item.name).map(|row| &row.definition);
            let held = own_references(row);
            own_references(item.definition.as_ref()).iter().any(|text| !held.contains(text))
        };
        let (foreign, kept): (Vec<_>, Vec<_>) = items.iter().cloned().partition(is_foreign);
        let refused = foreign.into_iter().map(|item| ItemWrite {
            request: id.to_owned(),
            name: item.name,
            outcome: ItemOutcome::Refused(Refused {
                code: "definition".into(),
                reason: format!("a reference that begins with {OWN_SCHEME} is another account's; give the value, or a reference of your own"),
                possible: Vec::new(),
            }),
            state: None,
        });
        let written = self.shared.ports.records.put_items(refused.collect()).await;
        written.map_err(|error| interrupted(id, &error))?;
        Ok(kept)
    }

    async fn batch(
        &self,
        id: &str,
        action: Action,
        who: &str,
        items: &[AskedItem],
    ) -> Result<(), AskError> {
        let shared = &self.shared;
        let mut definitions: HashMap<String, KeptDefinition> = HashMap::new();
        let items = items.iter().map(|item| {
            let definition = item.definition.clone().map(|definition| {
                let kept = keep(&*shared.ports.vault, &item.name, definition, SOURCE);
                let handle = handle(&kept.definition);
                definitions.insert(handle.id.clone(), kept);
                handle
            });
            Item {
                name: item.name.clone(),
                zone: item.zone.clone(),
                definition,
                attributes: item.attributes.clone(),
            }
        });
        let items = items.collect();
        let request = Request { id: id.to_owned(), action, who: who.to_owned(), items };
        let work = Work {
            event: Event::Handle(request),
            taught: Taught::Nothing,
            definitions: Arc::new(definitions),
            fences: Fences::default(),
        };
        let failed = shared.perform(work).await.failed;
        self.put_failed(id, failed).await
    }

    /// Items that no unit was committed for. Trouble of the host ends the request: the caller is told its id.
    async fn put_failed(&self, id: &str, failed: Vec<(String, Ended)>) -> Result<(), AskError> {
        if failed.is_empty() {
            return Ok(());
        }
        let mut trouble = None;
        let mut writes = Vec::new();
        for (name, ended) in failed {
            let outcome = match ended {
                Ended::ModuleFailed(text) => ItemOutcome::ModuleFailed(text),
                Ended::Busy(text) | Ended::Overtaken(text) => ItemOutcome::Busy(text),
                Ended::Host(text) => {
                    trouble = Some(text.clone());
                    ItemOutcome::Busy(text)
                }
                // Whether it was done cannot be said, so nothing is: the row of the item may be there already.
                Ended::Unknown(text) => {
                    trouble = Some(text);
                    continue;
                }
            };
            self.shared.counts.add(Counter::Items, &[outcome.as_str()], 1);
            writes.push(ItemWrite { request: id.to_owned(), name, outcome, state: None });
        }
        let written = self.shared.ports.records.put_items(writes).await;
        match (trouble, written) {
            (Some(reason), _) => Err(AskError::Interrupted { request: id.to_owned(), reason }),
            (None, Err(error)) => Err(interrupted(id, &error)),
            (None, Ok(())) => Ok(()),
        }
    }

    /// A commit wakes it, here or by a ring.
    async fn moved_items(
        &self,
        id: &str,
        known: &[RequestItem],
        until: Millis,
    ) -> Result<Vec<RequestItem>, AskError> {
        let shared: &Shared = &self.shared;
        let notify = shared.waiters.of(id);
        loop {
            let moved = notify.notified();
            tokio::pin!(moved);
            moved.as_mut().enable();
            let items = shared.ports.records.items(id.to_owned()).await.map_err(unavailable)?;
            let now = shared.ports.clock.now();
            if items != known || now >= until {
                return Ok(items);
            }
            // Another replica's ring may be lost.
            let look = if shared.several { until.min(later(now, LOOK_MS)) } else { until };
            tokio::select! {
                biased;
                () = &mut moved => {}
                () = shared.ports.clock.sleep_until(look) => {}
                () = shared.stop.cancelled() => {
                    return Err(AskError::Unavailable("the bridge is stopping".into()));
                }
            }
        }
    }

    async fn items_at(&self, id: String, until: Millis) -> Result<Vec<RequestItem>, AskError> {
        let shared: &Shared = &self.shared;
        let notify = shared.waiters.of(&id);
        loop {
            let moved = notify.notified();
            tokio::pin!(moved);
            moved.as_mut().enable();
            let pending = shared.ports.records.pending_items(id.clone()).await;
            let pending = pending.map_err(unavailable)?;
            if pending == 0 || shared.ports.clock.now() >= until || shared.stop.is_cancelled() {
                return shared.ports.records.items(id).await.map_err(unavailable);
            }
            // Another replica's ring may be lost.
            let look = match shared.several {
                true => until.min(later(shared.ports.clock.now(), LOOK_MS)),
                false => until,
            };
            tokio::select! {
                biased;
                () = shared.stop.cancelled() => {}
                () = &mut moved => {}
                () = shared.ports.clock.sleep_until(look) => {}
            }
        }
    }
}

impl Shared {
    /// Ends the items of a request that nothing was written of; nothing, if the request itself was never written.
    async fn end_rest(&self, id: &str, names: &[String], reason: &str) -> Result<(), StoreError> {
        let records = &self.ports.records;
        if records.request(id.to_owned()).await?.is_none() {
            return Ok(());
        }
        for piece in names.chunks(BATCH_MAX) {
            let items = piece.iter().map(|name| ItemWrite {
                request: id.to_owned(),
                name: name.clone(),
                outcome: ItemOutcome::Busy(reason.to_owned()),
                state: None,
            });
            records.put_items(items.collect()).await?;
        }
        let requests = [id.to_owned()].into();
        let ring = Ring { requests, ..Ring::default() };
        self.rung(&ring);
        self.rings.add(&ring);
        Ok(())
    }
}

/// The references to this bridge's own secrets in a definition.
fn own_references(definition: Option<&Definition>) -> Vec<&str> {
    let references = definition.map(Definition::references).unwrap_or_default();
    references.into_iter().filter(|text| text.starts_with(OWN_SCHEME)).collect()
}

#[expect(clippy::needless_pass_by_value, reason = "the shape that map_err wants")]
fn unavailable(error: StoreError) -> AskError {
    AskError::Unavailable(error.to_string())
}

fn interrupted(id: &str, error: &StoreError) -> AskError {
    AskError::Interrupted { request: id.to_owned(), reason: error.to_string() }
}

#[async_trait]
impl Intake for Bridge {
    async fn ask(&self, asked: Asked) -> Result<Handle, AskError> {
        if self.shared.stop.is_cancelled() {
            return Err(AskError::Unavailable("the bridge is stopping".into()));
        }
        let bridge = self.clone();
        let taken = self.own(async move { bridge.take(asked).await }).await;
        taken.unwrap_or_else(|| Err(AskError::Unavailable("the request ended badly".into())))
    }

    async fn asked_before(&self, once: &Once) -> Result<Option<Handle>, AskError> {
        let ports = &self.shared.ports;
        match ports.idempotency.key_use(once.clone(), ports.clock.now()).await {
            Ok(KeyUse::New) => Ok(None),
            Ok(KeyUse::Same(id)) => {
                let row = self.begun_before(&id).await?;
                self.handle(row).await.map(Some)
            }
            Ok(KeyUse::Other) => Err(AskError::OtherUse),
            Err(error) => Err(unavailable(error)),
        }
    }

    async fn wait(&self, id: &str, until: Millis) -> Result<Vec<RequestItem>, AskError> {
        self.items_at(id.to_owned(), until).await
    }

    async fn moved(
        &self,
        id: &str,
        known: &[RequestItem],
        until: Millis,
    ) -> Result<Vec<RequestItem>, AskError> {
        self.moved_items(id, known, until).await
    }

    async fn disconnect_agent(&self, agent: &str) -> bool {
        self.end_stream(agent).await
    }

    async fn rung(&self, ring: Ring) {
        self.take_ring(ring).await;
    }

    async fn replicas(&self) -> Result<Vec<Replica>, AskError> {
        self.shared.all_replicas().await.map_err(unavailable)
    }

    fn readiness(&self) -> Readiness {
        if self.shared.stop.is_cancelled() {
            return Readiness { ready: false, reasons: vec!["the bridge is stopping".into()] };
        }
        Readiness { ready: true, reasons: Vec::new() }
    }
}
