//! Who waits for a request, and who is told when it moves.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use tokio::sync::Notify;

/// One notifier per request that somebody waits for.
#[derive(Debug, Default)]
pub(crate) struct Waiters(Mutex<HashMap<String, Weak<Notify>>>);

impl Waiters {
    /// The notifier of a request. It is forgotten when nobody waits any more.
    pub(crate) fn of(&self, request: &str) -> Arc<Notify> {
        let mut map = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(notify) = map.get(request).and_then(Weak::upgrade) {
            return notify;
        }
        map.retain(|_, notify| notify.strong_count() > 0);
        let notify = Arc::new(Notify::new());
        map.insert(request.to_owned(), Arc::downgrade(&notify));
        notify
    }

    /// A unit that moved these requests is committed.
    pub(crate) fn tell<'r>(&self, requests: impl Iterator<Item = &'r str>) {
        let map = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if map.is_empty() {
            return;
        }
        let mut told: Vec<&str> = Vec::new();
        for request in requests {
            if !told.contains(&request) {
                told.push(request);
                if let Some(notify) = map.get(request).and_then(Weak::upgrade) {
                    notify.notify_waiters();
                }
            }
        }
    }
}
