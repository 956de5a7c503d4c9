//! What a module's calls cost: recorded calls given to it again and again, fresh and warm, alone or beside another
//! module, and what of the difference is more than noise.

mod statistics;

/// A scenario whose calls are measured if nothing else is named.
pub const SAMPLE: &str = include_str!("bench/sample.yaml");

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use host_core::error::CallError;
use host_core::policy::Questions;
use host_core::port::policy::Policy as _;
use host_core::record::{Asked, Record};
use host_engine::{CallReport, Module, PolicyModule};

pub use statistics::{Ratio, Spread};

use crate::replay::Past;

/// How long a policy may take for one list.
const WITHIN: Duration = Duration::from_secs(5);

/// A module that is measured.
#[derive(Debug)]
pub enum Subject {
    /// A lifecycle module.
    Lifecycle(Module),
    /// A policy.
    Policy(PolicyModule),
}

/// What the calls of one export cost.
#[derive(Debug, Clone, Default)]
pub struct Cost {
    /// The export, or the question.
    pub export: String,
    /// Different calls that were made.
    pub calls: usize,
    /// Accounts in them.
    pub accounts: usize,
    /// Microseconds of a call in a fresh instance, as production makes it.
    pub fresh: Spread,
    /// Microseconds of a call in an instance that stays.
    pub warm: Spread,
    /// Instructions of a call (fuel).
    pub fuel: Spread,
    /// The largest linear memory, in bytes.
    pub memory_peak: usize,
    /// Bytes that went into a call, near enough; the mean.
    pub bytes_in: usize,
    /// Bytes that came out of a call, near enough; the mean.
    pub bytes_out: usize,
    /// Host calls of one call, by function; the mean.
    pub hostcalls: BTreeMap<String, f64>,
}

impl Subject {
    /// Whether a record is a call of this kind of module, and ended by itself.
    #[must_use]
    pub fn takes(&self, record: &Record) -> bool {
        let its = match (self, &record.asked) {
            (Self::Lifecycle(_), Asked::Event(_)) => true,
            (Self::Policy(policy), Asked::Questions(asked)) => policy.answers(asked.question()),
            (Self::Lifecycle(_) | Self::Policy(_), _) => false,
        };
        its && record.can_be_replayed()
    }

    /// One call in a fresh instance: how long, what it cost, and its host calls.
    async fn fresh(&self, record: &Record) -> (Duration, CallReport, BTreeMap<&'static str, u64>) {
        match (self, &record.asked) {
            (Self::Lifecycle(module), Asked::Event(event)) => {
                let past = Arc::new(Past::new(record));
                let (event, world) = (event.clone(), Arc::clone(&past));
                let began = Instant::now();
                let (_, report) = module.call_measured(event, world).await;
                (began.elapsed(), report, past.calls())
            }
            (Self::Policy(policy), Asked::Questions(questions)) => {
                let questions = questions.clone();
                let began = Instant::now();
                let (_, report) = policy.ask_measured(questions, WITHIN).await;
                (began.elapsed(), report, BTreeMap::new())
            }
            (Self::Lifecycle(_) | Self::Policy(_), _) => Default::default(),
        }
    }

    /// Calls of one export in an instance that stays, so many times round; in microseconds.
    async fn warm(&self, records: &[&Record], rounds: usize) -> Result<Vec<f64>, CallError> {
        let mut times = Vec::new();
        match self {
            Self::Lifecycle(module) => {
                let Some(first) = records.first() else { return Ok(times) };
                let mut warm = module.warm(Arc::new(Past::new(first))).await?;
                for record in (0..rounds).flat_map(|_| records) {
                    let Asked::Event(event) = &record.asked else { continue };
                    let (event, past) = (event.clone(), Arc::new(Past::new(record)));
                    let began = Instant::now();
                    let called = warm.call(event, past).await;
                    times.push(micros(began.elapsed()));
                    if called.is_err() {
                        warm = module.warm(Arc::new(Past::new(record))).await?;
                    }
                }
            }
            Self::Policy(policy) => {
                let mut warm = policy.warm().await?;
                for record in (0..rounds).flat_map(|_| records) {
                    let Asked::Questions(questions) = &record.asked else { continue };
                    let questions: Questions = questions.clone();
                    let began = Instant::now();
                    let asked = warm.ask(questions).await;
                    times.push(micros(began.elapsed()));
                    if asked.is_err() {
                        warm = policy.warm().await?;
                    }
                }
            }
        }
        Ok(times)
    }

