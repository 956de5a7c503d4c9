//! Names of accounts: what may be one, and when two are too alike.

use thiserror::Error;
use unicode_normalization::{UnicodeNormalization, is_nfc};

/// The longest name, in characters (the width of Clouddriver's `accounts.id`).
pub const NAME_MAX: usize = 255;

/// Why a text cannot be the name of an account. The message is for the caller.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum BadName {
    /// Nothing, or only blanks.
    #[error("the name is empty")]
    Empty,
    /// Longer than [`NAME_MAX`].
    #[error("the name has {0} characters; at most {NAME_MAX} are allowed")]
    TooLong(usize),
    /// A blank at one of its ends: databases and people would take it for another name.
    #[error("the name begins or ends with a blank")]
    Blank,
    /// `..` would be read as a path.
    #[error("the name contains '..', which would be read as a path")]
    Path,
    /// A character that is neither a letter or digit of any script nor one of `. _ - : @`.
    #[error("the name contains {0:?}; letters, digits and . _ - : @ are allowed")]
    Character(char),
}

/// Checks a name at intake (`spec/http-api.md`, "How a request is answered") and answers it in Unicode's NFC.
///
/// # Errors
/// [`BadName`], with the first rule that the text breaks.
pub fn check(text: &str) -> Result<String, BadName> {
    if text.trim().is_empty() {
        return Err(BadName::Empty);
    }
    let name: String = if is_nfc(text) { text.to_owned() } else { text.nfc().collect() };
    let length = name.chars().count();
    if length > NAME_MAX {
        return Err(BadName::TooLong(length));
    }
    if name.trim() != name {
        return Err(BadName::Blank);
    }
    if name.contains("..") {
        return Err(BadName::Path);
    }
    match name.chars().find(|c| !allowed(*c)) {
        Some(character) => Err(BadName::Character(character)),
        None => Ok(name),
    }
}

fn allowed(character: char) -> bool {
    character.is_alphanumeric()
        || matches!(character, '.' | '_' | '-' | ':' | '@')
        || unicode_normalization::char::is_combining_mark(character)
}

/// What a name becomes when case is ignored. Two names that fold to the same text may not both exist.
#[must_use]
pub fn fold(name: &str) -> String {
    name.nfc().flat_map(char::to_lowercase).nfc().collect()
}

#[cfg(test)]
mod tests {
    use super::{BadName, check, fold};

    #[test]
    fn letters_of_any_script_and_the_allowed_signs_make_a_name() {
        for name in ["eu-1", "prod.eu_1:a@b", "кластер", "集群-1", "a", &"x".repeat(255)] {
            assert_eq!(check(name).as_deref(), Ok(name));
        }
    }

    #[test]
    fn what_could_not_be_reached_by_a_path_is_refused() {
        assert_eq!(check(""), Err(BadName::Empty));
        assert_eq!(check("  "), Err(BadName::Empty));
        assert_eq!(check(" a"), Err(BadName::Blank));
        assert_eq!(check("a\u{a0}"), Err(BadName::Blank));
        assert_eq!(check("a b"), Err(BadName::Character(' ')));
        assert_eq!(check("a/b"), Err(BadName::Character('/')));
        assert_eq!(check("a\\b"), Err(BadName::Character('\\')));
        assert_eq!(check("a..b"), Err(BadName::Path));
        assert_eq!(check("a\u{0}b"), Err(BadName::Character('\u{0}')));
        assert_eq!(check("a\u{202e}b"), Err(BadName::Character('\u{202e}')));
        assert_eq!(check(&"x".repeat(300)), Err(BadName::TooLong(300)));
    }

    #[test]
    fn composed_and_decomposed_spellings_are_one_name() {
        assert_eq!(check("e\u{301}u"), Ok("\u{e9}u".to_owned()));
    }

    #[test]
    fn names_that_differ_by_case_fold_together() {
        assert_eq!(fold("EU-Prod_A"), fold("eu-prod_a"));
        assert_ne!(fold("eu-1"), fold("eu-2"));
    }
}
