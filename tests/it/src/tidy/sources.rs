//! What can be told from Rust files without understanding them.

use super::files::Text;

/// The most lines that a file may have: one idea each.
const LINES_MAX: usize = 600;

/// Crates whose types would carry their library through a port. What only derives something is fine.
const NOT_IN_PORTS: &[&str] = &[
    "axum",
    "bytes",
    "chrono",
    "figment",
    "futures",
    "http",
    "hyper",
    "prost",
    "reqwest",
    "serde_json",
    "sqlx",
    "tokio",
    "tokio_stream",
    "tonic",
    "tower",
    "tracing",
    "ulid",
    "url",
    "uuid",
    "wasmtime",
];

/// Files that begin without a sentence about themselves.
pub(crate) fn without_a_first_line(files: &[Text]) -> Vec<String> {
    written(files)
        .filter(|file| {
            let first = file.text.lines().next().unwrap_or_default();
            first.strip_prefix("//! ").is_none_or(|sentence| sentence.trim().is_empty())
        })
        .map(|file| {
            format!("{} does not begin with `//! ` and what it is for", file.path.display())
        })
        .collect()
}

/// Files that hold more than one idea, going by their length.
pub(crate) fn too_long(files: &[Text]) -> Vec<String> {
    written(files)
        .map(|file| (file, file.text.lines().count()))
        .filter(|(_, lines)| *lines > LINES_MAX)
        .map(|(file, lines)| {
            format!("{} has {lines} lines, more than {LINES_MAX}", file.path.display())
        })
        .collect()
}

/// Ports that name a library.
pub(crate) fn libraries_in_ports(files: &[Text]) -> Vec<String> {
    let mut faults = Vec::new();
    for file in written(files).filter(|file| file.below("host/core/src/port")) {
        for (number, line) in file.text.lines().enumerate() {
            let code = line.split("//").next().unwrap_or_default();
            if let Some(library) = NOT_IN_PORTS.iter().find(|library| names(code, library)) {
                faults.push(format!(
                    "{}:{} lets {library} into a port; say it in our own words",
                    file.path.display(),
                    number + 1
                ));
            }
        }
    }
    faults
}

/// Places in what ships where something real is still to come.
pub(crate) fn stand_ins(files: &[Text]) -> Vec<String> {
    let words = [
        concat!("to", "do!"),
        concat!("unimplemented", "!"),
        concat!("TO", "DO"),
        concat!("FIX", "ME"),
        concat!("HA", "CK"),
        concat!("db", "g!("),
    ];
    lines_with(
        written(files).filter(|file| !file.below("tests")),
        &words,
        "stands for something that is not there",
    )
}

/// Tests that do not run.
pub(crate) fn switched_off(files: &[Text]) -> Vec<String> {
    lines_with(
        written(files),
        &[concat!("#[ig", "nore]")],
        "switches a test off and says no reason",
    )
}

fn lines_with<'a>(
    files: impl Iterator<Item = &'a Text>,
    words: &[&str],
    what: &str,
) -> Vec<String> {
    let mut faults = Vec::new();
    for file in files {
        for (number, line) in file.text.lines().enumerate() {
            if let Some(word) = words.iter().find(|word| line.contains(**word)) {
                faults.push(format!("{}:{}: {word} {what}", file.path.display(), number + 1));
            }
        }
    }
    faults
}

/// The Rust files that people write.
fn written(files: &[Text]) -> impl Iterator<Item = &Text> {
    files.iter().filter(|file| file.rust() && !file.generated())
}

/// Whether code names a crate: `sqlx::…` or `use sqlx;`, not `my_sqlx::…`.
fn names(code: &str, library: &str) -> bool {
    code.match_indices(library).any(|(at, _)| {
        let before = code[..at].chars().next_back();
        let after = &code[at + library.len()..];
        before.is_none_or(|letter| !letter.is_alphanumeric() && letter != '_' && letter != ':')
            && (after.starts_with("::")
                || code.trim_start().starts_with("use ") && after.starts_with(';'))
    })
}
