//! Secrets are kept sealed, opened by reference, and go with what they belonged to.

use host_core::account::Account;
use host_core::port::store::Rows as _;
use host_core::port::vault::Vault;
use host_core::secret::Secret;
use host_core::unit::{RowUpdate, SecretWrite, Unit};
use host_store::{KeySource, Store};
use tests_harness::Kind;

use super::words::{account, definition, insert, removal, texts, unit};
use super::{Fresh, open_with, refused};

on_every_database!(
    a_reference_opens_what_was_sealed_also_after_a_restart,
    no_secret_value_is_found_on_the_disk,
    the_same_secret_may_be_written_again,
    secrets_end_with_their_account_or_their_definition,
    a_unit_that_is_not_applied_keeps_no_secret,
    another_key_is_refused_and_nothing_is_written,
    the_key_is_made_for_its_owner_only,
);

const PLANTED: &str = "token: TOKEN-1-planted";

fn write(store: &Store, account: &str, value: &str) -> SecretWrite {
    let value = Secret::new(value);
    SecretWrite { reference: store.reference(account, &value), account: account.into(), value }
}

/// An account whose kubeconfig is sealed; answers its reference.
async fn planted(store: &Store) -> String {
    let secret = write(store, "a", PLANTED);
    let reference = secret.reference.clone();
    let mut row = insert(account("a"));
    row.definition = definition(&format!(r#"{{"kubeconfigContents":"{reference}"}}"#));
    let unit = Unit { inserts: vec![row], secrets: vec![secret], ..unit("c1") };
    store.apply(unit).await.expect("applied");
    reference
}

async fn a_reference_opens_what_was_sealed_also_after_a_restart(kind: Kind) {
    let fresh = Fresh::new(kind).await;
    let reference = planted(&fresh.store).await;
    let fresh = fresh.again().await;
    let asked = vec!["secret://swingbridge/unknown".to_owned(), reference.clone(), reference];
    let value = Some(Secret::new(PLANTED));
    assert_eq!(fresh.store.open(asked).await, Ok(vec![None, value.clone(), value]));
    fresh.store.close().await;
}

async fn no_secret_value_is_found_on_the_disk(kind: Kind) {
    let fresh = Fresh::new(kind).await;
    let reference = planted(&fresh.store).await;
    assert!(
        hunt(&fresh, &reference).await > 0,
        "the hunt finds what is there, in the log of the database too"
    );
    assert_eq!(hunt(&fresh, "TOKEN-1-planted").await, 0);
    fresh.store.close().await;
    assert_eq!(hunt(&fresh, "TOKEN-1-planted").await, 0);
}

async fn hunt(fresh: &Fresh, text: &str) -> usize {
    let all = fresh.everything().await;
    all.windows(text.len()).filter(|bytes| *bytes == text.as_bytes()).count()
}

async fn the_same_secret_may_be_written_again(kind: Kind) {
    let Fresh { store, database: _database } = Fresh::new(kind).await;
    let reference = planted(&store).await;
    let again = Unit {
        secrets: vec![write(&store, "a", PLANTED)],
        updates: vec![super::words::update("a", "ACTIVE")],
        ..unit("c2")
    };
    store.apply(again).await.expect("applied");
    assert_eq!(store.open(vec![reference]).await, Ok(vec![Some(Secret::new(PLANTED))]));
    store.close().await;
}

async fn secrets_end_with_their_account_or_their_definition(kind: Kind) {
    let Fresh { store, database: _database } = Fresh::new(kind).await;
    let reference = planted(&store).await;
    let next = write(&store, "a", "token: TOKEN-2");
    let second = next.reference.clone();
    let change = RowUpdate {
        expected: 1,
        account: Account { revision: 2, definition_revision: 2, ..account("a") },
        definition: Some(definition(&format!(r#"{{"kubeconfigContents":"{second}"}}"#))),
    };
    let unit_2 = Unit {
        updates: vec![change],
        secrets: vec![next],
        dropped_secrets: vec![reference.clone()],
        ..unit("c2")
    };
    store.apply(unit_2).await.expect("applied");
    let both = vec![reference, second];
    let opened = store.open(both.clone()).await.expect("opened");
    assert_eq!(opened, [None, Some(Secret::new("token: TOKEN-2"))]);
    let end = Unit { removals: vec![removal("a", 2)], ..unit("c3") };
    store.apply(end).await.expect("applied");
    assert_eq!(store.open(both).await, Ok(vec![None, None]));
    store.close().await;
}

async fn a_unit_that_is_not_applied_keeps_no_secret(kind: Kind) {
    let Fresh { store, database: _database } = Fresh::new(kind).await;
    let secret = write(&store, "a", PLANTED);
    let reference = secret.reference.clone();
    let stale = Unit { secrets: vec![secret], removals: vec![removal("a", 1)], ..unit("c1") };
    store.apply(stale).await.expect_err("there is no such row");
    assert_eq!(store.open(vec![reference]).await, Ok(vec![None]));
    store.close().await;
}

async fn another_key_is_refused_and_nothing_is_written(kind: Kind) {
    let fresh = Fresh::new(kind).await;
    let reference = planted(&fresh.store).await;
    fresh.store.close().await;
    let before = fresh.everything().await;
    let url = fresh.database.url();
    let other = KeySource::Given(Secret::new("11".repeat(32)));
    assert!(refused(url, other).await.contains("does not open what the database holds"));
    let key = fresh.database.key_file();
    let kept = std::fs::read_to_string(&key).expect("the key");
    std::fs::remove_file(&key).expect("removed");
    let said = refused(url, KeySource::File(key.clone())).await;
    assert!(said.contains("secrets.key is not there"), "{said}");
    assert!(!key.exists(), "no new key takes the old one's place");
    assert_eq!(fresh.everything().await, before);
    // The key as a value opens it as well as the file did.
    let store = open_with(url, KeySource::Given(Secret::new(kept))).await;
    let store = store.expect("the right key");
    assert_eq!(store.open(texts([reference.as_str()])).await, Ok(vec![Some(Secret::new(PLANTED))]));
    store.close().await;
}

async fn the_key_is_made_for_its_owner_only(kind: Kind) {
    use std::os::unix::fs::PermissionsExt as _;
    let fresh = Fresh::new(kind).await;
    let key = fresh.database.key_file();
    let mode = std::fs::metadata(key).expect("the key").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    fresh.store.close().await;
}
