//! Where everything should be when the trouble is over: asked of the API, then of the tables.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use serde_json::{Value, json};

use super::load::Wanted;
use super::stage::Stage;

/// So long it may take to settle, in steps: a minute and a half.
const PATIENCE: usize = 900;
const PAUSE: Duration = Duration::from_millis(100);

/// Returns when every account is what was asked for last, and nothing is under way.
pub(super) async fn settles(stage: &Stage, wanted: &BTreeMap<String, Wanted>) -> Result<()> {
    let mut last = String::new();
    for _ in 0..PATIENCE {
        let asked = instruct_again(stage, wanted).await;
        match asked.and(unsettled(stage, wanted).await) {
            Ok(unsettled) if unsettled.is_empty() => return Ok(()),
            Ok(unsettled) => last = unsettled.join("; "),
            Err(error) => last = format!("{error:#}"),
        }
        tokio::time::sleep(PAUSE).await;
    }
    bail!("it does not settle: {last}")
}

/// A deactivation that met its deadline while its agent was stopped has failed, and said so; whoever wants it asks again.
async fn instruct_again(stage: &Stage, wanted: &BTreeMap<String, Wanted>) -> Result<()> {
    let states: BTreeMap<String, String> = stage.api().states().await?.into_iter().collect();
    let back = wanted.iter().filter(|(name, wanted)| {
        **wanted == Wanted::Inactive && states.get(*name).is_some_and(|state| state == "ACTIVE")
    });
    let items: Vec<Value> =
        back.map(|(name, _)| json!({"name": name, "state": "INACTIVE"})).collect();
    if !items.is_empty() {
        stage.api().patch("/armory/accounts", Value::Array(items)).await?.expect(202)?;
    }
    Ok(())
}

async fn unsettled(stage: &Stage, wanted: &BTreeMap<String, Wanted>) -> Result<Vec<String>> {
    let states: BTreeMap<String, String> = stage.api().states().await?.into_iter().collect();
    let mut unsettled = Vec::new();
    for (name, wanted) in wanted {
        let state = states.get(name).map(String::as_str);
        let should = match wanted {
            Wanted::Active => Some("ACTIVE"),
            Wanted::Inactive => Some("INACTIVE"),
            Wanted::Gone => None,
        };
        if state != should {
            unsettled.push(format!("{name} is {state:?} and should be {should:?}"));
        }
    }
    let pending =
        count(stage, "SELECT COUNT(*) FROM swingbridge_operations WHERE state = 'pending'");
    let pending = pending.await?;
    if pending > 0 {
        unsettled.push(format!("{pending} operations are unanswered"));
    }
    let items = "SELECT COUNT(*) FROM swingbridge_request_items WHERE outcome = 'pending'";
    let items = count(stage, items).await?;
    if items > 0 {
        unsettled.push(format!("{items} items are pending"));
    }
    Ok(unsettled)
}

async fn count(stage: &Stage, text: &str) -> Result<u64> {
    let rows = stage.database.rows(text).await?;
    let cell = rows.into_iter().flatten().flatten().next();
    cell.and_then(|cell| cell.parse().ok()).context("a count")
}

/// Holds the tables against what must be so.
pub(super) async fn holds(stage: &Stage, wanted: &BTreeMap<String, Wanted>) -> Result<()> {
    let none = [
        (
            "an operation's generation was given twice",
            "SELECT COUNT(*) FROM (SELECT account, generation FROM swingbridge_operations \
             GROUP BY account, generation HAVING COUNT(*) > 1) AS doubled",
        ),
        (
            "a row is due for more than a minute",
            "SELECT COUNT(*) FROM kubesvc_accounts WHERE due_at IS NOT NULL AND status IN \
             ('TO_MIGRATE', 'ACTIVATING', 'TO_DEACTIVATE', 'DEACTIVATING', 'DELETING')",
        ),
        (
            "an account is ACTIVE and nobody holds it",
            "SELECT COUNT(*) FROM kubesvc_accounts a WHERE status = 'ACTIVE' AND NOT EXISTS \
             (SELECT 1 FROM swingbridge_holdings h WHERE h.account = a.name AND h.observed = 'held')",
        ),
        (
            "an agent holds what it should not",
            "SELECT COUNT(*) FROM swingbridge_holdings h LEFT JOIN kubesvc_accounts a \
             ON a.name = h.account WHERE h.observed = 'held' AND (a.name IS NULL OR a.status <> 'ACTIVE')",
        ),
        (
            "an agent holds an old definition",
            "SELECT COUNT(*) FROM swingbridge_holdings h JOIN kubesvc_accounts a ON a.name = h.account \
             WHERE h.observed = 'unknown' AND a.status = 'ACTIVE'",
        ),
    ];
    for (what, text) in none {
        let found = count(stage, text).await?;
        ensure!(found == 0, "{what}: {found}");
    }
    for name in wanted.keys() {
        journal_is_a_chain(stage, name).await?;
    }
    Ok(())
}

/// Every change begins where the one before ended.
async fn journal_is_a_chain(stage: &Stage, name: &str) -> Result<()> {
    let text = format!(
        "SELECT from_state, to_state, revision, id FROM swingbridge_journal \
         WHERE account = '{name}' ORDER BY revision, id"
    );
    let mut at: Option<String> = None;
    for mut row in stage.database.rows(&text).await? {
        let (_id, revision, to, from) = (row.pop(), row.pop(), row.pop(), row.pop());
        let from = from.context("a column")?;
        ensure!(
            from == at,
            "{name}: at revision {revision:?} a step begins at {from:?}, not {at:?}"
        );
        at = to.context("a column")?;
    }
    let now = stage.api().state(name).await?;
    ensure!(now == at, "{name} is {now:?}, and its journal ends with {at:?}");
    Ok(())
}