    /// All records of an export once, in fresh instances; in microseconds.
    async fn round(&self, records: &[&Record]) -> f64 {
        let mut all = 0.0;
        for record in records {
            all += micros(self.fresh(record).await.0);
        }
        all
    }
}

fn micros(took: Duration) -> f64 {
    took.as_secs_f64() * 1_000_000.0
}

/// Records by export, those that the module takes.
fn by_export<'r>(subject: &Subject, records: &'r [Record]) -> BTreeMap<String, Vec<&'r Record>> {
    let mut found: BTreeMap<String, Vec<&Record>> = BTreeMap::new();
    for record in records.iter().filter(|record| subject.takes(record)) {
        found.entry(record.asked.export().to_owned()).or_default().push(record);
    }
    found
}

/// What each export costs. `counting` is the same module on an engine that counts instructions.
///
/// # Errors
/// The module cannot be instantiated.
pub async fn costs(
    subject: &Subject,
    counting: &Subject,
    records: &[Record],
    rounds: usize,
    tell: impl Fn(&str),
) -> Result<Vec<Cost>, CallError> {
    let mut costs = Vec::new();
    for (export, records) in by_export(subject, records) {
        tell(&export);
        let mut cost = Cost { calls: records.len(), ..Cost::default() };
        cost.accounts = records.iter().map(|record| record.asked.names().len()).sum();
        let (mut fuel, mut hostcalls) = (Vec::new(), BTreeMap::<String, u64>::new());
        for record in &records {
            let (_, report, calls) = counting.fresh(record).await;
            #[expect(
                clippy::cast_precision_loss,
                reason = "instructions are told, not counted with"
            )]
            fuel.extend(report.fuel.map(|fuel| fuel as f64));
            cost.memory_peak = cost.memory_peak.max(report.memory_peak);
            cost.bytes_in += report.bytes_in;
            cost.bytes_out += report.bytes_out;
            for (function, count) in calls {
                *hostcalls.entry(function.to_owned()).or_default() += count;
            }
        }
        cost.bytes_in /= records.len().max(1);
        cost.bytes_out /= records.len().max(1);
        #[expect(clippy::cast_precision_loss, reason = "calls are few")]
        let mean = |count: u64| count as f64 / records.len().max(1) as f64;
        cost.hostcalls = hostcalls.into_iter().map(|(name, count)| (name, mean(count))).collect();
        cost.fuel = Spread::of(fuel);
        // Once to warm up what is shared: the pool, the machine's caches.
        subject.round(&records).await;
        let mut fresh = Vec::new();
        for record in (0..rounds).flat_map(|_| &records) {
            fresh.push(micros(subject.fresh(record).await.0));
        }
        cost.fresh = Spread::of(fresh);
        cost.warm = Spread::of(subject.warm(&records, rounds).await?);
        cost.export = export;
        costs.push(cost);
    }
    Ok(costs)
}

/// The time of one module by another's, export by export: measured in turn, in pairs.
pub async fn compare(
    one: &Subject,
    other: &Subject,
    records: &[Record],
    pairs: usize,
    tell: impl Fn(&str),
) -> Vec<(String, Ratio)> {
    let mut found = Vec::new();
    for (export, records) in by_export(one, records) {
        let records: Vec<&Record> = records.into_iter().filter(|r| other.takes(r)).collect();
        if records.is_empty() {
            continue;
        }
        tell(&export);
        one.round(&records).await;
        other.round(&records).await;
        let mut ratios = Vec::new();
        for pair in 0..pairs {
            // Who goes first takes turns, since the first of two runs on a colder machine.
            let (first, second) = if pair % 2 == 0 { (one, other) } else { (other, one) };
            let (a, b) = (first.round(&records).await, second.round(&records).await);
            ratios.push(if pair % 2 == 0 { b / a } else { a / b });
        }
        found.push((export, Ratio::of(ratios)));
    }
    found
}

/// Calls the module again and again, so that its profile fills.
pub async fn exercise(subject: &Subject, records: &[Record], long: Duration) {
    let began = Instant::now();
    let records: Vec<&Record> = records.iter().filter(|record| subject.takes(record)).collect();
    while began.elapsed() < long && !records.is_empty() {
        subject.round(&records).await;
    }
}
