//! Old call rows go, now and then and in small pieces: a lost answer to COMMIT is settled within seconds, not hours.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use host_core::clock::Millis;
use host_core::error::StoreError;

use crate::sql;
use crate::statement::Statement;
use crate::store::{Inner, read};
use crate::value::{Cells, count};

/// How long call rows are kept, in milliseconds.
const KEPT: Millis = 3_600_000;
/// The least time between two looks, in milliseconds.
const EVERY: Millis = 60_000;
/// How many go at once.
const PIECE: usize = 500;

impl Inner {
    /// Looks for old call rows if it was not done lately.
    pub(crate) fn purge_now_and_then(self: &Arc<Self>, now: Millis) {
        let last = self.purged_at.load(Ordering::Relaxed);
        if now < last.saturating_add(EVERY) {
            return;
        }
        let order = Ordering::Relaxed;
        if self.purged_at.compare_exchange(last, now, order, order).is_err() {
            return;
        }
        let inner = Arc::clone(self);
        self.spawn(
            async move { while let Ok(PIECE) = inner.purge(now.saturating_sub(KEPT)).await {} },
        );
    }

    /// One piece; answers how many went.
    async fn purge(&self, before: Millis) -> Result<usize, StoreError> {
        let old = Statement::new(sql::OLD_CALLS).bind(before).bind(count(PIECE));
        let ids = {
            let mut link = self.reader().await?;
            read(link.as_mut(), old, "swingbridge_calls", Cells::text).await?
        };
        if ids.is_empty() {
            return Ok(0);
        }
        let went = ids.len();
        let mut transaction = self.begin().await?;
        transaction.run(Statement::new(sql::DELETE_CALLS).list(ids)).await?;
        transaction.commit().await?;
        Ok(went)
    }
}
