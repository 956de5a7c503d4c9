//! What can be wrong with a file, and with a URL, is said in a sentence, and nothing is harmed.

use std::path::{Path, PathBuf};

use host_core::port::store::Rows as _;
use host_store::KeySource;
use tests_harness::Kind;

use super::words::inserts;
use super::{Fresh, open, refused};

fn file(folder: &Path) -> PathBuf {
    folder.join("bridge.db")
}

fn url(path: &Path) -> String {
    format!("sqlite:{}", path.display())
}

#[tokio::test]
async fn a_second_bridge_on_one_file_is_refused_until_the_first_has_closed() {
    let fresh = Fresh::new(Kind::Sqlite).await;
    let path = file(fresh.database.folder());
    let said = refused(&url(&path), KeySource::Beside).await;
    assert!(said.contains("another bridge has the database"), "{said}");
    fresh.store.apply(inserts("c1", ["a"])).await.expect("the first is not harmed");
    fresh.store.close().await;
    open(&fresh.database).await.expect("the lock is free").close().await;
}

#[tokio::test]
async fn a_file_that_is_no_database_is_refused_and_left_as_it_is() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = file(folder.path());
    let text = "this is a shopping list\n".repeat(100);
    std::fs::write(&path, &text).expect("written");
    let said = refused(&url(&path), KeySource::Beside).await;
    assert!(said.contains("no SQLite database"), "{said}");
    assert_eq!(std::fs::read_to_string(&path).expect("the file"), text);
}

#[tokio::test]
async fn a_damaged_file_is_refused() {
    let fresh = Fresh::new(Kind::Sqlite).await;
    fresh.store.close().await;
    let path = file(fresh.database.folder());
    let mut bytes = std::fs::read(&path).expect("the file");
    bytes.truncate(8_192);
    bytes[4_096..].fill(0xab);
    std::fs::write(&path, bytes).expect("written");
    let said = refused(&url(&path), KeySource::Beside).await;
    assert!(said.contains("damaged"), "{said}");
}

#[tokio::test]
async fn a_missing_folder_is_named() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("nowhere").join("bridge.db");
    let said = refused(&url(&path), KeySource::Beside).await;
    assert!(said.contains("nowhere is not there") && said.contains("make it first"), "{said}");
}

#[tokio::test]
async fn a_path_that_is_a_folder_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let said = refused(&url(folder.path()), KeySource::Beside).await;
    assert!(said.contains("cannot be opened"), "{said}");
}

#[tokio::test]
async fn a_file_on_a_read_only_place_is_refused() {
    // A path below a file can be written by nobody, not even by root.
    let said = refused("sqlite:/proc/version", KeySource::Beside).await;
    assert!(said.contains("/proc/version"), "{said}");
}

#[tokio::test]
async fn other_databases_and_no_path_are_refused_with_what_to_write() {
    for (url, part) in [
        ("oracle://localhost/x", "sqlite:PATH"),
        ("bridge.db", "sqlite:PATH"),
        ("sqlite:", "names no file"),
        ("sqlite::memory:", "names no file"),
        ("mysql://localhost", "…@HOST/DATABASE"),
        ("postgres://user:TOKEN-1@localhost:x/x", "cannot be read"),
        ("mariadb://user:TOKEN-1@localhost/x?ssl-mode=yes", "cannot be read"),
    ] {
        let said = refused(url, KeySource::Beside).await;
        assert!(said.contains(part) && !said.contains("TOKEN"), "{said}");
    }
}
