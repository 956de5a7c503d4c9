//! What a feed promises, over a journal in memory and a clock that is moved by hand.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use host_core::clock::Millis;
use host_core::error::StoreError;
use host_core::id;
use host_core::journal::{JournalEntry, Place, Transition};
use host_core::port::events::Events;
use host_core::port::time::Clock;
use tokio::sync::watch;

use super::{Feed, Filter, Heard, ListenError, Listener, RING};

const NOW: Millis = 1_795_348_800_000;

/// A journal in memory.
#[derive(Debug, Default)]
struct Journal {
    steps: Mutex<Vec<Transition>>,
    reads: AtomicUsize,
    broken: Mutex<Option<StoreError>>,
}

impl Journal {
    /// A step that was decided at a time, the n-th of that millisecond.
    fn commit(&self, at: Millis, n: u64, account: &str) -> String {
        let id = step_id(at, n);
        let entry = JournalEntry {
            id: id.clone(),
            at,
            account: account.into(),
            from: None,
            to: Some("INACTIVE".into()),
            event: "create".into(),
            reason: String::new(),
            who: "ada".into(),
            request: None,
            operation: None,
            module: "m".into(),
            revision: 1,
        };
        let there = Some(Place { zone: Some("eu".into()), source: "api".into() });
        let mut steps = self.steps.lock().expect("no panic");
        steps.push(Transition { entry, there });
        steps.sort_by(|one, other| one.entry.id.cmp(&other.entry.id));
        id
    }

    fn found(&self, wanted: impl Fn(&Transition) -> bool) -> Result<Vec<Transition>, StoreError> {
        self.reads.fetch_add(1, Ordering::Relaxed);
        match self.broken.lock().expect("no panic").clone() {
            Some(error) => Err(error),
            None => {
                let steps = self.steps.lock().expect("no panic");
                Ok(steps.iter().filter(|step| wanted(step)).cloned().collect())
            }
        }
    }
}

fn step_id(at: Millis, n: u64) -> String {
    let floor = id::floor(at);
    format!("{}{n:08}", &floor[..18])
}

#[async_trait]
impl Events for Journal {
    async fn newest(&self) -> Result<Option<String>, StoreError> {
        Ok(self.found(|_| true)?.pop().map(|step| step.entry.id))
    }

    async fn reaches_back_to(&self, id: String) -> Result<bool, StoreError> {
        Ok(!self.found(|step| step.entry.id <= id)?.is_empty())
    }

    async fn ids_behind(&self, after: String, limit: usize) -> Result<Vec<String>, StoreError> {
        let steps = self.found(|step| step.entry.id > after)?;
        Ok(steps.into_iter().take(limit).map(|step| step.entry.id).collect())
    }

    async fn transitions(&self, ids: Vec<String>) -> Result<Vec<Transition>, StoreError> {
        self.found(|step| ids.binary_search(&step.entry.id).is_ok())
    }

    async fn behind(
        &self,
        account: Option<String>,
        after: String,
        limit: usize,
    ) -> Result<Vec<Transition>, StoreError> {
        let mut steps = self.found(|step| {
            step.entry.id > after && account.as_ref().is_none_or(|name| step.entry.account == *name)
        })?;
        steps.truncate(limit);
        Ok(steps)
    }

    async fn next_step(&self, _: String, _: String) -> Result<Option<JournalEntry>, StoreError> {
        Ok(None)
    }
}

#[derive(Debug)]
struct Hand(watch::Sender<Millis>);

impl Hand {
    fn advance(&self, by: u64) {
        self.0.send_modify(|now| *now += by);
    }
}

#[async_trait]
impl Clock for Hand {
    fn now(&self) -> Millis {
        *self.0.borrow()
    }

    async fn sleep_until(&self, at: Millis) {
        let mut now = self.0.subscribe();
        let _ended = now.wait_for(|now| *now >= at).await;
    }
}

struct World {
    journal: Arc<Journal>,
    clock: Arc<Hand>,
    feed: Feed,
}

impl World {
    fn new() -> Self {
        let (journal, clock) = (Arc::<Journal>::default(), Arc::new(Hand(watch::Sender::new(NOW))));
        let feed = Feed::new(Arc::clone(&journal) as _, Arc::clone(&clock) as _);
        Self { journal, clock, feed }
    }

    async fn listen(&self, resume: Option<String>) -> Listener {
        self.feed.listen(Filter::default(), resume).await.expect("listening")
    }
}

