//! Requests, and everything that people read.

use std::collections::HashSet;

use async_trait::async_trait;
use host_core::BATCH_MAX;
use host_core::clock::Millis;
use host_core::error::StoreError;
use host_core::journal::JournalEntry;
use host_core::name;
use host_core::operation::Operation;
use host_core::port::store::{AccountRecord, AgentNamespaces, ListFilter, Page, Records};
use host_core::request::{RequestItem, RequestRow};
use host_core::unit::ItemWrite;

use crate::dialect::{Failure, Transaction};
use crate::memory::contended;
use crate::setwise;
use crate::sql;
use crate::statement::Statement;
use crate::store::{Store, read};
use crate::tables::{self, account, holding, item, journal, operation};
use crate::value::{Cells, count};

/// Behind every id: ULIDs have digits and capital letters only.
const LAST: &str = "~";

/// How often a request is begun whose COMMIT was not answered.
const TRIES: usize = 3;

/// The most characters of a folded name: lower case may have three where upper case has one.
const FOLDED_MAX: usize = 3 * name::NAME_MAX;

#[async_trait]
impl Records for Store {
    async fn begin_request(
        &self,
        request: RequestRow,
        decided: Vec<ItemWrite>,
    ) -> Result<(), StoreError> {
        let row = insert_request(&request);
        let items = setwise::insert(item::TABLE, decided.iter().map(item::inserted).collect());
        self.action(|inner| async move {
            let mut lost = None;
            for _ in 0..TRIES {
                let mut transaction = inner.begin().await?;
                match transaction.run(row.clone()).await {
                    Ok(_) => {}
                    // It began before: somebody asks again who did not hear the answer, or we do.
                    Err(Failure::Exists) => return Ok(transaction.rollback().await?),
                    Err(failure) => return Err(failure.into()),
                }
                for statement in &items {
                    transaction.run(statement.clone()).await?;
                }
                match transaction.commit().await {
                    Ok(()) => return Ok(()),
                    // It may be done all the same; the row tells.
                    Err(failure) => lost = Some(failure),
                }
            }
            Err(lost.map_or_else(|| contended(item::REQUESTS), Into::into))
        })
        .await
    }

    async fn close_half_begun(&self, replica: String, before: Millis) -> Result<u64, StoreError> {
        self.action(|inner| async move {
            let mut transaction = inner.begin().await?;
            let half = Statement::new(sql::CLOSE_HALF_BEGUN).bind(replica).bind(before);
            let closed = transaction.run(half).await?;
            transaction.commit().await?;
            Ok(closed)
        })
        .await
    }

    async fn put_items(&self, items: Vec<ItemWrite>) -> Result<(), StoreError> {
        if items.is_empty() {
            return Ok(());
        }
        self.action(|inner| async move {
            let mut transaction = inner.begin().await?;
            put_missing(transaction.as_mut(), items).await?;
            Ok(transaction.commit().await?)
        })
        .await
    }

    async fn request(&self, id: String) -> Result<Option<RequestRow>, StoreError> {
        let statement = Statement::new(sql::REQUEST).bind(id);
        self.select_one(statement, item::REQUESTS, item::read_request).await
    }

    async fn items(&self, id: String) -> Result<Vec<RequestItem>, StoreError> {
        self.select(Statement::new(sql::ITEMS).bind(id), item::NAME, item::read).await
    }

    async fn pending_items(&self, id: String) -> Result<u64, StoreError> {
        let statement = Statement::new(sql::PENDING_ITEMS).bind(id);
        let counts = self.select_one(statement, item::REQUESTS, |cells| {
            let (_id, total, ended) = (cells.text()?, cells.number()?, cells.number()?);
            Ok(total.saturating_sub(ended))
        });
        Ok(counts.await?.unwrap_or_default())
    }

    async fn account(&self, name: String) -> Result<Option<AccountRecord>, StoreError> {
        let statement = Statement::new(sql::ACCOUNT_RECORD).bind(name);
        self.select_one(statement, account::NAME, account::read_record).await
    }

    async fn list(&self, filter: ListFilter, page: Page) -> Result<Vec<AccountRecord>, StoreError> {
        let (after, skip) = match page.after {
            Some(after) => (after, 0),
            None => (String::new(), page.skip),
        };
        let statement = filtered(sql::ACCOUNT_LIST, after, filter);
        let statement = statement.and(sql::LIST_PART).bind(count(page.limit)).bind(skip);
        self.select(statement, account::NAME, account::read_record).await
    }

