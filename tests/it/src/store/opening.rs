//! What can be wrong with a database is said in a sentence when it is opened, and nothing is harmed.

use host_core::port::store::{Memory as _, Records as _, Rows as _};
use host_core::secret::Secret;
use host_store::KeySource;
use tests_harness::{Kind, TestDatabase};

use super::words::{account, agent, definition, inserts, new_holding, texts};
use super::{Fresh, open, refused};

on_every_database!(
    migrations_may_run_again_and_keep_what_is_there,
    a_newer_schema_is_refused,
    a_migration_that_was_changed_is_refused,
    a_malformed_key_is_refused_and_not_shown,
    a_row_that_cannot_be_is_named,
    the_tables_of_the_original_are_there_to_be_read_by_hand,
    a_closed_store_says_so,
);

async fn migrations_may_run_again_and_keep_what_is_there(kind: Kind) {
    let fresh = Fresh::new(kind).await;
    fresh.store.apply(inserts("c1", ["a"])).await.expect("applied");
    fresh.store.close().await;
    // As if the bridge had died between each file and its record.
    fresh.database.run("DELETE FROM swingbridge_migrations WHERE version > 1").await.expect("run");
    let store = open(&fresh.database).await.expect("migrated again");
    assert_eq!(store.accounts(texts(["a"])).await, Ok(vec![account("a")]));
    store.close().await;
}

async fn a_newer_schema_is_refused(kind: Kind) {
    let fresh = Fresh::new(kind).await;
    fresh.store.close().await;
    fresh
        .database
        .run("INSERT INTO swingbridge_migrations VALUES (9999, '9999_x', 'c', 1)")
        .await
        .expect("run");
    let said = refused(fresh.database.url(), KeySource::File(fresh.database.key_file())).await;
    assert!(said.contains("9999") && said.contains("newer bridge"), "{said}");
}

async fn a_migration_that_was_changed_is_refused(kind: Kind) {
    let fresh = Fresh::new(kind).await;
    fresh.store.close().await;
    fresh
        .database
        .run("UPDATE swingbridge_migrations SET checksum = 'x' WHERE version = 3")
        .await
        .expect("run");
    let said = refused(fresh.database.url(), KeySource::File(fresh.database.key_file())).await;
    assert!(said.contains("0003_accounts_due is another one"), "{said}");
}

async fn a_malformed_key_is_refused_and_not_shown(kind: Kind) {
    let database = TestDatabase::new(kind).await.expect("a database");
    let said = refused(database.url(), KeySource::Given(Secret::new("TOKEN-1"))).await;
    assert!(said.contains("32 bytes") && !said.contains("TOKEN"), "{said}");
}

async fn a_row_that_cannot_be_is_named(kind: Kind) {
    let fresh = Fresh::new(kind).await;
    fresh.store.apply(inserts("c1", ["a"])).await.expect("applied");
    fresh.store.close().await;
    fresh
        .database
        .run("UPDATE kubesvc_accounts SET requests = 'TOKEN' WHERE name = 'a'")
        .await
        .expect("run");
    let store = open(&fresh.database).await.expect("open");
    let said = store.accounts(texts(["a"])).await.expect_err("a bad row").to_string();
    assert!(said.starts_with("kubesvc_accounts holds a row that cannot be: a:"), "{said}");
    store.close().await;
}

async fn the_tables_of_the_original_are_there_to_be_read_by_hand(kind: Kind) {
    let fresh = Fresh::new(kind).await;
    let mut unit = inserts("c1", ["a"]);
    unit.inserts[0].definition =
        definition(r#"{"permissions":{"READ":["admin-role"]},"maxResumableResourceAgeMs":300000}"#);
    unit.holdings = vec![new_holding("a", "agent-1")];
    fresh.store.apply(unit).await.expect("applied");
    fresh.store.put_agent(agent("agent-1"), None).await.expect("written");
    let read = async |text: &str| {
        let rows = fresh.database.rows(text).await.expect("a read");
        rows.into_iter().flatten().map(Option::unwrap_or_default).collect::<Vec<String>>()
    };
    let account = read(
        "SELECT status, dynamic, props, max_watch_age_seconds FROM kubesvc_accounts WHERE name = 'a'",
    );
    let props = r#"{"permissions":{"READ":["admin-role"]}}"#;
    assert_eq!(account.await, ["INACTIVE", "1", props, "300"]);
    let assignment =
        read("SELECT account_name, agent_id, cd_id, connections, caching FROM kubesvc_assignments");
    assert_eq!(assignment.await, ["a", "agent-1", "bridge-0", "1", "1"]);
    fresh.store.close().await;
}

async fn a_closed_store_says_so(kind: Kind) {
    let fresh = Fresh::new(kind).await;
    fresh.store.ping().await.expect("it answers");
    fresh.store.close().await;
    let said = fresh.store.ping().await.expect_err("closed").to_string();
    assert!(said.contains("the store is closed"), "{said}");
}
