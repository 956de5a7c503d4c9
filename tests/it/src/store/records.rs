//! The ring of recorded calls: what is asked for is found, the newest first, and what there is no room for goes.

use std::collections::BTreeSet;

use host_core::port::recordings::{KeptRecord, RecordFilter, Recordings, RingBounds};
use host_trial::MemoryStore;
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};

use super::anywhere::{Fresh, Kind};
use super::words::{NOW, texts};

/// What is asked of a database and of the memory at once.
mod of_databases {
    use super::the_ring_in_memory_answers_as_the_database_does;

    on_every_database!(the_ring_in_memory_answers_as_the_database_does);
}

on_every_store!(
    records_come_back_as_they_went_whatever_their_bytes,
    a_record_is_found_by_each_of_its_accounts_and_by_no_part_of_a_name,
    names_that_differ_by_case_are_told_apart_across_pages,
    the_oldest_go_when_there_are_too_many_or_too_large_ones,
    a_batch_that_is_given_again_is_in_once,
    replicas_that_write_at_once_leave_the_newest,
);

const WIDE: RingBounds = RingBounds { records: 10_000, bytes: 1 << 30 };

/// The n-th record; a later one has a greater id.
fn record(n: u64) -> KeptRecord {
    KeptRecord {
        id: format!("01{n:024}"),
        at: NOW + n,
        slot: "lifecycle".into(),
        module: "sha256:0123".into(),
        export: "handle".into(),
        outcome: "ok".into(),
        accounts: texts(["a"]),
        took_us: n,
        body: vec![0x1f, 0x8b, 0x00, 0xff],
    }
}

fn about<'n>(n: u64, accounts: impl IntoIterator<Item = &'n str>) -> KeptRecord {
    KeptRecord { accounts: texts(accounts), ..record(n) }
}

/// Which records there are, by their numbers.
async fn found(store: &(impl Recordings + ?Sized), filter: RecordFilter, limit: usize) -> Vec<u64> {
    let listed = store.listed(filter, limit).await.expect("a list");
    listed.iter().map(|listed| listed.id[2..].parse().expect("a number")).collect()
}

async fn records_come_back_as_they_went_whatever_their_bytes(kind: Kind) {
    let Fresh { store, database: _database } = Fresh::new(kind).await;
    let chance = &mut StdRng::seed_from_u64(1);
    let bodies: [Vec<u8>; 5] = [
        (0..=255).collect(),
        Vec::new(),
        "text, and кластер".into(),
        vec![0; 3],
        // More than a statement is meant to have: it goes alone.
        (0..6 << 20).map(|_| chance.random()).collect(),
    ];
    let kept: Vec<KeptRecord> =
        (0..).zip(bodies).map(|(n, body)| KeptRecord { body, ..record(n) }).collect();
    store.keep(kept.clone(), WIDE).await.expect("kept");
    let newest: Vec<KeptRecord> = kept.into_iter().rev().collect();
    assert!(store.recorded(RecordFilter::default(), 10).await == Ok(newest.clone()));
    assert!(store.recorded(RecordFilter::default(), 2).await == Ok(newest[..2].to_vec()));
    let ids = |some: &[&KeptRecord]| some.iter().map(|record| record.id.clone()).collect();
    let some = store.of_ids(ids(&[&newest[3], &newest[1], &record(99)])).await;
    assert!(some == Ok(vec![newest[1].clone(), newest[3].clone()]));
    assert_eq!(store.of_ids(Vec::new()).await, Ok(Vec::new()));
    let listed = store.listed(RecordFilter::default(), 10).await.expect("a list");
    let bytes: Vec<u64> = listed.iter().map(|listed| listed.bytes).collect();
    assert_eq!(bytes, newest.iter().map(KeptRecord::bytes).collect::<Vec<_>>());
    store.close().await;
}

