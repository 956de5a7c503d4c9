//! Switches for rules, so that a model can show what each is good for.

/// Which of the rules apply that the model takes out one by one. Whoever decides for real uses [`Rules::ALL`].
#[doc(hidden)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rules {
    /// Rule 2: who holds what is not wanted is told to drop it.
    pub drop_unwanted: bool,
    /// Rule 11: who was last told something else than the row says is told again.
    pub last_word: bool,
}

impl Rules {
    /// All of them.
    pub const ALL: Self = Self { drop_unwanted: true, last_word: true };
}
