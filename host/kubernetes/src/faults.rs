//! What can go wrong on the way to a cluster, as sentences: what was tried, what came of it, what to do. None has a
//! secret in it, nor anything that a server said in its own words: a server could say back what it was told.

use host_agent::{Code, Refusal};

/// The result of everything that can be refused.
pub(crate) type Outcome<T> = Result<T, Refusal>;

/// The definition or its kubeconfig has to be mended.
pub(crate) fn invalid(text: impl Into<String>) -> Refusal {
    Refusal::new(Code::InvalidKubeconfig, text)
}

/// The API server, or the way to it, has to be mended.
pub(crate) fn unreachable(text: impl Into<String>) -> Refusal {
    Refusal::new(Code::Unreachable, text)
}

/// The credentials have to be mended, or what they allow.
pub(crate) fn unauthorized(text: impl Into<String>) -> Refusal {
    Refusal::new(Code::Unauthorized, text)
}

/// It took too long.
pub(crate) fn timeout(text: impl Into<String>) -> Refusal {
    Refusal::new(Code::Timeout, text)
}

/// What somebody else wrote, fit to stand in a sentence: one line, of a bounded length.
pub(crate) fn shown(text: &str) -> String {
    const LONGEST: usize = 80;
    let line: String = text
        .chars()
        .take(LONGEST)
        .map(|letter| if letter.is_control() { ' ' } else { letter })
        .collect();
    if text.chars().nth(LONGEST).is_some() { format!("{line}…") } else { line }
}

/// Names in a sentence: the first few, and how many more there are.
pub(crate) fn some_of<'a>(names: impl ExactSizeIterator<Item = &'a str>) -> String {
    const FEW: usize = 10;
    let all = names.len();
    let few: Vec<String> = names.take(FEW).map(shown).collect();
    match all {
        0 => "none".to_owned(),
        all if all > FEW => format!("{} and {} more", few.join(", "), all - FEW),
        _ => few.join(", "),
    }
}

/// The kind of an operating system's error, in its own words and without a path.
pub(crate) fn kind(error: &std::io::Error) -> String {
    error.kind().to_string()
}

#[cfg(test)]
mod tests {
    use super::{shown, some_of};

    #[test]
    fn what_others_wrote_stays_on_its_line_and_in_its_bounds() {
        assert_eq!(shown("a\nb\u{1b}[31m"), "a b [31m");
        assert_eq!(shown(&"x".repeat(500)).chars().count(), 81);
        let names: Vec<String> = (0..12).map(|n| format!("c{n}")).collect();
        let told = some_of(names.iter().map(String::as_str));
        assert_eq!(told, "c0, c1, c2, c3, c4, c5, c6, c7, c8, c9 and 2 more");
        assert_eq!(some_of([].into_iter()), "none");
    }
}
