//! The wire's words and ours: what an agent says is checked against the bounds of `agent.proto` and becomes
//! [`host_core::agent`]'s; an operation becomes the wire's. It knows no stream and no order.

use host_core::account::{Failure, Identity};
use host_core::agent::{HeldAccount, OperationResult};
use host_core::name;
use host_core::operation::{Delivery, OperationKind, SeenNamespaces};
use proto::agent::v1::{self as wire, agent_message, operation::Kind};
use proto::bounds;

/// What an agent said that breaks a rule of `agent.proto`, as a sentence for whoever runs the agent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Malformed(pub String);

type Read<T> = Result<T, Malformed>;

/// A message on a stream that is open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Word {
    /// It is there.
    Heartbeat,
    /// It answers.
    Results(Vec<OperationResult>),
    /// It saw a change by itself.
    Observations {
        /// What it saw.
        seen: Vec<HeldAccount>,
        /// The message's number; none if the agent does not want to know whether it was taken in.
        number: Option<u64>,
    },
}

/// Reads a message of an agent that has registered.
///
/// # Errors
/// [`Malformed`], with the first rule that it breaks.
pub fn read(message: wire::AgentMessage) -> Read<Word> {
    match message.message {
        None => broken("a message is empty, or of a kind that this version does not have"),
        Some(agent_message::Message::Register(_)) => {
            broken("a Register came after the part marked last; open another stream for that")
        }
        Some(agent_message::Message::Heartbeat(_)) => Ok(Word::Heartbeat),
        Some(agent_message::Message::Results(results)) => {
            results.results.into_iter().map(result).collect::<Read<_>>().map(Word::Results)
        }
        Some(agent_message::Message::Observations(observations)) => {
            let number = Some(observations.number).filter(|number| *number > 0);
            let seen = observations.observations.into_iter().map(observation);
            Ok(Word::Observations { seen: seen.collect::<Read<_>>()?, number })
        }
    }
}

/// Reads an account of a registration.
///
/// # Errors
/// As for [`read`].
pub fn held(held: wire::HeldAccount) -> Read<HeldAccount> {
    let account = account(&held.name)?;
    Ok(HeldAccount {
        configured: configured(held.origin, &account)?,
        held: revision(held.held, held.definition_revision)?,
        generation: number(held.generation, "a generation")?,
        identity: held.identity.map(identity).transpose()?,
        healthy: healthy(held.health, &account)?,
        failure: held.failure.map(failure).transpose()?,
        namespaces: None,
        account,
    })
}

fn result(result: wire::OperationResult) -> Read<OperationResult> {
    Ok(OperationResult {
        account: account(&result.account)?,
        generation: number(result.generation, "a generation")?,
        failure: result.failure.map(failure).transpose()?,
        held: revision(result.held, result.definition_revision)?,
        undelivered: false,
        identity: result.identity.map(identity).transpose()?,
        namespaces: result.namespaces.map(namespaces).transpose()?,
        took_ms: number(result.took_ms, "a duration")?,
        operation: id(result.operation_id, "an operation's id")?,
    })
}

fn observation(seen: wire::Observation) -> Read<HeldAccount> {
    let account = account(&seen.account)?;
    if seen.namespaces.len() > bounds::NAMESPACES {
        return broken(format!("{account} has more than {} namespaces", bounds::NAMESPACES));
    }
    let looked = seen.namespaces_seen || !seen.namespaces.is_empty();
    Ok(HeldAccount {
        configured: configured(seen.origin, &account)?,
        held: revision(seen.held, seen.definition_revision)?,
        generation: 0,
        identity: seen.identity.map(identity).transpose()?,
        healthy: healthy(seen.health, &account)?,
        failure: seen.failure.map(failure).transpose()?,
        namespaces: looked.then(|| possible(seen.namespaces)),
        account,
    })
}

fn namespaces(seen: wire::SeenNamespaces) -> Read<SeenNamespaces> {
    if seen.first.len() > bounds::NAMESPACES_NAMED {
        return broken(format!(
            "an answer names more than {} namespaces",
            bounds::NAMESPACES_NAMED
        ));
    }
    Ok(SeenNamespaces {
        first: possible(seen.first),
        count: number(seen.count, "a number of namespaces")?,
    })
}

/// The namespaces of these that a cluster can have. Clusters name them, and accounts may declare what they like: one name
/// that cannot be is no reason to hear nothing more of an agent.
fn possible(namespaces: Vec<String>) -> Vec<String> {
    namespaces.into_iter().filter_map(|name| id(name, "a namespace").ok()).collect()
}

