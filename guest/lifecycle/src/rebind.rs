//! `rebind`: which of the claimed identities is accepted, and what that does to the row.
//!
//! A claim is what an agent sees under the account's name where that is another cluster than the recorded one (rule 3).

use crate::account::Identity;
use crate::agent::OperationKind;
use crate::case::Case;
use crate::event::{Action, Item, Refused};
use crate::parties::Party;
use crate::request::refused;
use crate::state::State;
use crate::table::Trigger;

/// What the caller says about the claim that is meant: the attributes of the item that `wit/README.md` registers.
#[derive(Debug, Clone, Copy)]
struct Meant<'i> {
    agent: Option<&'i str>,
    fingerprint: Option<&'i str>,
}

impl<'i> Meant<'i> {
    fn of(item: &'i Item) -> Self {
        let said = |wanted: &str| {
            let mut pairs = item.attributes.iter().filter(|(key, _)| key == wanted);
            pairs.next().map(|(_, value)| value.as_str())
        };
        Self { agent: said("agent"), fingerprint: said("fingerprint") }
    }

    /// Whether a claim fits. Fingerprints are compared without regard to case.
    fn fits(self, agent: &str, seen: &Identity) -> bool {
        self.agent.is_none_or(|meant| meant == agent) && self.has_fingerprint(seen)
    }

    fn has_fingerprint(self, seen: &Identity) -> bool {
        self.fingerprint.is_none_or(|meant| seen.fingerprint.eq_ignore_ascii_case(meant))
    }
}

/// How an agent stands to the account whose cluster it has seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Standing {
    /// It is there and holds the account, or is being asked to.
    Holds,
    /// It is there and could, and does not.
    Could,
    /// It held the account or was asked to, and is gone; or it declares a static one in another zone.
    Away,
}

/// What one agent sees under the name.
#[derive(Debug, Clone, Copy)]
struct Word<'a> {
    agent: &'a str,
    seen: &'a Identity,
    standing: Standing,
    /// It is another cluster than the recorded one.
    claims: bool,
}

/// Replaces the recorded identity by the one that is claimed. Where nothing is claimed and nothing is named there is
/// nothing to accept, which is no error: it may have been accepted already.
pub(crate) fn rebind(case: &mut Case<'_>, item: &Item) -> Result<(), Refused> {
    let Some(state) = case.state() else { return Ok(()) };
    let meant = Meant::of(item);
    let words = words(case);
    let named = meant.agent.is_some() || meant.fingerprint.is_some();
    let chosen = if named { named_one(case, &words, meant) } else { agreed_one(&words) };
    let chosen = match chosen {
        Ok(chosen) => chosen,
        Err(why) => {
            let reason = format!("{} for {}: {}", why.0, case.name, told(&words));
            return refused("claims", format!("{reason}{}", why.1), Some(state));
        }
    };
    let Some((agent, identity)) = chosen.map(|word| (word.agent, word.seen.clone())) else {
        return Ok(());
    };
    let reason = format!("the cluster that agent {agent} sees is accepted: {}", identity.host);
    let again = matches!(state, State::Failed | State::Orphaned) && !case.is_static();
    let to = if again { State::ToMigrate } else { state };
    case.step(Trigger::Asked(Action::Rebind), Some(to), reason);
    if let Some(row) = &mut case.row {
        row.identity = Some(identity);
    }
    case.rebound = true;
    Ok(())
}

/// Why none is chosen, and what to do.
type Unclear = (&'static str, &'static str);

const DIFFERENT: Unclear = (
    "agents see different clusters",
    "; name the fingerprint of the one that is accepted, or the agent whose claim it is",
);
const NONE: Unclear = (
    "no cluster is recorded, and none has to be accepted",
    "; the first agent that holds it gives it one",
);
const UNKNOWN: Unclear =
    ("no agent claims that cluster", "; name one that an agent sees, or wait until it looks again");

