//! What the recorder promises, over a ring in memory and a clock that is moved by hand.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use async_trait::async_trait;
use host_core::error::{CallClass, CallError, StoreError};
use host_core::event::{Answer, Event, TickReason};
use host_core::port::recordings::{ListedRecord, RecordFilter};
use host_core::record::{Applied, Asked, End, FORMAT, LIFECYCLE_CONTRACT, LogLevel, LogLine};
use host_core::unit::Writes;
use tokio::sync::{Semaphore, watch};

use super::*;

const NOW: Millis = 1_795_348_800_000;

/// A clock that is moved by hand, and tells until when somebody sleeps.
#[derive(Debug)]
struct HandClock {
    now: watch::Sender<Millis>,
    slept: watch::Sender<Vec<Millis>>,
}

impl HandClock {
    fn advance(&self, millis: u64) {
        self.now.send_modify(|now| *now += millis);
    }

    /// The time until which somebody sleeps for the n-th time, counted from 0, once he does.
    async fn slept(&self, nth: usize) -> Millis {
        let mut slept = self.slept.subscribe();
        slept.wait_for(|slept| slept.len() > nth).await.expect("the clock lives")[nth]
    }
}

#[async_trait]
impl Clock for HandClock {
    fn now(&self) -> Millis {
        *self.now.borrow()
    }

    async fn sleep_until(&self, at: Millis) {
        self.slept.send_modify(|slept| slept.push(at));
        let mut now = self.now.subscribe();
        let _ended = now.wait_for(|now| *now >= at).await;
    }
}

/// A ring in memory that takes a batch when it is let, and for as long as it is told.
#[derive(Debug)]
struct Ring {
    clock: Arc<HandClock>,
    takes_ms: AtomicU64,
    may: Semaphore,
    fails: AtomicUsize,
    asked: watch::Sender<usize>,
    kept: watch::Sender<Vec<Vec<KeptRecord>>>,
    bounds: Mutex<Option<RingBounds>>,
}

#[async_trait]
impl Recordings for Ring {
    async fn keep(&self, batch: Vec<KeptRecord>, bounds: RingBounds) -> Result<(), StoreError> {
        self.asked.send_modify(|asked| *asked += 1);
        self.may.acquire().await.expect("never closed").forget();
        self.clock.advance(self.takes_ms.load(Ordering::SeqCst));
        let fails = |left: usize| left.checked_sub(1);
        if self.fails.fetch_update(Ordering::SeqCst, Ordering::SeqCst, fails).is_ok() {
            return Err(StoreError::Unavailable("planted".into()));
        }
        *self.bounds.lock().expect("no panic") = Some(bounds);
        self.kept.send_modify(|kept| kept.push(batch));
        Ok(())
    }

    async fn listed(&self, _: RecordFilter, _: usize) -> Result<Vec<ListedRecord>, StoreError> {
        Err(StoreError::Refused("nobody asks".into()))
    }

    async fn of_ids(&self, _: Vec<String>) -> Result<Vec<KeptRecord>, StoreError> {
        Err(StoreError::Refused("nobody asks".into()))
    }
}

struct World {
    clock: Arc<HandClock>,
    ring: Arc<Ring>,
    counts: Arc<Counts>,
    recorder: RecordRing,
}

/// How often a ring takes a batch that is never in its way.
const ALWAYS: usize = 1_000;

impl World {
    /// A ring that takes so many batches without being let.
    fn with(bounds: RingBounds, takes: usize) -> Self {
        let (now, slept) = (watch::Sender::new(NOW), watch::Sender::new(Vec::new()));
        let clock = Arc::new(HandClock { now, slept });
        let ring = Arc::new(Ring {
            clock: Arc::clone(&clock),
            takes_ms: AtomicU64::new(0),
            may: Semaphore::new(takes),
            fails: AtomicUsize::new(0),
            asked: watch::Sender::new(0),
            kept: watch::Sender::new(Vec::new()),
            bounds: Mutex::default(),
        });
        let counts = Arc::<Counts>::default();
        let (recordings, time) = (Arc::clone(&ring) as _, Arc::clone(&clock) as _);
        let recorder = RecordRing::start(recordings, time, Arc::clone(&counts), bounds);
        Self { clock, ring, counts, recorder }
    }

    fn new() -> Self {
        Self::with(RingBounds::default(), ALWAYS)
    }

    /// Returns when the database was asked to keep for the n-th time.
    async fn asked(&self, times: usize) {
        let mut asked = self.ring.asked.subscribe();
        asked.wait_for(|asked| *asked >= times).await.expect("the ring lives");
    }

    /// Ids of what is kept, batch by batch, once there are so many batches.
    async fn batches(&self, count: usize) -> Vec<Vec<String>> {
        let mut kept = self.ring.kept.subscribe();
        let kept = kept.wait_for(|kept| kept.len() >= count).await.expect("the ring lives");
        let ids = |batch: &Vec<KeptRecord>| batch.iter().map(|record| record.id.clone()).collect();
        kept.iter().map(ids).collect()
    }

