//! The table of a real Clouddriver on the servers that it runs on: read whole, by exact names, by a user that may read it.

use std::sync::Arc;

use host_clouddriver::ClouddriverSources;
use host_core::port::sources::{AccountsTable as _, Sources as _};
use host_store::ClouddriverTable;
use tests_harness::{Kind, TestDatabase, clouddriver_on};

use super::{GOOD, faults};

on_servers!(
    the_accounts_are_read_whole_in_pages,
    rows_are_found_by_their_exact_names,
    a_user_that_may_only_read_the_table_is_enough,
    a_table_that_is_not_there_is_said,
);

async fn database(kind: Kind, rows: &str) -> TestDatabase {
    let database = TestDatabase::new(kind).await.expect("a database");
    clouddriver_on(&database, rows).await.expect("its table");
    database
}

fn table(url: &str) -> Arc<ClouddriverTable> {
    Arc::new(ClouddriverTable::open(url).expect("a URL of a server"))
}

async fn the_accounts_are_read_whole_in_pages(kind: Kind) {
    let database = database(kind, GOOD).await;
    let table = table(database.url());
    let sources = ClouddriverSources::new(Arc::clone(&table) as _);
    let (mut all, mut after) = (Vec::new(), String::new());
    loop {
        let page = sources.page(after.clone(), 7).await.expect("a page");
        let Some(last) = page.last() else { break };
        after.clone_from(&last.name);
        all.extend(page);
    }
    assert_eq!(all.len(), 18);
    assert_eq!(faults(&all).into_keys().collect::<Vec<_>>(), ["perms-all"]);
    let eu = all.iter().find(|account| account.name == "eu-1").expect("eu-1");
    let definition = eu.definition.as_ref().expect("a definition");
    let contents = definition.get("kubeconfigContents").and_then(|text| text.as_str());
    assert!(contents.is_some_and(|text| text.contains("TOKEN-1")), "as the source has it");
    table.close().await;
}

async fn rows_are_found_by_their_exact_names(kind: Kind) {
    let database = database(kind, GOOD).await;
    let table = table(database.url());
    let sources = ClouddriverSources::new(Arc::clone(&table) as _);
    // Clouddriver's MySQL takes EU-1 for eu-1.
    let asked = vec!["eu-1".to_owned(), "EU-1".to_owned(), "nowhere".to_owned()];
    let found = sources.find(asked).await.expect("a read");
    let names: Vec<&str> = found.iter().map(|account| account.name.as_str()).collect();
    assert_eq!(names, ["eu-1"]);
    assert!(sources.find(vec!["EU-1".to_owned()]).await.expect("a read").is_empty());
    table.close().await;
}

async fn a_user_that_may_only_read_the_table_is_enough(kind: Kind) {
    let database = database(kind, GOOD).await;
    let (front, name) = database.url().rsplit_once('/').expect("a database");
    let (_, place) = front.split_once('@').expect("a user");
    let user = format!("looks_at_{name}");
    let (scheme, text) = match kind {
        Kind::Postgres => (
            "postgres",
            format!(
                "CREATE ROLE {user} LOGIN PASSWORD 'TOKEN-1'; GRANT SELECT ON accounts TO {user}"
            ),
        ),
        Kind::MariaDb | Kind::Sqlite => (
            "mariadb",
            format!(
                "CREATE USER '{user}'@'127.0.0.1' IDENTIFIED BY 'TOKEN-1'; \
                 GRANT SELECT ON {name}.accounts TO '{user}'@'127.0.0.1'"
            ),
        ),
    };
    database.run(&text).await.expect("a user");
    let table = table(&format!("{scheme}://{user}:TOKEN-1@{place}/{name}"));
    assert_eq!(table.page(String::new(), 100).await.expect("a page").len(), 18);
    table.close().await;
}

async fn a_table_that_is_not_there_is_said(kind: Kind) {
    let empty = TestDatabase::new(kind).await.expect("a database");
    let table = table(empty.url());
    let said = table.page(String::new(), 1).await.expect_err("nothing is there").to_string();
    assert!(said.contains("clouddriver.accounts") && said.contains("accounts"), "{said}");
    assert!(!said.contains("swingbridge:"), "{said}");
    table.close().await;
}
