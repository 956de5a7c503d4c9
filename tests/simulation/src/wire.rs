//! The wire: streams between agents and replicas, and rings between replicas, each in order, each as slow as the
//! schedule wants it. A stream that is cut still has words on their way.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

use host_core::port::replicas::Ring;
use proto::agent::v1::{AgentMessage, BridgeMessage};
use tokio::sync::mpsc::UnboundedSender;

/// One stream.
#[derive(Debug)]
pub struct Stream {
    /// Which agent, by its place.
    pub agent: usize,
    /// Which replica, by its place.
    pub replica: usize,
    /// Nothing that is said from now on arrives.
    pub cut: bool,
    /// What is on its way to the bridge.
    pub to_bridge: VecDeque<AgentMessage>,
    /// What is on its way to the agent.
    pub to_agent: VecDeque<BridgeMessage>,
    /// The bridge's end, for as long as it listens and has not heard of the stream's end.
    pub bridge_end: Option<UnboundedSender<AgentMessage>>,
    /// Whether the agent takes the stream for open.
    pub agent_end: bool,
}

/// A ring on its way.
#[derive(Debug)]
pub struct Ringing {
    /// To which replica.
    pub to: usize,
    /// What it says.
    pub ring: Ring,
}

/// Everything on its way.
#[derive(Debug, Default)]
pub struct Lines {
    /// Streams by number.
    pub streams: BTreeMap<u64, Stream>,
    /// Rings in the order of their sending.
    pub rings: VecDeque<Ringing>,
    next: u64,
}

/// The wire of a run.
#[derive(Debug, Default)]
pub struct Wire(Mutex<Lines>);

impl Wire {
    /// Everything on its way.
    pub fn lines(&self) -> MutexGuard<'_, Lines> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The bridge says something on a stream. Answers whether it is open, as far as the bridge can know.
    pub fn say(&self, stream: u64, word: BridgeMessage) -> bool {
        let mut lines = self.lines();
        let Some(stream) = lines.streams.get_mut(&stream) else { return false };
        if !stream.cut && stream.agent_end {
            stream.to_agent.push_back(word);
        }
        stream.bridge_end.is_some()
    }

    /// The bridge listens no more on a stream.
    pub fn bridge_leaves(&self, stream: u64) {
        let mut lines = self.lines();
        if let Some(stream) = lines.streams.get_mut(&stream) {
            stream.bridge_end = None;
            stream.to_bridge.clear();
        }
        lines.forget_ended();
    }
}

impl Lines {
    /// Opens a stream, with the agent's first words on their way.
    pub fn open(
        &mut self,
        agent: usize,
        replica: usize,
        bridge_end: UnboundedSender<AgentMessage>,
        first: AgentMessage,
    ) -> u64 {
        self.next += 1;
        let stream = Stream {
            agent,
            replica,
            cut: false,
            to_bridge: VecDeque::from([first]),
            to_agent: VecDeque::new(),
            bridge_end: Some(bridge_end),
            agent_end: true,
        };
        self.streams.insert(self.next, stream);
        self.next
    }

    /// Streams that both ends have left are no more.
    pub fn forget_ended(&mut self) {
        self.streams.retain(|_, stream| stream.agent_end || stream.bridge_end.is_some());
    }

    /// A replica is gone, with its ends of all streams.
    pub fn lose_replica(&mut self, replica: usize) {
        for stream in self.streams.values_mut().filter(|stream| stream.replica == replica) {
            stream.bridge_end = None;
            stream.to_bridge.clear();
        }
        self.forget_ended();
    }
}
