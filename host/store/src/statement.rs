//! A statement on its way: its text with `?` placeholders, and what is bound to them.
//!
//! Lists have few lengths, so that the databases' caches of prepared statements do not fill (`spec/database.md`).

use std::borrow::Cow;

use crate::value::Value;

/// The marker of a list in a statement's text; [`Statement::list`] makes placeholders of it.
pub(crate) const LIST: &str = "?*";

/// The lengths that lists are filled up to, by repeating their last element.
const LENGTHS: [usize; 4] = [1, 16, 128, 500];

/// A statement with its values.
#[derive(Debug, Clone)]
pub(crate) struct Statement {
    /// With `?` for each value.
    pub(crate) text: Cow<'static, str>,
    /// What is bound, in the order of the placeholders.
    pub(crate) values: Vec<Value>,
    /// Whether the connection should keep it prepared.
    pub(crate) keep: bool,
}

impl Statement {
    /// A statement of [`crate::sql`].
    pub(crate) fn new(text: &'static str) -> Self {
        Self { text: Cow::Borrowed(text), values: Vec::new(), keep: true }
    }

    /// A statement that changes the schema: run once, and never prepared.
    pub(crate) fn schema(text: &'static str) -> Self {
        Self { text: Cow::Borrowed(text), values: Vec::new(), keep: false }
    }

    /// A statement that was put together.
    pub(crate) fn made(text: String, values: Vec<Value>, keep: bool) -> Self {
        Self { text: Cow::Owned(text), values, keep }
    }

    /// The same with more text behind it.
    pub(crate) fn and(mut self, more: &'static str) -> Self {
        self.text.to_mut().push_str(more);
        self
    }

    /// Binds the next placeholder.
    pub(crate) fn bind(mut self, value: impl Into<Value>) -> Self {
        self.values.push(value.into());
        self
    }

    /// Binds the next list.
    pub(crate) fn list(mut self, list: impl IntoIterator<Item = impl Into<Value>>) -> Self {
        let before = self.values.len();
        self.values.extend(list.into_iter().map(Into::into));
        let (length, keep) = filled(self.values.len() - before);
        if let Some(last) = self.values.last().cloned() {
            self.values.resize(before + length, last);
        }
        self.keep &= keep;
        let text = self.text.replacen(LIST, &placeholders(length), 1);
        self.text = Cow::Owned(text);
        self
    }
}

/// The length that a list of this length is filled up to, and whether it is worth keeping a statement of it. A list
/// longer than the longest stays as it is, and its statement is not kept.
pub(crate) fn filled(length: usize) -> (usize, bool) {
    LENGTHS.iter().find(|each| **each >= length).map_or((length, false), |each| (*each, true))
}

/// The length of pieces for a list of this length that may have so many elements at most: all of it, or the longest
/// usual length below, but no less than 128.
pub(crate) fn shorter(length: usize, most: usize) -> usize {
    if filled(length).0 <= most {
        return length;
    }
    LENGTHS
        .iter()
        .rev()
        .find(|each| **each <= most)
        .map_or(LENGTHS[2], |each| (*each).max(LENGTHS[2]))
}

/// `?, ?, ?`
pub(crate) fn placeholders(length: usize) -> String {
    let mut text = "?, ".repeat(length);
    text.truncate(text.len().saturating_sub(2));
    text
}

#[cfg(test)]
mod tests {
    use super::{Statement, Value, shorter};

    #[test]
    fn a_list_is_filled_up_with_its_last_element() {
        let names = (0..17).map(|n| n.to_string());
        let made =
            Statement::new("a = ? AND b IN (?*) AND c = ?").bind("x").list(names).bind(7_u64);
        assert_eq!(made.text.matches('?').count(), 130);
        assert_eq!(made.values.len(), 130);
        assert_eq!(made.values[17], Value::from("16"));
        assert_eq!(made.values[128], Value::from("16"));
        assert_eq!(made.values[129], Value::from(7_u64));
        assert!(made.keep);
    }

    #[test]
    fn a_list_is_cut_where_a_statement_would_have_too_many_branches() {
        assert_eq!(shorter(500, 500), 500);
        assert_eq!(shorter(499, 499), 128, "it would be filled up to 500");
        assert_eq!(shorter(500, 300), 128);
        assert_eq!(shorter(500, 10), 128);
        assert_eq!(shorter(100, 128), 100);
    }

    #[test]
    fn a_list_longer_than_the_longest_is_not_kept() {
        let made = Statement::new("a IN (?*)").list((0..501).map(|n| n.to_string()));
        assert_eq!(made.values.len(), 501);
        assert!(!made.keep);
    }
}
