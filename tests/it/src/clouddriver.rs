//! What the bridge makes of rows that a real Clouddriver wrote.

mod servers;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use host_clouddriver::ClouddriverSources;
use host_core::port::sources::Sources as _;
use host_core::source::SourceAccount;
use host_store::example::write_clouddriver_accounts;
use host_store::{ClouddriverTable, Store};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions as _, Connection as _};

const GOOD: &str = include_str!("../../fixtures/clouddriver/rows-accounts.jsonl");
const WITH_BAD: &str = include_str!("../../fixtures/clouddriver/rows-accounts-with-bad.jsonl");

struct Table {
    sources: ClouddriverSources,
    table: Arc<ClouddriverTable>,
    folder: tempfile::TempDir,
}

impl Table {
    async fn with(lines: &str) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("clouddriver.db");
        write_clouddriver_accounts(&path, lines).await.expect("the example");
        let table = Arc::new(opened(&path));
        let sources = ClouddriverSources::new(Arc::clone(&table) as _);
        Self { sources, table, folder }
    }

    async fn all(&self) -> Vec<SourceAccount> {
        let (mut all, mut after) = (Vec::new(), String::new());
        loop {
            let page = self.sources.page(after.clone(), 7).await.expect("a page");
            let Some(last) = page.last() else { return all };
            after.clone_from(&last.name);
            all.extend(page);
        }
    }

    async fn behind_its_back(&self, text: &'static str) {
        let path = self.folder.path().join("clouddriver.db");
        let mut connection =
            SqliteConnectOptions::new().filename(path).connect().await.expect("a connection");
        sqlx::query(text).execute(&mut connection).await.expect("the statement");
        connection.close().await.expect("closed");
    }
}

fn opened(path: &Path) -> ClouddriverTable {
    ClouddriverTable::open(&format!("sqlite:{}", path.display())).expect("a URL of SQLite")
}

fn faults(all: &[SourceAccount]) -> BTreeMap<&str, &str> {
    all.iter()
        .filter_map(|account| {
            Some((account.name.as_str(), account.definition.as_ref().err()?.as_str()))
        })
        .collect()
}

#[tokio::test]
async fn the_accounts_of_a_real_table_are_read_whole_in_pages() {
    let table = Table::with(GOOD).await;
    let all = table.all().await;
    assert_eq!(all.len(), 18);
    assert!(all.iter().all(|account| account.source == "clouddriver.accounts"));
    assert_eq!(
        faults(&all),
        BTreeMap::from([(
            "perms-all",
            "permissions.READ has a role that is blank or has blanks around it"
        )]),
        "Clouddriver trims it; here permissions fail closed"
    );
    let eu = all.iter().find(|account| account.name == "eu-1").expect("eu-1");
    let definition = eu.definition.as_ref().expect("a definition");
    let contents = definition.get("kubeconfigContents").and_then(|text| text.as_str());
    assert!(contents.is_some_and(|text| text.contains("TOKEN-1")), "as the source has it");
    assert_eq!(definition.get("name"), None, "the name is the row's");
    table.table.close().await;
}

#[tokio::test]
async fn each_row_that_cannot_be_taken_is_reported_by_name_and_the_others_are_taken() {
    let table = Table::with(WITH_BAD).await;
    let all = table.all().await;
    assert_eq!(all.len(), 36, "37 rows; one has no name, and no page can begin behind it");
    let faults = faults(&all);
    let named: Vec<&str> = faults.keys().copied().collect();
    assert_eq!(
        named,
        [
            "../evil",
            "a/b",
            "bad-s3",
            "both-kinds",
            "both-ns",
            "file-encref",
            "no-kc",
            "perms-all",
            "usersecret",
            "with space é",
        ]
    );
    assert_eq!(faults["../evil"], "the name contains '..', which would be read as a path");
    assert_eq!(faults["both-ns"], "namespaces and omitNamespaces exclude each other");
    assert!(faults["no-kc"].starts_with("give exactly one of kubeconfigContents"));
    for (name, said) in &faults {
        assert!(!said.contains("TOKEN") && !said.contains("apiVersion"), "{name}: {said}");
    }
    table.table.close().await;
}

