//! The key that secrets are sealed under: where it comes from.

use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use base64::prelude::{BASE64_STANDARD, Engine as _};
use host_core::secret::Secret;
use thiserror::Error;
use zeroize::Zeroizing;

/// The length of a key, in bytes.
const LENGTH: usize = 32;

/// Where the key comes from.
#[derive(Debug, Clone, Default)]
pub enum KeySource {
    /// The file `secrets.key` beside the database, if that is a file; made at the first start.
    #[default]
    Beside,
    /// This file; made at the first start.
    File(PathBuf),
    /// The key itself, as base64 or 64 hexadecimal digits: replicas share one.
    Given(Secret),
}

/// Why there is no key. Never says what is in one.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum KeyError {
    /// The file cannot be read or made.
    #[error("the key of the secrets cannot be kept in {}: {reason}", .path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// The database is a server, and no key was given.
    #[error(
        "the database is a server, which other bridges may share, so the key of the secrets has no place of its own: give \
         one as secrets.key, the same to every bridge. To make one: head -c 32 /dev/urandom | base64"
    )]
    NotGiven,
    /// There are secrets, and no key.
    #[error(
        "the database holds sealed secrets, and their key {} is not there; put it back, or give it as secrets.key. \
         Nothing was written", .0.display()
    )]
    Missing(PathBuf),
    /// It has another shape.
    #[error(
        "the key of the secrets is not 32 bytes as base64 or 64 hexadecimal digits (look at secrets.key)"
    )]
    Malformed,
    /// It is another one.
    #[error(
        "the key of the secrets does not open what the database holds; give the one that this database was made with \
         as secrets.key. Nothing was written"
    )]
    Wrong,
}

/// A key, overwritten in memory when it is dropped.
pub(crate) type Key = Zeroizing<[u8; LENGTH]>;

impl KeySource {
    /// The key. A file that is not there is made, unless there are secrets already.
    /// `beside` is where [`Self::Beside`] means; absent if the database is no file.
    pub(crate) fn key(&self, beside: Option<&Path>, has_secrets: bool) -> Result<Key, KeyError> {
        match self {
            Self::Beside => from_file(beside.ok_or(KeyError::NotGiven)?, has_secrets),
            Self::File(path) => from_file(path, has_secrets),
            Self::Given(text) => parse(text.expose()),
        }
    }
}

fn from_file(path: &Path, has_secrets: bool) -> Result<Key, KeyError> {
    let failed =
        |error: std::io::Error| KeyError::File { path: path.to_owned(), reason: error.to_string() };
    match std::fs::read_to_string(path) {
        Ok(text) => parse(&Zeroizing::new(text)),
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(failed(error)),
        Err(_) if has_secrets => Err(KeyError::Missing(path.to_owned())),
        Err(_) => make(path).map_err(failed),
    }
}

/// Makes a key and its file, which only its owner can read.
fn make(path: &Path) -> std::io::Result<Key> {
    let key: Key = Zeroizing::new(rand::random());
    let text = Zeroizing::new(BASE64_STANDARD.encode(*key));
    let mut file = std::fs::File::options().write(true).create_new(true).mode(0o600).open(path)?;
    writeln!(file, "{}", *text)?;
    file.sync_all()?;
    Ok(key)
}

fn parse(text: &str) -> Result<Key, KeyError> {
    let text = text.trim();
    let bytes =
        if text.len() == 2 * LENGTH { from_hex(text) } else { BASE64_STANDARD.decode(text).ok() };
    let bytes = Zeroizing::new(bytes.ok_or(KeyError::Malformed)?);
    let key: [u8; LENGTH] = bytes.as_slice().try_into().map_err(|_| KeyError::Malformed)?;
    Ok(Zeroizing::new(key))
}

fn from_hex(text: &str) -> Option<Vec<u8>> {
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|d| u8::try_from(d).ok());
    text.as_bytes().chunks(2).map(|two| Some(digit(two[0])? * 16 + digit(*two.get(1)?)?)).collect()
}

#[cfg(test)]
mod tests {
    use super::{KeyError, parse};

    #[test]
    fn a_key_is_base64_or_hexadecimal_and_32_bytes() {
        let hex = "00".repeat(31) + "ff";
        let base64 = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAP8=\n";
        assert_eq!(parse(&hex), parse(base64));
        assert_eq!(parse(&hex).map(|key| key[31]), Ok(255));
        for bad in ["", "AAAA", &"zz".repeat(32), &"00".repeat(33)] {
            assert_eq!(parse(bad), Err(KeyError::Malformed), "{bad:?}");
        }
    }
}
