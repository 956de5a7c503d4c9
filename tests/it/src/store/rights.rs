//! What a server refuses is said in a sentence for whoever can mend it, and never with a password.

use host_store::KeySource;
use tests_harness::{DatabaseServer, Kind, TestDatabase};

use super::words::inserts;
use super::{Fresh, open, open_with, refused};
use host_core::port::store::Rows as _;

on_servers!(
    a_database_that_is_not_there_is_named,
    a_wrong_password_is_said_and_not_shown,
    an_address_where_nobody_listens_is_said,
    a_user_that_may_only_read_is_told_what_to_grant,
    a_server_for_reading_only_is_said,
    settings_that_would_lose_data_are_refused,
    a_server_needs_a_key_that_was_given,
);

/// The URL with another user and password.
fn with_user(url: &str, user: &str, password: &str) -> String {
    let (scheme, rest) = url.split_once("://").expect("a URL");
    let (_, place) = rest.split_once('@').expect("a user");
    format!("{scheme}://{user}:{password}@{place}")
}

/// Why a store on a URL did not open; says nothing of passwords in any case.
async fn why(url: &str, database: &TestDatabase) -> String {
    let said = refused(url, KeySource::File(database.key_file())).await;
    let password = url.split(':').nth(2).and_then(|rest| rest.split('@').next()).expect("one");
    assert!(!said.contains(password), "{said}");
    said
}

async fn a_database_that_is_not_there_is_named(kind: Kind) {
    let database = TestDatabase::new(kind).await.expect("a database");
    let url = format!("{}_not", database.url());
    let said = why(&url, &database).await;
    assert!(said.contains("_not cannot be used") && said.contains("CREATE DATABASE"), "{said}");
}

async fn a_wrong_password_is_said_and_not_shown(kind: Kind) {
    let database = TestDatabase::new(kind).await.expect("a database");
    let url = with_user(database.url(), "swingbridge", "TOKEN-1-wrong");
    let said = why(&url, &database).await;
    assert!(said.contains("does not let the user in"), "{said}");
}

async fn an_address_where_nobody_listens_is_said(kind: Kind) {
    let database = TestDatabase::new(kind).await.expect("a database");
    // Port 1 of loopback: nobody has it.
    let (front, _) = database.url().rsplit_once(':').expect("a port");
    let said = why(&format!("{front}:1/x"), &database).await;
    assert!(said.contains("nothing answers at the address"), "{said}");
}

/// A user that may read every table of a database, and no more; its URL.
async fn reader(database: &TestDatabase) -> String {
    let (_, name) = database.url().rsplit_once('/').expect("a database");
    let text = match database.kind() {
        Kind::Postgres => format!(
            "CREATE ROLE reader_{name} LOGIN PASSWORD 'TOKEN-1'; \
             GRANT SELECT ON ALL TABLES IN SCHEMA public TO reader_{name}"
        ),
        Kind::MariaDb | Kind::Sqlite => format!(
            "CREATE USER 'reader_{name}'@'127.0.0.1' IDENTIFIED BY 'TOKEN-1'; \
             GRANT SELECT ON {name}.* TO 'reader_{name}'@'127.0.0.1'"
        ),
    };
    database.run(&text).await.expect("a user");
    with_user(database.url(), &format!("reader_{name}"), "TOKEN-1")
}

async fn a_user_that_may_only_read_is_told_what_to_grant(kind: Kind) {
    let fresh = Fresh::new(kind).await;
    fresh.store.close().await;
    let said = why(&reader(&fresh.database).await, &fresh.database).await;
    assert!(said.contains("the user may not do that") && said.contains("grant it"), "{said}");
}

async fn a_server_for_reading_only_is_said(kind: Kind) {
    let server = DatabaseServer::start(kind).await.expect("a server of its own");
    let database = server.database().await.expect("a database");
    let store = open(&database).await.expect("a store");
    super::serving(&store).await;
    store.apply(inserts("c1", ["a"])).await.expect("applied");
    let (_, name) = database.url().rsplit_once('/').expect("a database");
    let (user, text) = match kind {
        Kind::Postgres => {
            ("swingbridge", "ALTER SYSTEM SET default_transaction_read_only = on; ".to_owned())
        }
        // Whoever may do everything may write in spite of it, so the bridge is somebody else here.
        Kind::MariaDb | Kind::Sqlite => (
            "bridge",
            format!(
                "CREATE USER 'bridge'@'127.0.0.1' IDENTIFIED BY 'TOKEN-1'; \
                 GRANT ALL ON {name}.* TO 'bridge'@'127.0.0.1'; SET GLOBAL read_only = 1"
            ),
        ),
    };
    for text in text.split("; ").filter(|text| !text.is_empty()) {
        database.run(text).await.expect("set");
    }
    if kind == Kind::Postgres {
        database.run("SELECT pg_reload_conf()").await.expect("read again");
    }
    let url = match user {
        "bridge" => with_user(database.url(), user, "TOKEN-1"),
        _ => database.url().to_owned(),
    };
    let said = loop {
        // The server reads its configuration again when it comes to it.
        match open_with(&url, KeySource::File(database.key_file())).await {
            Ok(store) => store.close().await,
            Err(error) => break error.to_string(),
        }
    };
    assert!(said.contains("reading only") && said.contains("primary"), "{said}");
    store.close().await;
}

async fn settings_that_would_lose_data_are_refused(kind: Kind) {
    let server = DatabaseServer::start(kind).await.expect("a server of its own");
    let database = server.database().await.expect("a database");
    match kind {
        Kind::Postgres => {
            let (front, _) = database.url().rsplit_once('/').expect("a database");
            let text = "CREATE DATABASE bytes ENCODING 'SQL_ASCII' LOCALE 'C' LOCALE_PROVIDER libc TEMPLATE template0";
            database.run(text).await.expect("a database");
            let said = why(&format!("{front}/bytes"), &database).await;
            assert!(said.contains("server_encoding") && said.contains("ENCODING 'UTF8'"), "{said}");
        }
        Kind::MariaDb | Kind::Sqlite => {
            for (text, part) in [
                ("SET GLOBAL innodb_flush_log_at_trx_commit = 2", "innodb_flush_log_at_trx_commit"),
                (
                    "SET GLOBAL innodb_flush_log_at_trx_commit = 1, max_allowed_packet = 1048576",
                    "max_allowed_packet",
                ),
            ] {
                database.run(text).await.expect("set");
                let said = why(database.url(), &database).await;
                assert!(said.contains(part), "{said}");
            }
        }
    }
}

async fn a_server_needs_a_key_that_was_given(kind: Kind) {
    let database = TestDatabase::new(kind).await.expect("a database");
    let said = refused(database.url(), KeySource::Beside).await;
    assert!(said.contains("secrets.key") && said.contains("head -c 32"), "{said}");
    assert!(super::schema::tables(&database).await.is_empty(), "nothing was written");
}
