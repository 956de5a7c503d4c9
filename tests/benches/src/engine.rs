//! `engine.fresh_call`: one decision in a fresh instance, five host calls and two writes, answered from memory.

mod bare;
mod memory;

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Result, ensure};
use host_core::event::{Action, Event, Item, Request};
use host_engine::{Engine, EngineOptions, Limits, Module};

pub(crate) use self::memory::MemoryWorld;
use crate::measure::{Goal, Measure, ratios};
use crate::stopwatch::Stopwatch;

/// Calls of one side in one pair.
const CALLS: u32 = 2_000;
/// Calls that are timed one by one.
const TIMED: usize = 10_000;

/// The module that the binary carries, loaded as it is in production.
pub(crate) async fn module(fuel: bool) -> Result<Module> {
    let engine = Engine::new(EngineOptions { fuel, ..EngineOptions::default() })?;
    let settings = host_core::settings::Settings::default().pairs();
    Ok(Module::load(&engine, host::LIFECYCLE.to_vec(), Limits::default(), &settings).await?)
}

/// *Activate* for accounts that are inactive, with one agent in their zone.
pub(crate) fn activation(names: &[String]) -> Event {
    let item = |name: &String| Item {
        name: name.clone(),
        zone: None,
        definition: None,
        attributes: Vec::new(),
    };
    Event::Handle(Request {
        id: "01KAN0REQUEST0000000000000".into(),
        action: Action::Activate,
        who: "somebody".into(),
        items: names.iter().map(item).collect(),
    })
}

pub(crate) async fn fresh_call(pairs: usize) -> Result<Vec<Measure>> {
    let module = module(false).await?;
    let bare = bare::Bare::new(host::LIFECYCLE)?;
    let names = vec!["prod-eu-1".to_owned()];
    let world = Arc::new(MemoryWorld::new(&names));
    let event = activation(&names);

    let (answer, report) = module.call_measured(event.clone(), world.clone()).await;
    ensure!(answer?.writes.submissions.len() == 1, "the decision asks one agent");
    ensure!(report.hostcalls >= 5, "{report:?}");
    for _ in 0..CALLS {
        ours(&module, &event, &world).await?;
        bare.call().await?;
    }
    let (values, thrown_away) = ratios(
        pairs,
        async || {
            let watch = Stopwatch::start();
            for _ in 0..CALLS {
                ours(&module, &event, &world).await?;
            }
            Ok(watch.elapsed().as_secs_f64())
        },
        async || {
            let watch = Stopwatch::start();
            for _ in 0..CALLS {
                bare.call().await?;
            }
            Ok(watch.elapsed().as_secs_f64())
        },
    )
    .await?;
    let against = "the same component called with bare wasmtime: same pool, no limits, checks or counts of ours";
    let mut ratio =
        Measure::of("engine.fresh_call", "ratio", against, Some(Goal::AtMost(1.25)), values);
    ratio.thrown_away = thrown_away;

    let mut times: Vec<Duration> = Vec::with_capacity(TIMED);
    for _ in 0..TIMED {
        let watch = Stopwatch::start();
        ours(&module, &event, &world).await?;
        times.push(watch.elapsed());
    }
    times.sort_unstable();
    let at = |share: usize| times[TIMED * share / 100].as_secs_f64() * 1e6;
    Ok(vec![
        ratio,
        Measure::single("engine.fresh_call_p50", "µs", Some(Goal::AtMost(20.0)), at(50), TIMED),
        Measure::single("engine.fresh_call_p99", "µs", Some(Goal::AtMost(60.0)), at(99), TIMED),
    ])
}

async fn ours(module: &Module, event: &Event, world: &Arc<MemoryWorld>) -> Result<()> {
    module.call_measured(event.clone(), Arc::clone(world) as Arc<_>).await.0?;
    Ok(())
}
