//! A store for one call: under the limits of its module, and stopped by the epoch where its deadline cannot be polled.

use std::time::Duration;

use wasmtime::{Store, UpdateDeadline};

use crate::engine::Engine;
use crate::meter::Meter;
use crate::profile::Profile;

/// What a store carries has a meter.
pub(crate) trait Metered: Send + 'static {
    /// The meter.
    fn meter(&mut self) -> &mut Meter;
}

/// A store that lives for one call: after a trap nothing of an instance may be used again. Without a deadline it is one
/// that stays, for measuring.
pub(crate) fn store<T: Metered>(
    engine: &Engine,
    mut state: T,
    deadline: impl Into<Option<Duration>>,
    profile: Option<Profile>,
) -> Store<T> {
    let hostcall_bytes = state.meter().limits.hostcall_bytes;
    let mut store = Store::new(&engine.wasmtime, state);
    store.limiter(|state| state.meter());
    store.set_hostcall_fuel(hostcall_bytes);
    if engine.options.fuel {
        store.set_fuel(u64::MAX).expect("fuel is switched on for this engine");
    }
    // The module yields at every tick, so that the deadline around the call is seen and neighbours run; the count
    // of ticks stops it also where that deadline cannot be polled.
    let mut ticks =
        deadline.into().map_or(u64::MAX, |deadline| ticks(deadline, engine.options.tick));
    let yields = engine.options.yields;
    store.set_epoch_deadline(1);
    store.epoch_deadline_callback(move |store| {
        if let Some(profile) = &profile {
            profile.sample(&store);
        }
        ticks = ticks.saturating_sub(1);
        Ok(match ticks {
            0 => UpdateDeadline::Interrupt,
            _ if yields => UpdateDeadline::Yield(1),
            _ => UpdateDeadline::Continue(1),
        })
    });
    store
}

/// The instructions that were run in a store, if its engine counts them.
pub(crate) fn fuel<T>(store: &Store<T>) -> Option<u64> {
    store.get_fuel().ok().map(|left| u64::MAX - left)
}

fn ticks(deadline: Duration, tick: Duration) -> u64 {
    let ticks = deadline.as_nanos() / tick.as_nanos().max(1);
    u64::try_from(ticks).unwrap_or(u64::MAX).saturating_add(2)
}
