//! How a connection of a server is used: within limits, and never given back in doubt.

use std::time::{Duration, Instant};

use tests_databases::{Kind, TestDatabase};

use super::migrated;
use crate::dialect::{self, Dialect, Failure, Limits, open_within};
use crate::migrate;
use crate::sql;
use crate::statement::Statement;
use crate::value::{Row, Value};

const SERVERS: [Kind; 2] = [Kind::MariaDb, Kind::Postgres];

fn call(id: &str) -> Statement {
    Statement::new(sql::SETTLE_CALL).bind(id).bind(1_u64)
}

async fn there(dialect: &dyn Dialect, id: &str) -> bool {
    let mut link = dialect.reader().await.expect("a reader");
    !link.rows(Statement::new(sql::CALL).bind(id)).await.expect("a read").is_empty()
}

fn texts(rows: &[Row]) -> Vec<String> {
    let text = |value: &Value| match value {
        Value::Text(text) => text.clone().unwrap_or_default(),
        Value::Number(number) => number.unwrap_or_default().to_string(),
        Value::Bytes(_) => "bytes".to_owned(),
        Value::Odd(what) => (*what).to_owned(),
    };
    rows.iter().flat_map(|row| row.0.iter().map(text)).collect()
}

/// A statement that does nothing for half a minute.
fn sleeps(kind: Kind) -> Statement {
    let text = if kind == Kind::Postgres { "SELECT pg_sleep(30)" } else { "SELECT SLEEP(30)" };
    Statement::made(text.to_owned(), Vec::new(), true)
}

#[tokio::test]
async fn the_settings_of_a_session_hold_on_the_connections_that_are_used() {
    for kind in SERVERS {
        let database = TestDatabase::new(kind).await.expect("a database");
        let dialect = migrated(&database).await;
        let asked = if kind == Kind::Postgres {
            "SELECT current_setting('transaction_isolation'), current_setting('lock_timeout'), \
             current_setting('statement_timeout'), current_setting('idle_in_transaction_session_timeout'), \
             current_setting('synchronous_commit')"
        } else {
            "SELECT @@tx_isolation, @@innodb_lock_wait_timeout, CAST(@@max_statement_time AS CHAR), \
             @@idle_transaction_timeout, @@global.innodb_flush_log_at_trx_commit, @@sql_mode"
        };
        let mut transaction = dialect.begin().await.expect("a transaction");
        let rows = transaction.rows(Statement::new(asked)).await.expect("the settings");
        let wanted: &[&str] = if kind == Kind::Postgres {
            &["read committed", "2s", "10s", "5s", "on"]
        } else {
            let mode = "STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION";
            &["READ-COMMITTED", "2", "10.000000", "5", "1", mode]
        };
        assert_eq!(texts(&rows), wanted);
        transaction.rollback().await.expect("rolled back");
        dialect.close().await;
    }
}

#[tokio::test]
async fn a_transaction_that_is_dropped_leaves_nothing_behind() {
    for kind in SERVERS {
        let database = TestDatabase::new(kind).await.expect("a database");
        let dialect = migrated(&database).await;
        for turn in 0..40 {
            let mut transaction = dialect.begin().await.expect("a transaction");
            transaction.run(call(&format!("dropped-{turn}"))).await.expect("run");
            drop(transaction);
        }
        for turn in 0..40 {
            assert!(!there(dialect.as_ref(), &format!("dropped-{turn}")).await);
        }
        let mut transaction = dialect.begin().await.expect("a transaction");
        transaction.run(call("kept")).await.expect("run");
        transaction.commit().await.expect("a commit");
        assert!(there(dialect.as_ref(), "kept").await);
        dialect.close().await;
    }
}

