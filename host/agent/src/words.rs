//! What the agent says, in messages that the bridge takes.

use proto::agent::v1::{self as wire, AgentMessage, Observation, agent_message::Message};
use proto::packing;
use tracing::warn;

/// Answers, in messages of `max` bytes at most each. None is too large: its texts and its namespaces are bounded.
pub(crate) fn answers(results: Vec<wire::OperationResult>, max: usize) -> Vec<AgentMessage> {
    let said = |results| Message::Results(wire::OperationResults { results });
    messages(packing::pack(results, max).parts.into_iter().map(said))
}

/// Observations, in messages of `max` bytes at most each. One that fits into none travels without its namespaces: a part of
/// them would read as all of them, and an account's health must be heard whatever else there is to say. `number` gives
/// each message its number.
pub(crate) fn observations(
    observations: Vec<Observation>,
    max: usize,
    mut number: impl FnMut(&[Observation]) -> u64,
) -> Vec<AgentMessage> {
    let packed = packing::pack(observations, max);
    let shortened = packed.too_large.into_iter().map(|mut observation| {
        warn!(
            account.id = observation.account,
            "the {} namespaces of an account fit into no message of {max} bytes and are not told; raise agents.max_message \
             at the bridge, or name the namespaces that matter in the account's definition",
            observation.namespaces.len()
        );
        observation.namespaces.clear();
        observation.namespaces_seen = false;
        observation
    });
    let shortened = packing::pack(shortened, max).parts;
    let said = |observations: Vec<Observation>| {
        let number = number(&observations);
        Message::Observations(wire::Observations { observations, number })
    };
    messages(packed.parts.into_iter().chain(shortened).map(said))
}

fn messages(words: impl Iterator<Item = Message>) -> Vec<AgentMessage> {
    words.map(|word| AgentMessage { message: Some(word) }).collect()
}

#[cfg(test)]
mod tests {
    use prost::Message as _;
    use proto::agent::v1::{Health, Observation, agent_message::Message};
    use proto::bounds::{MESSAGE_BYTES, MESSAGE_BYTES_MIN, NAMESPACES};

    use super::observations;

    /// An account that is away, with so many namespaces.
    fn away(account: &str, namespaces: usize) -> Observation {
        Observation {
            account: account.into(),
            health: Health::Unreachable.into(),
            namespaces: (0..namespaces).map(|n| format!("{n:0>63}")).collect(),
            namespaces_seen: true,
            held: true,
            ..Observation::default()
        }
    }

    /// The accounts that are told to be away, with how many namespaces, in messages of so many bytes at most.
    fn told(max: usize) -> Vec<(String, usize)> {
        let all = vec![away("a", 2), away("giant", NAMESPACES), away("z", 1)];
        let words = observations(all, max, |some| some.len() as u64);
        assert!(words.iter().all(|word| word.encoded_len() <= max));
        let told = words.into_iter().flat_map(|word| match word.message {
            Some(Message::Observations(said)) => {
                assert_eq!(said.number, said.observations.len() as u64, "each has its number");
                said.observations
            }
            other => panic!("no observations: {other:?}"),
        });
        let mut told: Vec<_> = told
            .inspect(|said| {
                assert_eq!(said.health(), Health::Unreachable);
                assert_eq!(said.namespaces_seen, !said.namespaces.is_empty());
            })
            .map(|said| (said.account, said.namespaces.len()))
            .collect();
        told.sort();
        told
    }

    #[test]
    fn an_account_with_more_namespaces_than_a_message_takes_still_tells_its_health() {
        let all =
            |giant| vec![("a".to_owned(), 2), ("giant".to_owned(), giant), ("z".to_owned(), 1)];
        assert_eq!(told(MESSAGE_BYTES_MIN), all(0));
        assert_eq!(told(MESSAGE_BYTES), all(NAMESPACES));
    }
}
