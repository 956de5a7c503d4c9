//! A registration in parts: put together, bounded, and checked as a whole. It knows no stream; absence is concluded only
//! when the part marked `last` has come.

use std::collections::HashSet;

use host_core::agent::Registration;
use prost::Message;
use proto::agent::v1::{Refused, Register, refused::Reason};
use proto::bounds;

use crate::words::{self, Malformed};

/// The most parts of a registration: enough for the largest one, so that empty parts do not go on for ever.
const PARTS: usize = 1_000;

/// The parts that have come.
#[derive(Debug, Default)]
pub(crate) struct Parts {
    so_far: Option<Registration>,
    names: HashSet<String>,
    parts: usize,
    bytes: usize,
}

impl Parts {
    /// Takes a part in. Answers the whole registration with the last one.
    pub(crate) fn take(&mut self, part: Register) -> Result<Option<Registration>, Refused> {
        self.parts += 1;
        self.bytes += part.encoded_len();
        if self.parts > PARTS || self.bytes > bounds::REGISTERED_BYTES {
            return Err(malformed(format!(
                "a registration has at most {PARTS} parts and {} bytes",
                bounds::REGISTERED_BYTES
            )));
        }
        let last = part.last;
        self.put(part)?;
        Ok(if last { self.so_far.take() } else { None })
    }

    fn put(&mut self, part: Register) -> Result<(), Refused> {
        let so_far = match &mut self.so_far {
            Some(so_far) => {
                if so_far.agent != part.agent_id || so_far.instance != part.instance_id {
                    return Err(malformed(format!(
                        "a registration began as agent {} and goes on as {:.40}; one stream is one instance of one agent",
                        so_far.agent, part.agent_id
                    )));
                }
                so_far
            }
            none @ None => none.insert(head(&part)?),
        };
        if so_far.accounts.len() + part.accounts.len() > bounds::REGISTERED_ACCOUNTS {
            return Err(malformed(format!(
                "a registration has at most {} accounts; divide them among more agents",
                bounds::REGISTERED_ACCOUNTS
            )));
        }
        for account in part.accounts {
            let account = words::held(account).map_err(|Malformed(text)| malformed(text))?;
            if !self.names.insert(account.account.clone()) {
                return Err(malformed(format!(
                    "{} stands twice in the registration",
                    account.account
                )));
            }
            so_far.accounts.push(account);
        }
        Ok(())
    }
}

/// Who it is, from the first part.
fn head(part: &Register) -> Result<Registration, Refused> {
    let (low, high) = (part.protocol_min, part.protocol_max);
    if low > high {
        return Err(malformed(format!("protocol_min {low} is higher than protocol_max {high}")));
    }
    if !(low..=high).contains(&bounds::PROTOCOL) {
        return Err(Refused {
            reason: Reason::Protocol.into(),
            text: format!(
                "the agent speaks versions {low} to {high} of the protocol and this bridge version {}; \
                 use an agent of the bridge's release",
                bounds::PROTOCOL
            ),
            retry: false,
        });
    }
    let checked = || {
        if part.labels.len() > bounds::LABELS {
            return Err(Malformed(format!("an agent has at most {} labels", bounds::LABELS)));
        }
        for (key, value) in &part.labels {
            words::id(key.clone(), "a label's key")?;
            words::text(value.clone(), "a label's value")?;
        }
        Ok(Registration {
            agent: words::id(part.agent_id.clone(), "agent_id")?,
            instance: words::id(part.instance_id.clone(), "instance_id")?,
            zone: words::id(part.zone_id.clone(), "zone_id")?,
            version: words::id(part.version.clone(), "version")?,
            accounts: Vec::new(),
        })
    };
    checked().map_err(|Malformed(text)| malformed(text))
}

/// The refusal of a message that breaks a rule of `agent.proto`.
pub(crate) fn malformed(text: String) -> Refused {
    Refused { reason: Reason::Malformed.into(), text, retry: false }
}

#[cfg(test)]
mod tests {
    use proto::agent::v1::{HeldAccount, Origin, Refused, Register, refused::Reason};

    use super::Parts;

    fn part(accounts: &[&str], last: bool) -> Register {
        let held = |name: &&str| HeldAccount {
            name: (*name).into(),
            origin: Origin::Given.into(),
            held: true,
            ..HeldAccount::default()
        };
        Register {
            agent_id: "agent-a".into(),
            instance_id: "01J".into(),
            zone_id: "eu".into(),
            protocol_min: 1,
            protocol_max: 1,
            version: "0.1.0".into(),
            accounts: accounts.iter().map(held).collect(),
            last,
            ..Register::default()
        }
    }

    fn refused(parts: &mut Parts, part: Register) -> (Reason, Refused) {
        let refused = parts.take(part).unwrap_err();
        (refused.reason(), refused)
    }

    #[test]
    fn nothing_is_concluded_before_the_last_part() {
        let mut parts = Parts::default();
        assert_eq!(parts.take(part(&["a", "b"], false)), Ok(None));
        let whole = parts.take(part(&["c"], true)).unwrap().unwrap();
        assert_eq!(
            whole.accounts.iter().map(|a| a.account.as_str()).collect::<Vec<_>>(),
            ["a", "b", "c"]
        );
    }

    #[test]
    fn an_account_stands_in_a_registration_once() {
        let mut parts = Parts::default();
        parts.take(part(&["a", "b"], false)).unwrap();
        let (reason, refused) = refused(&mut parts, part(&["b"], true));
        assert_eq!((reason, refused.retry), (Reason::Malformed, false));
        assert!(refused.text.contains("b stands twice"), "{}", refused.text);
    }

    #[test]
    fn a_later_part_may_not_speak_for_another_agent() {
        let mut parts = Parts::default();
        parts.take(part(&["a"], false)).unwrap();
        let other = Register { agent_id: "agent-b".into(), ..part(&["b"], true) };
        let (reason, refused) = refused(&mut parts, other);
        assert_eq!(reason, Reason::Malformed);
        assert!(refused.text.contains("agent-a") && refused.text.contains("agent-b"));
    }

    #[test]
    fn an_agent_without_a_common_version_is_told_so() {
        let newer = Register { protocol_min: 2, protocol_max: 3, ..part(&[], true) };
        assert_eq!(refused(&mut Parts::default(), newer).0, Reason::Protocol);
        let upside_down = Register { protocol_min: 2, protocol_max: 1, ..part(&[], true) };
        assert_eq!(refused(&mut Parts::default(), upside_down).0, Reason::Malformed);
    }

    #[test]
    fn labels_accounts_and_parts_are_bounded() {
        let labels = (0..65).map(|n| (format!("k{n}"), String::new())).collect();
        let labelled = Register { labels, ..part(&[], true) };
        assert!(refused(&mut Parts::default(), labelled).1.text.contains("64 labels"));

        let mut parts = Parts::default();
        let endless = (0..=1_000).find_map(|_| parts.take(part(&[], false)).err());
        assert!(endless.expect("an end").text.contains("1000 parts"));

        let names: Vec<String> = (0..100_001).map(|n| format!("a{n}")).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        assert!(
            refused(&mut Parts::default(), part(&names, true)).1.text.contains("100000 accounts")
        );
    }
}
