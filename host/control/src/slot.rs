//! A slot whose lifecycle never changes: one that is linked into the program, or that a test brings.

use std::sync::Arc;

use async_trait::async_trait;
use host_core::port::lifecycle::{Lifecycle, LifecycleSlot};

/// The slot, with this in it.
#[derive(Debug)]
pub struct FixedSlot(pub Arc<dyn Lifecycle>);

#[async_trait]
impl LifecycleSlot for FixedSlot {
    fn serving(&self) -> Arc<dyn Lifecycle> {
        Arc::clone(&self.0)
    }

    async fn reload(&self) -> Result<(), String> {
        Err("another lifecycle module serves by now, and this program can take no other one in"
            .into())
    }
}