    fn counted(&self, end: &str) -> u64 {
        let of = self.counts.of(Counter::Records);
        of.iter().find(|(labels, _)| labels[0] == end).map_or(0, |(_, count)| *count)
    }

    /// Takes one call whose batch the database does not let go of, so that everything else waits.
    async fn block(&self) {
        self.recorder.take(record("first"));
        self.asked(1).await;
    }
}

fn record(id: &str) -> Record {
    Record {
        format: FORMAT,
        id: id.into(),
        at: NOW,
        contract: LIFECYCLE_CONTRACT.into(),
        slot: "lifecycle".into(),
        slot_generation: 1,
        module: "sha256:1".into(),
        settings: Vec::new(),
        asked: Asked::Event(Event::Tick { reason: TickReason::Due, accounts: vec!["a".into()] }),
        imports: Vec::new(),
        log: Vec::new(),
        end: End::Decided { answer: Answer::Nothing, writes: Writes::default() },
        applied: Applied::Committed,
        took_us: 7,
    }
}

fn stopped(id: &str) -> Record {
    let error = CallError { class: CallClass::Deadline, sentence: "it ran too long".into() };
    Record { end: End::Stopped(error), ..record(id) }
}

fn heavy(id: &str, bytes: usize) -> Record {
    let line = LogLine { level: LogLevel::Info, message: "x".repeat(bytes) };
    Record { log: vec![line], ..record(id) }
}

#[tokio::test]
async fn a_call_is_kept_with_what_it_says_of_itself_and_can_be_read_again() {
    let world = World::new();
    world.recorder.take(stopped("01A"));
    world.batches(1).await;
    let kept = world.ring.kept.borrow()[0][0].clone();
    let text = unpacked(&kept.body).expect("packed here");
    assert_eq!(text, serde_json::to_vec(&stopped("01A")).expect("JSON"));
    let expected = KeptRecord {
        id: "01A".into(),
        at: NOW,
        slot: "lifecycle".into(),
        module: "sha256:1".into(),
        export: "tick".into(),
        outcome: "deadline".into(),
        accounts: vec!["a".into()],
        took_us: 7,
        body: kept.body.clone(),
    };
    assert_eq!(kept, expected);
    assert_eq!(*world.ring.bounds.lock().expect("no panic"), Some(RingBounds::default()));
    assert_eq!(world.counted("kept"), 1);
}

#[tokio::test]
async fn whoever_hands_a_call_over_waits_for_no_database_and_what_has_no_room_is_counted() {
    let world = World::with(RingBounds::default(), 0);
    world.block().await;
    for n in 0..ROOM.records + 7 {
        world.recorder.take(record(&format!("{n:04}")));
    }
    assert_eq!(world.counted("no-room"), 7);
    world.ring.may.add_permits(ALWAYS);
    world.recorder.stop().await;
    let kept: usize = world.ring.kept.borrow().iter().map(Vec::len).sum();
    assert_eq!(kept, 1 + ROOM.records, "the oldest are those that wait");
    assert_eq!(world.counted("kept"), kept as u64);
}

#[tokio::test]
async fn what_waits_has_no_more_bytes_than_there_is_room_for() {
    let world = World::with(RingBounds::default(), 0);
    world.block().await;
    for n in 0..40 {
        world.recorder.take(heavy(&n.to_string(), 1 << 20));
    }
    assert_eq!(world.counted("no-room"), 9, "31 and a little more fit into 32 MiB");
    world.ring.may.add_permits(ALWAYS);
    world.recorder.stop().await;
    let batches = world.batches(1).await;
    assert!(batches.iter().skip(1).all(|batch| batch.len() <= 3), "4 MiB at once: {batches:?}");
}

#[tokio::test]
async fn a_call_that_was_stopped_has_room_before_others_and_is_written_before_them() {
    let world = World::with(RingBounds::default(), 0);
    world.block().await;
    for n in 0..ROOM.records {
        world.recorder.take(record(&format!("{n:04}")));
    }
    for n in 0..3 {
        world.recorder.take(stopped(&format!("s{n}")));
    }
    assert_eq!(world.counted("no-room"), 3);
    world.ring.may.add_permits(ALWAYS);
    world.recorder.stop().await;
    let batches = world.batches(2).await;
    assert_eq!(batches[1][..4], ["s0", "s1", "s2", "0000"], "those that were stopped come first");
    let all: Vec<&String> = batches.iter().flatten().collect();
    assert!(all.iter().any(|id| *id == "0996") && !all.iter().any(|id| *id == "0997"));
}

#[tokio::test]
async fn calls_that_were_stopped_do_not_drive_each_other_out() {
    let world = World::with(RingBounds::default(), 0);
    world.block().await;
    for n in 0..=ROOM.records {
        world.recorder.take(stopped(&format!("{n:04}")));
    }
    world.recorder.take(record("other"));
    assert_eq!(world.counted("no-room"), 2);
}

