//! Two that want the same rows: whoever has to give way is told that it may try again, and has written nothing.

use std::str::FromStr as _;

use host_core::error::ApplyError;
use host_core::port::store::Rows as _;
use host_core::unit::Unit;
use sqlx::mysql::{MySqlConnectOptions, MySqlConnection};
use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{ConnectOptions as _, Executor as _};
use tests_harness::{Kind, TestDatabase};

use super::words::{account, inserts, texts, unit, update};
use super::{Fresh, serving};

on_servers!(
    a_row_that_somebody_holds_for_long_makes_a_unit_busy,
    a_deadlock_makes_a_unit_busy_or_the_other_give_way,
    units_that_want_the_same_rows_in_any_order_all_come_to_an_end,
);

/// Somebody else's session.
enum Other {
    MariaDb(MySqlConnection),
    Postgres(PgConnection),
}

impl Other {
    async fn on(database: &TestDatabase) -> Self {
        let url = database.url();
        match database.kind() {
            Kind::Postgres => {
                let options = PgConnectOptions::from_str(url).expect("a URL");
                Self::Postgres(options.connect().await.expect("a connection"))
            }
            Kind::MariaDb | Kind::Sqlite => {
                let options = MySqlConnectOptions::from_str(url).expect("a URL");
                Self::MariaDb(options.connect().await.expect("a connection"))
            }
        }
    }

    async fn run(&mut self, text: &'static str) -> Result<(), sqlx::Error> {
        match self {
            Self::MariaDb(connection) => connection.execute(text).await.map(|_| ()),
            Self::Postgres(connection) => connection.execute(text).await.map(|_| ()),
        }
    }
}

/// How many sessions wait for a lock.
async fn waiting(database: &TestDatabase) -> usize {
    let text = match database.kind() {
        Kind::Postgres => {
            "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
        }
        // Nothing here takes that long but waiting. (`innodb_trx` stands still for whoever looks at it again and again.)
        Kind::MariaDb | Kind::Sqlite => {
            "SELECT id FROM information_schema.processlist WHERE db = DATABASE() AND info LIKE 'UPDATE%' \
             AND time_ms > 200"
        }
    };
    database.rows(text).await.expect("the sessions").len()
}

async fn a_row_that_somebody_holds_for_long_makes_a_unit_busy(kind: Kind) {
    let fresh = Fresh::new(kind).await;
    fresh.store.apply(inserts("c1", ["a", "b"])).await.expect("applied");
    let mut other = Other::on(&fresh.database).await;
    other.run("BEGIN").await.expect("begun");
    other.run("UPDATE kubesvc_accounts SET due_at = 1 WHERE name = 'b'").await.expect("held");
    let both = Unit { updates: vec![update("a", "ACTIVE"), update("b", "ACTIVE")], ..unit("c2") };
    let answer = fresh.store.apply(both.clone()).await;
    assert!(matches!(answer, Err(ApplyError::Busy(_))), "{answer:?}");
    other.run("ROLLBACK").await.expect("let go");
    let rows = fresh.store.accounts(texts(["a", "b"])).await;
    assert_eq!(rows, Ok(vec![account("a"), account("b")]), "nothing of it was written");
    fresh.store.apply(both).await.expect("the same call may try again");
    fresh.store.close().await;
}

async fn a_deadlock_makes_a_unit_busy_or_the_other_give_way(kind: Kind) {
    let fresh = Fresh::new(kind).await;
    fresh.store.apply(inserts("c1", ["a", "b"])).await.expect("applied");
    let mut other = Other::on(&fresh.database).await;
    other.run("BEGIN").await.expect("begun");
    other.run("UPDATE kubesvc_accounts SET due_at = 1 WHERE name = 'b'").await.expect("held");
    let store = fresh.store.clone();
    let both = Unit { updates: vec![update("a", "ACTIVE"), update("b", "ACTIVE")], ..unit("c2") };
    let applying = tokio::spawn(async move { store.apply(both).await });
    while waiting(&fresh.database).await == 0 {
        assert!(!applying.is_finished(), "it did not wait for the other");
    }
    // It holds a and waits for b.
    let other_gave_way =
        other.run("UPDATE kubesvc_accounts SET due_at = 1 WHERE name = 'a'").await.is_err();
    if !other_gave_way {
        other.run("ROLLBACK").await.expect("let go");
    }
    let answer = applying.await.expect("no panic");
    match &answer {
        Ok(()) => assert!(other_gave_way, "one of the two had to"),
        Err(ApplyError::Busy(_)) => {}
        Err(other) => panic!("{other:?}"),
    }
    let states = fresh.store.accounts(texts(["a", "b"])).await.expect("a read");
    let moved = states.iter().filter(|row| row.state == "ACTIVE").count();
    assert_eq!(moved, if answer.is_ok() { 2 } else { 0 }, "whole or not at all");
    fresh.store.close().await;
}

async fn units_that_want_the_same_rows_in_any_order_all_come_to_an_end(kind: Kind) {
    let fresh = Fresh::new(kind).await;
    serving(&fresh.store).await;
    let names: Vec<String> = (0..40).map(|n| format!("n-{n:02}")).collect();
    let all = names.iter().map(String::as_str);
    fresh.store.apply(inserts("c1", all)).await.expect("applied");
    let mut tasks = Vec::new();
    for writer in 0..16_usize {
        let store = fresh.store.clone();
        let mut of: Vec<_> = names.iter().map(|name| update(name, "ACTIVE")).collect();
        of.rotate_left(writer * 2);
        of.truncate(20);
        tasks.push(tokio::spawn(async move {
            store.apply(Unit { updates: of, ..unit(&format!("w{writer}")) }).await
        }));
    }
    let mut won = 0;
    for task in tasks {
        match task.await.expect("no panic") {
            Ok(()) => won += 20,
            Err(ApplyError::Stale(_) | ApplyError::Busy(_)) => {}
            Err(other) => panic!("{other:?}"),
        }
    }
    let rows = fresh.store.accounts(names).await.expect("a read");
    let moved = rows.iter().filter(|row| row.revision == 2).count();
    assert!(won > 0);
    assert_eq!(moved, won, "every row was moved by one unit at most, and by whole units");
    fresh.store.close().await;
}
