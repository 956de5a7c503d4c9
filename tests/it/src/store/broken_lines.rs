//! The line to a database server breaks at the worst moments: what was answered is true, once.

use std::sync::Arc;

use host_core::error::ApplyError;
use host_core::port::store::{Records as _, Rows as _};
use host_core::unit::Unit;
use host_store::{KeySource, Store};
use tests_harness::{CommitFate, DatabaseServer, Kind, Proxy, TestDatabase};

use super::words::{inserts, journal, texts};
use super::{open, open_with, serving};

on_servers!(
    a_commit_whose_answer_is_lost_has_one_effect_and_is_told_as_done,
    a_commit_that_never_arrived_has_no_effect_and_is_told_as_such,
    what_cannot_be_learnt_is_said_to_be_unknown_and_is_true_either_way,
    every_line_that_is_cut_is_drawn_again,
    one_line_that_broke_is_a_warning_of_all_others,
    a_server_that_is_killed_is_missed_and_found_again,
    a_server_that_stands_still_is_waited_for,
    callers_that_go_away_while_the_line_breaks_harm_nobody,
);

/// A store behind a line that breaks when it is told to.
struct Behind {
    store: Store,
    proxy: Proxy,
    database: TestDatabase,
}

impl Behind {
    async fn new(kind: Kind) -> Self {
        let (database, proxy) = TestDatabase::behind_a_proxy(kind).await.expect("a line");
        let store = open(&database).await.expect("a store");
        serving(&store).await;
        Self { store, proxy, database }
    }

    /// How many rows and journal entries of a name there are, seen past the line.
    async fn found(&self, name: &str) -> (usize, usize) {
        let rows = format!("SELECT name FROM kubesvc_accounts WHERE name = '{name}'");
        let steps = format!("SELECT id FROM swingbridge_journal WHERE account = '{name}'");
        let count = async |text: &str| self.database.rows(text).await.expect("a read").len();
        (count(&rows).await, count(&steps).await)
    }
}

/// A unit that writes a row and a step of the journal.
fn making(call: &str, name: &str) -> Unit {
    Unit { journal: vec![journal(&format!("j-{call}"), name)], ..inserts(call, [name]) }
}

async fn a_commit_whose_answer_is_lost_has_one_effect_and_is_told_as_done(kind: Kind) {
    let behind = Behind::new(kind).await;
    for turn in 0..5 {
        behind.proxy.commits(CommitFate::AnswerLost, 1);
        let name = format!("n-{turn}");
        behind.store.apply(making(&format!("c-{turn}"), &name)).await.expect("it was done");
        assert_eq!(behind.proxy.lost_commits(), turn + 1);
        assert_eq!(behind.found(&name).await, (1, 1));
    }
    behind.store.close().await;
}

async fn a_commit_that_never_arrived_has_no_effect_and_is_told_as_such(kind: Kind) {
    let behind = Behind::new(kind).await;
    behind.proxy.commits(CommitFate::NeverSent, 1);
    let unit = making("c-1", "a");
    let answer = behind.store.apply(unit.clone()).await;
    assert!(matches!(answer, Err(ApplyError::Unavailable(_))), "{answer:?}");
    assert_eq!(behind.found("a").await, (0, 0));
    // Nobody can bring the call back: its id is taken.
    let answer = behind.store.apply(unit).await;
    assert!(matches!(answer, Err(ApplyError::Unavailable(_))), "{answer:?}");
    assert_eq!(behind.found("a").await, (0, 0));
    behind.store.apply(making("c-2", "a")).await.expect("a new call");
    assert_eq!(behind.found("a").await, (1, 1));
    behind.store.close().await;
}

async fn what_cannot_be_learnt_is_said_to_be_unknown_and_is_true_either_way(kind: Kind) {
    let behind = Behind::new(kind).await;
    behind.proxy.commits(CommitFate::AnswerLostAndAway, 1);
    let unit = making("c-1", "a");
    let answer = behind.store.apply(unit.clone()).await;
    assert_eq!(answer, Err(ApplyError::Unknown("c-1".into())));
    behind.proxy.restore();
    assert_eq!(behind.found("a").await, (1, 1));
    behind.store.apply(unit).await.expect("whoever asks again with the call's id learns it");
    assert_eq!(behind.found("a").await, (1, 1));
    behind.store.close().await;
}

