//! Lets go of old rows in small pieces: reads a piece along the key, decides what of it is old, and removes that in one
//! short transaction.
//!
//! Each removal says once more what makes a row removable, so that one that has changed since it was read stays.

use std::collections::HashSet;

use async_trait::async_trait;
use host_core::clock::Millis;
use host_core::error::StoreError;
use host_core::port::housekeeping::{Housekeeping, Kept, Piece};

use crate::dialect::Link;
use crate::sql;
use crate::statement::Statement;
use crate::store::{Inner, Store, read};
use crate::tables::{agent, holding, item, journal, operation};
use crate::value::{Cells, count};

#[async_trait]
impl Housekeeping for Store {
    async fn purge(
        &self,
        what: Kept,
        before: Millis,
        after: String,
        limit: usize,
    ) -> Result<Piece, StoreError> {
        self.action(|inner| async move {
            let from = From { before, after, limit: limit.clamp(1, host_core::BATCH_MAX) };
            match what {
                Kept::Journal => journal(&inner, from).await,
                Kept::Operations => operations(&inner, from).await,
                Kept::Requests => requests(&inner, from).await,
                Kept::Keys => by_age(&inner, from, sql::OLD_KEYS, sql::DELETE_KEYS, true).await,
                Kept::Calls => by_age(&inner, from, sql::OLD_CALLS, sql::DELETE_CALLS, false).await,
                Kept::Agents => agents(&inner, from).await,
            }
        })
        .await
    }
}

/// Where a piece begins, and what is old.
struct From {
    before: Millis,
    after: String,
    limit: usize,
}

/// A row of a walk: its key, and when it began.
struct Passed {
    key: String,
    at: Millis,
}

impl From {
    /// The rows of the piece, and where the next one begins: nowhere behind the last row or the first young one.
    async fn walk(
        &self,
        link: &mut dyn Link,
        text: &'static str,
        table: &'static str,
    ) -> Result<(Vec<Passed>, Option<String>), StoreError> {
        let asked = Statement::new(text).bind(&self.after).bind(count(self.limit));
        let rows = read(link, asked, table, |cells| {
            Ok(Passed { key: cells.text()?, at: cells.number()? })
        });
        let rows = rows.await?;
        let young = rows.iter().any(|row| row.at >= self.before);
        let full = rows.len() >= self.limit && !young;
        let next = rows.last().filter(|_| full).map(|row| row.key.clone());
        Ok((rows.into_iter().filter(|row| row.at < self.before).collect(), next))
    }
}

async fn journal(inner: &Inner, from: From) -> Result<Piece, StoreError> {
    let mut link = inner.reader().await?;
    let (old, next) = from.walk(link.as_mut(), sql::WALK_JOURNAL, journal::TABLE.name).await?;
    let mut ids: Vec<String> = old.into_iter().map(|row| row.key).collect();
    if !ids.is_empty() {
        let last = Statement::new(sql::JOURNAL_LAST_STEPS).list(ids.clone());
        let last = read(link.as_mut(), last, journal::TABLE.name, Cells::text).await?;
        let last: HashSet<String> = last.into_iter().collect();
        ids.retain(|id| !last.contains(id));
    }
    drop(link);
    let went = remove(inner, vec![(sql::DELETE_JOURNAL, ids)]).await?;
    Ok(Piece { went, next })
}

async fn operations(inner: &Inner, from: From) -> Result<Piece, StoreError> {
    let mut link = inner.reader().await?;
    let asked = Statement::new(sql::WALK_OPERATIONS).bind(&from.after).bind(count(from.limit));
    let rows = read(link.as_mut(), asked, operation::NAME, |cells| {
        Ok((cells.text()?, cells.number()?, cells.maybe_number()?))
    });
    let rows = rows.await?;
    drop(link);
    let young = rows.iter().any(|(_, began, _)| *began >= from.before);
    let full = rows.len() >= from.limit && !young;
    let next = rows.last().filter(|_| full).map(|(id, _, _)| id.clone());
    let ended = rows.into_iter().filter(|(_, _, ended)| ended.is_some_and(|at| at < from.before));
    let ids = ended.map(|(id, _, _)| id).collect();
    let went = remove(inner, vec![(sql::DELETE_OPERATIONS, ids)]).await?;
    Ok(Piece { went, next })
}

