//! The agent's registration, in as many parts as it needs.

use proto::agent::v1::{AgentMessage, HeldAccount, Register, agent_message::Message};
use proto::{bounds, packing};

use crate::options::AgentOptions;

/// Puts a registration together. The parts fit every bridge: what its `agents.max_message` is, is not known yet.
pub(crate) fn parts(options: &AgentOptions, accounts: Vec<HeldAccount>) -> Vec<AgentMessage> {
    let mut parts = packing::pack(accounts, bounds::MESSAGE_BYTES_MIN).parts;
    if parts.is_empty() {
        parts.push(Vec::new());
    }
    let last = parts.len() - 1;
    let message = |(n, accounts)| {
        let register = Register {
            agent_id: options.id.clone(),
            instance_id: options.instance.clone(),
            zone_id: options.zone.clone(),
            protocol_min: bounds::PROTOCOL,
            protocol_max: bounds::PROTOCOL,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            labels: options.labels.clone(),
            accounts,
            last: n == last,
        };
        AgentMessage { message: Some(Message::Register(register)) }
    };
    parts.into_iter().enumerate().map(message).collect()
}

#[cfg(test)]
mod tests {
    use prost::Message as _;
    use proto::agent::v1::{AgentMessage, HeldAccount, agent_message::Message};
    use proto::bounds::MESSAGE_BYTES_MIN;

    use super::parts;
    use crate::options::AgentOptions;

    fn lasts(parts: &[AgentMessage]) -> Vec<bool> {
        let last = |part: &AgentMessage| match &part.message {
            Some(Message::Register(register)) => register.last,
            _ => panic!("no Register: {part:?}"),
        };
        parts.iter().map(last).collect()
    }

    #[test]
    fn the_last_part_and_no_other_says_so() {
        let options = AgentOptions::new("http://b", "a", "i", "z");
        assert_eq!(lasts(&parts(&options, Vec::new())), [true]);
        let name = |n: usize| format!("{n:0>200}");
        let held = |n| HeldAccount { name: name(n), held: true, ..HeldAccount::default() };
        let many = parts(&options, (0..10_000).map(held).collect());
        assert!(many.len() > 5);
        assert!(many.iter().all(|part| part.encoded_len() < MESSAGE_BYTES_MIN));
        assert_eq!(lasts(&many).iter().filter(|last| **last).count(), 1);
    }
}
