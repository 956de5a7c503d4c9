//! Slots, and the bytes of the modules that serve or served in them.
//!
//! Bytes are kept as base64 in parts, since our columns hold texts and MySQL takes no statement larger than
//! `max_allowed_packet`.

use async_trait::async_trait;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use host_core::clock::Millis;
use host_core::error::StoreError;
use host_core::port::slots::{Offer, Serving, Slots};

use crate::dialect::Failure;
use crate::memory::contended;
use crate::sql;
use crate::statement::Statement;
use crate::store::{Inner, Store, read};
use crate::value::count;

const SLOTS: &str = "swingbridge_slots";
const MODULES: &str = "swingbridge_modules";

/// How often it is tried to move a slot that others move too.
const TRIES: usize = 5;

/// The bytes of one part.
const PART: usize = 768 * 1024;

#[async_trait]
impl Slots for Store {
    async fn serve(&self, slot: String, offer: Offer, at: Millis) -> Result<Serving, StoreError> {
        self.action(|inner| async move {
            keep(&inner, &offer, at).await?;
            for _ in 0..TRIES {
                if let Some(serving) = serve(&inner, &slot, &offer, at).await? {
                    return Ok(serving);
                }
            }
            Err(contended(SLOTS))
        })
        .await
    }

    async fn serving(&self, slot: String) -> Result<Option<Serving>, StoreError> {
        let statement = Statement::new(sql::SLOT).bind(slot);
        self.select_one(statement, SLOTS, |cells| {
            let (_slot, digest, generation) = (cells.text()?, cells.text()?, cells.number()?);
            Ok(Serving { digest, generation })
        })
        .await
    }

    async fn module(&self, digest: String) -> Result<Option<Vec<u8>>, StoreError> {
        let statement = Statement::new(sql::MODULE).bind(&digest);
        let parts = self.select(statement, MODULES, |cells| {
            let (_id, part, parts) = (cells.text()?, cells.number()?, cells.number()?);
            Ok((part, parts, cells.text()?))
        });
        let parts = parts.await?;
        let wrong = |what: &str| StoreError::Inconsistent {
            table: MODULES,
            key: digest.clone(),
            what: what.to_owned(),
        };
        let whole = parts.first().map_or(0, |(_, parts, _)| *parts);
        if parts.is_empty() || (parts.len() as u64) < whole {
            return Ok(None);
        }
        let mut bytes = Vec::new();
        for (place, (part, _, text)) in parts.into_iter().enumerate() {
            if part != place as u64 {
                return Err(wrong("a part is there twice or out of its place"));
            }
            let decoded = BASE64_STANDARD.decode(text);
            bytes.extend(decoded.map_err(|_| wrong("a part is no base64"))?);
        }
        Ok(Some(bytes))
    }
}

/// Keeps the bytes before the slot moves, a part a transaction; parts that are there stay.
async fn keep(inner: &Inner, offer: &Offer, at: Millis) -> Result<(), StoreError> {
    let asked = Statement::new(sql::MODULE_PARTS).bind(&offer.digest);
    let there = {
        let mut link = inner.reader().await?;
        read(link.as_mut(), asked, MODULES, |cells| {
            let (_id, part, _parts) = (cells.text()?, cells.number()?, cells.number()?);
            Ok(part)
        })
        .await?
    };
    let parts = offer.bytes.chunks(PART);
    let whole = parts.len();
    for (place, part) in parts.enumerate().filter(|(place, _)| !there.contains(&(*place as u64))) {
        let row = Statement::new(sql::INSERT_MODULE_PART)
            .bind(format!("{}/{place}", offer.digest))
            .bind(&offer.digest)
            .bind(count(place))
            .bind(count(whole))
            .bind(BASE64_STANDARD.encode(part))
            .bind(at);
        let mut transaction = inner.begin().await?;
        match transaction.run(row).await {
            Ok(_) => transaction.commit().await?,
            // Another replica brings the same module.
            Err(Failure::Exists) => transaction.rollback().await?,
            Err(failure) => return Err(failure.into()),
        }
    }
    Ok(())
}

/// What serves after the offer; nothing if somebody else moved the slot meanwhile.
async fn serve(
    inner: &Inner,
    slot: &str,
    offer: &Offer,
    at: Millis,
) -> Result<Option<Serving>, StoreError> {
    let mut transaction = inner.begin().await?;
    let asked = Statement::new(sql::SLOT).bind(slot);
    let rows = read(transaction.as_mut(), asked, SLOTS, |cells| {
        let (_slot, digest, generation) = (cells.text()?, cells.text()?, cells.number()?);
        Ok((digest, generation, cells.number()?))
    });
    let (written, generation) = match rows.await?.into_iter().next() {
        Some((digest, generation, program))
            if digest == offer.digest || program > offer.program =>
        {
            transaction.rollback().await?;
            return Ok(Some(Serving { digest, generation }));
        }
        Some((_, generation, _)) => {
            let moved = Statement::new(sql::UPDATE_SLOT)
                .bind(&offer.digest)
                .bind(generation + 1)
                .bind(at)
                .bind(offer.program)
                .bind(slot)
                .bind(generation);
            (transaction.run(moved).await, generation + 1)
        }
        None => {
            let first = Statement::new(sql::INSERT_SLOT)
                .bind(slot)
                .bind(&offer.digest)
                .bind(1_u64)
                .bind(at)
                .bind(offer.program);
            (transaction.run(first).await, 1)
        }
    };
    match written {
        Ok(1) => {
            transaction.commit().await?;
            Ok(Some(Serving { digest: offer.digest.clone(), generation }))
        }
        Ok(_) | Err(Failure::Exists) => {
            transaction.rollback().await?;
            Ok(None)
        }
        Err(failure) => Err(failure.into()),
    }
}
