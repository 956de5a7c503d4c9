//! When the faults stop: everything arrives, everybody runs and comes back, time passes, and all has to settle.

use crate::check::settled;
use crate::gate::Weather;
use crate::moves::Move;
use crate::world::World;

/// How long it may take until all has settled, in milliseconds of simulated time.
const PATIENCE_MS: u64 = 180_000;

/// How often it is asked whether all has settled.
const LOOK_MS: u64 = 2_000;

/// How many times words are carried to and fro before time moves; more is a conversation that never ends.
const ROUNDS: usize = 1_000;

/// Ends the faults, and waits until all has settled. What has not is in the trace.
pub fn settle(world: &mut World) {
    world.common.trace.say(format_args!("the faults stop"));
    world.common.gate.set(Weather::default());
    for at in 0..world.replicas.len() {
        world.replicas[at].paused = false;
        if !world.replicas[at].runs() {
            world.replicas[at].start();
        }
    }
    if !world.troubles.refuses_for_good {
        world.agents.iter_mut().for_each(|agent| agent.refuses.clear());
    }
    let until = world.time.now() + PATIENCE_MS;
    let mut look_at = world.time.now();
    loop {
        carry_all(world);
        if world.common.trace.trouble().is_some() {
            return;
        }
        let now = world.time.now();
        if now >= look_at {
            let Some(what) = settled::unsettled(world) else { break };
            if now >= until {
                settled::explain(world);
                world.common.trace.violated(format!("it does not settle: {what}"));
                return;
            }
            look_at = now + LOOK_MS;
        }
        let next = world.next_in().unwrap_or(LOOK_MS).clamp(1, LOOK_MS);
        world.common.trace.say(format_args!("Pass({next})"));
        world.advance(next);
        world.drive();
    }
    if let Some(what) = settled::secrets(world) {
        world.common.trace.violated(what);
    }
}

/// Everything that can arrive arrives, until nothing is on its way.
pub fn carry_all(world: &mut World) {
    for _ in 0..ROUNDS {
        let what = pending(world);
        if what.is_empty() || world.common.trace.trouble().is_some() {
            return;
        }
        for what in what {
            crate::moves::happen(world, &what);
        }
    }
    world.common.trace.violated("words are carried to and fro for ever".to_owned());
}

fn pending(world: &World) -> Vec<Move> {
    let mut all = Vec::new();
    let waiting = world.common.gate.waiting().into_iter();
    all.extend(waiting.map(|(id, replica, what)| Move::Release(id, replica, what)));
    for replica in world.replicas.iter().filter(|replica| !replica.runs()) {
        all.push(Move::Start(replica.at));
    }
    let lines = world.common.wire.lines();
    for (number, stream) in &lines.streams {
        if stream.bridge_end.is_some() && !stream.to_bridge.is_empty() {
            all.push(Move::Carry(*number));
        }
        if stream.agent_end && !stream.to_agent.is_empty() {
            all.push(Move::Hear(*number));
        }
        let empty = stream.to_bridge.is_empty() && stream.to_agent.is_empty();
        if stream.cut && stream.bridge_end.is_some() && empty {
            all.push(Move::HangUp(*number));
        }
    }
    all.extend(lines.rings.iter().map(|_| Move::Ring));
    for (at, agent) in world.agents.iter().enumerate() {
        all.extend(agent.looks().map(|account| Move::Look(at, account.clone())));
        match agent.stream.map(|number| lines.streams.get(&number)) {
            None if agent.dial_at > world.time.now() => {}
            None => {
                let serving: Vec<usize> = world
                    .replicas
                    .iter()
                    .filter(|replica| replica.bridge().is_some())
                    .map(|replica| replica.at)
                    .collect();
                if !serving.is_empty() {
                    all.push(Move::Connect(at, *world.chance.one_of(&serving)));
                }
            }
            Some(stream) => {
                let over = |s: &crate::wire::Stream| {
                    s.cut || (s.bridge_end.is_none() && s.to_agent.is_empty())
                };
                if stream.is_none_or(over) {
                    all.push(Move::Notice(at));
                }
            }
        }
    }
    all
}
