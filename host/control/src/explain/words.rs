//! The sentences of an explanation. Times stand with how long that is from now, so that nobody has to reckon.

use host_core::agent::Presence;
use host_core::clock::{Millis, iso8601};
use host_core::holding::{Holding, Observed};
use host_core::operation::OperationKind;

use super::{AgentPart, Explanation};

/// A time, and how far off it is.
fn at(time: Millis, now: Millis) -> String {
    let off = if time > now {
        format!("in {}", span(time - now))
    } else {
        format!("{} ago", span(now - time))
    };
    format!("{} ({off})", iso8601(time))
}

/// A length of time in its two largest units.
fn span(ms: Millis) -> String {
    let units = [(86_400_000, "d"), (3_600_000, "h"), (60_000, "min"), (1_000, "s")];
    let Some(first) = units.iter().position(|(unit, _)| ms >= *unit) else {
        return format!("{ms} ms");
    };
    let (large, word) = units[first];
    let mut text = format!("{} {word}", ms / large);
    if let Some((small, word)) = units.get(first + 1) {
        let rest = ms % large / small;
        if rest > 0 {
            text.push_str(&format!(" {rest} {word}"));
        }
    }
    text
}

fn tries(count: u32) -> String {
    if count == 1 { "1 try".to_owned() } else { format!("{count} tries") }
}

/// An operation without an answer, as it is told.
#[derive(Debug)]
pub(super) struct Asked<'a> {
    pub(super) agent: &'a str,
    pub(super) kind: OperationKind,
    pub(super) sent: Option<Millis>,
    pub(super) submitted: Option<Millis>,
    pub(super) not_before: Option<Millis>,
    pub(super) until: Option<Millis>,
    pub(super) gone: bool,
}

/// What the agent is asked to do.
fn task(kind: OperationKind) -> &'static str {
    match kind {
        OperationKind::Add => "to hold it",
        OperationKind::Update => "to hold its new definition",
        OperationKind::Delete => "to let go of it",
        OperationKind::Check => "whether it reaches the cluster",
    }
}

pub(super) fn asked(asked: &Asked<'_>, now: Millis) -> String {
    let (agent, task) = (asked.agent, task(asked.kind));
    let mut text = match (asked.not_before, asked.sent, asked.submitted) {
        (Some(later), _, _) => format!("agent {agent} will be asked {task} at {}", at(later, now)),
        (None, Some(sent), _) => {
            format!("agent {agent} was asked {task} at {} and has not answered", at(sent, now))
        }
        (None, None, Some(submitted)) => format!(
            "agent {agent} is to be asked {task} since {}; no stream has taken it yet",
            at(submitted, now)
        ),
        (None, None, None) => format!("agent {agent} is asked {task} and has not answered"),
    };
    if asked.gone {
        text.push_str("; the agent is gone, and is asked again if it comes back");
    }
    if let Some(until) = asked.until {
        text.push_str(&format!("; its answer is waited for until {}", at(until, now)));
    }
    text
}

pub(super) fn candidate(zone: Option<&str>, until: Option<Millis>, now: Millis) -> String {
    let who = match zone {
        Some(zone) => format!("an agent of the zone {zone}"),
        None => "any agent".to_owned(),
    };
    match until {
        Some(until) => {
            format!(
                "it waits for {who} to connect; if none does until {}, it fails",
                at(until, now)
            )
        }
        None => format!(
            "it waits for {who} that can be asked to connect, and goes on at once then; time alone changes nothing"
        ),
    }
}

pub(super) fn retry(failed: u32, due: Millis, now: Millis) -> String {
    format!("{} failed; the next one is at {}", tries(failed), at(due, now))
}

pub(super) fn given_up(failed: u32, since: Millis, again: Option<Millis>, now: Millis) -> String {
    let mut text = format!("it was given up after {}, at {}", tries(failed), at(since, now));
    match again {
        Some(again) => {
            text.push_str(&format!(
                "; a new agent has come since and is tried at {}",
                at(again, now)
            ));
        }
        None => text.push_str("; somebody has to activate it, or a new agent has to come"),
    }
    text
}

pub(super) fn unheld(since: Option<Millis>, until: Option<Millis>, now: Millis) -> String {
    let since = since.map(|since| format!(" since {}", at(since, now))).unwrap_or_default();
    match until {
        Some(until) => format!(
            "no connected agent holds it{since}; if none does until {}, it is orphaned (agents.grace)",
            at(until, now)
        ),
        None => format!("no connected agent holds it{since}; one that held it is awaited"),
    }
}

