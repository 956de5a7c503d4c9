//! Drives the library through one call: reads, questions, writes.
//!
//! Whatever cannot go on ends the call by a trap, with the reason in the log: nothing of the call remains then, and the
//! bridge gives the event again.

use guest_lifecycle::{
    Answers, Decisions, Event, Outcome, Questions, Settings, Snapshot, Zones, decide, reads,
};

use crate::bindings::{accounts, agents, clock, log, policy, settings, sources, types};
use crate::{incoming, outgoing};

/// Decides about an event and collects the writes. Answers the outcomes of a request's items.
pub(crate) fn drive(event: &Event) -> Vec<Outcome> {
    let mut snapshot = read(event);
    let mut answers = Answers::default();
    loop {
        match decide(event, &snapshot, &answers) {
            Ok(decisions) => return write(decisions),
            Err(questions) => ask(&questions, &mut snapshot, &mut answers),
        }
    }
}

fn read(event: &Event) -> Snapshot {
    let wanted = reads(event);
    let names = &wanted.names;
    let nothing = names.is_empty();
    let rows = if nothing { Vec::new() } else { answered(accounts::get(names)) };
    let holdings =
        if nothing || !wanted.holdings { Vec::new() } else { answered(agents::holdings(names)) };
    let offered =
        if nothing || !wanted.sources { Vec::new() } else { answered(sources::find(names)) };
    Snapshot::new(
        clock::now(),
        read_settings(),
        rows.into_iter().map(incoming::account).collect(),
        holdings.into_iter().map(incoming::holding).collect(),
        offered.into_iter().map(incoming::source).collect(),
    )
}

fn read_settings() -> Settings {
    let pairs = settings::all();
    let pairs = pairs.iter().map(|(key, value)| (key.as_str(), value.as_str()));
    Settings::read(pairs).unwrap_or_else(|sentence| stop(&sentence))
}

fn ask(questions: &Questions, snapshot: &mut Snapshot, answers: &mut Answers) {
    if let Some(zones) = &questions.agents {
        let names = match zones {
            Zones::All => &[][..],
            Zones::Of(zones) => zones,
        };
        let agents = answered(agents::connected(names));
        snapshot.add_agents(zones, agents.into_iter().map(incoming::agent).collect());
    }
    if !questions.admit.is_empty() {
        let subjects: Vec<_> = questions.admit.iter().map(outgoing::subject).collect();
        let verdicts = as_many(answered(policy::admit(&subjects)), subjects.len());
        answers.admit(&questions.admit, verdicts.into_iter().map(incoming::verdict).collect());
    }
    if !questions.place.is_empty() {
        let subjects: Vec<_> = questions.place.iter().map(outgoing::subject).collect();
        let places = as_many(answered(policy::place(&subjects)), subjects.len());
        answers.place(&questions.place, places.into_iter().map(incoming::placement).collect());
    }
    if !questions.retry.is_empty() {
        let tries: Vec<_> = questions.retry.iter().map(outgoing::failed_try).collect();
        let backoffs = as_many(answered(policy::retry(&tries)), tries.len());
        answers.retry(&questions.retry, backoffs.iter().map(incoming::backoff).collect());
    }
}

fn write(decisions: Decisions) -> Vec<Outcome> {
    let Decisions { outcomes, inserts, changes, removals, submissions } = decisions;
    if !inserts.is_empty() {
        allowed(accounts::insert(&map(inserts, outgoing::insert)));
    }
    if !changes.is_empty() {
        allowed(accounts::change(&map(changes, outgoing::change)));
    }
    if !removals.is_empty() {
        allowed(accounts::remove(&map(removals, outgoing::removal)));
    }
    for some in submissions.chunks(SUBMISSIONS_MAX) {
        allowed(agents::submit(&map(some.to_vec(), outgoing::submission)));
    }
    outcomes
}

/// The longest list that an import takes (`wit/lifecycle/world.wit`). A batch has at most as many accounts, but one
/// account may have many agents.
const SUBMISSIONS_MAX: usize = 500;

fn map<A, B>(list: Vec<A>, into: fn(A) -> B) -> Vec<B> {
    list.into_iter().map(into).collect()
}

fn answered<T>(answer: Result<T, types::ReadError>) -> T {
    answer.unwrap_or_else(|error| {
        stop(&match error {
            types::ReadError::Unavailable(text) => format!("a read was not answered: {text}"),
            types::ReadError::TooMuch(text) => format!("a read asked for too much: {text}"),
            types::ReadError::Other(other) => {
                format!("a read failed: {}: {}", other.name, other.value)
            }
        })
    })
}

fn as_many<T>(answers: Vec<T>, questions: usize) -> Vec<T> {
    if answers.len() != questions {
        stop(&format!("a policy answered {} of {questions} questions", answers.len()));
    }
    answers
}

fn allowed<T>(answer: Result<T, types::Denial>) -> T {
    answer.unwrap_or_else(|denial| {
        stop(&format!("a write for {} was denied: {}", denial.name, denial.reason))
    })
}

/// Ends the call.
fn stop(sentence: &str) -> ! {
    log::write(log::Level::Error, sentence);
    panic!("{sentence}")
}
