//! The one difference in the text of our statements: how a database writes a placeholder.

use std::borrow::Cow;

/// How placeholders are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Placeholders {
    /// `?`: SQLite, MySQL, MariaDB.
    Marks,
    /// `$1`, `$2`, …: PostgreSQL.
    Numbered,
}

impl Placeholders {
    /// A statement's text as the database wants it. Our statements hold no `?` in a literal; a test says so.
    #[must_use]
    pub fn write<'t>(self, text: &'t str) -> Cow<'t, str> {
        match self {
            Self::Marks => Cow::Borrowed(text),
            Self::Numbered => Cow::Owned(numbered(text)),
        }
    }
}

fn numbered(text: &str) -> String {
    let mut written = String::with_capacity(text.len() + 64);
    for (number, part) in text.split('?').enumerate() {
        if number > 0 {
            written.push('$');
            written.push_str(&number.to_string());
        }
        written.push_str(part);
    }
    written
}

#[cfg(test)]
mod tests {
    use super::Placeholders;

    #[test]
    fn marks_are_numbered_in_their_order() {
        let text = "UPDATE t SET a = ? WHERE b IN (?, ?) AND c = CASE d WHEN ? THEN ? END";
        assert_eq!(
            Placeholders::Numbered.write(text),
            "UPDATE t SET a = $1 WHERE b IN ($2, $3) AND c = CASE d WHEN $4 THEN $5 END"
        );
        assert_eq!(Placeholders::Marks.write(text), text);
        assert_eq!(Placeholders::Numbered.write("SELECT 1"), "SELECT 1");
    }
}