/// The next step, over what is quiet.
async fn heard(listener: &mut Listener) -> String {
    loop {
        match listener.next().await {
            Heard::Step(step) => return step.entry.id.clone(),
            Heard::Quiet(_) => {}
            other @ (Heard::TooSlow | Heard::Broken(_) | Heard::Stopping) => {
                panic!("no step: {other:?}")
            }
        }
    }
}

#[tokio::test]
async fn whoever_listens_hears_what_is_committed_from_then_on() {
    let world = World::new();
    world.journal.commit(NOW - 10, 1, "before");
    let mut listener = world.listen(None).await;
    let id = world.journal.commit(NOW, 1, "a");
    world.feed.stir(Some(&id));
    assert_eq!(heard(&mut listener).await, id);
    world.feed.end().await;
    assert!(matches!(listener.next().await, Heard::Stopping));
}

#[tokio::test]
async fn a_step_that_commits_here_after_a_later_one_is_told_at_once() {
    let world = World::new();
    let mut listener = world.listen(None).await;
    let later = world.journal.commit(NOW, 9, "a");
    world.feed.stir(Some(&later));
    assert_eq!(heard(&mut listener).await, later);
    // Decided long before, committed now: further back than any overlap.
    let late = world.journal.commit(NOW - 500_000, 1, "b");
    world.feed.stir(Some(&late));
    assert_eq!(heard(&mut listener).await, late);
}

#[tokio::test]
async fn steps_of_replicas_with_other_clocks_are_found_by_looking_again() {
    let world = World::new();
    let mut listener = world.listen(None).await;
    let ahead = world.journal.commit(NOW + 10_000, 1, "a");
    world.clock.advance(1_000);
    assert_eq!(heard(&mut listener).await, ahead);
    let behind = world.journal.commit(NOW - 4_000, 1, "b");
    world.clock.advance(1_000);
    assert_eq!(heard(&mut listener).await, behind, "the near overlap, a second later");
    let slow = world.journal.commit(NOW - 40_000, 1, "c");
    world.clock.advance(15_000);
    assert_eq!(heard(&mut listener).await, slow, "the far overlap");
}

#[tokio::test]
async fn nothing_is_told_twice_however_often_it_is_read() {
    let world = World::new();
    let mut listener = world.listen(None).await;
    let first = world.journal.commit(NOW, 1, "a");
    world.feed.stir(Some(&first));
    assert_eq!(heard(&mut listener).await, first);
    for _ in 0..20 {
        world.clock.advance(1_000);
        tokio::task::yield_now().await;
    }
    let second = world.journal.commit(NOW + 20_000, 1, "a");
    world.feed.stir(Some(&second));
    assert_eq!(heard(&mut listener).await, second);
}

#[tokio::test]
async fn whoever_resumes_misses_nothing_and_hears_nothing_twice_on_one_connection() {
    let world = World::new();
    let old = world.journal.commit(NOW - 200_000, 1, "a");
    let seen = world.journal.commit(NOW - 100_000, 1, "a");
    let late = world.journal.commit(NOW - 130_000, 1, "b");
    let missed = world.journal.commit(NOW - 90_000, 1, "a");
    let mut listener = world.listen(Some(seen.clone())).await;
    let live = world.journal.commit(NOW, 1, "a");
    world.feed.stir(Some(&live));
    let mut told = Vec::new();
    while told.last() != Some(&live) {
        told.push(heard(&mut listener).await);
    }
    assert_eq!(told, [late, seen, missed, live], "and not {old}, which is long past");
}

#[tokio::test]
async fn whoever_missed_more_than_a_page_reads_on_page_by_page() {
    let world = World::new();
    let first = world.journal.commit(NOW - 80_000, 0, "a");
    let ids: Vec<String> = (0..700).map(|n| world.journal.commit(NOW - 70_000, n, "a")).collect();
    let mut listener = world.listen(Some(first.clone())).await;
    assert_eq!(heard(&mut listener).await, first);
    for id in &ids {
        assert_eq!(heard(&mut listener).await, *id);
    }
}

#[tokio::test]
async fn many_listen_and_one_reads() {
    let world = World::new();
    let mut listeners = Vec::new();
    for _ in 0..50 {
        listeners.push(world.listen(None).await);
    }
    assert_eq!(world.feed.listeners(), 50);
    let before = world.journal.reads.load(Ordering::Relaxed);
    let id = world.journal.commit(NOW, 1, "a");
    world.feed.stir(Some(&id));
    for listener in &mut listeners {
        assert_eq!(heard(listener).await, id);
    }
    let reads = world.journal.reads.load(Ordering::Relaxed) - before;
    assert!(reads <= 3, "{reads} reads for 50 listeners");
}

