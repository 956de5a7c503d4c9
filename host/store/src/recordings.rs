//! The ring of recorded calls: rows by the time of their ids, of which the oldest go.

use std::collections::HashSet;

use async_trait::async_trait;
use host_core::BATCH_MAX;
use host_core::error::StoreError;
use host_core::port::recordings::{KeptRecord, ListedRecord, RecordFilter, Recordings, RingBounds};

use crate::dialect::Failure;
use crate::setwise;
use crate::sql;
use crate::statement::Statement;
use crate::store::{Inner, Store, read};
use crate::tables::record::{TABLE, inserted, read as read_record};
use crate::value::{Cells, count};

/// Behind every id: ULIDs have digits and capital letters only.
const LAST: &str = "~";

/// Rows that go in one transaction: each may hang together with hundreds of pages.
const PIECE: usize = 100;

#[async_trait]
impl Recordings for Store {
    async fn keep(&self, batch: Vec<KeptRecord>, bounds: RingBounds) -> Result<(), StoreError> {
        self.action(|inner| async move {
            let mut rest = batch;
            while !rest.is_empty() {
                let later = rest.split_off(rest.len().min(BATCH_MAX));
                put(&inner, rest).await?;
                rest = later;
            }
            cut(&inner, bounds).await
        })
        .await
    }

    /// SQLite's LIKE does not tell upper from lower case, so names are compared once more here, and where that leaves too
    /// few it is read on.
    async fn listed(
        &self,
        mut filter: RecordFilter,
        limit: usize,
    ) -> Result<Vec<ListedRecord>, StoreError> {
        let mut found = Vec::new();
        loop {
            let statement = filtered(&filter).bind(count(limit));
            let rows = self.select(statement, TABLE.name, |cells| {
                let listed = ListedRecord { id: cells.text()?, bytes: cells.number()? };
                Ok((listed, cells.json::<Vec<String>>()?))
            });
            let rows = rows.await?;
            let full = rows.len() >= limit;
            filter.before = rows.last().map(|(listed, _)| listed.id.clone());
            let rows = rows.into_iter().filter(|(_, accounts)| filter.concerns(accounts));
            found.extend(rows.map(|(listed, _)| listed));
            if !full || found.len() >= limit {
                found.truncate(limit);
                return Ok(found);
            }
        }
    }

    async fn of_ids(&self, ids: Vec<String>) -> Result<Vec<KeptRecord>, StoreError> {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        self.select(Statement::new(sql::RECORDS).list(ids), TABLE.name, read_record).await
    }
}

fn filtered(filter: &RecordFilter) -> Statement {
    let before = filter.before.as_deref().unwrap_or(LAST);
    // The names are read where they are looked at.
    let text = match filter.account {
        Some(_) => sql::RECORDS_LISTED_WITH_ACCOUNTS,
        None => sql::RECORDS_LISTED,
    };
    let mut statement = Statement::new(text).bind(before);
    if let Some(since) = filter.since {
        statement = statement.and(sql::RECORDED_SINCE).bind(since);
    }
    if let Some(until) = filter.until {
        statement = statement.and(sql::RECORDED_UNTIL).bind(until);
    }
    if let Some(start) = &filter.module {
        // Digests are ASCII, and nothing in ASCII is behind the tilde.
        statement = statement.and(sql::RECORDED_OF_MODULE).bind(start).bind(format!("{start}~"));
    }
    let words = [
        (sql::RECORDED_IN_SLOT, filter.slot.clone()),
        (sql::RECORDED_OF_EXPORT, filter.export.clone()),
        (sql::RECORDED_WITH_OUTCOME, filter.outcome.clone()),
        (sql::RECORDED_ABOUT, filter.account.as_deref().map(within)),
    ];
    for (condition, value) in words {
        if let Some(value) = value {
            statement = statement.and(condition).bind(value);
        }
    }
    statement.and(sql::RECORDS_NEWEST)
}

/// A pattern for a JSON list of texts with this one among them: the quotes are those of the list, so a part of a name
/// does not match.
fn within(name: &str) -> String {
    let quoted = serde_json::Value::from(name).to_string();
    let mut pattern = String::from("%");
    for character in quoted.chars() {
        if matches!(character, '!' | '%' | '_') {
            pattern.push('!');
        }
        pattern.push(character);
    }
    pattern.push('%');
    pattern
}

/// Puts rows in that are not there yet.
async fn put(inner: &Inner, mut batch: Vec<KeptRecord>) -> Result<(), StoreError> {
    match insert(inner, batch.clone()).await {
        // Some of it was given before, and the answer was lost.
        Err(Failure::Exists) => {}
        other => return Ok(other?),
    }
    let ids = batch.iter().map(|record| &record.id);
    let asked = Statement::new(sql::RECORDS_THERE).list(ids);
    let mut link = inner.reader().await?;
    let there: HashSet<String> =
        read(link.as_mut(), asked, TABLE.name, Cells::text).await?.into_iter().collect();
    drop(link);
    batch.retain(|record| !there.contains(&record.id));
    Ok(insert(inner, batch).await?)
}

async fn insert(inner: &Inner, batch: Vec<KeptRecord>) -> Result<(), Failure> {
    for statement in setwise::insert(TABLE, batch.into_iter().map(inserted).collect()) {
        let mut transaction = inner.begin().await?;
        transaction.run(statement).await?;
        transaction.commit().await?;
    }
    Ok(())
}

/// Lets go of what the ring has no room for, the oldest first. Another replica may do the same at the same time.
async fn cut(inner: &Inner, bounds: RingBounds) -> Result<(), StoreError> {
    let asked = Statement::new(sql::RECORDS_CUT).bind(bounds.records).bind(bounds.bytes);
    let mut link = inner.reader().await?;
    let newest = read(link.as_mut(), asked, TABLE.name, Cells::text).await?;
    drop(link);
    let Some(newest) = newest.into_iter().next() else { return Ok(()) };
    loop {
        let old = Statement::new(sql::RECORDS_UP_TO).bind(&newest).bind(count(PIECE));
        let mut link = inner.reader().await?;
        let ids = read(link.as_mut(), old, TABLE.name, Cells::text).await?;
        drop(link);
        if ids.is_empty() {
            return Ok(());
        }
        let full = ids.len() >= PIECE;
        let mut transaction = inner.begin().await?;
        transaction.run(Statement::new(sql::DELETE_RECORDS).list(ids)).await?;
        transaction.commit().await?;
        if !full {
            return Ok(());
        }
    }
}
