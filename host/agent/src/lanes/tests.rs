//! What silent servers may cost others, by a clock that moves when told.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::task::JoinHandle;

use super::Lanes;
use crate::surroundings::Surroundings;
use crate::testing::Clock;

/// How long a silent server is waited for.
const GIVEN_UP_MS: u64 = 10_000;

/// What is under way for a group of servers, and the most that was.
#[derive(Debug, Default)]
struct Flight {
    now: AtomicUsize,
    most: AtomicUsize,
}

impl Flight {
    /// The most that was under way, and what is.
    fn counts(&self) -> (usize, usize) {
        (self.most.load(Ordering::SeqCst), self.now.load(Ordering::SeqCst))
    }
}

/// Something under way.
struct Flying(Arc<Flight>);

impl Flying {
    fn begin(flight: &Arc<Flight>) -> Self {
        let now = flight.now.fetch_add(1, Ordering::SeqCst) + 1;
        flight.most.fetch_max(now, Ordering::SeqCst);
        Self(Arc::clone(flight))
    }
}

impl Drop for Flying {
    fn drop(&mut self) {
        self.0.now.fetch_sub(1, Ordering::SeqCst);
    }
}

struct World {
    clock: Arc<Clock>,
    lanes: Lanes,
    flight: Arc<Flight>,
}

impl World {
    fn with(quick: usize) -> Self {
        let clock = Clock::at(1_000_000);
        Self { clock, lanes: Lanes::new(quick), flight: Arc::default() }
    }

    /// Begins work for a server that takes so long. Its result is when it ended.
    fn work(&self, server: &str, takes_ms: u64) -> JoinHandle<u64> {
        let (clock, lanes) = (Arc::clone(&self.clock), self.lanes.clone());
        let (server, flight) = (server.to_owned(), Arc::clone(&self.flight));
        tokio::spawn(async move {
            let work = || async {
                let _flying = Flying::begin(&flight);
                clock.sleep_until(clock.now() + takes_ms).await;
                clock.now()
            };
            lanes.pass(&*clock, &server, work).await
        })
    }

    /// Begins work for a silent server.
    fn silent(&self, server: &str) -> JoinHandle<u64> {
        self.work(server, GIVEN_UP_MS)
    }

    /// Lets everybody who can go on do so.
    async fn settle() {
        for _ in 0..50 {
            tokio::task::yield_now().await;
        }
    }

    async fn pass(&self, ms: u64) {
        for _ in 0..ms / 100 {
            self.clock.advance(100);
            Self::settle().await;
        }
    }

    /// How long it takes until some work is done; no longer than this.
    async fn until(&self, done: JoinHandle<u64>, most_ms: u64) -> u64 {
        let began = self.clock.now();
        Self::settle().await;
        while !done.is_finished() {
            assert!(self.clock.now() - began <= most_ms, "it still waits after {most_ms} ms");
            self.pass(100).await;
        }
        done.await.unwrap() - began
    }
}

#[tokio::test]
async fn hundreds_of_silent_accounts_of_a_few_servers_delay_a_good_one_by_a_second() {
    let world = World::with(8);
    for n in 0..600 {
        world.silent(&format!("silent-{}", n % 5));
    }
    let good = world.work("good", 0);
    assert!(world.until(good, 2_000).await <= 1_000);
    // And when they are known, by nothing.
    let good = world.work("good", 0);
    assert_eq!(world.until(good, 0).await, 0);
}

#[tokio::test]
async fn more_silent_servers_than_there_are_places_cost_a_quick_place_for_a_second_each() {
    let world = World::with(8);
    let silent = || {
        for n in 0..400 {
            world.silent(&format!("silent-{n}"));
        }
    };
    silent();
    let good = world.work("good", 0);
    let waited = world.until(good, 60_000).await;
    assert!(waited <= 400 / 8 * 1_000, "{waited}");
    // They are known now, and the slow lane is full of them.
    silent();
    let good = world.work("good", 0);
    assert_eq!(world.until(good, 0).await, 0);
}

#[tokio::test]
async fn no_more_is_under_way_than_there_are_places_and_no_server_has_them_all() {
    let world = World::with(8);
    let all: Vec<_> = (0..100).map(|_| world.silent("one")).collect();
    world.pass(30_000).await;
    let (most, now) = world.flight.counts();
    assert!(most <= 2 + 8 && now == 8, "a quarter of each lane: {most}, {now}");
    all.iter().for_each(JoinHandle::abort);
    World::settle().await;
    for n in 0..100 {
        world.silent(&format!("silent-{n}"));
    }
    world.pass(60_000).await;
    let (most, _) = world.flight.counts();
    assert!((32..=8 + 32).contains(&most), "{most}");
}

#[tokio::test]
async fn work_that_is_given_up_for_want_of_a_place_is_done_when_its_turn_comes() {
    let world = World::with(4);
    let all: Vec<_> = (0..60).map(|n| world.silent(&format!("silent-{n}"))).collect();
    // Fifteen seconds to meet all, and four turns of sixteen.
    world.pass(60_000).await;
    assert!(all.iter().all(JoinHandle::is_finished));
}

#[tokio::test]
async fn a_server_that_answers_again_is_quick_again_also_for_those_who_wait() {
    let world = World::with(4);
    for n in 0..60 {
        world.silent(&format!("silent-{n}"));
    }
    let first = world.silent("one");
    world.pass(16_000).await;
    assert!(!first.is_finished());
    let waiting: Vec<_> = (0..10).map(|_| world.work("one", 0)).collect();
    World::settle().await;
    assert!(!waiting.iter().any(JoinHandle::is_finished), "it was silent the last time");
    world.pass(60_000).await;
    assert!(first.is_finished() && waiting.iter().all(JoinHandle::is_finished));
    for n in 0..60 {
        world.silent(&format!("silent-{n}"));
    }
    assert_eq!(world.until(world.work("one", 0), 0).await, 0);
}

#[tokio::test]
async fn whoever_stops_waiting_leaves_no_place_taken() {
    let world = World::with(1);
    for _ in 0..3 {
        let gone: Vec<_> = (0..20).map(|n| world.silent(&format!("silent-{}", n % 7))).collect();
        world.pass(500).await;
        gone.iter().for_each(JoinHandle::abort);
        World::settle().await;
    }
    assert_eq!(world.flight.counts().1, 0);
    assert_eq!(world.until(world.work("good", 0), 0).await, 0);
}
