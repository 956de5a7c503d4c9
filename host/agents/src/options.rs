//! What the agent link can be told: the keys `agents.*` of `spec/config.md` that concern the wire, as plain numbers.

use proto::bounds;
use thiserror::Error;

/// How many messages wait for an agent that does not read. Each is made comfortable in size ([`proto::packing`]), so
/// that a stuck agent costs about 4 MiB.
pub(crate) const QUEUE_MESSAGES: usize = 16;

/// How many streams may be open at once: as many agents as a module can be told of (`wit/lifecycle/agents.wit`).
pub(crate) const STREAMS: usize = 10_000;

/// The settings of the agent link.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// `agents.timeout`, in milliseconds: a stream without a word for so long counts as ended.
    pub timeout_ms: u64,
    /// `agents.max_message`, in bytes: the size that no message exceeds, in either direction.
    pub max_message: usize,
    /// `agents.insecure`: plain text is accepted from elsewhere than this machine.
    pub insecure: bool,
    /// `agents.send_secrets_in_clear`: and secret values may travel on it.
    pub send_secrets_in_clear: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            timeout_ms: 60_000,
            max_message: bounds::MESSAGE_BYTES,
            insecure: false,
            send_secrets_in_clear: false,
        }
    }
}

/// A setting that cannot work, and what to set instead.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum BadOptions {
    /// An account's definition would not fit.
    #[error(
        "agents.max_message is {0} bytes, and the largest account would not fit; set it to {min} or more",
        min = bounds::MESSAGE_BYTES_MIN
    )]
    MaxMessage(usize),
    /// Agents would be taken for gone between two heartbeats.
    #[error("agents.timeout is {0} ms; set it to 1000 or more")]
    Timeout(u64),
}

impl Options {
    /// Whether these can work.
    ///
    /// # Errors
    /// [`BadOptions`], with what to set instead.
    pub fn check(&self) -> Result<(), BadOptions> {
        if self.max_message < bounds::MESSAGE_BYTES_MIN {
            return Err(BadOptions::MaxMessage(self.max_message));
        }
        if self.timeout_ms < 1_000 {
            return Err(BadOptions::Timeout(self.timeout_ms));
        }
        Ok(())
    }

    /// How often an agent is to be heard: three times within the timeout, and every 20 s at least.
    pub(crate) fn heartbeat_ms(&self) -> u64 {
        bounds::HEARTBEAT_MS.min(self.timeout_ms / 3)
    }
}

#[cfg(test)]
mod tests {
    use super::{BadOptions, Options};

    #[test]
    fn the_defaults_are_those_of_the_specification() {
        let options = Options::default();
        assert_eq!(options.check(), Ok(()));
        assert_eq!((options.timeout_ms, options.heartbeat_ms()), (60_000, 20_000));
    }

    #[test]
    fn settings_that_cannot_work_are_refused_with_what_to_set() {
        let small = Options { max_message: 1024, ..Options::default() };
        assert_eq!(small.check(), Err(BadOptions::MaxMessage(1024)));
        let short = Options { timeout_ms: 10, ..Options::default() };
        assert_eq!(short.check(), Err(BadOptions::Timeout(10)));
    }

    #[test]
    fn a_short_timeout_makes_heartbeats_more_frequent() {
        assert_eq!(Options { timeout_ms: 6_000, ..Options::default() }.heartbeat_ms(), 2_000);
    }
}
