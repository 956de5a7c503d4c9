//! What is remembered of one account that is held, and what follows for it from a look.

use host_agent::{Change, Identity, Refusal, Seen};
use sha2::{Digest as _, Sha256};
use tokio_util::task::AbortOnDropHandle;

use super::Check;
use super::told::{Told, doubtful};
use super::waits::{backoff, jittered};
use crate::look::Looked;
use crate::options::Rhythm;
use crate::reach::Known;

/// How long a watch that may not be is not asked for again, in milliseconds.
pub(super) const REFUSED_MS: u64 = 3_600_000;

/// How soon a look that failed is repeated before it is told, in milliseconds.
pub(super) const SECOND_LOOK_MS: u64 = 3_000;

#[derive(Debug)]
pub(super) enum Watching {
    /// Not now, and not before this time.
    No { until: u64 },
    /// It may not be; from this time on it is tried again, for a role may have been granted.
    Refused { until: u64 },
    /// It is, since then; the task is there as soon as it runs.
    Yes { since: u64, task: Option<AbortOnDropHandle<()>> },
}

impl Default for Watching {
    fn default() -> Self {
        Self::No { until: 0 }
    }
}

impl Watching {
    pub(super) fn may_begin(&self, now: u64) -> bool {
        matches!(self, Self::No { until } | Self::Refused { until } if *until <= now)
    }

    pub(super) fn goes_on(&self) -> bool {
        matches!(self, Self::Yes { .. })
    }
}

#[derive(Debug)]
pub(super) struct Entry {
    /// Of this holding: a look or a watch of an earlier one says nothing about it.
    pub(super) serial: u64,
    pub(super) known: Known,
    pub(super) identity: Identity,
    /// Of the namespaces that were told.
    pub(super) namespaces: Option<[u8; 32]>,
    /// What was told of its health: nothing is wrong, or what is.
    pub(super) told: Option<Told>,
    /// Looks that failed in a row.
    pub(super) failures: u32,
    pub(super) due: u64,
    pub(super) list_due: u64,
    pub(super) watching: Watching,
    /// Watches that did not last, in a row.
    pub(super) short_watches: u32,
    pub(super) checking: Option<AbortOnDropHandle<()>>,
}

impl Entry {
    /// It answers.
    pub(super) fn answered(
        &mut self,
        check: &Check,
        looked: &Looked,
        now: u64,
        rhythm: Rhythm,
        chance: f64,
    ) -> Option<Change> {
        let Seen { identity, namespaces } = &looked.seen;
        let returns = self.told.take().is_some();
        self.failures = 0;
        self.checking = None;
        if check.listing {
            self.list_due = now + jittered(rhythm.namespaces_ms, chance);
        }
        let fresh = namespaces.as_deref().map(digest);
        let others = fresh.is_some() && fresh != self.namespaces;
        self.namespaces = fresh.or(self.namespaces);
        let moved = self.identity != *identity;
        if !self.is(&identity.host, &identity.fingerprint) && self.watching.goes_on() {
            // The watch is kept by whoever answered before.
            self.watches_later(now, rhythm.health_ms);
        }
        self.identity.clone_from(identity);
        (returns || moved || others).then(|| self.well(&check.name, namespaces.clone()))
    }

    /// It does not, or not as it should. With how long to wait.
    pub(super) fn failed(
        &mut self,
        check: &Check,
        refusal: &Refusal,
        now: u64,
        rhythm: Rhythm,
    ) -> (Option<Change>, u64) {
        self.failures = self.failures.saturating_add(1);
        self.checking = None;
        if doubtful(refusal.code) && self.failures == 1 && self.told.is_none() {
            return (None, SECOND_LOOK_MS.min(rhythm.health_ms));
        }
        let wait = backoff(rhythm.health_ms, self.failures);
        if self.told.is_some_and(|told| !told.is_outdated_by(refusal, now)) {
            return (None, wait);
        }
        self.told = Some(Told::now(refusal, now));
        // It is not watched while it is away, and what was not allowed before may be when it is back.
        if self.watching.goes_on() || matches!(self.watching, Watching::Refused { .. }) {
            self.watching = Watching::default();
        }
        let change = Change {
            account: check.name.clone(),
            health: Err(refusal.clone()),
            identity: None,
            namespaces: None,
        };
        (Some(change), wait)
    }

    /// Its watch was of no use for long: it is begun anew ever later, and namespaces are listed meanwhile.
    pub(super) fn watches_later(&mut self, now: u64, health_ms: u64) {
        self.short_watches = self.short_watches.saturating_add(1);
        self.watching = Watching::No { until: now + backoff(health_ms, self.short_watches) };
        self.list_due = now;
    }

    /// Whether it is known by this address and this certificate.
    pub(super) fn is(&self, host: &str, fingerprint: &str) -> bool {
        self.identity.host == host && self.identity.fingerprint == fingerprint
    }

    pub(super) fn well(&self, name: &str, namespaces: Option<Vec<String>>) -> Change {
        Change {
            account: name.to_owned(),
            health: Ok(()),
            identity: Some(self.identity.clone()),
            namespaces,
        }
    }
}

/// Names namespaces in 32 bytes: they may be ten thousand.
pub(super) fn digest(namespaces: &[String]) -> [u8; 32] {
    let mut digest = Sha256::new();
    for namespace in namespaces {
        digest.update(namespace);
        digest.update(b"\n");
    }
    digest.finalize().into()
}
