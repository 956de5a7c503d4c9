//! `rebind`: which of the claimed identities is accepted, and what that does to the row.
//!
//! A claim is what an agent sees under the account's name where that is another cluster than the recorded one (rule 3).

use crate::account::Identity;
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

/// One agent's claim.
type Claim<'a> = (&'a str, &'a Identity);

/// Replaces the recorded identity by the one that is claimed. Without a claim there is nothing to accept, which is no
/// error: it may have been accepted already.
pub(crate) fn rebind(case: &mut Case<'_>, item: &Item) -> Result<(), Refused> {
    let Some(state) = case.state() else { return Ok(()) };
    let meant = Meant::of(item);
    let claims = claims(case);
    let mut fitting: Vec<Claim<'_>> = Vec::new();
    for (agent, seen) in claims.iter().filter(|(agent, seen)| meant.fits(agent, seen)) {
        if !fitting.iter().any(|(_, other)| other.is_same_cluster(seen)) {
            fitting.push((agent, seen));
        }
    }
    let Some((agent, identity)) = fitting.first().map(|(agent, seen)| (*agent, (*seen).clone()))
    else {
        if claims.is_empty() || is_accepted(case, meant) {
            return Ok(());
        }
        let reason = format!("no agent claims that cluster for {}: {}", case.name, told(&claims));
        return refused("claims", reason, Some(state));
    };
    if fitting.len() > 1 {
        let reason = format!(
            "agents claim different clusters for {}: {}; name the fingerprint or the agent whose claim is accepted",
            case.name,
            told(&claims)
        );
        return refused("claims", reason, Some(state));
    }
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

/// What agents claim. What those have seen that are gone by now is asked for only where nobody else claims anything.
fn claims<'a>(case: &Case<'a>) -> Vec<Claim<'a>> {
    let of = |gone: bool| {
        let others = case.parties.iter().filter(|party| party.sees_another(case.identity()));
        let others = others.filter(move |party| party.is_gone() == gone);
        others.filter_map(|party: &Party<'a>| Some((party.id, party.identity()?)))
    };
    let claims: Vec<Claim<'a>> = of(false).collect();
    if claims.is_empty() { of(true).collect() } else { claims }
}

/// Whether what is meant is recorded already.
fn is_accepted(case: &Case<'_>, meant: Meant<'_>) -> bool {
    let Some(recorded) = case.identity() else { return false };
    let seen_by = |party: &Party<'_>| {
        meant.agent == Some(party.id)
            && party.identity().is_some_and(|seen| seen.is_same_cluster(recorded))
    };
    meant.has_fingerprint(recorded) && (meant.agent.is_none() || case.parties.iter().any(seen_by))
}

fn told(claims: &[Claim<'_>]) -> String {
    let one = |(agent, seen): &Claim<'_>| {
        format!("agent {agent} sees {} with the certificate {}", seen.host, seen.fingerprint)
    };
    claims.iter().map(one).collect::<Vec<_>>().join(", ")
}
