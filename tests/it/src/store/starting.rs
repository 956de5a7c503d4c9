//! Several bridges that start at once on one server: the schema is changed once, and one key seals all.

use std::sync::Arc;

use host_core::port::store::Rows as _;
use host_core::secret::Secret;
use host_store::{KeySource, OpenError, Store};
use tests_harness::{Kind, TestDatabase};

use super::words::{account, inserts, texts};
use super::{open_with, serving};

on_servers!(
    bridges_that_start_at_once_change_the_schema_once,
    bridges_that_start_at_once_with_other_keys_do_not_both_start,
);

async fn at_once(
    database: &Arc<TestDatabase>,
    keys: [KeySource; 3],
) -> Vec<Result<Store, OpenError>> {
    let starting = keys.map(|key| {
        let database = Arc::clone(database);
        tokio::spawn(async move { open_with(database.url(), key).await })
    });
    let mut started = Vec::new();
    for each in starting {
        started.push(each.await.expect("no panic"));
    }
    started
}

fn key(digits: &str) -> KeySource {
    KeySource::Given(Secret::new(digits.repeat(32)))
}

async fn bridges_that_start_at_once_change_the_schema_once(kind: Kind) {
    let database = Arc::new(TestDatabase::new(kind).await.expect("a database"));
    let stores = at_once(&database, [key("11"), key("11"), key("11")]).await;
    let stores: Vec<Store> = stores.into_iter().map(|store| store.expect("it starts")).collect();
    let rows = database.rows("SELECT version FROM swingbridge_migrations ORDER BY version").await;
    let versions: Vec<_> = rows.expect("a read").into_iter().flatten().flatten().collect();
    let mut distinct = versions.clone();
    distinct.dedup();
    assert_eq!(versions, distinct, "each migration is recorded once");
    assert!(versions.len() > 30);
    serving(&stores[0]).await;
    stores[1].apply(inserts("c1", ["a"])).await.expect("applied");
    assert_eq!(stores[2].accounts(texts(["a"])).await, Ok(vec![account("a")]));
    for store in stores {
        store.close().await;
    }
}

async fn bridges_that_start_at_once_with_other_keys_do_not_both_start(kind: Kind) {
    let database = Arc::new(TestDatabase::new(kind).await.expect("a database"));
    let started = at_once(&database, [key("11"), key("22"), key("33")]).await;
    let (there, refused): (Vec<_>, Vec<_>) = started.into_iter().partition(Result::is_ok);
    assert_eq!(there.len(), 1, "the one whose key sealed the first row");
    for error in refused.into_iter().filter_map(Result::err) {
        assert!(error.to_string().contains("does not open"), "{error}");
    }
    for store in there.into_iter().flatten() {
        store.close().await;
    }
}