#[tokio::test]
async fn a_transaction_of_which_a_statement_failed_is_never_committed() {
    for kind in SERVERS {
        let database = TestDatabase::new(kind).await.expect("a database");
        let dialect = migrated(&database).await;
        let mut transaction = dialect.begin().await.expect("a transaction");
        transaction.run(call("one")).await.expect("run");
        assert_eq!(transaction.run(call("one")).await, Err(Failure::Exists));
        let said = transaction.commit().await.expect_err("refused").sentence();
        assert!(said.contains("had failed"), "{said}");
        assert!(!there(dialect.as_ref(), "one").await);
        dialect.close().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn readers_find_a_connection_while_every_turn_to_write_is_taken() {
    for kind in SERVERS {
        let database = TestDatabase::new(kind).await.expect("a database");
        let dialect = migrated(&database).await;
        let mut open = Vec::new();
        for _ in 0..12 {
            open.push(dialect.begin().await.expect("a transaction"));
        }
        let waits = dialect.begin();
        tokio::pin!(waits);
        assert!(futures_pending(waits.as_mut()).await, "the thirteenth waits for its turn");
        assert!(!there(dialect.as_ref(), "x").await, "a reader does not");
        let first = open.pop().expect("twelve");
        first.rollback().await.expect("rolled back");
        waits.await.expect("its turn").rollback().await.expect("rolled back");
        drop(open);
        dialect.close().await;
    }
}

/// Whether a future has no answer when it is first asked.
async fn futures_pending<F: Future>(mut future: std::pin::Pin<&mut F>) -> bool {
    std::future::poll_fn(|context| {
        std::task::Poll::Ready(future.as_mut().poll(context).is_pending())
    })
    .await
}

/// What a server says of its own sessions that sleep.
async fn sleeping(database: &TestDatabase) -> usize {
    let text = if database.kind() == Kind::Postgres {
        "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() \
         AND query LIKE '%pg_sleep%' AND state = 'active'"
    } else {
        "SELECT id FROM information_schema.processlist WHERE db = DATABASE() AND id <> CONNECTION_ID() \
         AND info LIKE '%SLEEP(30)%'"
    };
    database.rows(text).await.expect("the sessions").len()
}

#[tokio::test]
async fn a_statement_past_its_limit_is_given_up_and_its_connection_with_it() {
    for kind in SERVERS {
        let database = TestDatabase::new(kind).await.expect("a database");
        migrated(&database).await.close().await;
        let limits = Limits { statement: Duration::from_millis(300) };
        let dialect = open_within(database.url(), limits).await.expect("open");
        let begun = Instant::now();
        let mut transaction = dialect.begin().await.expect("a transaction");
        transaction.run(call("lost")).await.expect("run");
        let said = transaction.rows(sleeps(kind)).await.expect_err("too long").sentence();
        assert!(said.contains("did not answer within"), "{said}");
        assert!(begun.elapsed() < Duration::from_secs(5));
        if kind == Kind::MariaDb {
            assert_eq!(
                sleeping(&database).await,
                0,
                "its session was ended from another connection"
            );
        }
        assert!(transaction.run(call("late")).await.is_err(), "it is of no use any more");
        drop(transaction);
        // Nothing of it holds anybody up: the same row can be written at once.
        if kind == Kind::MariaDb {
            let mut again = dialect.begin().await.expect("a transaction");
            again.run(call("lost")).await.expect("nobody has the row");
            again.commit().await.expect("a commit");
        }
        assert!(!there(dialect.as_ref(), "late").await);
        dialect.close().await;
    }
}

#[tokio::test]
async fn the_server_ends_a_statement_by_itself_before_its_connection_is_closed() {
    for kind in SERVERS {
        let database = TestDatabase::new(kind).await.expect("a database");
        let dialect = migrated(&database).await;
        // The setting is the server's own; a shorter one does not take the test ten seconds.
        let shorter = if kind == Kind::Postgres {
            "SET LOCAL statement_timeout = '200ms'"
        } else {
            "SET SESSION max_statement_time = 0.2"
        };
        let mut transaction = dialect.begin().await.expect("a transaction");
        transaction.run(Statement::made(shorter.to_owned(), Vec::new(), false)).await.expect("set");
        let said = transaction.rows(sleeps(kind)).await.expect_err("too long").sentence();
        assert!(said.contains("a statement ran for more than 10 s"), "{said}");
        transaction.rollback().await.expect("the connection lives");
        dialect.close().await;
    }
}

#[tokio::test]
async fn connections_that_the_server_ended_while_they_rested_are_replaced() {
    for kind in SERVERS {
        let database = TestDatabase::new(kind).await.expect("a database");
        let dialect = migrated(&database).await;
        for turn in 0..3 {
            let end = if kind == Kind::Postgres {
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() \
                 AND pid <> pg_backend_pid()"
                    .to_owned()
            } else {
                let ids = "SELECT id FROM information_schema.processlist WHERE db = DATABASE() \
                           AND id <> CONNECTION_ID()";
                let ids = database.rows(ids).await.expect("the sessions");
                ids.into_iter().flatten().flatten().map(|id| format!("KILL {id};")).collect()
            };
            database.run(&end).await.expect("ended");
            // At once: the connection has not rested long enough to be asked.
            let mut transaction = dialect.begin().await.expect("a transaction all the same");
            transaction.run(call(&format!("turn-{turn}"))).await.expect("run");
            transaction.commit().await.expect("a commit");
        }
        dialect.close().await;
    }
}

#[tokio::test]
async fn a_text_with_a_character_that_postgresql_does_not_hold_is_written_all_the_same() {
    for kind in Kind::ALL {
        let database = TestDatabase::new(kind).await.expect("a database");
        let dialect = migrated(&database).await;
        let mut transaction = dialect.begin().await.expect("a transaction");
        let row = Statement::new(sql::INSERT_CHECK).bind("r").bind("a").bind("x\0y").bind(1_u64);
        transaction.run(row).await.expect("run");
        let read =
            transaction.rows(Statement::new(sql::SECRETS).list(["r"])).await.expect("a read");
        let wanted = if kind == Kind::Postgres { "x\u{fffd}y" } else { "x\0y" };
        assert_eq!(texts(&read), ["r", "a", wanted]);
        transaction.rollback().await.expect("rolled back");
        dialect.close().await;
    }
}

/// How many sessions wait for the lock of whoever changes the schema.
async fn waiting(database: &TestDatabase) -> usize {
    let text = if database.kind() == Kind::Postgres {
        "SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND NOT granted \
         AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
    } else {
        "SELECT id FROM information_schema.processlist WHERE db = DATABASE() AND state = 'User lock'"
    };
    database.rows(text).await.expect("the sessions").len()
}

/// Two bridges start; the first has its turn to change the schema, and the second waits for it. Answers the first's
/// transaction and the second's start.
async fn two_start(
    database: &TestDatabase,
) -> (Box<dyn dialect::Transaction>, tokio::task::JoinHandle<()>) {
    let first = dialect::open(database.url()).await.expect("open");
    let alone = first.alone().await.expect("its turn");
    let second = dialect::open(database.url()).await.expect("open");
    let starting = tokio::spawn(async move {
        migrate::run(second.as_ref(), 1).await.expect("its turn comes");
        second.close().await;
    });
    while waiting(database).await == 0 {
        assert!(!starting.is_finished(), "it did not wait");
    }
    (alone, starting)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_dies_while_it_changes_the_schema_is_not_waited_for() {
    for kind in SERVERS {
        let database = TestDatabase::new(kind).await.expect("a database");
        let (alone, starting) = two_start(&database).await;
        drop(alone);
        starting.await.expect("no panic");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_stands_still_while_it_changes_the_schema_loses_its_turn() {
    for kind in SERVERS {
        let database = TestDatabase::new(kind).await.expect("a database");
        let (mut alone, starting) = two_start(&database).await;
        // The setting is the session's own; a shorter one does not take the test half a minute.
        let shorter = if kind == Kind::Postgres {
            "SET LOCAL idle_in_transaction_session_timeout = '500ms'"
        } else {
            "SET SESSION wait_timeout = 1"
        };
        alone.run(Statement::made(shorter.to_owned(), Vec::new(), false)).await.expect("set");
        starting.await.expect("no panic");
        let late = alone.run(Statement::new(sql::CREATE_MIGRATIONS)).await;
        assert!(late.is_err(), "it finds that its turn is over");
    }
}

#[tokio::test]
async fn nothing_is_written_to_somebody_elses_database() {
    for kind in SERVERS {
        let database = TestDatabase::new(kind).await.expect("a database");
        migrated(&database).await.close().await;
        let foreign = dialect::read_only(database.url()).expect("a URL");
        let mut link = foreign.reader().await.expect("a reader");
        let said = link.run(call("x")).await.expect_err("refused").sentence();
        assert!(said.contains("takes no writes"), "{said}");
        assert!(foreign.begin().await.is_err() && foreign.alone().await.is_err());
        drop(link);
        foreign.close().await;
    }
}
