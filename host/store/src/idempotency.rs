//! Keys of requests: a row in the transaction that begins the request, so that a request and its key are both there or
//! neither is, and whoever comes second finds the first's row in its way.

use async_trait::async_trait;
use host_core::clock::Millis;
use host_core::error::StoreError;
use host_core::once::{KEPT_MS, Once};
use host_core::port::idempotency::{Idempotency, KeyUse};
use host_core::request::RequestRow;
use host_core::unit::ItemWrite;

use crate::dialect::Failure;
use crate::records::insert_request;
use crate::setwise;
use crate::sql;
use crate::statement::Statement;
use crate::store::{Inner, Store, read};
use crate::tables::item;

const KEYS: &str = "swingbridge_keys";

/// How often it is tried again when the row that was in the way has gone meanwhile.
const TRIES: usize = 3;

#[async_trait]
impl Idempotency for Store {
    async fn key_use(&self, once: Once, now: Millis) -> Result<KeyUse, StoreError> {
        self.action(|inner| async move { key_use(&inner, &once, now).await }).await
    }

    async fn begin_once(
        &self,
        once: Once,
        request: RequestRow,
        decided: Vec<ItemWrite>,
    ) -> Result<KeyUse, StoreError> {
        self.action(|inner| async move {
            for _ in 0..TRIES {
                if begun(&inner, &once, &request, &decided).await? {
                    return Ok(KeyUse::New);
                }
                // Somebody has the key; if that is over by now, it is free.
                let used = key_use(&inner, &once, request.created_at).await?;
                if used != KeyUse::New {
                    return Ok(used);
                }
            }
            Err(StoreError::Unavailable("a key kept coming and going; try again".to_owned()))
        })
        .await
    }

    async fn take_up(
        &self,
        request: String,
        replica: String,
        cut_to: u64,
        total: u64,
    ) -> Result<bool, StoreError> {
        let again =
            Statement::new(sql::TAKE_UP).bind(total).bind(replica).bind(request).bind(cut_to);
        self.action(|inner| async move {
            let mut transaction = inner.begin().await?;
            let taken = transaction.run(again).await? == 1;
            transaction.commit().await?;
            Ok(taken)
        })
        .await
    }
}

/// Begins the request; not, if its key is somebody's.
async fn begun(
    inner: &Inner,
    once: &Once,
    request: &RequestRow,
    decided: &[ItemWrite],
) -> Result<bool, StoreError> {
    let oldest = request.created_at.saturating_sub(KEPT_MS);
    let old = Statement::new(sql::DELETE_OLD_KEY).bind(&once.id).bind(oldest);
    let key = Statement::new(sql::INSERT_KEY)
        .bind(&once.id)
        .bind(inner.sealer.mark(&once.fingerprint))
        .bind(&request.id)
        .bind(request.created_at);
    let mut transaction = inner.begin().await?;
    transaction.run(old).await?;
    match transaction.run(key).await {
        Ok(_) => {}
        Err(Failure::Exists) => {
            transaction.rollback().await?;
            return Ok(false);
        }
        Err(failure) => return Err(failure.into()),
    }
    transaction.run(insert_request(request)).await?;
    for items in setwise::insert(item::TABLE, decided.iter().map(item::inserted).collect()) {
        transaction.run(items).await?;
    }
    transaction.commit().await?;
    Ok(true)
}

async fn key_use(inner: &Inner, once: &Once, now: Millis) -> Result<KeyUse, StoreError> {
    let mut link = inner.reader().await?;
    let rows = read(link.as_mut(), Statement::new(sql::KEY).bind(&once.id), KEYS, |cells| {
        let _id = cells.text()?;
        Ok((cells.text()?, cells.text()?, cells.number()?))
    });
    let kept = |(_, _, at): &(String, String, Millis)| at.saturating_add(KEPT_MS) >= now;
    Ok(match rows.await?.into_iter().find(kept) {
        None => KeyUse::New,
        Some((mark, request, _)) if mark == inner.sealer.mark(&once.fingerprint) => {
            KeyUse::Same(request)
        }
        Some(_) => KeyUse::Other,
    })
}
