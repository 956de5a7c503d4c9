//! Reads answer committed rows, in pages and by filters.

use host_core::account::Account;
use host_core::port::store::{ListFilter, Page};
use host_core::unit::Unit;

use super::anywhere::{Fresh, Kind, Ports};
use super::words::{account, insert, inserts, new_holding, operation, texts, unit};

on_every_store!(
    pages_come_by_name_and_end,
    filters_narrow_a_list_and_its_count,
    what_is_due_comes_earliest_first,
    names_that_concern_an_agent_are_of_its_zone_or_none_or_known_with_it,
    rows_that_an_agent_may_be_asked_to_hold_are_counted,
    a_journal_and_the_operations_are_read_backwards_in_pages,
    definitions_come_with_their_revision,
);

fn page(after: Option<&str>, skip: u64, limit: usize) -> Page {
    Page { after: after.map(str::to_owned), skip, limit }
}

async fn listed(store: &Ports, filter: ListFilter, page: Page) -> Vec<String> {
    let records = store.list(filter, page).await.expect("a list");
    records.into_iter().map(|record| record.account.name).collect()
}

async fn rows(store: &Ports, call: &str, rows: Vec<Account>) {
    let inserts = rows.into_iter().map(insert).collect();
    store.apply(Unit { inserts, ..unit(call) }).await.expect("applied");
}

async fn pages_come_by_name_and_end(kind: Kind) {
    let Fresh { store, database: _database } = Fresh::new(kind).await;
    store.apply(inserts("c1", ["b", "d", "a", "c", "B2"])).await.expect("applied");
    let names = |rows: Vec<Account>| rows.into_iter().map(|a| a.name).collect::<Vec<_>>();
    assert_eq!(names(store.accounts_page(String::new(), 2).await.expect("a page")), ["B2", "a"]);
    assert_eq!(names(store.accounts_page("a".into(), 2).await.expect("a page")), ["b", "c"]);
    assert_eq!(names(store.accounts_page("c".into(), 2).await.expect("a page")), ["d"]);
    assert!(store.accounts_page("d".into(), 2).await.expect("a page").is_empty());
    let all = ListFilter::default;
    assert_eq!(listed(&store, all(), page(None, 3, 2)).await, ["c", "d"]);
    assert_eq!(listed(&store, all(), page(Some("a"), 9, 2)).await, ["b", "c"], "the key counts");
    assert_eq!(store.count(all()).await, Ok(5));
    store.close().await;
}

async fn filters_narrow_a_list_and_its_count(kind: Kind) {
    let Fresh { store, database: _database } = Fresh::new(kind).await;
    let of = |name: &str, state: &str, zone: Option<&str>| Account {
        state: state.into(),
        zone: zone.map(str::to_owned),
        ..account(name)
    };
    let all = vec![
        of("eu-1", "ACTIVE", Some("eu")),
        of("EU-2", "FAILED", Some("eu")),
        of("us_1", "ACTIVE", None),
        of("us%1", "ACTIVE", None),
        of("us!1", "ACTIVE", None),
    ];
    rows(&store, "c1", all).await;
    for (filter, names) in [
        (
            ListFilter { state: Some("ACTIVE".into()), ..Default::default() },
            vec!["eu-1", "us!1", "us%1", "us_1"],
        ),
        (ListFilter { zone: Some("eu".into()), ..Default::default() }, vec!["EU-2", "eu-1"]),
        (
            ListFilter {
                source: Some("api".into()),
                contains: Some("eu".into()),
                ..Default::default()
            },
            vec!["EU-2", "eu-1"],
        ),
        (ListFilter { source: Some("file".into()), ..Default::default() }, vec![]),
        (ListFilter { contains: Some("s_".into()), ..Default::default() }, vec!["us_1"]),
        (ListFilter { contains: Some("s%".into()), ..Default::default() }, vec!["us%1"]),
        (ListFilter { contains: Some("!".into()), ..Default::default() }, vec!["us!1"]),
        (
            ListFilter {
                state: Some("ACTIVE".into()),
                zone: Some("eu".into()),
                source: Some("api".into()),
                contains: Some("1".into()),
            },
            vec!["eu-1"],
        ),
    ] {
        assert_eq!(listed(&store, filter.clone(), page(None, 0, 100)).await, names, "{filter:?}");
        assert_eq!(store.count(filter.clone()).await, Ok(names.len() as u64), "{filter:?}");
    }
    let endless = ListFilter { contains: Some("x".repeat(100_000)), ..Default::default() };
    assert_eq!(store.count(endless).await, Ok(0), "a long text finds nothing and breaks nothing");
    store.close().await;
}