    async fn count(&self, filter: ListFilter) -> Result<u64, StoreError> {
        let statement = filtered(sql::ACCOUNT_COUNT, String::new(), filter);
        let counted = self.select_one(statement, account::NAME, Cells::number).await?;
        Ok(counted.unwrap_or_default())
    }

    async fn journal(
        &self,
        account: String,
        before: Option<String>,
        limit: usize,
    ) -> Result<Vec<JournalEntry>, StoreError> {
        let statement = Statement::new(sql::JOURNAL)
            .bind(account)
            .bind(before.as_deref().unwrap_or(LAST))
            .bind(count(limit));
        self.select(statement, journal::TABLE.name, journal::read).await
    }

    async fn operation_history(&self, page: Page) -> Result<Vec<Operation>, StoreError> {
        let skip = if page.after.is_some() { 0 } else { page.skip };
        let statement = Statement::new(sql::OPERATIONS_NEWEST)
            .bind(page.after.as_deref().unwrap_or(LAST))
            .bind(count(page.limit))
            .bind(skip);
        self.select(statement, operation::NAME, operation::read).await
    }

    async fn operations_of_request(
        &self,
        request: String,
        limit: usize,
    ) -> Result<Vec<Operation>, StoreError> {
        let statement = Statement::new(sql::OPERATIONS_OF_REQUEST).bind(request).bind(count(limit));
        self.select(statement, operation::NAME, operation::read).await
    }

    async fn held_by(&self, agents: Vec<String>) -> Result<Vec<(String, String)>, StoreError> {
        let mut held = Vec::new();
        for piece in agents.chunks(BATCH_MAX) {
            let statement = Statement::new(sql::HELD_BY).list(piece);
            let read = |cells: &mut Cells| {
                let _id = cells.text()?;
                Ok((cells.text()?, cells.text()?))
            };
            held.extend(self.select(statement, holding::NAME, read).await?);
        }
        Ok(held)
    }

    async fn namespaces(&self, account: String) -> Result<Vec<AgentNamespaces>, StoreError> {
        let statement = Statement::new(sql::NAMESPACES).bind(account);
        self.select(statement, tables::NAMESPACES.name, |cells| {
            let _id = cells.text()?;
            Ok(AgentNamespaces { agent: cells.text()?, namespaces: cells.json()? })
        })
        .await
    }

    async fn ping(&self) -> Result<(), StoreError> {
        let answered = self.select(Statement::new(sql::NEXT_DUE), account::NAME, Cells::number);
        answered.await.map(|_| ())
    }
}

/// The row of a request.
pub(crate) fn insert_request(request: &RequestRow) -> Statement {
    Statement::new(sql::INSERT_REQUEST)
        .bind(&request.id)
        .bind(request.action.as_str())
        .bind(&request.who)
        .bind(request.created_at)
        .bind(request.total)
        .bind(&request.replica)
}

/// Items that no unit has written are written; what a unit wrote is the truth and stays.
async fn put_missing(
    transaction: &mut dyn Transaction,
    mut items: Vec<ItemWrite>,
) -> Result<(), StoreError> {
    let asked = Statement::new(sql::ITEMS_THERE).list(items.iter().map(item::id));
    let there: HashSet<String> =
        read(transaction, asked, item::NAME, Cells::text).await?.into_iter().collect();
    items.retain(|each| !there.contains(&item::id(each)));
    for statement in setwise::insert(item::TABLE, items.iter().map(item::inserted).collect()) {
        transaction.run(statement).await?;
    }
    Ok(())
}

fn filtered(text: &'static str, after: String, filter: ListFilter) -> Statement {
    let contains = filter.contains.map(|part| format!("%{}%", escaped(&part)));
    let conditions = [
        (sql::OF_STATE, filter.state),
        (sql::OF_ZONE, filter.zone),
        (sql::OF_SOURCE, filter.source),
        (sql::WHOSE_NAME_CONTAINS, contains),
    ];
    let mut statement = Statement::new(text).bind(after);
    for (condition, value) in conditions {
        if let Some(value) = value {
            statement = statement.and(condition).bind(value);
        }
    }
    statement
}

/// A folded text for LIKE in which nothing stands for anything else. Databases refuse long patterns, so it is cut where
/// it is longer than any folded name, which it then still does not match.
fn escaped(part: &str) -> String {
    let mut text = String::with_capacity(part.len());
    for character in name::fold(part).chars().take(FOLDED_MAX + 1) {
        if matches!(character, '!' | '%' | '_') {
            text.push('!');
        }
        text.push(character);
    }
    text
}
