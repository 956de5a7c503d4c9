//! Which accounts are watched, and what a watch says of one.

use host_agent::{Code, Definition};

use super::super::entry::REFUSED_MS;
use super::super::{Book, Check, WatchEnd, Watched};
use super::{Held, KEEPER, RHYTHM, ill, seen, watchable};
use crate::reach::Known;

#[test]
fn no_more_is_watched_than_may_be_and_a_watch_that_ends_makes_room() {
    let mut book = Book::new(RHYTHM, 1);
    for name in ["a", "b"] {
        book.hold(name, Known::Definition(Definition::default()), &seen("AA", &[]), 0, 0.5);
    }
    let mut checks = Vec::new();
    while let Some(check) = book.take_due(15_000) {
        checks.push(check);
    }
    let settle =
        |book: &mut Book, check| book.settle(check, watchable(seen("AA", &[])), 15_000, 0.5);
    assert!(settle(&mut book, &checks[0]).watch);
    assert!(!settle(&mut book, &checks[1]).watch, "there is room for one");
    let watch = ("a", checks[0].serial);
    assert_eq!(book.watched(watch, KEEPER, vec!["dev".into()]), Watched::News);
    assert_eq!(
        book.watched(watch, KEEPER, vec!["dev".into()]),
        Watched::Nothing,
        "it is told once"
    );
    assert!(!book.watch_ended(watch, WatchEnd::Broken, 16_000));
    let checks: Vec<Check> = std::iter::from_fn(|| book.take_due(45_000)).collect();
    let other = checks.iter().find(|check| check.name == "b").expect("the other one");
    assert!(settle(&mut book, other).watch, "there is room again");
}

#[test]
fn a_watch_that_lasted_and_broke_calls_for_a_look_at_once() {
    let mut held = Held::begin(5);
    let check = held.due();
    let looked = || watchable(seen("AA", &["default"]));
    assert!(held.book.settle(&check, looked(), held.now, 0.5).watch);
    assert!(!held.look(looked()).watch, "it is watched already");
    let broken = held.now + 1;
    assert!(held.book.watch_ended(("a", check.serial), WatchEnd::Broken, broken));
    let again = held.book.take_due(broken).expect("at once");
    assert!(again.listing, "what changed meanwhile is asked for");
    assert!(held.book.settle(&again, looked(), broken, 0.5).watch, "and it is watched again");
}

#[test]
fn a_server_that_closes_every_watch_is_asked_for_one_ever_more_seldom() {
    let mut held = Held::begin(5);
    let (mut begun, mut looks) = (Vec::new(), 0);
    while begun.len() < 6 {
        let check = held.due();
        looks += 1;
        if held.book.settle(&check, watchable(seen("AA", &["default"])), held.now, 0.5).watch {
            begun.push(held.now);
            assert!(!held.book.watch_ended(("a", check.serial), WatchEnd::Broken, held.now + 1));
        }
    }
    let waits: Vec<u64> = begun.windows(2).map(|pair| pair[1] - pair[0]).collect();
    assert_eq!(waits, [60_000, 60_000, 90_000, 150_000, 150_000]);
    assert_eq!(looks, 18, "the looks go on as they were");
}

/// An account whose namespaces may not be watched, since now.
fn forbidden() -> Held {
    let mut held = Held::begin(5);
    let check = held.due();
    assert!(held.book.settle(&check, watchable(seen("AA", &["default"])), held.now, 0.5).watch);
    assert!(!held.book.watch_ended(("a", check.serial), WatchEnd::Refused, held.now));
    held
}

#[test]
fn what_may_not_be_watched_is_listed_instead_and_tried_again_after_an_hour() {
    let mut held = forbidden();
    let refused = held.now;
    let check = held.due();
    assert!(check.listing);
    let looked = || watchable(seen("AA", &["default"]));
    assert!(!held.book.settle(&check, looked(), held.now, 0.5).watch);
    while !held.look(looked()).watch {
        assert!(held.now - refused < REFUSED_MS);
    }
    assert!(held.now - refused >= REFUSED_MS);
}

#[test]
fn what_may_not_be_watched_is_tried_again_after_a_loss() {
    let mut held = forbidden();
    held.look(ill(Code::Unauthorized));
    assert!(held.look(watchable(seen("AA", &["default"]))).watch, "a role may have been granted");
}

#[test]
fn a_watch_that_another_cluster_keeps_shows_nothing_of_this_one() {
    let mut held = Held::begin(5);
    let check = held.due();
    held.book.settle(&check, watchable(seen("AA", &["default"])), held.now, 0.5);
    let watch = ("a", check.serial);
    for other in [("", "BB"), ("https://b:6443", "AA")] {
        assert_eq!(held.book.watched(watch, other, vec!["b".into()]), Watched::Another);
    }
    assert!(held.told().is_empty());
    assert_eq!(held.book.watched(watch, KEEPER, vec!["b".into()]), Watched::News);
}

#[test]
fn when_another_cluster_answers_the_watch_at_the_one_before_ends() {
    let mut held = Held::begin(1);
    let looked = |fingerprint| watchable(seen(fingerprint, &["default"]));
    assert!(held.look(looked("AA")).watch);
    let settled = held.look(looked("BB"));
    assert_eq!((settled.news, settled.watch), (true, false));
    let moved = held.now;
    let check = held.due();
    assert!(check.listing, "its namespaces are asked for");
    assert!(held.book.settle(&check, looked("BB"), held.now, 0.5).watch, "there is room for it");
    assert_eq!(held.now - moved, 30_000);
}

#[test]
fn while_a_cluster_is_away_it_is_not_watched() {
    let mut held = Held::begin(5);
    let check = held.due();
    held.book.settle(&check, watchable(seen("AA", &["default"])), held.now, 0.5);
    held.look(ill(Code::Unreachable));
    held.look(ill(Code::Unreachable));
    let watched = held.book.watched(("a", check.serial), KEEPER, vec!["late".into()]);
    assert_eq!(watched, Watched::Nothing);
    assert!(held.look(watchable(seen("AA", &["default"]))).watch, "it is watched anew");
}