#[tokio::test]
async fn a_call_that_would_not_fit_alone_drives_nobody_out() {
    let world = World::with(RingBounds::default(), 0);
    world.block().await;
    world.recorder.take(record("other"));
    world.recorder.take(Record { end: stopped("").end, ..heavy("giant", ROOM.bytes) });
    assert_eq!(world.counted("no-room"), 1);
    world.ring.may.add_permits(ALWAYS);
    world.recorder.stop().await;
    assert_eq!(world.batches(2).await, [["first"], ["other"]]);
}

#[tokio::test]
async fn the_task_rests_nine_times_as_long_as_it_has_written() {
    let world = World::new();
    world.ring.takes_ms.store(200, Ordering::SeqCst);
    world.recorder.take(record("1"));
    assert_eq!(world.clock.slept(0).await, NOW + 200 + 1_800);
    world.recorder.take(record("2"));
    world.recorder.take(record("3"));
    world.clock.advance(1_799);
    tokio::task::yield_now().await;
    assert_eq!(world.batches(1).await, [["1"]], "it rests still");
    world.ring.takes_ms.store(0, Ordering::SeqCst);
    world.clock.advance(1);
    assert_eq!(world.batches(2).await[1], ["2", "3"]);
    assert_eq!(world.clock.slept(1).await, NOW + 2_000 + REST_MIN_MS, "never less than that");
}

#[tokio::test]
async fn what_waits_when_the_bridge_stops_is_written_without_a_rest() {
    let world = World::new();
    world.ring.takes_ms.store(200, Ordering::SeqCst);
    for n in 0..250 {
        world.recorder.take(record(&n.to_string()));
    }
    world.recorder.stop().await;
    let kept: usize = world.ring.kept.borrow().iter().map(Vec::len).sum();
    assert_eq!(kept, 250);
    assert!(!world.recorder.wants());
    world.recorder.take(record("late"));
    assert_eq!(world.counted("lost"), 1);
}

#[tokio::test]
async fn a_database_that_hangs_holds_the_end_up_for_seconds_only() {
    let world = Arc::new(World::with(RingBounds::default(), 0));
    world.block().await;
    for n in 0..5 {
        world.recorder.take(record(&n.to_string()));
    }
    let stopping = Arc::clone(&world);
    let stopped = tokio::spawn(async move { stopping.recorder.stop().await });
    world.recorder.inner.stop.cancelled().await;
    // The batch that was begun before is waited for within the same time.
    while !stopped.is_finished() {
        world.clock.advance(END_MS);
        tokio::task::yield_now().await;
    }
    assert!(world.counted("lost") >= 5, "{}", world.counted("lost"));
}

#[tokio::test]
async fn a_batch_that_is_not_taken_is_given_again_and_in_the_end_given_up() {
    let world = World::new();
    world.ring.fails.store(2, Ordering::SeqCst);
    world.recorder.take(record("1"));
    world.asked(1).await;
    for nth in 0..2 {
        let until = world.clock.slept(nth).await;
        world.clock.advance(until - world.clock.now());
    }
    assert_eq!(world.batches(1).await, [["1"]], "at the third time");
    world.ring.fails.store(TRIES, Ordering::SeqCst);
    world.recorder.take(record("2"));
    while world.counted("lost") == 0 {
        world.clock.advance(REST_MAX_MS);
        tokio::task::yield_now().await;
    }
    world.recorder.take(record("3"));
    world.recorder.stop().await;
    assert_eq!(world.batches(2).await[1], ["3"]);
    assert_eq!((world.counted("kept"), world.counted("lost")), (2, 1));
}

#[tokio::test]
async fn a_ring_without_room_wants_nothing() {
    let world = World::with(RingBounds { records: 0, bytes: 1 }, ALWAYS);
    assert!(!world.recorder.wants());
    world.recorder.stop().await;
}

#[tokio::test]
async fn a_record_that_is_larger_than_the_ring_is_not_put_in() {
    let world = World::with(RingBounds { records: 10, bytes: 200 }, ALWAYS);
    // No two letters alike, so that packing does not make it small.
    let noise: String = (0..400_u32).filter_map(|n| char::from_u32(0x4e00 + n * 7)).collect();
    let large = LogLine { level: LogLevel::Info, message: noise };
    world.recorder.take(Record { log: vec![large], ..record("large") });
    world.recorder.stop().await;
    assert!(world.ring.kept.borrow().is_empty());
    assert_eq!(world.counted("too-large"), 1);
}

#[test]
fn a_record_weighs_what_its_texts_have_and_some_for_the_rest() {
    let one = weight(&record("1"));
    let more = weight(&heavy("1", 100_000));
    assert!((200..2_000).contains(&one), "{one}");
    assert!((100_000..100_200).contains(&(more - one)), "{one} {more}");
}