async fn a_record_is_found_by_each_of_its_accounts_and_by_no_part_of_a_name(kind: Kind) {
    let Fresh { store, database: _database } = Fresh::new(kind).await;
    let records = vec![
        about(1, ["eu-1", "eu-2"]),
        about(2, ["eu-11", "a_b", "кластер"]),
        about(3, ["axb", "100%", "a!b"]),
        about(4, ["a\"b\\c", "eu"]),
        about(5, []),
    ];
    store.keep(records, WIDE).await.expect("kept");
    for (name, numbers) in [
        ("eu-1", vec![1]),
        ("eu-2", vec![1]),
        ("eu-11", vec![2]),
        ("eu", vec![4]),
        ("a_b", vec![2]),
        ("a%", vec![]),
        ("100%", vec![3]),
        ("a!b", vec![3]),
        ("кластер", vec![2]),
        ("a\"b\\c", vec![4]),
        ("b", vec![]),
        ("eu-1\",\"eu-2", vec![]),
        ("", vec![]),
    ] {
        let filter = RecordFilter { account: Some(name.into()), ..RecordFilter::default() };
        assert_eq!(found(&*store, filter, 10).await, numbers, "{name}");
    }
    store.close().await;
}

async fn names_that_differ_by_case_are_told_apart_across_pages(kind: Kind) {
    let Fresh { store, database: _database } = Fresh::new(kind).await;
    let of = |n: u64| about(n, [if n.is_multiple_of(3) { "eu-1" } else { "EU-1" }]);
    store.keep((0..30).map(of).collect(), WIDE).await.expect("kept");
    let filter = RecordFilter { account: Some("eu-1".into()), ..RecordFilter::default() };
    assert_eq!(found(&*store, filter.clone(), 4).await, [27, 24, 21, 18]);
    let next = RecordFilter { before: Some(record(18).id), ..filter.clone() };
    assert_eq!(found(&*store, next, 100).await, [15, 12, 9, 6, 3, 0]);
    assert_eq!(found(&*store, filter, 10).await.len(), 10);
    store.close().await;
}

async fn the_oldest_go_when_there_are_too_many_or_too_large_ones(kind: Kind) {
    let Fresh { store, database: _database } = Fresh::new(kind).await;
    let all = RecordFilter::default;
    let sized = |n: u64, bytes: usize| KeptRecord { body: vec![7; bytes - 1], ..record(n) };
    let ten = RingBounds { records: 10, ..WIDE };
    store.keep((0..350).map(record).collect(), ten).await.expect("kept");
    let newest: Vec<u64> = (340..350).rev().collect();
    assert_eq!(found(&*store, all(), 100).await, newest, "more went than go in one piece");
    // An older one that comes late has no room among ten newer ones.
    store.keep(vec![record(5)], ten).await.expect("kept");
    assert_eq!(found(&*store, all(), 100).await, newest);
    let bytes = RingBounds { bytes: 1_000, ..WIDE };
    store.keep(vec![sized(400, 600), sized(401, 300)], bytes).await.expect("kept");
    let full = found(&*store, all(), 100).await;
    assert_eq!(full.len(), 2 + 10, "900 of the two, and ten small ones: {full:?}");
    store.keep(vec![sized(402, 400)], bytes).await.expect("kept");
    assert_eq!(found(&*store, all(), 100).await, [402, 401], "1300, and all that is behind it");
    store.keep(vec![sized(403, 1_001)], bytes).await.expect("kept");
    assert_eq!(
        found(&*store, all(), 100).await,
        [0_u64; 0],
        "it has no room, and none is behind it"
    );
    store.keep(vec![sized(404, 1_000)], bytes).await.expect("kept");
    assert_eq!(found(&*store, all(), 100).await, [404]);
    store.keep(Vec::new(), RingBounds { records: 0, ..WIDE }).await.expect("kept");
    assert_eq!(found(&*store, all(), 100).await, [0_u64; 0]);
    store.close().await;
}

async fn a_batch_that_is_given_again_is_in_once(kind: Kind) {
    let Fresh { store, database: _database } = Fresh::new(kind).await;
    store.keep((0..5).map(record).collect(), WIDE).await.expect("kept");
    store.keep((3..8).map(record).collect(), WIDE).await.expect("kept");
    store.keep((3..8).map(record).collect(), WIDE).await.expect("kept");
    let expected: Vec<u64> = (0..8).rev().collect();
    assert_eq!(found(&*store, RecordFilter::default(), 100).await, expected);
    store.close().await;
}

