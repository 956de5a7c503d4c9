//! The story of the demo, scene by scene. Each asks the bridge as anybody would, shows what happens, and checks it.

use anyhow::{Context, Result};
use reqwest::Method;
use serde_json::{Value as Json, json};

use super::clouddriver::{Clouddriver, REFUSED};
use super::narrate::{self, scene};
use super::proof::{self, check};
use super::stage::{EU, Stage, US};
use super::watch::Watch;
use crate::cli::accounts;
use crate::cli::output::{cell, write};

/// The account in Clouddriver's table that must not be taken: a role of its permissions has blanks around it.
const OPEN_BY_MISTAKE: &str = "perms-all";
/// The account that is deleted.
const DELETED: &str = "eu-1";

/// Tells it.
///
/// # Errors
/// What is not as it should be.
pub(crate) async fn tell(stage: &mut Stage, clouddriver: &Clouddriver) -> Result<()> {
    let mut watch = Watch::default();
    let names = take_in(stage, clouddriver, &mut watch).await?;
    activate(stage, &mut watch, &names).await?;
    lose_an_agent(stage, &mut watch).await?;
    delete(stage, clouddriver, &mut watch).await?;
    look_back(stage, clouddriver).await?;
    write(narrate::NEXT)
}

/// Accounts of Clouddriver become accounts of the bridge.
async fn take_in(
    stage: &Stage,
    clouddriver: &Clouddriver,
    watch: &mut Watch,
) -> Result<Vec<String>> {
    write(&scene(
        1,
        "Taken in",
        &format!(
            "Clouddriver's table has {} Kubernetes accounts. We ask for all of them, half for zone eu and half for zone \
             us: POST /armory/accounts",
            clouddriver.rows
        ),
    ))?;
    let wanted: Vec<Json> = clouddriver
        .names()?
        .into_iter()
        .enumerate()
        .map(|(place, name)| json!({ "name": name, "zoneId": if place % 2 == 0 { EU.zone } else { US.zone } }))
        .collect();
    let answer = ask(stage, Method::POST, &wanted.into()).await?;
    watch
        .until(&stage.client, "every account INACTIVE", |watch| {
            watch.in_state("INACTIVE") == clouddriver.rows - 1
        })
        .await?;
    let refused = item(&answer, OPEN_BY_MISTAKE)?;
    let reason = refused.get("error").map(|error| cell(error, "text")).unwrap_or_default();
    write(&format!("   {OPEN_BY_MISTAKE} was refused: {reason}"))?;
    check(
        cell(refused, "outcome") == "refused" && watch.accounts().len() == clouddriver.rows - 1,
        "the account whose permissions are not what they seem stays out; the others are in",
    )?;
    Ok(watch.accounts().keys().cloned().collect())
}

/// They cross to the agents; one is refused, and tried again by the bridge.
async fn activate(stage: &Stage, watch: &mut Watch, names: &[String]) -> Result<()> {
    write(&scene(
        2,
        "Activated",
        &format!(
            "We want all of them ACTIVE: PATCH /armory/accounts. The agents need a moment for each cluster; the one \
             behind {REFUSED} refuses the first try, and the bridge will try again by itself."
        ),
    ))?;
    let wanted: Vec<Json> =
        names.iter().map(|name| json!({ "name": name, "state": "ACTIVE" })).collect();
    let request = stage.client.call(Method::PATCH, &["armory", "accounts"], &[]).json(&wanted);
    stage.client.send(request).await?;
    let mut failed = false;
    watch
        .until(&stage.client, "every account ACTIVE", |watch| {
            failed |= watch.accounts().get(REFUSED).is_some_and(|seen| seen.state == "FAILED");
            watch.in_state("ACTIVE") == names.len()
        })
        .await?;
    check(
        failed,
        &format!("{REFUSED} was refused, and is ACTIVE now without anybody asking again"),
    )?;
    for role in [EU, US] {
        let held = proof::held_by(&stage.client, role).await?;
        let of_zone = watch.accounts().values().filter(|seen| seen.zone == role.zone).count();
        check(
            held.len() == of_zone && of_zone > 0,
            &format!("{} holds the {of_zone} accounts of zone {} and no other", role.id, role.zone),
        )?;
    }
    Ok(())
}