async fn every_line_that_is_cut_is_drawn_again(kind: Kind) {
    let behind = Arc::new(Behind::new(kind).await);
    let mut tasks = Vec::new();
    for writer in 0..8 {
        let behind = Arc::clone(&behind);
        tasks.push(tokio::spawn(async move {
            let mut answered = Vec::new();
            for turn in 0..10 {
                let name = format!("n-{writer}-{turn}");
                let applied = behind.store.apply(making(&format!("c-{name}"), &name)).await;
                if turn % 3 == 0 {
                    behind.proxy.cut().await;
                }
                answered.push((name, applied));
            }
            answered
        }));
    }
    let mut done = 0;
    for task in tasks {
        for (name, applied) in task.await.expect("no panic") {
            let found = behind.found(&name).await;
            match applied {
                Ok(()) => assert_eq!(found, (1, 1), "{name} was said to be there"),
                Err(ApplyError::Unavailable(_) | ApplyError::Busy(_)) => {
                    assert_eq!(found, (0, 0), "{name} was said not to be there");
                }
                Err(ApplyError::Unknown(_)) => {
                    assert_eq!(found.0, found.1, "{name}: all or nothing");
                }
                Err(other) => panic!("{name}: {other:?}"),
            }
            done += found.0;
        }
    }
    assert!(done > 0);
    behind.store.apply(making("last", "last")).await.expect("all lines are drawn again");
    behind.store.close().await;
}

async fn one_line_that_broke_is_a_warning_of_all_others(kind: Kind) {
    let behind = Arc::new(Behind::new(kind).await);
    let at_once =
        (0..8).map(|writer| {
            let behind = Arc::clone(&behind);
            async move {
                behind.store.apply(making(&format!("c-{writer}"), &format!("n-{writer}"))).await
            }
        });
    for applied in futures::future::join_all(at_once).await {
        applied.expect("as many lines as writers");
    }
    behind.proxy.cut().await;
    // Whoever comes first finds out.
    let _found_out = behind.store.apply(making("first", "first")).await;
    for turn in 0..8 {
        let applied = behind.store.apply(making(&format!("d-{turn}"), &format!("m-{turn}"))).await;
        applied.expect("a line that rested while the others broke is not trusted");
    }
    behind.store.close().await;
}

async fn a_server_that_is_killed_is_missed_and_found_again(kind: Kind) {
    let mut server = DatabaseServer::start(kind).await.expect("a server");
    let database = server.database().await.expect("a database");
    let key = KeySource::File(database.key_file());
    let store = open_with(database.url(), key).await.expect("a store");
    serving(&store).await;
    store.apply(inserts("c1", ["a"])).await.expect("applied");
    server.kill().expect("killed");
    let said = store.accounts(texts(["a"])).await.expect_err("nobody is there").to_string();
    assert!(said.contains("database"), "{said}");
    let answer = store.apply(inserts("c2", ["b"])).await;
    assert!(matches!(answer, Err(ApplyError::Unavailable(_))), "{answer:?}");
    server.restart().await.expect("started again");
    store.apply(inserts("c3", ["c"])).await.expect("everything goes on");
    let rows = store.accounts(texts(["a", "b", "c"])).await.expect("a read");
    let names: Vec<&str> = rows.iter().map(|row| row.name.as_str()).collect();
    assert_eq!(names, ["a", "c"], "what was answered is there, and nothing else");
    store.close().await;
}

async fn a_server_that_stands_still_is_waited_for(kind: Kind) {
    let server = DatabaseServer::start(kind).await.expect("a server");
    let database = server.database().await.expect("a database");
    let key = KeySource::File(database.key_file());
    let store = open_with(database.url(), key).await.expect("a store");
    serving(&store).await;
    server.pause().expect("paused");
    let writing = {
        let store = store.clone();
        tokio::spawn(async move { store.apply(inserts("c1", ["a"])).await })
    };
    // It has begun, and hears nothing.
    tokio::task::yield_now().await;
    server.resume().expect("resumed");
    writing.await.expect("no panic").expect("applied when the server went on");
    assert_eq!(store.accounts(texts(["a"])).await.expect("a read").len(), 1);
    store.close().await;
}

async fn callers_that_go_away_while_the_line_breaks_harm_nobody(kind: Kind) {
    let behind = Behind::new(kind).await;
    let mut tasks = Vec::new();
    for turn in 0..48 {
        let store = behind.store.clone();
        let name = format!("n-{turn}");
        tasks.push(tokio::spawn(
            async move { store.apply(making(&format!("c-{turn}"), &name)).await },
        ));
        if turn % 8 == 0 {
            behind.proxy.cut().await;
        }
        tokio::task::yield_now().await;
    }
    for task in &tasks {
        task.abort();
    }
    behind.store.apply(making("last", "last")).await.ok();
    behind.store.ping().await.expect("the line is drawn again");
    behind.store.close().await;
    for turn in 0..48 {
        let (rows, steps) = behind.found(&format!("n-{turn}")).await;
        assert_eq!(rows, steps, "turn {turn}: all or nothing");
    }
}
