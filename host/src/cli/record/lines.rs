//! Lines as they come in pieces, and what is remembered of each.

use anyhow::{Context, Result};
use serde::Deserialize;

/// Bytes that have come and are no whole line yet.
#[derive(Debug, Default)]
pub(super) struct Lines {
    bytes: Vec<u8>,
    /// How many of them are known to hold no end of a line.
    looked: usize,
}

impl Lines {
    /// Takes a piece in.
    pub(super) fn take(&mut self, piece: &[u8]) {
        self.bytes.extend_from_slice(piece);
    }

    /// The next whole line, without its end.
    pub(super) fn next(&mut self) -> Option<Vec<u8>> {
        let end = self.bytes[self.looked..].iter().position(|byte| *byte == b'\n');
        let Some(end) = end.map(|end| self.looked + end) else {
            self.looked = self.bytes.len();
            return None;
        };
        let rest = self.bytes.split_off(end + 1);
        let mut line = std::mem::replace(&mut self.bytes, rest);
        line.pop();
        self.looked = 0;
        Some(line)
    }

    /// Whether a line has begun and not ended.
    pub(super) fn is_amid_one(&self) -> bool {
        !self.bytes.is_empty()
    }
}

/// What was fetched so far.
#[derive(Debug, Default)]
pub(super) struct Fetched {
    /// How many records.
    pub(super) count: u64,
    /// When the first of them was made, in milliseconds.
    pub(super) oldest: Option<u64>,
    /// When the last one was.
    pub(super) newest: Option<u64>,
}

/// As much of a record as has to be known of it here.
#[derive(Deserialize)]
struct Head {
    at: u64,
}

impl Fetched {
    /// Counts a record in.
    pub(super) fn take(&mut self, line: &[u8]) -> Result<()> {
        let head: Head = serde_json::from_slice(line)
            .context("the answer has a line that is no record: is that a bridge?")?;
        self.count += 1;
        self.oldest = Some(self.oldest.map_or(head.at, |oldest| oldest.min(head.at)));
        self.newest = Some(self.newest.map_or(head.at, |newest| newest.max(head.at)));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::Lines;

    #[test]
    fn lines_are_read_in_whatever_pieces_they_come() {
        for size in [1, 3, 100] {
            let (mut lines, mut seen) = (Lines::default(), Vec::new());
            for piece in b"one\n\ntwo three\nfour".chunks(size) {
                lines.take(piece);
                seen.extend(std::iter::from_fn(|| lines.next()));
            }
            assert_eq!(seen, [b"one".to_vec(), b"".to_vec(), b"two three".to_vec()]);
            assert!(lines.is_amid_one());
        }
    }
}
