//! Figures of the tables, and the journal as those read it who follow it.

use host_core::account::{Account, Failure};
use host_core::agent::{Agent, Presence};
use host_core::holding::{Health, Observed};
use host_core::journal::{JournalEntry, Place};
use host_core::port::figures::Figures;
use host_core::unit::Unit;

use super::anywhere::{Fresh, Kind};
use super::words::{NOW, account, agent, insert, inserts, journal, new_holding, operation, unit};

on_every_store!(
    figures_count_by_state_and_find_what_nobody_comes_to,
    held_accounts_are_counted_by_why_their_clusters_do_not_answer,
    the_journal_is_read_forward_with_where_accounts_belong_by_now,
);

async fn figures_count_by_state_and_find_what_nobody_comes_to(kind: Kind) {
    let Fresh { store, database: _database } = Fresh::new(kind).await;
    assert_eq!(store.figures(NOW, vec!["P".into()]).await, Ok(Figures::default()));
    let row = |name: &str, state: &str, due_at| {
        insert(Account { state: state.into(), due_at, ..account(name) })
    };
    let unit = Unit {
        inserts: vec![
            row("a", "R", None),
            row("b", "P", Some(NOW + 1)),
            row("c", "P", None),
            row("d", "R", Some(NOW - 5)),
            row("e", "P", Some(NOW - 1)),
        ],
        operations: vec![operation("o1", "a", "x"), operation("o2", "b", "x")],
        ..unit("c")
    };
    store.apply(unit).await.expect("applied");
    store.sent(vec!["o1".into()], "s".into(), NOW).await.expect("sent");
    let figures = store.figures(NOW, vec!["P".into(), "Q".into()]).await.expect("figures");
    let expected = Figures {
        accounts: vec![("P".into(), 3), ("R".into(), 2)],
        stuck: 3,
        oldest_due: Some(NOW - 5),
        unhealthy: Vec::new(),
        pending: 2,
        unanswered: 1,
        oldest_pending: Some(NOW),
    };
    assert_eq!(figures, expected, "c has no due time, d and e are overdue");
    store.close().await;
}

async fn held_accounts_are_counted_by_why_their_clusters_do_not_answer(kind: Kind) {
    let Fresh { store, database } = Fresh::new(kind).await;
    let known = |account: &str, agent: &str, code: Option<&str>| {
        let mut write = new_holding(account, agent);
        let failure = code.map(|code| Failure { code: code.into(), text: "why".into() });
        write.holding.health = Some(Health { failure, since: NOW });
        write
    };
    let mut dropped = known("e", "agent-1", Some("timeout"));
    dropped.holding.observed = Observed::NotHeld;
    let holdings = vec![
        known("a", "agent-1", Some("timeout")),
        known("a", "agent-2", Some("timeout")),
        known("b", "agent-1", Some("unauthorized")),
        known("c", "agent-1", None),
        known("d", "gone", Some("timeout")),
        dropped,
        known("f", "agent-2", Some("timeout")),
    ];
    store.apply(Unit { holdings, ..unit("c") }).await.expect("applied");
    for id in ["agent-1", "agent-2"] {
        store.put_agent(agent(id), None).await.expect("written");
    }
    let gone = Agent { presence: Presence::Gone, ..agent("gone") };
    store.put_agent(gone, None).await.expect("written");
    let figures = store.figures(NOW, Vec::new()).await.expect("figures");
    assert_eq!(figures.unhealthy, [("timeout".to_owned(), 2), ("unauthorized".to_owned(), 1)]);
    if let Some(fresh) = &database {
        // A replica that knows neither codes nor times sees the cluster of b answer again.
        let older =
            "UPDATE swingbridge_holdings SET healthy = 1, health_since = NULL WHERE account = 'b'";
        fresh.database.run(older).await.expect("written");
        let figures = store.figures(NOW, Vec::new()).await.expect("figures");
        assert_eq!(figures.unhealthy, [("timeout".to_owned(), 2)]);
        let read = store.holdings(vec!["b".into()]).await.expect("holdings");
        let health = read[0].health.clone().expect("it has looked");
        assert_eq!(health.failure, None);
        assert!(health.since > 0, "as of when it was written, and not as of 1970");
    }
    store.close().await;
}

fn step(n: u64, account: &str) -> JournalEntry {
    journal(&format!("01{n:024}"), account)
}

async fn the_journal_is_read_forward_with_where_accounts_belong_by_now(kind: Kind) {
    let Fresh { store, database: _database } = Fresh::new(kind).await;
    assert_eq!(store.newest().await, Ok(None));
    let steps = vec![step(1, "a"), step(2, "gone"), step(3, "a"), step(4, "a")];
    let written = Unit { journal: steps.clone(), ..inserts("c", ["a"]) };
    store.apply(written).await.expect("applied");
    assert_eq!(store.newest().await, Ok(Some(steps[3].id.clone())));
    assert_eq!(store.reaches_back_to(steps[0].id.clone()).await, Ok(true));
    assert_eq!(store.reaches_back_to(format!("00{:024}", 9)).await, Ok(false));
    let ids = store.ids_behind(steps[0].id.clone(), 2).await.expect("ids");
    assert_eq!(ids, [steps[1].id.clone(), steps[2].id.clone()]);
    let read = store.transitions(ids).await.expect("steps");
    let place = Place { zone: None, source: "api".into() };
    assert_eq!((&read[0].entry, &read[0].there), (&steps[1], &None));
    assert_eq!((&read[1].entry, &read[1].there), (&steps[2], &Some(place)));
    let of_one = store.behind(Some("a".into()), steps[0].id.clone(), 1).await.expect("steps");
    assert_eq!(of_one[0].entry, steps[2]);
    assert_eq!(store.behind(None, String::new(), 9).await.expect("steps").len(), 4);
    let next = store.next_step("a".into(), steps[0].id.clone()).await;
    assert_eq!(next, Ok(Some(steps[2].clone())));
    assert_eq!(store.next_step("a".into(), steps[3].id.clone()).await, Ok(None));
    store.close().await;
}
