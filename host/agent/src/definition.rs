//! An account's definition as the bridge sent it: full of secrets, so it cannot be printed and is overwritten in memory
//! when it goes.

use std::fmt;

use zeroize::Zeroizing;

/// A JSON object, as bytes. What is in it is for [`Clusters`](crate::Clusters) to know.
#[derive(Clone, PartialEq, Eq)]
pub struct Definition(Zeroizing<Vec<u8>>);

impl Definition {
    /// Takes the bytes in.
    #[must_use]
    pub fn new(json: impl Into<Vec<u8>>) -> Self {
        Self(Zeroizing::new(json.into()))
    }

    /// The bytes, for whoever reaches the cluster.
    #[must_use]
    pub fn expose(&self) -> &[u8] {
        &self.0
    }
}

impl Default for Definition {
    fn default() -> Self {
        Self::new(*b"{}")
    }
}

impl fmt::Debug for Definition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Definition({} bytes)", self.0.len())
    }
}

#[cfg(test)]
mod tests {
    use super::Definition;

    #[test]
    fn a_definition_does_not_print() {
        assert_eq!(format!("{:?}", Definition::new("hunter2")), "Definition(7 bytes)");
    }
}
