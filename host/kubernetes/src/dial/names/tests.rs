//! What names that hang may cost others, and how often one is looked up.

use std::net::IpAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use futures::FutureExt as _;
use futures::future::BoxFuture;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::{Answer, FAILED_MS, FOUND_MS, HANGING, LOOKUPS, Names, REMEMBERED, Resolver};
use crate::testing::Clock;

/// A resolver that hangs on names that begin with `hang` until it is told to go on, knows none that begins with `no`, and
/// panics at `panic`.
#[derive(Debug)]
struct Scripted {
    goes_on: watch::Sender<bool>,
    asked: Mutex<Vec<String>>,
    now: Arc<AtomicUsize>,
}

impl Resolver for Scripted {
    fn addresses(&self, name: String) -> BoxFuture<'static, std::io::Result<Vec<IpAddr>>> {
        self.asked.lock().unwrap().push(name.clone());
        let (mut goes_on, now) = (self.goes_on.subscribe(), Arc::clone(&self.now));
        async move {
            assert_ne!(name, "panic");
            now.fetch_add(1, Ordering::SeqCst);
            if name.starts_with("hang") {
                goes_on.wait_for(|goes_on| *goes_on).await.unwrap();
            }
            now.fetch_sub(1, Ordering::SeqCst);
            if name.starts_with("no") {
                return Err(std::io::ErrorKind::NotFound.into());
            }
            Ok(vec![IpAddr::from([10, 0, 0, 1])])
        }
        .boxed()
    }
}

struct World {
    clock: Arc<Clock>,
    scripted: Arc<Scripted>,
    names: Arc<Names>,
}

impl World {
    fn new() -> Self {
        let clock = Clock::at(1_000_000);
        let scripted = Arc::new(Scripted {
            goes_on: watch::Sender::new(false),
            asked: Mutex::default(),
            now: Arc::default(),
        });
        let names = Names::new(Arc::clone(&clock) as _, Arc::clone(&scripted) as _);
        Self { clock, scripted, names: Arc::new(names) }
    }

    fn ask(&self, name: &str) -> JoinHandle<Answer> {
        let (names, name) = (Arc::clone(&self.names), name.to_owned());
        tokio::spawn(async move { names.find(&name).await })
    }

    /// Asks for so many names that hang.
    fn hang(&self, names: usize) {
        (0..names).for_each(|n| drop(self.ask(&format!("hang-{n}"))));
    }

    async fn settle() {
        for _ in 0..50 {
            tokio::task::yield_now().await;
        }
    }

    async fn pass(&self, ms: u64) {
        Self::settle().await;
        self.clock.advance(ms);
        Self::settle().await;
    }

    fn asked(&self) -> usize {
        self.scripted.asked.lock().unwrap().len()
    }
}

#[tokio::test]
async fn a_name_is_looked_up_once_for_all_who_ask_and_remembered_for_seconds() {
    let world = World::new();
    let all: Vec<_> = (0..100).map(|_| world.ask("hang")).collect();
    World::settle().await;
    world.scripted.goes_on.send_replace(true);
    for asked in all {
        assert_eq!(asked.await.unwrap().unwrap().len(), 1);
    }
    assert_eq!(world.asked(), 1);
    world.pass(FOUND_MS - 1).await;
    world.ask("hang").await.unwrap().unwrap();
    assert_eq!(world.asked(), 1);
    world.pass(1).await;
    world.ask("hang").await.unwrap().unwrap();
    assert_eq!(world.asked(), 2);
}

#[tokio::test]
async fn that_there_is_no_such_name_is_remembered_for_less_long() {
    let world = World::new();
    assert_eq!(world.ask("no").await.unwrap().unwrap_err(), "entity not found");
    world.pass(FAILED_MS - 1).await;
    world.ask("no").await.unwrap().unwrap_err();
    assert_eq!(world.asked(), 1);
    world.pass(1).await;
    world.ask("no").await.unwrap().unwrap_err();
    assert_eq!(world.asked(), 2);
}

#[tokio::test]
async fn names_that_hang_leave_their_places_after_a_second_and_take_none_again() {
    let world = World::new();
    world.hang(HANGING);
    World::settle().await;
    assert_eq!(world.asked(), LOOKUPS);
    let good = world.ask("good");
    world.pass(1_000).await;
    assert_eq!(world.asked(), HANGING, "half of them have made room for the others");
    world.pass(1_000).await;
    assert!(good.is_finished());
    // They are asked for again, and many more that are known to hang.
    world.scripted.goes_on.send_replace(true);
    World::settle().await;
    world.scripted.goes_on.send_replace(false);
    world.pass(FOUND_MS).await;
    world.hang(HANGING);
    World::settle().await;
    assert_eq!(world.scripted.now.load(Ordering::SeqCst), HANGING);
    assert!(world.ask("better").await.unwrap().is_ok());
}

#[tokio::test]
async fn no_more_threads_are_kept_than_there_are_places() {
    let world = World::new();
    world.hang(3 * (LOOKUPS + HANGING));
    for _ in 0..10 {
        world.pass(1_000).await;
    }
    assert_eq!(world.scripted.now.load(Ordering::SeqCst), LOOKUPS + HANGING);
}

#[tokio::test]
async fn a_lookup_goes_on_when_nobody_waits_and_serves_who_asks_next() {
    let world = World::new();
    let gone = world.ask("hang");
    World::settle().await;
    gone.abort();
    world.pass(20_000).await;
    let next = world.ask("hang");
    World::settle().await;
    world.scripted.goes_on.send_replace(true);
    assert!(next.await.unwrap().is_ok());
    assert_eq!(world.asked(), 1);
}

#[tokio::test]
async fn a_resolver_that_panics_is_asked_again() {
    let world = World::new();
    for asked in 1..3 {
        assert_eq!(world.ask("panic").await.unwrap().unwrap_err(), "the resolver failed");
        assert_eq!(world.asked(), asked);
    }
}

#[tokio::test]
async fn names_are_not_remembered_for_ever() {
    let world = World::new();
    for n in 0..2 * REMEMBERED {
        world.ask(&format!("good-{n}")).await.unwrap().unwrap();
        world.clock.advance(10);
    }
    assert!(world.names.known.lock().unwrap().lookups.len() <= REMEMBERED);
}