pub(super) fn removal(since: Option<Millis>, until: Option<Millis>, now: Millis) -> String {
    let since = since.map(|since| format!(" since {}", at(since, now))).unwrap_or_default();
    let until = until.map_or_else(
        || "it is removed when agents.cleanup has passed".to_owned(),
        |until| format!("it is removed at {} (agents.cleanup)", at(until, now)),
    );
    format!("no agent declares it in its configuration{since}; {until}")
}

pub(super) fn look(due: Millis, now: Millis) -> String {
    format!("the lifecycle module looks at it again at {}", at(due, now))
}

/// One agent and the account.
pub(super) fn agent(part: &AgentPart, holding: &Holding, now: Millis) -> String {
    let there = match part.presence {
        Some(Presence::Connected) => "connected",
        Some(Presence::Awaited) => "awaited since the bridge started",
        Some(Presence::Gone) => "gone",
        None => "not known any more",
    };
    let holds = match (part.observed, part.current) {
        (Observed::Held(_), true) => "holds it",
        (Observed::Held(_), false) => "holds an older definition of it",
        (Observed::NotHeld, _) => "does not hold it",
        (Observed::Unknown, _) => "was asked, so that what it holds is not known",
    };
    let mut text = format!("agent {} ({there}) {holds}", part.agent);
    if let Some(refusal) = &holding.refusal {
        text.push_str(&format!(
            "; it refused {} {} in a row, last at {}: {}: {}",
            refusal.kind.as_str(),
            if refusal.times == 1 { "once".to_owned() } else { format!("{} times", refusal.times) },
            at(refusal.at, now),
            refusal.failure.code,
            refusal.failure.text
        ));
    }
    if let Some(health) = &part.health {
        let since = at(health.since, now);
        match &health.failure {
            None => text.push_str(&format!("; its cluster answers since {since}")),
            Some(why) => text.push_str(&format!(
                "; its cluster does not answer as it should since {since}: {}: {}",
                why.code, why.text
            )),
        }
    }
    if let Some(seen) = part.seen.as_ref().filter(|_| part.conflict) {
        text.push_str(&format!(
            "; it sees another cluster than the one that is recorded, {} with the certificate {}, which rebind accepts",
            seen.host, seen.fingerprint
        ));
    }
    if holding.configured {
        text.push_str("; the name stands in its own configuration");
    }
    text
}

/// All of it, the most important first.
pub(super) fn sentences(of: &Explanation, declared_by: Option<&str>) -> Vec<String> {
    let (account, state, now) = (&of.account, &of.state, of.now);
    let mut all = vec![match &of.error {
        Some(error) => {
            format!(
                "{account} is {state} since {}: {}: {}",
                at(of.since, now),
                error.code,
                error.text
            )
        }
        None => format!("{account} is {state} since {}", at(of.since, now)),
    }];
    if let Some(step) = of.steps.first() {
        let from = step.from.as_deref().map(|from| format!(" from {from}")).unwrap_or_default();
        all.push(format!(
            "its last step was {}{from}, by {}: {}",
            at(step.at, now),
            step.who,
            step.reason
        ));
    }
    if let Some(late) = of.late_ms {
        all.push(format!(
            "the bridge should have come to it {} ago and has not: look at the log and at the health of the replicas",
            span(late)
        ));
    }
    all.extend(of.waits.iter().map(|wait| wait.sentence.clone()));
    if of.waits.is_empty() {
        all.push("it waits for nothing".to_owned());
    }
    all.extend(of.agents.iter().map(|agent| agent.sentence.clone()));
    if let Some(agent) = declared_by {
        all.push(format!("it comes from the configuration of agent {agent}, and is changed there"));
    }
    let possible: Vec<&str> = of.possible.iter().map(|action| action.as_str()).collect();
    if !possible.is_empty() {
        all.push(format!("what may be asked for now: {}", possible.join(", ")));
    }
    all
}

#[cfg(test)]
mod tests {
    use super::{at, span};

    #[test]
    fn times_are_told_with_how_far_off_they_are() {
        assert_eq!(at(1_000, 31_000), "1970-01-01T00:00:01.000Z (30 s ago)");
        assert_eq!(at(90_000, 0), "1970-01-01T00:01:30.000Z (in 1 min 30 s)");
        assert_eq!(span(999), "999 ms");
        assert_eq!(span(3_600_000), "1 h");
        assert_eq!(span(90_061_000), "1 d 1 h");
    }
}
