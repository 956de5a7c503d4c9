//! What was told of an account that is not healthy, and whether something else is worth telling.
//!
//! The operator acts on the sentence, so another one is told. But two that take turns are not told at every look: what is
//! unreachable now and too late then is the same loss, and within one code there is one sentence in five minutes.

use host_agent::{Code, Refusal};
use sha2::{Digest as _, Sha256};

/// How long another sentence of the same loss waits after the one before, in milliseconds.
pub(super) const SENTENCE_MS: u64 = 300_000;

/// The most digits of a number that says something else when it is another, such as a status.
const STATUS_DIGITS: usize = 3;

/// What was told, and when.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Told {
    code: Code,
    sentence: [u8; 32],
    at: u64,
}

impl Told {
    /// This is told now.
    pub(super) fn now(refusal: &Refusal, now: u64) -> Self {
        Self { code: refusal.code, sentence: sense(&refusal.text), at: now }
    }

    /// Whether this is to be told after it.
    pub(super) fn is_outdated_by(&self, refusal: &Refusal, now: u64) -> bool {
        let one_loss = self.code == refusal.code || (doubtful(self.code) && doubtful(refusal.code));
        if !one_loss {
            return true;
        }
        let same = self.code == refusal.code && self.sentence == sense(&refusal.text);
        !same && now.saturating_sub(self.at) >= SENTENCE_MS
    }
}

/// Whether a second look could disprove it.
pub(super) fn doubtful(code: Code) -> bool {
    matches!(code, Code::Unreachable | Code::Timeout)
}

/// Names a sentence by what it says. Times, addresses and long numbers may be others at every look, and do not count.
fn sense(text: &str) -> [u8; 32] {
    let mut digest = Sha256::new();
    for word in text.split_whitespace() {
        let bare = word.trim_matches(|letter: char| !letter.is_ascii_alphanumeric());
        let digits = bare.chars().all(|letter| letter.is_ascii_digit());
        if digits && bare.len() <= STATUS_DIGITS {
            digest.update(word);
        } else {
            let letters: String = word.chars().filter(|letter| !letter.is_ascii_digit()).collect();
            digest.update(letters);
        }
        digest.update(b" ");
    }
    digest.finalize().into()
}

#[cfg(test)]
mod tests {
    use host_agent::{Code, Refusal};

    use super::{SENTENCE_MS, Told, sense};

    #[test]
    fn sentences_with_other_times_and_addresses_say_the_same_and_other_statuses_do_not() {
        for (one, other) in [
            ("given up after 10000 ms of waiting", "given up after 10007 ms of waiting"),
            (
                "(401): it expired at 2026-11-22T12:00:00Z; see",
                "(401): it expired at 2026-11-22T12:05:31Z; see",
            ),
            (
                "https://a:443 is at 10.0.0.1, in a network",
                "https://a:443 is at 10.0.0.2, in a network",
            ),
        ] {
            assert_eq!(sense(one), sense(other), "{one}");
        }
        for (one, other) in [
            ("a answers with 500, which", "a answers with 503, which"),
            ("it has too much to do (429)", "it has too much to do (503)"),
            ("connection refused", "connection reset"),
        ] {
            assert_ne!(sense(one), sense(other), "{one}");
        }
    }

    #[test]
    fn another_sentence_is_told_after_a_while_and_another_kind_of_loss_at_once() {
        let told = Told::now(&Refusal::new(Code::Unreachable, "connection refused"), 1_000);
        let outdated =
            |code, text: &str, after| told.is_outdated_by(&Refusal::new(code, text), 1_000 + after);
        assert!(!outdated(Code::Unreachable, "connection refused", 10 * SENTENCE_MS));
        assert!(!outdated(Code::Unreachable, "it answers with 503", SENTENCE_MS - 1));
        assert!(outdated(Code::Unreachable, "it answers with 503", SENTENCE_MS));
        assert!(!outdated(Code::Timeout, "given up", SENTENCE_MS - 1));
        assert!(outdated(Code::Timeout, "given up", SENTENCE_MS));
        assert!(outdated(Code::Unauthorized, "it does not take the token", 0));
    }
}
