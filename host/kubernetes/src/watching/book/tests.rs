//! What is told of held accounts, and when they are looked at.

mod watches;

use host_agent::{Change, Code, Definition, Identity, Refusal, Seen};

use super::entry::SECOND_LOOK_MS;
use super::told::SENTENCE_MS;
use super::{Book, Check, Settled, Watched};
use crate::look::Looked;
use crate::options::Rhythm;
use crate::reach::Known;

const RHYTHM: Rhythm = Rhythm { health_ms: 30_000, namespaces_ms: 300_000 };

fn seen(fingerprint: &str, namespaces: &[&str]) -> Seen {
    let identity = Identity { fingerprint: fingerprint.into(), ..Identity::default() };
    let namespaces = namespaces.iter().map(|name| (*name).to_owned()).collect();
    Seen { identity, namespaces: Some(namespaces) }
}

fn well(seen: Seen) -> Result<Looked, Refusal> {
    Ok(Looked { seen, watchable: false })
}

fn watchable(seen: Seen) -> Result<Looked, Refusal> {
    Ok(Looked { seen, watchable: true })
}

fn ill(code: Code) -> Result<Looked, Refusal> {
    Err(Refusal::new(code, "it is away"))
}

fn says(code: Code, text: &str) -> Result<Looked, Refusal> {
    Err(Refusal::new(code, text))
}

/// Who keeps the watches, unless it is another.
const KEEPER: (&str, &str) = ("", "AA");

/// A book with one account, and its time.
struct Held {
    book: Book,
    now: u64,
}

impl Held {
    fn begin(watches: usize) -> Self {
        let mut book = Book::new(RHYTHM, watches);
        let known = Known::Definition(Definition::default());
        book.hold("a", known, &seen("AA", &["default"]), 0, 0.5);
        Self { book, now: 0 }
    }

    /// Waits until the next look, and takes it.
    fn due(&mut self) -> Check {
        self.now = self.book.next_due().expect("something is due");
        assert!(self.book.take_due(self.now - 1).is_none());
        self.book.take_due(self.now).expect("it is due now")
    }

    /// The next look shows this.
    fn look(&mut self, looked: Result<Looked, Refusal>) -> Settled {
        let check = self.due();
        self.book.settle(&check, looked, self.now, 0.5)
    }

    fn told(&mut self) -> Vec<Change> {
        self.book.news()
    }
}

#[test]
fn a_cluster_that_stays_as_it_is_is_looked_at_and_nothing_is_told() {
    let mut held = Held::begin(0);
    for look in 0..5 {
        let before = held.now;
        assert_eq!(held.look(well(seen("AA", &["default"]))), Settled::default());
        assert_eq!(held.now - before, if look == 0 { 15_000 } else { 30_000 });
    }
    assert!(held.told().is_empty());
}

#[test]
fn a_loss_is_told_once_when_a_second_look_finds_it_and_so_is_the_return() {
    let mut held = Held::begin(0);
    assert!(!held.look(ill(Code::Unreachable)).news);
    assert!(held.told().is_empty());
    let before = held.now;
    assert!(held.look(ill(Code::Timeout)).news);
    assert_eq!(held.now - before, SECOND_LOOK_MS);
    let told = held.told();
    assert_eq!(told[0].health.as_ref().unwrap_err().code, Code::Timeout);
    for _ in 0..3 {
        assert!(!held.look(ill(Code::Timeout)).news);
    }
    assert!(held.due().listing, "what changed meanwhile is asked for");
    let mut held = Held::begin(0);
    held.look(ill(Code::Unreachable));
    held.look(ill(Code::Unreachable));
    held.told();
    assert!(held.look(well(seen("AA", &["default"]))).news);
    let told = held.told();
    assert_eq!((told.len(), &told[0].health), (1, &Ok(())));
    assert!(told[0].identity.is_some() && told[0].namespaces.is_some());
    assert!(!held.look(well(seen("AA", &["default"]))).news);
}

#[test]
fn one_look_that_failed_is_forgotten_and_credentials_that_are_not_taken_are_told_at_once() {
    let mut held = Held::begin(0);
    held.look(ill(Code::Unreachable));
    assert!(!held.look(well(seen("AA", &["default"]))).news);
    assert!(held.told().is_empty());
    assert!(held.look(ill(Code::Unauthorized)).news);
    assert!(held.look(ill(Code::Unreachable)).news, "now something else is wrong");
    assert_eq!(held.told().len(), 1, "the newest of an account");
}

