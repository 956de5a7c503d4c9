//! The values that the floor writes: what is the same for all accounts, and what each has for itself.

use anyhow::{Context as _, Result, ensure};
use host_core::port::ids::Ids as _;
use sha2::{Digest as _, Sha256};
use tests_harness::{SeededIds, TestDatabase};

use crate::scene::AGENT;

/// The generation of a name when its account was made.
pub(super) const CREATED: u64 = 1;
/// The generation of the operation that hands the account over.
pub(super) const ADDED: u64 = 2;

/// What the bridge that made the accounts left, which every row refers to.
#[derive(Debug)]
pub(crate) struct Created {
    pub(crate) now: u64,
    pub(crate) revision: u64,
    pub(crate) digest: String,
    pub(crate) slot: u64,
    pub(crate) instance: String,
    pub(crate) session: String,
}

impl Created {
    /// Reads it. All accounts were made at the same moment, so they have one revision.
    pub(crate) async fn read(database: &TestDatabase, now: u64) -> Result<Self> {
        let one = async |text: &str| {
            let row = database.rows(text).await?.pop().context("a row")?;
            let cells: Option<Vec<String>> = row.into_iter().collect();
            cells.context("no cell is NULL")
        };
        let revisions = "SELECT MIN(revision), MAX(revision), MIN(definition_revision), \
            MAX(definition_revision) FROM kubesvc_accounts";
        let revisions = one(revisions).await?;
        ensure!(revisions.iter().all(|each| *each == revisions[0]), "{revisions:?}");
        let slot = "SELECT digest, generation FROM swingbridge_slots WHERE slot = 'lifecycle'";
        let slot = one(slot).await?;
        let agent = "SELECT instance, session FROM swingbridge_agents WHERE id = ";
        let agent = one(&format!("{agent}'{AGENT}'")).await?;
        Ok(Self {
            now,
            revision: revisions[0].parse()?,
            digest: slot[0].clone(),
            slot: slot[1].parse()?,
            instance: agent[0].clone(),
            session: agent[1].clone(),
        })
    }
}

/// The run's own ids beside it.
#[derive(Debug)]
pub(crate) struct Rows {
    pub(crate) created: Created,
    pub(crate) request: String,
    ids: SeededIds,
}

/// Accounts of one transaction, with the ids of their operations.
#[derive(Debug)]
pub(crate) struct Batch {
    pub(crate) names: Vec<String>,
    pub(crate) operations: Vec<String>,
}

impl Rows {
    pub(crate) fn new(created: Created) -> Self {
        // No bridge of the tests has this seed.
        let ids = SeededIds::new(u64::from(u32::MAX));
        Self { created, request: ids.next(), ids }
    }

    pub(crate) fn id(&self) -> String {
        self.ids.next()
    }

    pub(crate) fn ids(&self, count: usize) -> Vec<String> {
        (0..count).map(|_| self.ids.next()).collect()
    }

    pub(crate) fn batch(&self, names: &[String]) -> Batch {
        Batch { names: names.to_vec(), operations: self.ids(names.len()) }
    }

    /// What is known about an account and the agent while it is asked.
    pub(crate) fn asked(&self, operation: &str) -> String {
        let revision = self.created.revision;
        format!(
            r#"{{"held_revision":0,"answered_generation":{CREATED},"asked_revision":{},"operation":{{"id":"{operation}","kind":"AddAccounts","definition_revision":{revision},"generation":{ADDED}}}}}"#,
            revision + 1
        )
    }

    /// The same when it has answered.
    pub(crate) fn held(&self, host: &str, fingerprint: &str) -> String {
        let revision = self.created.revision;
        format!(
            r#"{{"held_revision":{revision},"answered_generation":{ADDED},"asked_revision":{},"identity":{{"host":"{host}","fingerprint":"{fingerprint}","version":"v1.34.4"}}}}"#,
            revision + 1
        )
    }
}

/// The cluster that the simulated agent sees behind an account: its host and its fingerprint.
pub(crate) fn cluster(name: &str) -> (String, String) {
    const HEX: &[u8; 16] = b"0123456789ABCDEF";
    let digest = Sha256::digest(name);
    let mut fingerprint = String::with_capacity(digest.len() * 3);
    for byte in digest {
        if !fingerprint.is_empty() {
            fingerprint.push(':');
        }
        fingerprint.push(char::from(HEX[usize::from(byte >> 4)]));
        fingerprint.push(char::from(HEX[usize::from(byte & 15)]));
    }
    (format!("https://{name}.simulated:6443"), fingerprint)
}
