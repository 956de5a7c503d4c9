//! What can be wrong with a database is said in a sentence when it is opened, and nothing is harmed.

use host_core::port::store::{Records as _, Rows as _};
use host_core::secret::Secret;
use host_store::{KeySource, OpenOptions, Store};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions as _, Connection as _};

use super::words::{account, inserts, texts};
use super::{Fresh, Standing, database, open, refused};

/// Runs a statement behind the store's back.
async fn behind_its_back(path: &std::path::Path, text: &'static str) {
    let mut connection =
        SqliteConnectOptions::new().filename(path).connect().await.expect("a connection");
    sqlx::query(text).execute(&mut connection).await.expect("the statement");
    connection.close().await.expect("closed");
}

#[tokio::test]
async fn migrations_may_run_again_and_keep_what_is_there() {
    let fresh = Fresh::new().await;
    fresh.store.apply(inserts("c1", ["a"])).await.expect("applied");
    fresh.store.close().await;
    let path = database(fresh.folder.path());
    // As if the bridge had died between each file and its record.
    behind_its_back(&path, "DELETE FROM swingbridge_migrations WHERE version > 1").await;
    let store = open(&path).await.expect("migrated again");
    assert_eq!(store.accounts(texts(["a"])).await, Ok(vec![account("a")]));
    store.close().await;
}

#[tokio::test]
async fn a_second_bridge_on_one_file_is_refused_until_the_first_has_closed() {
    let fresh = Fresh::new().await;
    let path = database(fresh.folder.path());
    let said = refused(&path, KeySource::Beside).await;
    assert!(said.contains("another bridge has the database"), "{said}");
    fresh.store.apply(inserts("c1", ["a"])).await.expect("the first is not harmed");
    fresh.store.close().await;
    open(&path).await.expect("the lock is free").close().await;
}

#[tokio::test]
async fn a_newer_schema_is_refused() {
    let fresh = Fresh::new().await;
    fresh.store.close().await;
    let path = database(fresh.folder.path());
    behind_its_back(&path, "INSERT INTO swingbridge_migrations VALUES (9999, '9999_x', 'c', 1)")
        .await;
    let said = refused(&path, KeySource::Beside).await;
    assert!(said.contains("9999") && said.contains("newer bridge"), "{said}");
}

#[tokio::test]
async fn a_migration_that_was_changed_is_refused() {
    let fresh = Fresh::new().await;
    fresh.store.close().await;
    let path = database(fresh.folder.path());
    behind_its_back(&path, "UPDATE swingbridge_migrations SET checksum = 'x' WHERE version = 3")
        .await;
    let said = refused(&path, KeySource::Beside).await;
    assert!(said.contains("0003_accounts_due is another one"), "{said}");
}

#[tokio::test]
async fn a_file_that_is_no_database_is_refused_and_left_as_it_is() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = database(folder.path());
    let text = "this is a shopping list\n".repeat(100);
    std::fs::write(&path, &text).expect("written");
    let said = refused(&path, KeySource::Beside).await;
    assert!(said.contains("no SQLite database"), "{said}");
    assert_eq!(std::fs::read_to_string(&path).expect("the file"), text);
}

#[tokio::test]
async fn a_damaged_file_is_refused() {
    let fresh = Fresh::new().await;
    fresh.store.close().await;
    let path = database(fresh.folder.path());
    let mut bytes = std::fs::read(&path).expect("the file");
    bytes.truncate(8_192);
    bytes[4_096..].fill(0xab);
    std::fs::write(&path, bytes).expect("written");
    let said = refused(&path, KeySource::Beside).await;
    assert!(said.contains("damaged"), "{said}");
}

#[tokio::test]
async fn a_missing_folder_is_named() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("nowhere").join("bridge.db");
    let said = refused(&path, KeySource::Beside).await;
    assert!(said.contains("nowhere is not there") && said.contains("make it first"), "{said}");
}

#[tokio::test]
async fn a_path_that_is_a_folder_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let said = refused(folder.path(), KeySource::Beside).await;
    assert!(said.contains("cannot be opened"), "{said}");
}