/// The claim that is named, or nothing if what is named is recorded already.
fn named_one<'w, 'a>(
    case: &Case<'_>,
    words: &'w [Word<'a>],
    meant: Meant<'_>,
) -> Result<Option<&'w Word<'a>>, Unclear> {
    let fits: Vec<&Word<'_>> =
        words.iter().filter(|word| meant.fits(word.agent, word.seen)).collect();
    match fits.first() {
        Some(_) if case.identity().is_none() => Err(NONE),
        Some(first) if is_one_cluster(&fits) => Ok(Some(*first).filter(|word| word.claims)),
        Some(_) => Err(DIFFERENT),
        None => {
            let recorded = case.identity().is_some_and(|recorded| meant.has_fingerprint(recorded));
            if recorded && meant.agent.is_none() { Ok(None) } else { Err(UNKNOWN) }
        }
    }
}

/// The claim that all agree on. Whoever holds the account and still sees the recorded cluster does not: perhaps it has not
/// looked yet, perhaps it is right. A claim that was accepted is thus not undone by those that come to see it later. What
/// agents saw that are away is asked for only where nobody who is there has seen anything.
fn agreed_one<'w, 'a>(words: &'w [Word<'a>]) -> Result<Option<&'w Word<'a>>, Unclear> {
    if !words.iter().any(|word| word.claims) {
        return Ok(None);
    }
    let of = |standing| words.iter().filter(move |word| word.standing == standing);
    let first = [Standing::Holds, Standing::Could, Standing::Away]
        .into_iter()
        .find(|standing| of(*standing).next().is_some());
    let Some(first) = first else { return Ok(None) };
    let claims = words.iter().filter(|word| word.claims && word.standing != Standing::Away);
    let deciding: Vec<&Word<'_>> = of(first).chain(claims).collect();
    if !is_one_cluster(&deciding) {
        return Err(DIFFERENT);
    }
    Ok(deciding.first().copied().filter(|word| word.claims))
}

fn is_one_cluster(words: &[&Word<'_>]) -> bool {
    words.windows(2).all(|two| two[0].seen.is_same_cluster(two[1].seen))
}

/// What agents have seen whose word counts.
fn words<'a>(case: &Case<'a>) -> Vec<Word<'a>> {
    let word = |party: &Party<'a>| {
        let standing =
            if case.is_static() { of_a_declarer(case, party) } else { standing(case, party) };
        let (agent, claims) = (party.id, party.sees_another(case.identity()));
        Some(Word { agent, seen: party.identity()?, standing: standing?, claims })
    };
    case.parties.iter().filter_map(word).collect()
}

/// The zone of one that is gone is not known any more; that it held the account or was asked to says that it was of it.
fn standing(case: &Case<'_>, party: &Party<'_>) -> Option<Standing> {
    if party.is_configured() {
        return None;
    }
    if party.is_gone() {
        let revision = case.row.as_ref().map_or(0, |row| row.definition_revision);
        let had_part = party.is_seen_to_hold() || party.refused_to_hold(revision);
        return had_part.then_some(Standing::Away);
    }
    if !case.in_zone(party) {
        return None;
    }
    let dropping = party.operation_kind() == Some(OperationKind::Delete);
    Some(if party.may_hold() && !dropping { Standing::Holds } else { Standing::Could })
}

fn of_a_declarer(case: &Case<'_>, party: &Party<'_>) -> Option<Standing> {
    let declares = party.is_configured() && party.is_seen_to_hold();
    let away = party.is_gone() || !case.in_zone(party);
    declares.then_some(if away { Standing::Away } else { Standing::Holds })
}

fn told(words: &[Word<'_>]) -> String {
    let one = |word: &Word<'_>| {
        let (sees, recorded) = match (word.standing, word.claims) {
            (Standing::Away, true) => ("saw", ""),
            (Standing::Away, false) => ("saw", ", as recorded"),
            (Standing::Holds | Standing::Could, true) => ("sees", ""),
            (Standing::Holds | Standing::Could, false) => ("sees", ", as recorded"),
        };
        let Word { agent, seen, .. } = word;
        format!(
            "agent {agent} {sees} {} with the certificate {}{recorded}",
            seen.host, seen.fingerprint
        )
    };
    let all: Vec<String> = words.iter().map(one).collect();
    if all.is_empty() { "no agent has seen any".to_owned() } else { all.join(", ") }
}