async fn replicas_that_write_at_once_leave_the_newest(kind: Kind) {
    let Fresh { store, database: _database } = Fresh::new(kind).await;
    let bounds = RingBounds { records: 20, ..WIDE };
    let writers = (0..4_u64).map(|writer| {
        let store = store.clone();
        tokio::spawn(async move {
            for n in 0..15 {
                let batch = (0..5).map(|i| record((n * 5 + i) * 4 + writer)).collect();
                // Two that let go of the same may get into each other's way; the recorder gives it again.
                let mut kept = store.keep(batch, bounds).await;
                for again in 0..10 {
                    if kept.is_ok() {
                        break;
                    }
                    let batch = (0..5).map(|i| record((n * 5 + i) * 4 + writer)).collect();
                    kept = store.keep(batch, bounds).await;
                    assert!(again < 9, "{kept:?}");
                }
            }
        })
    });
    for writer in writers.collect::<Vec<_>>() {
        writer.await.expect("no panic");
    }
    let left = found(&*store, RecordFilter::default(), 100).await;
    assert_eq!(left, (280..300).rev().collect::<Vec<u64>>(), "the newest of all");
    store.close().await;
}

fn any<'t>(chance: &mut StdRng, of: &[&'t str]) -> &'t str {
    of[chance.random_range(0..of.len())]
}

const NAMES: [&str; 5] = ["a", "A", "a_", "ab", "ж"];
const DIGESTS: [&str; 4] = ["sha256:0", "sha256:01", "sha256:1", "native"];

fn any_record(chance: &mut StdRng, n: u64) -> KeptRecord {
    let accounts = (0..chance.random_range(0..3)).map(|_| any(chance, &NAMES)).collect::<Vec<_>>();
    KeptRecord {
        at: NOW + chance.random_range(0..50),
        slot: any(chance, &["lifecycle", "policy-1"]).into(),
        module: any(chance, &DIGESTS).into(),
        export: any(chance, &["handle", "tick"]).into(),
        outcome: any(chance, &["ok", "trap"]).into(),
        body: vec![0xff; chance.random_range(0..300)],
        ..about(n, accounts)
    }
}

fn any_filter(chance: &mut StdRng) -> RecordFilter {
    let mut word = |of: &[&str]| (chance.random_range(0..4) == 0).then(|| any(chance, of).into());
    let mut filter = RecordFilter {
        account: word(&NAMES),
        module: word(&DIGESTS),
        slot: word(&["lifecycle", "policy-1"]),
        export: word(&["handle", "tick"]),
        outcome: word(&["ok", "trap"]),
        ..RecordFilter::default()
    };
    let mut number =
        |most: u64| (chance.random_range(0..4) == 0).then(|| chance.random_range(0..most));
    filter.since = number(50).map(|n| NOW + n);
    filter.until = number(50).map(|n| NOW + n);
    filter.before = number(200).map(|n| record(n).id);
    filter
}

async fn the_ring_in_memory_answers_as_the_database_does(kind: tests_harness::Kind) {
    let super::Fresh { store, database: _database } = super::Fresh::new(kind).await;
    let memory = MemoryStore::new(false);
    let chance = &mut StdRng::seed_from_u64(7);
    let (mut newest, mut told) = (10, 0);
    for _ in 0..40 {
        let bounds = RingBounds {
            records: chance.random_range(5..60),
            bytes: chance.random_range(1_000..8_000),
        };
        // Some come late, some twice, and the same each time.
        let numbers: BTreeSet<u64> =
            (0..12).map(|_| chance.random_range(newest - 10..newest + 10)).collect();
        newest += 5;
        let any = |n: u64| any_record(&mut StdRng::seed_from_u64(n), n);
        let batch: Vec<KeptRecord> = numbers.into_iter().map(any).collect();
        store.keep(batch.clone(), bounds).await.expect("kept");
        memory.keep(batch, bounds).await.expect("kept");
        for _ in 0..15 {
            let (filter, limit) = (any_filter(chance), chance.random_range(1..30));
            let one = store.recorded(filter.clone(), limit).await.expect("a list");
            let other = memory.recorded(filter.clone(), limit).await.expect("a list");
            assert_eq!(one, other, "{filter:?}, at most {limit}");
            told += one.len();
        }
    }
    assert!(told > 1_000, "{told} records were told");
    store.close().await;
}
