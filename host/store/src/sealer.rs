//! Seals secret values with XChaCha20-Poly1305, and gives each the reference that stands in its place.
//!
//! Four keys are derived from the one that is kept: for references, for nonces, for sealing, and for telling whether two
//! bodies are the same. A nonce is a keyed hash of
//! account and value, so no chance is needed and no nonce meets two values; that the same value of the same account
//! seals to the same text tells nobody more than its reference does.

use base64::prelude::{BASE64_STANDARD, Engine as _};
use chacha20poly1305::aead::{Aead as _, KeyInit as _, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use host_core::definition::OWN_SCHEME;
use host_core::secret::Secret;
use zeroize::Zeroizing;

use crate::key::Key;

/// The reference of the check row, which no definition can hold.
pub(crate) const CHECK: &str = "check";
/// What the check row seals.
const CHECK_VALUE: &str = "swingbridge";
/// The first characters of every sealed text: the way it is sealed.
const VERSION: &str = "1:";
/// The length of a nonce.
const NONCE: usize = 24;

/// Seals and opens.
pub(crate) struct Sealer {
    referring: Zeroizing<[u8; 32]>,
    counting: Zeroizing<[u8; 32]>,
    comparing: Zeroizing<[u8; 32]>,
    cipher: XChaCha20Poly1305,
}

impl std::fmt::Debug for Sealer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Sealer(…)")
    }
}

impl Sealer {
    /// With this key.
    pub(crate) fn new(key: &Key) -> Self {
        let derived = |of: &str| Zeroizing::new(blake3::derive_key(of, key.as_slice()));
        let sealing = derived("swingbridge 2026-11 secrets: sealing");
        Self {
            referring: derived("swingbridge 2026-11 secrets: references"),
            counting: derived("swingbridge 2026-11 secrets: nonces"),
            comparing: derived("swingbridge 2026-11 requests: bodies"),
            cipher: XChaCha20Poly1305::new_from_slice(sealing.as_slice())
                .expect("a derived key has 32 bytes"),
        }
    }

    /// The reference of a value for an account.
    pub(crate) fn reference(&self, account: &str, value: &Secret) -> String {
        let hash = hash(&self.referring, account, value.expose());
        format!("{OWN_SCHEME}{}", &hash.to_hex()[..32])
    }

    /// What two texts are compared by where neither may be kept: whoever reads the table cannot try guesses against it.
    pub(crate) fn mark(&self, text: &str) -> String {
        blake3::keyed_hash(&self.comparing, text.as_bytes()).to_hex().to_string()
    }

    /// A value, sealed for a reference of an account.
    pub(crate) fn seal(&self, reference: &str, account: &str, value: &Secret) -> String {
        let hash = hash(&self.counting, account, value.expose());
        let nonce = nonce(&hash.as_bytes()[..NONCE]);
        let bound = bound(reference, account);
        let payload = Payload { msg: value.expose().as_bytes(), aad: bound.as_bytes() };
        let sealed =
            self.cipher.encrypt(&nonce, payload).expect("the value is shorter than 256 GiB");
        let all = [nonce.as_slice(), &sealed].concat();
        format!("{VERSION}{}", BASE64_STANDARD.encode(all))
    }

    /// What was sealed; absent if this key, reference and account do not open it.
    pub(crate) fn open(&self, reference: &str, account: &str, sealed: &str) -> Option<Secret> {
        let bytes = BASE64_STANDARD.decode(sealed.strip_prefix(VERSION)?).ok()?;
        let (front, rest) = bytes.split_at_checked(NONCE)?;
        let bound = bound(reference, account);
        let payload = Payload { msg: rest, aad: bound.as_bytes() };
        let value = self.cipher.decrypt(&nonce(front), payload).ok()?;
        String::from_utf8(value).ok().map(Secret::new)
    }

    /// The sealed text of the check row.
    pub(crate) fn check(&self) -> String {
        self.seal(CHECK, "", &Secret::new(CHECK_VALUE))
    }

    /// Whether this key opens the check row.
    pub(crate) fn opens_check(&self, sealed: &str) -> bool {
        self.open(CHECK, "", sealed).is_some_and(|value| value.expose() == CHECK_VALUE)
    }
}

fn hash(key: &[u8; 32], account: &str, value: &str) -> blake3::Hash {
    let mut hasher = blake3::Hasher::new_keyed(key);
    hasher.update(account.as_bytes()).update(&[0]).update(value.as_bytes());
    hasher.finalize()
}

/// What a sealed value is bound to, so that it cannot be moved to another row.
fn bound(reference: &str, account: &str) -> String {
    format!("{reference}\0{account}")
}

fn nonce(bytes: &[u8]) -> XNonce {
    XNonce::try_from(bytes).expect("24 bytes")
}

#[cfg(test)]
mod tests {
    use host_core::secret::Secret;
    use zeroize::Zeroizing;

    use super::Sealer;

    fn sealer(byte: u8) -> Sealer {
        Sealer::new(&Zeroizing::new([byte; 32]))
    }

    #[test]
    fn what_was_sealed_opens_again_and_only_where_it_belongs() {
        let value = Secret::new("TOKEN-1");
        let reference = sealer(1).reference("eu-1", &value);
        let sealed = sealer(1).seal(&reference, "eu-1", &value);
        assert_eq!(sealer(1).open(&reference, "eu-1", &sealed), Some(value));
        assert_eq!(sealer(2).open(&reference, "eu-1", &sealed), None, "another key");
        assert_eq!(sealer(1).open(&reference, "eu-2", &sealed), None, "another account");
        assert_eq!(sealer(1).open("secret://swingbridge/x", "eu-1", &sealed), None, "another row");
        assert_eq!(sealer(1).open(&reference, "eu-1", "1:AAAA"), None, "too short");
    }

    #[test]
    fn a_reference_says_nothing_of_the_value_and_is_the_accounts_own() {
        let of = |byte, account, value: &str| sealer(byte).reference(account, &Secret::new(value));
        assert_eq!(of(1, "a", "v"), of(1, "a", "v"));
        assert_ne!(of(1, "a", "v"), of(1, "b", "v"));
        assert_ne!(of(1, "a", "v"), of(1, "a", "w"));
        assert_ne!(of(1, "a", "v"), of(2, "a", "v"), "without the key nobody can try values");
        assert_eq!(of(1, "a", "v").len(), "secret://swingbridge/".len() + 32);
    }

    #[test]
    fn a_key_is_recognised_by_the_check_row() {
        assert!(sealer(1).opens_check(&sealer(1).check()));
        assert!(!sealer(2).opens_check(&sealer(1).check()));
    }
}
