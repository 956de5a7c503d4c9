//! Writes what came in the place of what was expected: nothing else of a file changes, comments stay.

use super::read;
use super::told::{Mismatch, Told};

/// The file's text with what came; nothing, if there is nothing to be written, or nothing that could be read
/// again.
#[must_use]
pub fn blessed(text: &str, told: &Told) -> Option<String> {
    let mut edits: Vec<(usize, usize, &str)> = Vec::new();
    for mismatch in told.failures.iter().flat_map(|failure| &failure.mismatches) {
        let Mismatch { place, bless: Some(bless), .. } = mismatch else { continue };
        let fits = place.start < place.end && text.get(place.start..place.end).is_some();
        let alone = edits.iter().all(|(start, end, _)| place.end <= *start || *end <= place.start);
        if fits && alone {
            edits.push((place.start, place.end, bless));
        }
    }
    edits.sort_unstable_by_key(|(start, _, _)| std::cmp::Reverse(*start));
    let mut blessed = text.to_owned();
    for (start, end, bless) in &edits {
        // A block list ends with its last entry: what takes its place stands on the key's line or below it all the same.
        blessed.replace_range(*start..*end, bless);
    }
    // Whatever was not thought of here: a file that cannot be read any more is not written.
    (!edits.is_empty() && read::read(&blessed).is_ok()).then_some(blessed)
}