/// An agent dies; its accounts are orphaned, and recovered when it is back.
async fn lose_an_agent(stage: &mut Stage, watch: &mut Watch) -> Result<()> {
    let of_zone = watch.accounts().values().filter(|seen| seen.zone == EU.zone).count();
    let all = watch.accounts().len();
    write(&scene(
        3,
        "Lost and recovered",
        &format!(
            "We kill {} (kill -9). It may come back within agents.grace (3s here); it does not, so its accounts are \
             orphaned. Zone us notices nothing.",
            EU.id
        ),
    ))?;
    stage.kill(EU).await?;
    watch
        .until(&stage.client, "its accounts ORPHANED", |watch| {
            watch.in_state("ORPHANED") == of_zone
        })
        .await?;
    check(
        watch.in_state("ACTIVE") == all - of_zone,
        "every account of zone eu is ORPHANED, every other still ACTIVE",
    )?;
    write(&format!("\n   {} starts again, empty: a new instance that holds nothing.", EU.id))?;
    stage.start(EU).await?;
    watch
        .until(&stage.client, "every account ACTIVE again", |watch| watch.in_state("ACTIVE") == all)
        .await?;
    check(true, "all of them were given to it again, without anybody asking")
}

/// An account is deleted: at the agent first, then here, and never at Clouddriver.
async fn delete(stage: &Stage, clouddriver: &Clouddriver, watch: &mut Watch) -> Result<()> {
    write(&scene(
        4,
        "Deleted",
        &format!(
            "We delete {DELETED}: DELETE /armory/accounts/{DELETED}. The agent lets go of it first."
        ),
    ))?;
    let path = ["armory", "accounts", DELETED];
    stage.client.send(stage.client.call(Method::DELETE, &path, &[])).await?;
    watch
        .until(&stage.client, "the account removed", |watch| {
            !watch.accounts().contains_key(DELETED)
        })
        .await?;
    let held = proof::held_by(&stage.client, EU).await?;
    check(
        !held.iter().any(|name| name == DELETED),
        &format!("{} does not hold it any more", EU.id),
    )?;
    proof::clouddriver_is_untouched(clouddriver)
}

/// The journal of the account that was refused, and the hunt for secrets.
async fn look_back(stage: &Stage, clouddriver: &Clouddriver) -> Result<()> {
    write(&scene(
        5,
        "Looking back",
        &format!(
            "Every step of every account is in its journal, with who asked, why, and which component decided: GET \
             /armory/accounts/{REFUSED}/history (the newest step first)"
        ),
    ))?;
    let client = &stage.client;
    let history = client
        .send(client.call(Method::GET, &["armory", "accounts", REFUSED, "history"], &[]))
        .await?;
    for line in accounts::journal(&history).lines() {
        write(&format!("   {line}"))?;
    }
    let states: Vec<String> = history
        .get("items")
        .and_then(Json::as_array)
        .context("a history has items")?
        .iter()
        .rev()
        .map(|step| cell(step, "to"))
        .collect();
    check(
        states
            == [
                "INACTIVE",
                "TO_MIGRATE",
                "ACTIVATING",
                "FAILED",
                "TO_MIGRATE",
                "ACTIVATING",
                "ACTIVE",
            ],
        "the journal tells exactly what we saw",
    )?;
    let path = ["agents", "kubernetes", "accounts", REFUSED];
    let account = client.send(client.call(Method::GET, &path, &[])).await?;
    proof::no_secret_in_clear(stage, clouddriver, &[history, account])
}

/// Asks and waits for the outcome.
async fn ask(stage: &Stage, method: Method, body: &Json) -> Result<Json> {
    let wait = std::time::Duration::from_secs(30);
    let request = stage.client.waiting(method, &["armory", "accounts"], &[], wait).json(body);
    stage.client.send(request).await
}

fn item<'a>(answer: &'a Json, name: &str) -> Result<&'a Json> {
    answer
        .get("items")
        .and_then(Json::as_array)
        .and_then(|items| items.iter().find(|item| cell(item, "name") == name))
        .with_context(|| format!("the answer says nothing of {name}: {answer}"))
}