async fn what_is_due_comes_earliest_first(kind: Kind) {
    let Fresh { store, database: _database } = Fresh::new(kind).await;
    assert_eq!(store.next_due().await, Ok(None));
    let due = |name: &str, at| Account { due_at: at, ..account(name) };
    rows(
        &store,
        "c1",
        vec![due("a", Some(30)), due("b", Some(10)), due("c", None), due("d", Some(20))],
    )
    .await;
    assert_eq!(store.next_due().await, Ok(Some(10)));
    assert_eq!(store.due(20, 10).await, Ok(texts(["b", "d"])));
    assert_eq!(store.due(30, 2).await, Ok(texts(["b", "d"])));
    assert_eq!(store.due(9, 10).await, Ok(Vec::new()));
    store.close().await;
}

async fn names_that_concern_an_agent_are_of_its_zone_or_none_or_known_with_it(kind: Kind) {
    let Fresh { store, database: _database } = Fresh::new(kind).await;
    let of =
        |name: &str, zone: Option<&str>| Account { zone: zone.map(str::to_owned), ..account(name) };
    rows(
        &store,
        "c1",
        vec![of("a", Some("eu")), of("b", Some("us")), of("c", None), of("d", Some("us"))],
    )
    .await;
    let holdings = vec![
        new_holding("d", "agent-1"),
        new_holding("e", "agent-1"),
        new_holding("b", "agent-2"),
        new_holding("a", "agent-1"),
    ];
    store.apply(Unit { holdings, ..unit("c2") }).await.expect("applied");
    let of_agent_1 = |after: &str, limit| {
        store.names_concerning("agent-1".into(), "eu".into(), after.to_owned(), limit)
    };
    assert_eq!(of_agent_1("", 10).await, Ok(texts(["a", "c", "d", "e"])));
    assert_eq!(of_agent_1("", 2).await, Ok(texts(["a", "c"])));
    assert_eq!(of_agent_1("c", 2).await, Ok(texts(["d", "e"])));
    assert_eq!(of_agent_1("e", 2).await, Ok(Vec::new()));
    store.close().await;
}

async fn rows_that_an_agent_may_be_asked_to_hold_are_counted(kind: Kind) {
    let Fresh { store, database: _database } = Fresh::new(kind).await;
    let of = |name: &str, zone: Option<&str>, declared_by: Option<&str>| Account {
        zone: zone.map(str::to_owned),
        declared_by: declared_by.map(str::to_owned),
        ..account(name)
    };
    let all = vec![
        of("a", Some("eu"), None),
        of("b", None, None),
        of("c", Some("us"), None),
        of("d", Some("eu"), Some("agent-1")),
    ];
    rows(&store, "c1", all).await;
    assert_eq!(store.count_in_zone("eu".into()).await, Ok(2), "a static row is never asked for");
    store.close().await;
}

async fn a_journal_and_the_operations_are_read_backwards_in_pages(kind: Kind) {
    let Fresh { store, database: _database } = Fresh::new(kind).await;
    let unit = Unit {
        journal: (1..=5).map(|n| super::words::journal(&format!("j{n}"), "a")).collect(),
        operations: (1..=5).map(|n| operation(&format!("o{n}"), "a", "agent-1")).collect(),
        ..inserts("c1", ["a"])
    };
    store.apply(unit).await.expect("applied");
    let first = store.journal("a".into(), None, 2).await.expect("a page");
    assert_eq!(first.iter().map(|j| j.id.as_str()).collect::<Vec<_>>(), ["j5", "j4"]);
    assert_eq!(first[0], super::words::journal("j5", "a"));
    let second = store.journal("a".into(), Some("j4".into()), 10).await.expect("a page");
    assert_eq!(second.len(), 3);
    let newest = store.operation_history(page(None, 1, 2)).await.expect("a page");
    assert_eq!(newest.iter().map(|o| o.id.as_str()).collect::<Vec<_>>(), ["o4", "o3"]);
    let behind = store.operation_history(page(Some("o3"), 0, 10)).await.expect("a page");
    assert_eq!(behind.iter().map(|o| o.id.as_str()).collect::<Vec<_>>(), ["o2", "o1"]);
    store.close().await;
}

async fn definitions_come_with_their_revision(kind: Kind) {
    let Fresh { store, database: _database } = Fresh::new(kind).await;
    store.apply(inserts("c1", ["a", "b"])).await.expect("applied");
    let rows = store.definitions(texts(["a", "x"])).await.expect("a read");
    assert_eq!(rows.len(), 1);
    assert_eq!((rows[0].name.as_str(), rows[0].definition_revision), ("a", 1));
    assert_eq!(rows[0].definition.to_text(), r#"{"kubeconfigFile":"/kc"}"#);
    assert!(store.definitions(Vec::new()).await.expect("a read").is_empty());
    store.close().await;
}
