//! Points at which a test lets the bridge die. Nothing stands here in production.

/// What the bridge is about to do, or has just done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Point<'p> {
    /// A statement is about to run; its text.
    Statement(&'p str),
    /// A transaction is about to be made to last.
    Commit,
    /// It lasts, and nobody has heard so yet.
    Committed,
    /// Operations are about to be put on an agent's stream.
    Deliver,
    /// They are on their way, and nobody has written that down yet.
    Delivered,
}

/// Decides whether the bridge is still alive.
pub trait Failpoints: std::fmt::Debug + Send + Sync {
    /// The bridge has come to a point. Answers whether it goes on; once it does not, it never does again.
    fn goes_on(&self, point: Point<'_>) -> bool;
}