#[test]
fn looks_at_what_is_away_become_rarer_up_to_two_minutes() {
    let mut held = Held::begin(0);
    let mut waits = Vec::new();
    for _ in 0..8 {
        let before = held.now;
        held.look(ill(Code::Unreachable));
        waits.push(held.now - before);
    }
    assert_eq!(waits[..4], [15_000, 3_000, 48_000, 76_800]);
    assert_eq!(waits[4..], [120_000; 4]);
}

#[test]
fn another_certificate_version_or_namespace_is_told_as_it_is_seen() {
    let mut held = Held::begin(0);
    assert!(held.look(well(seen("BB", &["default"]))).news);
    assert_eq!(held.told()[0].identity.as_ref().unwrap().fingerprint, "BB");
    assert!(held.look(well(seen("BB", &["default", "dev"]))).news);
    assert_eq!(held.told()[0].namespaces.as_ref().unwrap().len(), 2);
    let unlisted = Seen { namespaces: None, ..seen("BB", &[]) };
    assert!(!held.look(well(unlisted)).news, "what was not asked for did not change");
}

#[test]
fn namespaces_are_listed_at_their_own_rate() {
    let mut held = Held::begin(0);
    let mut listed = Vec::new();
    for _ in 0..25 {
        let check = held.due();
        if check.listing {
            listed.push(held.now);
        }
        held.book.settle(&check, well(seen("AA", &["default"])), held.now, 0.5);
    }
    assert_eq!(listed, [315_000, 615_000]);
}

#[test]
fn what_is_released_or_held_anew_is_told_nothing_of_the_holding_before() {
    let mut held = Held::begin(0);
    let check = held.due();
    held.book.release("a");
    assert!(!held.book.settle(&check, ill(Code::Unauthorized), held.now, 0.5).news);
    assert!(held.told().is_empty() && held.book.next_due().is_none());

    let mut held = Held::begin(0);
    let check = held.due();
    let known = Known::Definition(Definition::default());
    held.book.hold("a", known, &seen("CC", &[]), held.now, 0.5);
    assert!(!held.book.settle(&check, ill(Code::Unauthorized), held.now, 0.5).news);
    let watched = held.book.watched(("a", check.serial), KEEPER, vec!["old".into()]);
    assert_eq!(watched, Watched::Nothing);
    assert!(held.told().is_empty());
    assert!(held.book.next_due().is_some());
}

#[test]
fn a_change_that_waits_to_be_told_loses_nothing_to_the_next() {
    let mut held = Held::begin(5);
    let check = held.due();
    held.book.settle(&check, watchable(seen("AA", &["default"])), held.now, 0.5);
    let shown = vec!["default".to_owned(), "dev".to_owned()];
    assert_eq!(held.book.watched(("a", check.serial), KEEPER, shown.clone()), Watched::News);
    // A look that asks for no namespaces finds another version.
    let mut upgraded = Seen { namespaces: None, ..seen("AA", &[]) };
    upgraded.identity.version = "v2".to_owned();
    assert!(held.look(watchable(upgraded)).news);
    // And the next finds nobody any more, for sure.
    assert!(held.look(ill(Code::Unauthorized)).news);
    let told = held.told();
    assert_eq!(told.len(), 1);
    assert_eq!(told[0].health.as_ref().unwrap_err().code, Code::Unauthorized);
    assert_eq!(told[0].identity.as_ref().unwrap().version, "v2");
    assert_eq!(told[0].namespaces, Some(shown));
    assert!(held.told().is_empty(), "it is told once");
}

#[test]
fn another_reason_for_the_same_loss_is_told_in_time_and_two_that_take_turns_are_not_told_at_every_look()
 {
    let mut held = Held::begin(0);
    let (refused, ill) = ("connection refused", "it answers with 503");
    held.look(says(Code::Unreachable, refused));
    assert!(held.look(says(Code::Unreachable, refused)).news);
    let lost = held.now;
    let mut told = Vec::new();
    while told.len() < 2 {
        if held.look(says(Code::Unreachable, ill)).news {
            told.push(held.now);
        }
        if held.look(says(Code::Timeout, "given up after 10000 ms")).news {
            told.push(held.now);
        }
        assert!(held.now - lost < 3 * SENTENCE_MS, "{told:?}");
    }
    assert!(told[0] - lost >= SENTENCE_MS && told[1] - told[0] >= SENTENCE_MS, "{told:?}");
    let told = held.told();
    assert_ne!(told[0].health.as_ref().unwrap_err().text, refused);
    assert!(held.look(says(Code::Unauthorized, "it does not take the token")).news, "at once");
}
