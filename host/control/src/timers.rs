//! Time: rows that are due, and the slow pass that finds what no event announced.
//!
//! Nothing polls the table: the alarm is set to the earliest due time, which each unit may bring forward.

use std::sync::{Mutex, PoisonError};

use host_core::BATCH_MAX;
use host_core::clock::Millis;
use host_core::event::{Event, TickReason};
use tokio::sync::Notify;
use tracing::{debug, warn};

use crate::bridge::{Bridge, later};
use crate::keeper::Held;
use crate::presence::LOOK_MS;
use crate::units::Work;

/// How long the timers wait when the database does not answer.
const TROUBLE_MS: u64 = 1_000;

/// The earliest time at which something is due.
#[derive(Debug, Default)]
pub(crate) struct Alarm {
    at: Mutex<Option<Millis>>,
    earlier: Notify,
}

impl Alarm {
    /// Something is due at this time: whoever waits for a later one is told.
    pub(crate) fn set(&self, at: Millis) {
        if self.bring_forward(at) {
            self.earlier.notify_one();
        }
    }

    /// The same said by whoever waits himself, who needs not be told: he would wake at once, and again, for ever.
    fn bring_forward(&self, at: Millis) -> bool {
        let mut set = self.at.lock().unwrap_or_else(PoisonError::into_inner);
        let earlier = set.is_none_or(|before| at < before);
        if earlier {
            *set = Some(at);
        }
        earlier
    }

    fn get(&self) -> Option<Millis> {
        *self.at.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn clear(&self) {
        *self.at.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}

impl Bridge {
    /// Calls the module for rows that are due, for ever.
    pub(crate) async fn due(&self, held: &Held) {
        let shared = &self.shared;
        loop {
            shared.alarm.clear();
            let next = match self.due_now(held).await {
                Ok(next) => next,
                Err(what) => {
                    warn!("what is due cannot be seen: {what}");
                    Some(later(shared.ports.clock.now(), TROUBLE_MS))
                }
            };
            // A ring that was lost may have brought it forward: on a database with other replicas it is looked up.
            let look = shared.several.then(|| later(shared.ports.clock.now(), LOOK_MS));
            for at in next.into_iter().chain(look) {
                shared.alarm.bring_forward(at);
            }
            // The alarm may be brought forward while this waits; whoever does notifies.
            match shared.alarm.get() {
                None => shared.alarm.earlier.notified().await,
                Some(at) => tokio::select! {
                    biased;
                    () = shared.ports.clock.sleep_until(at) => {}
                    () = shared.alarm.earlier.notified() => {}
                },
            }
        }
    }

    /// Takes everything that is due now, and answers when the next thing is.
    async fn due_now(&self, held: &Held) -> Result<Option<Millis>, String> {
        let shared = &self.shared;
        let mut wake: Option<Millis> = None;
        let now = loop {
            // Anew each time: for a clock that was set back, what was due before is not due any more.
            let now = shared.ports.clock.now();
            let names = shared.ports.rows.due(now, BATCH_MAX).await.map_err(|e| e.to_string())?;
            if names.is_empty() {
                break now;
            }
            let accounts = names.clone();
            debug!(accounts = accounts.len(), "due");
            let work = Work::plain(Event::Tick { reason: TickReason::Due, accounts }).under(held);
            // In a task of its own: the unit is seen through also when the bridge stops meanwhile.
            let report = {
                let shared = std::sync::Arc::clone(shared);
                self.own(async move { shared.perform(work).await }).await
            };
            let Some(report) = report else { return Err("the call ended badly".into()) };
            wake = [wake, report.wake].into_iter().flatten().min();
            let trouble = report.failed.iter().find_map(|(_, ended)| ended.is_the_hosts());
            if let Some(what) = trouble {
                return Err(what.to_owned());
            }
            self.push_back(&names, now).await?;
        };
        let next = shared.ports.rows.next_due().await.map_err(|error| error.to_string())?;
        Ok([wake.filter(|at| *at > now), next].into_iter().flatten().min())
    }

    /// A module that leaves a row due after it was asked about it would be asked for ever: such a row comes up later.
    async fn push_back(&self, names: &[String], now: Millis) -> Result<(), String> {
        let shared = &self.shared;
        let due = shared.ports.rows.due(now, BATCH_MAX).await.map_err(|error| error.to_string())?;
        let left: Vec<String> = due.into_iter().filter(|name| names.contains(name)).collect();
        if left.is_empty() {
            return Ok(());
        }
        warn!(accounts = %left.join(", "), "the module left these due after it was asked; they come up later");
        let shared = std::sync::Arc::clone(shared);
        self.own(async move { shared.put_off(&left).await }).await;
        Ok(())
    }

    /// Goes over all rows, now and then.
    pub(crate) async fn sweeps(&self, held: &Held) {
        let shared = &self.shared;
        let mut at = later(shared.ports.clock.now(), shared.tuning.settings.get().agents_grace_ms);
        loop {
            shared.ports.clock.sleep_until(at).await;
            self.sweep(held).await;
            at = later(shared.ports.clock.now(), shared.tuning.sweep_ms);
        }
    }

    async fn sweep(&self, held: &Held) {
        let mut after = String::new();
        loop {
            let page = self.shared.ports.rows.accounts_page(after.clone(), BATCH_MAX).await;
            let names: Vec<String> = match page {
                Ok(rows) => rows.into_iter().map(|row| row.name).collect(),
                Err(error) => return warn!("the sweep ended early: {error}"),
            };
            let Some(last) = names.last() else { return };
            after.clone_from(last);
            let event = Event::Tick { reason: TickReason::Sweep, accounts: names };
            let work = Work::plain(event).under(held);
            let shared = std::sync::Arc::clone(&self.shared);
            self.own(async move { shared.perform(work).await }).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt as _;

    use super::Alarm;

    #[test]
    fn whoever_waits_is_told_of_what_others_bring_forward_and_not_of_his_own() {
        let alarm = Alarm::default();
        alarm.bring_forward(10);
        assert!(alarm.earlier.notified().now_or_never().is_none(), "he would wake for ever");
        alarm.set(20);
        assert!(alarm.earlier.notified().now_or_never().is_none(), "that is later");
        alarm.set(5);
        assert!(alarm.earlier.notified().now_or_never().is_some());
        assert_eq!(alarm.get(), Some(5));
    }
}
