//! The names in a body: each once, each possible. What cannot be is refused here, before anyone is asked about it.

use std::collections::{HashMap, HashSet};

use host_core::event::Refused;
use host_core::name::{self, NAME_MAX};
use host_core::request::{ItemOutcome, RequestItem};

use crate::fields::refused;
use crate::problem::Problem;
use crate::refusal::{self, Conflicts, EXISTS, NAME};

/// An account that a body names, with what is asked for it or why that cannot be.
pub(crate) type Named<T> = (String, Result<T, Refused>);

/// What a body names, sorted.
#[derive(Debug)]
pub(crate) struct Sorted<T> {
    /// To be asked about.
    pub(crate) taken: Vec<(String, T)>,
    /// Refused, with the name to show.
    pub(crate) refused: Vec<(String, Refused)>,
}

/// Sorts what a body names. Names are compared in Unicode's NFC.
///
/// # Errors
/// A problem if a name stands there twice, or if nothing is left to be asked.
pub(crate) fn sort<T>(items: Vec<Named<T>>, conflicts: Conflicts) -> Result<Sorted<T>, Problem> {
    let mut seen = HashSet::new();
    let mut folded: HashMap<String, String> = HashMap::new();
    let mut sorted = Sorted { taken: Vec::new(), refused: Vec::new() };
    for (text, wanted) in items {
        let checked = name::check(&text);
        let shown = checked.clone().unwrap_or_else(|_| show(&text));
        if !seen.insert(shown.clone()) {
            return Err(Problem::body(format!("{shown} is named twice; name each account once")));
        }
        let verdict = match checked {
            Err(bad) => Err(refused(NAME, &bad.to_string())),
            Ok(_) => wanted,
        };
        match verdict {
            Err(refusal) => sorted.refused.push((shown, refusal)),
            Ok(wanted) => match twin(&mut folded, &shown, conflicts) {
                Some(reason) => sorted.refused.push((shown, refused(EXISTS, &reason))),
                None => sorted.taken.push((shown, wanted)),
            },
        }
    }
    if sorted.taken.is_empty() {
        return Err(none_left(sorted.refused));
    }
    Ok(sorted)
}

/// Where accounts are taken in, the second of two names that differ only by case finds the first in its way.
fn twin(folded: &mut HashMap<String, String>, name: &str, conflicts: Conflicts) -> Option<String> {
    if conflicts == Conflicts::Listed {
        return None;
    }
    let first = folded.insert(name::fold(name), name.to_owned())?;
    Some(format!("the name differs only by case from {first}, which stands in the same request"))
}

fn none_left(refused: Vec<(String, Refused)>) -> Problem {
    let items: Vec<RequestItem> = refused
        .into_iter()
        .map(|(name, refused)| RequestItem {
            name,
            outcome: ItemOutcome::Refused(refused),
            state: None,
        })
        .collect();
    refusal::problem(&items, Conflicts::Listed)
        .unwrap_or_else(|| Problem::body("the body names no account"))
}

/// A text that is no name, so that it can be shown and kept: without control characters, and cut.
fn show(text: &str) -> String {
    let plain = text.chars().flat_map(|character| {
        let escaped: Vec<char> = if character.is_control() {
            character.escape_unicode().collect()
        } else {
            vec![character]
        };
        escaped
    });
    let mut shown: String = plain.take(NAME_MAX).collect();
    if text.chars().count() > NAME_MAX {
        shown.pop();
        shown.push('…');
    }
    shown
}
