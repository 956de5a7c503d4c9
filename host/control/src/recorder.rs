//! The recorder of production: takes the calls that were made, and writes them into the ring while nobody waits for it.
//!
//! Whoever made a call hands its record over and goes on. What waits to be written is bounded (`queue`); what finds no
//! room is dropped and counted, and calls that were stopped have room before others. One task writes: it packs on a
//! thread that serves nobody, and rests nine times as long as a batch has taken, so that recording has a tenth of one
//! core at most, and of the database's time. No trouble here is a call's.

mod pack;
mod queue;
mod weight;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use host_core::clock::Millis;
use host_core::port::recorder::Recorder;
use host_core::port::recordings::{KeptRecord, Recordings, RingBounds};
use host_core::port::time::Clock;
use host_core::record::Record;
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tracing::{error, info, warn};

use self::queue::{Queue, Room};
use crate::bridge::later;
use crate::counts::{Counter, Counts};

pub use self::pack::{packed, unpacked, unpacked_aside};
pub(crate) use self::weight::weight;

/// What may wait to be written.
const ROOM: Room = Room { records: 1_000, bytes: 32 << 20 };
/// What is written at once: no longer than this is anybody kept from writing to a file with one writer.
const BATCH: Room = Room { records: 100, bytes: 4 << 20 };
/// The largest record that is kept, packed: MySQL and MariaDB take a row as one packet of 16 MiB or so.
const LARGEST: u64 = 8 << 20;
/// How many times as long as a batch has taken the task rests.
const REST: u64 = 9;
/// The shortest rest, so that calls that come one by one are written together.
const REST_MIN_MS: u64 = 100;
/// The longest: a database that was slow once is no reason to drop what comes for minutes.
const REST_MAX_MS: u64 = 10_000;
/// How often a batch is given to the database that does not take it.
const TRIES: usize = 3;
/// How long what waits may take to be written when the bridge stops.
const END_MS: u64 = 5_000;

/// The ring of recorded calls of one bridge.
#[derive(Debug)]
pub struct RecordRing {
    inner: Arc<Inner>,
    task: Mutex<Option<JoinHandle<()>>>,
}

/// What the ring writes to, and what it counts.
#[derive(Debug)]
struct Inner {
    recordings: Arc<dyn Recordings>,
    clock: Arc<dyn Clock>,
    counts: Arc<Counts>,
    bounds: RingBounds,
    queue: Mutex<Queue>,
    stirred: Notify,
    stop: CancellationToken,
}

impl RecordRing {
    /// Starts to record; nothing, if the ring has no room for a record. Must be called in a runtime.
    #[must_use]
    pub fn start(
        recordings: Arc<dyn Recordings>,
        clock: Arc<dyn Clock>,
        counts: Arc<Counts>,
        bounds: RingBounds,
    ) -> Self {
        let most = usize::try_from(bounds.records).unwrap_or(usize::MAX);
        let room = Room { records: ROOM.records.min(most), ..ROOM };
        let inner = Arc::new(Inner {
            recordings,
            clock,
            counts,
            bounds,
            queue: Mutex::new(Queue::new(room)),
            stirred: Notify::new(),
            stop: CancellationToken::new(),
        });
        let task = (most > 0).then(|| tokio::spawn(Arc::clone(&inner).write_all()));
        Self { inner, task: Mutex::new(task) }
    }

    /// Takes no more, and writes what waits, for some seconds at most.
    pub async fn stop(&self) {
        self.inner.stop.cancel();
        let task = self.task.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(task) = task
            && let Err(error) = task.await
        {
            error!("the task that writes recorded calls ended badly: {error}");
        }
    }
}

impl Drop for RecordRing {
    fn drop(&mut self) {
        self.inner.stop.cancel();
    }
}

impl Recorder for RecordRing {
    fn wants(&self) -> bool {
        self.inner.bounds.records > 0 && !self.inner.stop.is_cancelled()
    }

    fn take(&self, record: Record) {
        if !self.wants() {
            return self.inner.count("lost", 1);
        }
        let dropped = self.inner.queue().put(record);
        self.inner.count("no-room", dropped);
        self.inner.stirred.notify_one();
    }
}