#[tokio::test]
async fn whoever_is_too_slow_is_sent_away_and_nobody_waits_for_it() {
    let world = World::new();
    let mut slow = world.listen(None).await;
    let mut quick = world.listen(None).await;
    let first = world.journal.commit(NOW, 0, "a");
    world.feed.stir(Some(&first));
    assert_eq!(heard(&mut slow).await, first);
    let mut last = first;
    for n in 1..=(RING as u64 + 1) {
        last = world.journal.commit(NOW, n, "a");
        world.feed.stir(Some(&last));
        while heard(&mut quick).await != last {}
    }
    assert!(matches!(slow.next().await, Heard::TooSlow));
    let mut again = world.listen(Some(step_id(NOW, 0))).await;
    while heard(&mut again).await != last {}
}

#[tokio::test]
async fn the_reader_rests_while_nobody_listens() {
    let world = World::new();
    drop(world.listen(None).await);
    // The look after which it rests.
    let id = world.journal.commit(NOW, 1, "a");
    world.clock.advance(1_000);
    while *world.feed.0.runs.lock().await {
        tokio::task::yield_now().await;
    }
    let before = world.journal.reads.load(Ordering::Relaxed);
    world.feed.stir(Some(&id));
    world.clock.advance(60_000);
    tokio::task::yield_now().await;
    assert_eq!(world.journal.reads.load(Ordering::Relaxed), before);
    let mut listener = world.listen(None).await;
    let next = world.journal.commit(NOW + 61_000, 1, "a");
    world.feed.stir(Some(&next));
    assert_eq!(heard(&mut listener).await, next, "and begins again when somebody does");
}

#[tokio::test]
async fn trouble_of_the_database_costs_no_step() {
    let world = World::new();
    let mut listener = world.listen(None).await;
    let broken = StoreError::Unavailable("planted".into());
    *world.journal.broken.lock().expect("no panic") = Some(broken.clone());
    let before = world.journal.reads.load(Ordering::Relaxed);
    let id = world.journal.commit(NOW - 50_000, 1, "a");
    world.feed.stir(Some(&id));
    while world.journal.reads.load(Ordering::Relaxed) == before {
        tokio::task::yield_now().await;
    }
    let refused = world.feed.listen(Filter::default(), Some(id.clone())).await;
    assert_eq!(refused.err(), Some(ListenError::Store(broken)));
    *world.journal.broken.lock().expect("no panic") = None;
    world.clock.advance(1_000);
    assert_eq!(heard(&mut listener).await, id);
}

#[tokio::test]
async fn a_resumption_from_before_what_is_kept_is_refused() {
    let world = World::new();
    world.journal.commit(NOW, 5, "a");
    let refused = world.feed.listen(Filter::default(), Some(step_id(NOW, 4))).await;
    assert_eq!(refused.err(), Some(ListenError::Purged(step_id(NOW, 4))));
}

#[test]
fn a_filter_wants_what_fits_in_everything_and_lets_pass_what_nobody_can_tell() {
    let journal = Journal::default();
    journal.commit(NOW, 1, "Team-Eu-1");
    let step = journal.steps.lock().expect("no panic")[0].clone();
    let gone = Transition { there: None, ..step.clone() };
    let some = |text: &str| Some(text.to_owned());
    for (filter, wanted, wanted_gone) in [
        (Filter::default(), true, true),
        (Filter { contains: some("EU-1"), ..Filter::default() }, true, true),
        (Filter { contains: some("us"), ..Filter::default() }, false, false),
        (Filter { account: some("Team-Eu-1"), ..Filter::default() }, true, true),
        (Filter { account: some("team-eu-1"), ..Filter::default() }, false, false),
        (Filter { state: some("INACTIVE"), ..Filter::default() }, true, true),
        (Filter { state: some("ACTIVE"), ..Filter::default() }, false, false),
        (Filter { zone: some("eu"), ..Filter::default() }, true, true),
        (Filter { zone: some("us"), ..Filter::default() }, false, true),
        (Filter { source: some("file"), ..Filter::default() }, false, true),
    ] {
        assert_eq!((filter.wants(&step), filter.wants(&gone)), (wanted, wanted_gone), "{filter:?}");
    }
}
