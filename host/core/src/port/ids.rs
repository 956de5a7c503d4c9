//! Identifiers and chance.

/// Ids and randomness come from here and from nowhere else, so that a seed gives the same run.
pub trait Ids: std::fmt::Debug + Send + Sync {
    /// A ULID that nobody else gets; later ones are greater, also within a millisecond.
    fn next(&self) -> String;

    /// An even chance in `0.0..1.0`, for jitter.
    fn chance(&self) -> f64;
}