impl Inner {
    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn count(&self, end: &str, by: usize) {
        if by > 0 {
            self.counts.add(Counter::Records, &[end], by as u64);
        }
    }

    /// Writes what comes until it is to stop, and then what waits.
    async fn write_all(self: Arc<Self>) {
        let mut writer = Writer { inner: Arc::clone(&self), failing: false };
        let late = async {
            self.stop.cancelled().await;
            self.clock.sleep_until(later(self.clock.now(), END_MS)).await;
        };
        tokio::select! {
            biased;
            () = writer.go_on() => {}
            () = late => {
                warn!("the database takes too long; recorded calls that wait are dropped");
            }
        }
        let left = self.queue().clear();
        self.count("lost", left);
    }

    async fn rest(&self, millis: u64) {
        let end: Millis = later(self.clock.now(), millis);
        tokio::select! {
            biased;
            () = self.stop.cancelled() => {}
            () = self.clock.sleep_until(end) => {}
        }
    }
}

/// Whoever writes.
struct Writer {
    inner: Arc<Inner>,
    /// The last batch was not taken.
    failing: bool,
}

impl Writer {
    /// Writes for as long as anything comes or waits.
    async fn go_on(&mut self) {
        let inner = Arc::clone(&self.inner);
        loop {
            let begun = inner.clock.now();
            if self.write_some().await {
                let took = inner.clock.now().saturating_sub(begun);
                inner.rest((took * REST).clamp(REST_MIN_MS, REST_MAX_MS)).await;
            } else if inner.stop.is_cancelled() {
                return;
            } else {
                tokio::select! {
                    biased;
                    () = inner.stop.cancelled() => {}
                    () = inner.stirred.notified() => {}
                }
            }
        }
    }

    /// Writes a batch of what waits; answers whether anything did.
    async fn write_some(&mut self) -> bool {
        let records = self.inner.queue().next(BATCH);
        if records.is_empty() {
            return false;
        }
        let largest = LARGEST.min(self.inner.bounds.bytes);
        let count = records.len();
        let packing = move || records.iter().filter_map(kept).collect::<Vec<KeptRecord>>();
        let mut batch = match tokio::task::spawn_blocking(packing).await {
            Ok(batch) => batch,
            Err(error) => {
                error!("calls could not be packed: {error}");
                Vec::new()
            }
        };
        self.inner.count("lost", count - batch.len());
        let before = batch.len();
        batch.retain(|record| record.bytes() <= largest);
        self.inner.count("too-large", before - batch.len());
        if !batch.is_empty() {
            self.keep(batch).await;
        }
        true
    }

    /// Gives a batch to the database, again if it is not taken, and gives it up in the end: what comes behind it may be
    /// taken.
    async fn keep(&mut self, batch: Vec<KeptRecord>) {
        let inner = Arc::clone(&self.inner);
        for again in 1..=TRIES {
            match inner.recordings.keep(batch.clone(), inner.bounds).await {
                Ok(()) => {
                    if std::mem::take(&mut self.failing) {
                        info!("recorded calls are written again");
                    }
                    return inner.count("kept", batch.len());
                }
                Err(error) if !self.failing => {
                    self.failing = true;
                    warn!("recorded calls are not written just now: {error}");
                }
                Err(_) => {}
            }
            if again < TRIES {
                inner.rest(REST_MAX_MS / 10).await;
            }
        }
        inner.count("lost", batch.len());
    }
}

/// A record as it is kept.
fn kept(record: &Record) -> Option<KeptRecord> {
    let body = packed(record).inspect_err(|error| error!("a call cannot be packed: {error}"));
    Some(KeptRecord {
        body: body.ok()?,
        id: record.id.clone(),
        at: record.at,
        slot: record.slot.clone(),
        module: record.module.clone(),
        export: record.asked.export().to_owned(),
        outcome: record.outcome().to_owned(),
        accounts: record.asked.names(),
        took_us: record.took_us,
    })
}

#[cfg(test)]
mod tests;