#[tokio::test]
async fn rows_are_found_by_their_exact_names() {
    let table = Table::with(WITH_BAD).await;
    let names = ["eu-1", "Eu-1", "EU-1", "nobody"].map(str::to_owned).to_vec();
    let found = table.sources.find(names).await.expect("found");
    let found: Vec<&str> = found.iter().map(|account| account.name.as_str()).collect();
    assert_eq!(found, ["Eu-1", "eu-1"]);
    table.table.close().await;
}

#[tokio::test]
async fn rows_of_other_types_are_not_ours_and_broken_ones_are_reported() {
    let table = Table::with(GOOD).await;
    table.behind_its_back("UPDATE accounts SET type = 'aws' WHERE id = 'us-2'").await;
    table.behind_its_back("UPDATE accounts SET body = '{TOKEN-9' WHERE id = 'ctx'").await;
    table.behind_its_back("UPDATE accounts SET body = x'00ff' WHERE id = 'crds'").await;
    let all = table.all().await;
    assert_eq!(all.len(), 17);
    let faults = faults(&all);
    assert_eq!(faults["ctx"], "the body is no JSON (line 1, column 2)");
    assert!(faults["crds"].starts_with("the body is no JSON"));
    table.table.close().await;
}

#[tokio::test]
async fn a_table_that_cannot_be_read_is_an_error_and_never_empty() {
    let table = Table::with(GOOD).await;
    table.behind_its_back("DROP TABLE accounts").await;
    let error = table.sources.page(String::new(), 10).await.expect_err("no table");
    assert!(error.to_string().contains("clouddriver.accounts cannot be read"), "{error}");
    table.sources.find(vec!["eu-1".into()]).await.expect_err("no table");
    table.table.close().await;

    let missing = opened(&table.folder.path().join("nowhere.db"));
    let sources = ClouddriverSources::new(Arc::new(missing));
    let error = sources.find(vec!["eu-1".into()]).await.expect_err("no file");
    assert!(error.to_string().contains("cannot be opened"), "{error}");
}

#[tokio::test]
async fn an_empty_table_is_empty() {
    let table = Table::with("").await;
    assert!(table.all().await.is_empty());
    table.table.close().await;
}

#[tokio::test]
async fn an_example_never_takes_the_place_of_a_file() {
    let table = Table::with(GOOD).await;
    let path = table.folder.path().join("clouddriver.db");
    let error = write_clouddriver_accounts(&path, GOOD).await.expect_err("a file is there");
    assert!(error.to_string().contains("is there already"), "{error}");
    assert_eq!(table.all().await.len(), 18);
    let elsewhere = table.folder.path().join("other.db");
    let error = write_clouddriver_accounts(&elsewhere, "{}").await.expect_err("no row");
    assert!(error.to_string().contains("line 1"), "{error}");
    assert!(!elsewhere.exists());
    table.table.close().await;
}

#[tokio::test]
async fn a_table_of_another_kind_of_database_is_refused_without_its_password() {
    let error = ClouddriverTable::open("oracle://u:TOKEN-1@db/clouddriver").expect_err("refused");
    assert!(error.to_string().contains("sqlite:PATH") && !error.to_string().contains("TOKEN"));
}

/// Sealing is the vault's; here a definition as it is read is shown to seal into references only.
#[tokio::test]
async fn sealed_definitions_of_real_rows_hold_no_token() {
    use host_core::port::vault::Vault as _;
    let table = Table::with(WITH_BAD).await;
    let folder = tempfile::tempdir().expect("a folder");
    let url = format!("sqlite:{}", folder.path().join("bridge.db").display());
    let clock = Arc::new(crate::store::Standing(1));
    let key = host_store::KeySource::Beside;
    let options = host_store::OpenOptions { url, key, clock, failpoints: None };
    let store = Store::open(options).await.expect("a store");
    for account in table.all().await {
        let Ok(mut definition) = account.definition else { continue };
        let sealed = definition
            .seal(|value| Ok::<_, std::convert::Infallible>(store.reference(&account.name, value)));
        sealed.expect("infallible");
        assert!(!definition.to_text().contains("TOKEN"), "{}", account.name);
    }
    store.close().await;
    table.table.close().await;
}