#[tokio::test]
async fn a_file_on_a_read_only_place_is_refused() {
    // A path below a file can be written by nobody, not even by root.
    let said = refused(std::path::Path::new("/proc/version"), KeySource::Beside).await;
    assert!(said.contains("/proc/version"), "{said}");
}

#[tokio::test]
async fn other_databases_and_no_path_are_refused_with_what_to_write() {
    for (url, part) in [
        ("mysql://localhost/x", "sqlite:PATH"),
        ("postgres://user:TOKEN-1@localhost/x", "sqlite:PATH"),
        ("bridge.db", "sqlite:PATH"),
        ("sqlite:", "names no file"),
        ("sqlite::memory:", "names no file"),
    ] {
        let clock = std::sync::Arc::new(Standing(1));
        let key = KeySource::Beside;
        let options = OpenOptions { url: url.into(), key, clock, failpoints: None };
        let said = Store::open(options).await.expect_err("refused").to_string();
        assert!(said.contains(part) && !said.contains("TOKEN"), "{said}");
    }
}

#[tokio::test]
async fn a_malformed_key_is_refused_and_not_shown() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = database(folder.path());
    let said = refused(&path, KeySource::Given(Secret::new("TOKEN-1"))).await;
    assert!(said.contains("32 bytes") && !said.contains("TOKEN"), "{said}");
}

#[tokio::test]
async fn a_row_that_cannot_be_is_named() {
    let fresh = Fresh::new().await;
    fresh.store.apply(inserts("c1", ["a"])).await.expect("applied");
    fresh.store.close().await;
    let path = database(fresh.folder.path());
    behind_its_back(&path, "UPDATE kubesvc_accounts SET requests = 'TOKEN' WHERE name = 'a'").await;
    let store = open(&path).await.expect("open");
    let said = store.accounts(texts(["a"])).await.expect_err("a bad row").to_string();
    assert!(said.starts_with("kubesvc_accounts holds a row that cannot be: a:"), "{said}");
    store.close().await;
}

#[tokio::test]
async fn the_tables_of_the_original_are_there_to_be_read_by_hand() {
    let fresh = Fresh::new().await;
    let mut unit = inserts("c1", ["a"]);
    unit.inserts[0].definition = super::words::definition(
        r#"{"permissions":{"READ":["admin-role"]},"maxResumableResourceAgeMs":300000}"#,
    );
    unit.holdings = vec![super::words::new_holding("a", "agent-1")];
    fresh.store.apply(unit).await.expect("applied");
    host_core::port::store::Memory::put_agent(&fresh.store, super::words::agent("agent-1"), None)
        .await
        .expect("written");
    let mut connection = SqliteConnectOptions::new()
        .filename(database(fresh.folder.path()))
        .read_only(true)
        .connect()
        .await
        .expect("a connection");
    let (status, dynamic, props, age): (String, i64, String, i64) = sqlx::query_as(
        "SELECT status, dynamic, props, max_watch_age_seconds FROM kubesvc_accounts WHERE name = 'a'",
    )
    .fetch_one(&mut connection)
    .await
    .expect("a row");
    assert_eq!((status.as_str(), dynamic, age), ("INACTIVE", 1, 300));
    assert_eq!(props, r#"{"permissions":{"READ":["admin-role"]}}"#);
    let assignment: (String, String, String, i64, i64) = sqlx::query_as(
        "SELECT account_name, agent_id, cd_id, connections, caching FROM kubesvc_assignments",
    )
    .fetch_one(&mut connection)
    .await
    .expect("a row");
    assert_eq!(assignment, ("a".into(), "agent-1".into(), "bridge-0".into(), 1, 1));
    connection.close().await.expect("closed");
    fresh.store.close().await;
}

#[tokio::test]
async fn a_closed_store_says_so() {
    let fresh = Fresh::new().await;
    fresh.store.ping().await.expect("it answers");
    fresh.store.close().await;
    let said = fresh.store.ping().await.expect_err("closed").to_string();
    assert!(said.contains("the store is closed"), "{said}");
}
