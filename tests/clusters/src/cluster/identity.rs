//! What makes a cluster this cluster and no other: its authority, its keys, and where its objects are kept.

use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::Result;

use crate::certificates::{Authority, Pair};
use crate::tokens::Signer;

/// The group whose members may do everything, whatever the rules say.
const ADMINISTRATORS: &str = "system:masters";

/// A cluster's identity.
#[derive(Debug)]
pub(super) struct Identity {
    /// What its keys begin with in the shared etcd.
    pub(super) prefix: String,
    pub(super) authority: Authority,
    pub(super) signer: Signer,
    pub(super) administrator: Pair,
}

impl Identity {
    /// A new one.
    pub(super) fn new() -> Result<Self> {
        static COUNT: AtomicU64 = AtomicU64::new(1);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let authority = Authority::new(&format!("authority-{number}"))?;
        let administrator = authority.client("administrator", Some(ADMINISTRATORS))?;
        Ok(Self {
            prefix: format!("/cluster-{number}"),
            authority,
            signer: Signer::new()?,
            administrator,
        })
    }
}