/// Takes an id: one line of 1 to 255 characters without blanks around it.
pub(crate) fn id(text: String, what: &str) -> Read<String> {
    let length = text.chars().take(bounds::NAME_CHARS + 1).count();
    if length == 0 || length > bounds::NAME_CHARS {
        return broken(format!("{what} must have 1 to {} characters", bounds::NAME_CHARS));
    }
    if text.trim() != text || text.chars().any(char::is_control) {
        return broken(format!("{what} has blanks around it or a control character in it"));
    }
    Ok(text)
}

/// The name of an account, by the rule for every name that comes in (`spec/http-api.md`).
fn account(text: &str) -> Read<String> {
    name::check(text).map_err(|bad| {
        let shown: String = text.chars().take(40).collect();
        Malformed(format!("{shown:?} cannot be an account: {bad}"))
    })
}

fn configured(origin: i32, account: &str) -> Read<bool> {
    match wire::Origin::try_from(origin) {
        Ok(wire::Origin::Given) => Ok(false),
        Ok(wire::Origin::Configured) => Ok(true),
        Ok(wire::Origin::Unspecified) | Err(_) => {
            broken(format!("{account} has no origin; say ORIGIN_GIVEN or ORIGIN_CONFIGURED"))
        }
    }
}

fn healthy(health: i32, account: &str) -> Read<Option<bool>> {
    match wire::Health::try_from(health) {
        Ok(wire::Health::Unspecified) => Ok(None),
        Ok(wire::Health::Healthy) => Ok(Some(true)),
        Ok(wire::Health::Unreachable) => Ok(Some(false)),
        Err(_) => broken(format!("{account} has a health that version 1 does not have: {health}")),
    }
}

fn identity(identity: wire::ClusterIdentity) -> Read<Identity> {
    let short = |text: String, what: &str| {
        if text.chars().count() > bounds::NAME_CHARS || text.chars().any(char::is_control) {
            return broken(format!(
                "{what} is no line of at most {} characters",
                bounds::NAME_CHARS
            ));
        }
        Ok(text)
    };
    Ok(Identity {
        host: short(identity.host, "a cluster's host")?,
        fingerprint: short(identity.fingerprint, "a cluster's fingerprint")?,
        version: short(identity.version, "a cluster's version")?,
    })
}

fn failure(failure: wire::Failure) -> Read<Failure> {
    use wire::failure::Code;
    let code = match Code::try_from(failure.code) {
        Ok(Code::Unreachable) => "unreachable",
        Ok(Code::Unauthorized) => "unauthorized",
        Ok(Code::InvalidKubeconfig) => "invalid-kubeconfig",
        Ok(Code::IdentityConflict) => "identity-conflict",
        Ok(Code::Stale) => "stale",
        Ok(Code::Timeout) => "timeout",
        Ok(Code::Internal) => "internal",
        Ok(Code::Unspecified) | Err(_) => {
            return broken(format!("a failure has no code of version 1: {}", failure.code));
        }
    };
    text(failure.text, "a failure's text").map(|text| Failure { code: code.to_owned(), text })
}

/// Takes a text for people.
pub(crate) fn text(text: String, what: &str) -> Read<String> {
    if text.len() > bounds::TEXT_BYTES {
        return broken(format!("{what} has more than {} bytes", bounds::TEXT_BYTES));
    }
    Ok(text)
}

fn revision(held: bool, revision: u64) -> Read<Option<u64>> {
    let revision = number(revision, "a definition revision")?;
    Ok(held.then_some(revision))
}

/// Takes a number that a database can keep (a signed one of 64 bits).
fn number(number: u64, what: &str) -> Read<u64> {
    match i64::try_from(number) {
        Ok(_) => Ok(number),
        Err(_) => broken(format!("{what} is larger than {}", i64::MAX)),
    }
}

fn broken<T>(sentence: impl Into<String>) -> Read<T> {
    Err(Malformed(sentence.into()))
}

/// Writes an operation as it goes to its agent.
#[must_use]
pub fn operation(delivery: &Delivery) -> wire::Operation {
    let operation = &delivery.operation;
    let kind = match operation.kind {
        OperationKind::Add => Kind::AddAccounts,
        OperationKind::Update => Kind::UpdateAccounts,
        OperationKind::Delete => Kind::DeleteAccounts,
        OperationKind::Check => Kind::CheckAccounts,
    };
    wire::Operation {
        id: operation.id.clone(),
        parent: operation.parent.clone().unwrap_or_default(),
        kind: kind.into(),
        account: operation.account.clone(),
        generation: operation.generation,
        deadline_ms: operation.deadline.unwrap_or_default(),
        definition_revision: operation.definition_revision,
        definition: delivery.definition.expose().as_bytes().to_vec(),
    }
}

#[cfg(test)]
mod tests;
