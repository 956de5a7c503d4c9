//! The task that goes round: it waits for what is due next, and has it looked at. What waits for a place costs a small
//! task, and is under way only when it has one.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use futures::FutureExt as _;
use host_agent::{Code, Refusal};
use tokio_util::task::AbortOnDropHandle;
use tracing::{debug, error, info, warn};

use super::Shared;
use super::book::{Check, Settled};
use super::watch;

/// Goes round until it is dropped.
pub(super) async fn run(shared: Arc<Shared>) {
    loop {
        let sooner = shared.sooner.notified();
        let next = shared.book().next_due();
        match next {
            Some(at) if at <= shared.surroundings().now() => look(&shared),
            Some(at) => tokio::select! {
                () = shared.surroundings().sleep_until(at) => {}
                () = sooner => {}
            },
            None => sooner.await,
        }
    }
}

/// Has the next account looked at that is due.
fn look(shared: &Arc<Shared>) {
    let now = shared.surroundings().now();
    let Some(check) = shared.book().take_due(now) else { return };
    let (name, serial) = (check.name.clone(), check.serial);
    let task = tokio::spawn(check_at(Arc::clone(shared), check));
    shared.book().checking((&name, serial), AbortOnDropHandle::new(task));
}

async fn check_at(shared: Arc<Shared>, check: Check) {
    let server = check.known.server();
    // Large, and made only when there is a place.
    let look = || {
        let look = shared.reach.look(&check.known, check.listing);
        Box::pin(AssertUnwindSafe(look).catch_unwind())
    };
    let looked = shared.lanes.pass(shared.surroundings(), &server, look).await;
    let looked = looked.unwrap_or_else(|_| {
        error!(account.id = check.name, "looking at a held account's cluster panicked");
        Err(Refusal::new(Code::Internal, "the agent has a fault in it; see its log"))
    });
    let refusal = looked.as_ref().err().cloned();
    let (now, chance) = (shared.surroundings().now(), shared.surroundings().chance());
    let settled = shared.book().settle(&check, looked, now, chance);
    tell(&check.name, refusal.as_ref(), settled);
    if settled.news {
        shared.news.notify_one();
    }
    shared.sooner.notify_one();
    if settled.watch {
        let (name, serial) = (check.name.clone(), check.serial);
        let task = tokio::spawn(watch::keep(Arc::clone(&shared), check));
        shared.book().watching((&name, serial), AbortOnDropHandle::new(task));
    }
}

/// Says in the log what the bridge is told of a loss or a return.
fn tell(account: &str, refusal: Option<&Refusal>, settled: Settled) {
    match refusal {
        Some(Refusal { code, text }) if settled.news => warn!(
            account.id = account,
            account.health = ?code,
            "the cluster of a held account does not answer as it should: {text}"
        ),
        Some(Refusal { text, .. }) => {
            debug!(account.id = account, "still, or for the first time: {text}");
        }
        None if settled.returns => info!(
            account.id = account,
            account.health = %"Healthy",
            "the cluster of a held account answers again"
        ),
        None => {}
    }
}
