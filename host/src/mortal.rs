//! The agent link of a bridge that a test lets die: dead, it says nothing to agents any more.

use std::sync::Arc;

use async_trait::async_trait;
use host_core::operation::Delivery;
use host_core::port::failpoints::{Failpoints, Point};
use host_core::port::link::{AgentLink, Delivered, Session};

/// The link as it is, if nobody lets the bridge die.
pub(crate) fn link(
    link: Arc<dyn AgentLink>,
    failpoints: Option<Arc<dyn Failpoints>>,
) -> Arc<dyn AgentLink> {
    match failpoints {
        Some(failpoints) => Arc::new(Mortal { link, failpoints }),
        None => link,
    }
}

#[derive(Debug)]
struct Mortal {
    link: Arc<dyn AgentLink>,
    failpoints: Arc<dyn Failpoints>,
}

#[async_trait]
impl AgentLink for Mortal {
    async fn deliver(&self, session: &Session, deliveries: Vec<Delivery>) -> Delivered {
        if !self.failpoints.goes_on(Point::Deliver) {
            return Delivered::default();
        }
        let delivered = self.link.deliver(session, deliveries).await;
        if !self.failpoints.goes_on(Point::Delivered) {
            return Delivered::default();
        }
        delivered
    }

    async fn disconnect(&self, agent: &str, reason: &str) -> bool {
        self.link.disconnect(agent, reason).await
    }

    async fn overtaken(&self, session: &Session, instance: &str) {
        self.link.overtaken(session, instance).await;
    }
}
