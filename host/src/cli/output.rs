//! What the client writes: JSON for programs, aligned columns for people. Standard output carries answers, standard
//! error everything else.

use std::io::{self, Write as _};

use anyhow::{Context, Result};
use host_core::clock::iso8601;
use serde_json::Value as Json;

/// Writes text to standard output. A reader that has seen enough (`| head`) is no error.
pub(crate) fn write(text: &str) -> Result<()> {
    let mut out = io::stdout().lock();
    let written = out
        .write_all(text.as_bytes())
        .and_then(|()| if text.ends_with('\n') { Ok(()) } else { out.write_all(b"\n") });
    match written.and_then(|()| out.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        other => other.context("standard output cannot be written"),
    }
}

/// Writes text with colours to standard output; where that is no terminal, without them.
pub(crate) fn write_styled(text: &str) -> Result<()> {
    let mut out = anstream::AutoStream::auto(io::stdout().lock());
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        other => other.context("standard output cannot be written"),
    }
}

/// Writes JSON to standard output, for people to read too.
pub(crate) fn write_json(value: &Json) -> Result<()> {
    write(&serde_json::to_string_pretty(value).context("the answer cannot be written as JSON")?)
}

/// Writes to standard error what could not be done.
pub(crate) fn complain(text: &str) {
    // Nobody is left to tell if standard error is gone.
    let _gone = writeln!(io::stderr().lock(), "swingbridge: {text}");
}

/// Writes a line to standard error for whoever waits.
pub(crate) fn say(text: &str) {
    // As above.
    let _gone = writeln!(io::stderr().lock(), "{text}");
}

/// Columns under headings, each as wide as its widest cell; the last is left ragged.
pub(crate) fn table(headings: &[&str], rows: &[Vec<String>]) -> String {
    let mut widths: Vec<usize> = headings.iter().map(|heading| heading.chars().count()).collect();
    for row in rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let line = |cells: &mut dyn Iterator<Item = &str>| {
        let padded: Vec<String> =
            cells.zip(&widths).map(|(cell, width)| format!("{cell:width$}")).collect();
        format!("{}\n", padded.join("  ").trim_end())
    };
    let mut text = line(&mut headings.iter().copied());
    for row in rows {
        text.push_str(&line(&mut row.iter().map(String::as_str)));
    }
    text
}

/// A member of an object as a cell: empty if it is absent, a text without quotes.
pub(crate) fn cell(object: &Json, member: &str) -> String {
    match object.get(member) {
        None | Some(Json::Null) => String::new(),
        Some(Json::String(text)) => one_line(text),
        Some(other) => other.to_string(),
    }
}

/// A member in milliseconds as a time.
pub(crate) fn time(object: &Json, member: &str) -> String {
    object.get(member).and_then(Json::as_u64).map(iso8601).unwrap_or_default()
}

/// A text that stays in its cell.
pub(crate) fn one_line(text: &str) -> String {
    text.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_aligned_in_any_script() {
        let rows = [
            vec!["一二".to_owned(), "ACTIVE".to_owned()],
            vec!["eu-1".to_owned(), "FAILED".to_owned()],
        ];
        assert_eq!(table(&["NAME", "STATE"], &rows), "NAME  STATE\n一二    ACTIVE\neu-1  FAILED\n");
    }

    #[test]
    fn what_an_agent_said_cannot_break_a_line() {
        let object = serde_json::json!({ "text": "a\nb\u{1b}[31m" });
        assert_eq!(cell(&object, "text"), "a b [31m");
    }
}