/// A request goes with its items; where they are more than a piece, they go first.
async fn requests(inner: &Inner, from: From) -> Result<Piece, StoreError> {
    let mut link = inner.reader().await?;
    let (old, next) = from.walk(link.as_mut(), sql::WALK_REQUESTS, item::REQUESTS).await?;
    let mut ids: Vec<String> = old.into_iter().map(|row| row.key).collect();
    if ids.is_empty() {
        return Ok(Piece { went: 0, next });
    }
    let pending = Statement::new(sql::UNFINISHED_REQUESTS).list(ids.clone());
    let pending = read(link.as_mut(), pending, item::NAME, Cells::text).await?;
    ids.retain(|id| !pending.contains(id));
    if ids.is_empty() {
        return Ok(Piece { went: 0, next });
    }
    let items = Statement::new(sql::ITEMS_OF).list(ids.clone()).bind(count(from.limit));
    let items = read(link.as_mut(), items, item::NAME, Cells::text).await?;
    drop(link);
    if items.len() >= from.limit {
        let went = remove(inner, vec![(sql::DELETE_ITEMS, items)]).await?;
        return Ok(Piece { went, next: Some(from.after) });
    }
    let both = vec![(sql::DELETE_ITEMS, items), (sql::DELETE_REQUESTS, ids)];
    Ok(Piece { went: remove(inner, both).await?, next })
}

/// Tables with an index on their time.
async fn by_age(
    inner: &Inner,
    from: From,
    old: &'static str,
    delete: &'static str,
    guarded: bool,
) -> Result<Piece, StoreError> {
    let asked = Statement::new(old).bind(from.before).bind(count(from.limit));
    let mut link = inner.reader().await?;
    let ids = read(link.as_mut(), asked, "swingbridge_calls", Cells::text).await?;
    drop(link);
    let full = ids.len() >= from.limit;
    if ids.is_empty() {
        return Ok(Piece::default());
    }
    let delete = Statement::new(delete).list(ids);
    let delete = if guarded { delete.bind(from.before) } else { delete };
    let mut transaction = inner.begin().await?;
    let went = transaction.run(delete).await?;
    transaction.commit().await?;
    Ok(Piece { went: usize::try_from(went).unwrap_or(usize::MAX), next: full.then(String::new) })
}

/// One agent at a time: first what was known of it, then its row.
async fn agents(inner: &Inner, from: From) -> Result<Piece, StoreError> {
    let mut link = inner.reader().await?;
    let asked = Statement::new(sql::OLD_AGENTS).bind(&from.after).bind(from.before);
    let found = read(link.as_mut(), asked, agent::NAME, Cells::text).await?;
    let Some(id) = found.into_iter().next() else { return Ok(Piece::default()) };
    for (still, table) in
        [(sql::AGENT_MAY_HOLD, holding::NAME), (sql::AGENT_IS_ASKED, operation::NAME)]
    {
        let still = Statement::new(still).bind(&id);
        if !read(link.as_mut(), still, table, Cells::text).await?.is_empty() {
            return Ok(Piece { went: 0, next: Some(id) });
        }
    }
    let known = Statement::new(sql::HOLDINGS_OF_OLD).bind(&id).bind(count(from.limit));
    let known = read(link.as_mut(), known, holding::NAME, Cells::text).await?;
    drop(link);
    if known.len() >= from.limit {
        let both = vec![(sql::DELETE_NAMESPACES, known.clone()), (sql::DELETE_HOLDINGS, known)];
        return Ok(Piece { went: remove(inner, both).await?, next: Some(from.after) });
    }
    let mut transaction = inner.begin().await?;
    // It may have come back since: then nothing of it goes.
    let row = Statement::new(sql::DELETE_AGENT).bind(&id).bind(from.before);
    if transaction.run(row).await? == 0 {
        transaction.rollback().await?;
        return Ok(Piece { went: 0, next: Some(id) });
    }
    let mut went = 1;
    if !known.is_empty() {
        transaction.run(Statement::new(sql::DELETE_NAMESPACES).list(known.clone())).await?;
        let holdings = transaction.run(Statement::new(sql::DELETE_HOLDINGS).list(known)).await?;
        went += usize::try_from(holdings).unwrap_or(usize::MAX);
    }
    transaction.commit().await?;
    Ok(Piece { went, next: Some(id) })
}

/// Runs removals in one transaction; answers how many rows went.
async fn remove(
    inner: &Inner,
    removals: Vec<(&'static str, Vec<String>)>,
) -> Result<usize, StoreError> {
    if removals.iter().all(|(_, ids)| ids.is_empty()) {
        return Ok(0);
    }
    let mut transaction = inner.begin().await?;
    let mut went = 0;
    for (text, ids) in removals.into_iter().filter(|(_, ids)| !ids.is_empty()) {
        went += transaction.run(Statement::new(text).list(ids)).await?;
    }
    transaction.commit().await?;
    Ok(usize::try_from(went).unwrap_or(usize::MAX))
}
