//! What must be true when the story is over, whatever died in it: asked of the database.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result, bail, ensure};
use host_core::holding::Observed;
use host_core::operation::{Operation, OperationState};
use host_core::port::store::{Page, Records as _, Rows as _};
use host_store::Store;
use tests_harness::{Api, TestBridge};
use tokio::sync::watch;

/// So often it is looked whether everything is settled.
const PATIENCE: usize = 5_000;

/// Returns when the accounts are `ACTIVE` and nothing is under way, as the API says.
pub(super) async fn settles(api: watch::Receiver<Api>, active: &[&str]) -> Result<()> {
    let mut last = String::new();
    for _ in 0..PATIENCE {
        let api = api.borrow().clone();
        if let Ok(states) = api.states().await {
            let wanted: Vec<(String, String)> =
                active.iter().map(|name| ((*name).to_owned(), "ACTIVE".to_owned())).collect();
            let unanswered = unanswered(&api).await.unwrap_or(1);
            let held = held_by_both(&api, active).await.unwrap_or(false);
            if states == wanted && unanswered == 0 && held {
                return Ok(());
            }
            last = format!("{states:?}, {unanswered} operations unanswered, held by both: {held}");
        }
        tokio::time::sleep(std::time::Duration::from_millis(2)).await;
    }
    let api = api.borrow().clone();
    for name in active {
        let path = format!("/armory/accounts/{name}/explanation");
        last.push_str(&format!("\n{}", api.get(&path).await?.body));
    }
    bail!("it does not settle: {last}")
}

/// Both agents of the zone hold each account.
async fn held_by_both(api: &Api, active: &[&str]) -> Result<bool> {
    for name in active {
        let path = format!("/agents/kubernetes/accounts/{name}");
        if api.get(&path).await?.expect(200)?.body["connections"] != 2 {
            return Ok(false);
        }
    }
    Ok(true)
}

async fn unanswered(api: &Api) -> Result<usize> {
    let page = api.get("/armory/agent/operations?items=1000").await?.expect(200)?;
    let operations = page.body.as_array().context("a list of operations")?;
    Ok(operations.iter().filter(|operation| operation["finalOutcome"] == "pending").count())
}

/// Holds every table against what must be so.
pub(super) async fn holds(bridge: &TestBridge, active: &[&str], gone: &[&str]) -> Result<()> {
    let store = bridge.store();
    for name in active.iter().chain(gone) {
        journal_is_a_chain(store, name, active.contains(name)).await?;
    }
    operations_took_effect_once(store).await?;
    let names: Vec<String> = active.iter().map(|name| (*name).to_owned()).collect();
    let rows = store.accounts(names.clone()).await?;
    for row in &rows {
        ensure!(row.due_at.is_none(), "{} is ACTIVE and still due", row.name);
        ensure!(
            row.requests.is_empty(),
            "{} has requests that never end: {:?}",
            row.name,
            row.requests
        );
    }
    let revisions: BTreeMap<&str, u64> =
        rows.iter().map(|row| (row.name.as_str(), row.definition_revision)).collect();
    for holding in store.holdings(names).await? {
        let held = Observed::Held(revisions[holding.account.as_str()]);
        ensure!(holding.observed == held, "{holding:?}");
        ensure!(holding.operation.is_none(), "{holding:?}");
    }
    let gone: Vec<String> = gone.iter().map(|name| (*name).to_owned()).collect();
    for holding in store.holdings(gone).await? {
        ensure!(holding.observed == Observed::NotHeld, "{holding:?}");
    }
    Ok(())
}

/// Every change begins where the one before ended, and revisions only grow.
async fn journal_is_a_chain(store: &Store, name: &str, is_there: bool) -> Result<()> {
    let mut entries = store.journal(name.to_owned(), None, 1_000).await?;
    entries.sort_by_key(|entry| (entry.revision, entry.id.clone()));
    let mut at: Option<String> = None;
    for entry in &entries {
        ensure!(entry.from == at, "{name}: {entry:?} does not begin where the row was: {at:?}");
        at.clone_from(&entry.to);
    }
    let now = store.account(name.to_owned()).await?.map(|record| record.account.state);
    ensure!(now == at, "{name} is {now:?}, and its journal says {at:?}");
    ensure!(now.is_some() == is_there, "{name}: {now:?}");
    Ok(())
}

/// Every operation has ended, and generations of a name are given once.
async fn operations_took_effect_once(store: &Store) -> Result<()> {
    let page = Page { after: None, skip: 0, limit: 1_000 };
    let mut generations: BTreeMap<(String, u64), String> = BTreeMap::new();
    let history = store.operation_history(page).await?;
    for operation in &history {
        if operation.state == OperationState::Pending {
            let holdings = store.holdings(vec![operation.account.clone()]).await?;
            let of_it = history.iter().filter(|other| other.account == operation.account);
            let of_it: Vec<&Operation> = of_it.collect();
            bail!("{operation:#?} is pending for ever; {holdings:#?}; {of_it:#?}");
        }
        let key = (operation.account.clone(), operation.generation);
        let other = generations.insert(key, operation.id.clone());
        ensure!(other.is_none(), "{other:?} and {} have one generation", operation.id);
    }
    Ok(())
}
