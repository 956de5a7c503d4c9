//! The files of the repository, and what can be told from their names and plain text.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Component, Path, PathBuf};
use std::process::Command;

use tests_xtask::workspace::root;

/// What may stand at the top, apart from dot-files.
const TOP: &[&str] = &[
    "ARCHITECTURE.md",
    "CONTRIBUTING.md",
    "Cargo.lock",
    "Cargo.toml",
    "LICENSE",
    "README.md",
    "guest",
    "host",
    "proto",
    "rust-toolchain.toml",
    "tests",
    "wit",
];

/// A text file, by its path below the top.
#[derive(Debug, Clone)]
pub(crate) struct Text {
    pub(crate) path: PathBuf,
    pub(crate) text: String,
}

impl Text {
    /// Whether a program wrote it.
    pub(crate) fn generated(&self) -> bool {
        self.path.components().any(|part| part == Component::Normal("gen".as_ref()))
            || self
                .path
                .extension()
                .is_some_and(|extension| extension == "lock" || extension == "snap")
    }

    /// Whether it lies below a folder.
    pub(crate) fn below(&self, folder: &str) -> bool {
        self.path.starts_with(folder)
    }

    /// Whether it is Rust.
    pub(crate) fn rust(&self) -> bool {
        self.path.extension().is_some_and(|extension| extension == "rs")
    }
}

/// Every text file that is, or would be, under version control. What is not text is left out.
pub(crate) fn repository() -> Vec<Text> {
    let output = Command::new("git")
        .args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"])
        .current_dir(root())
        .output()
        .expect("git lists the files");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let files: Vec<Text> = String::from_utf8(output.stdout)
        .expect("paths are UTF-8")
        .split_terminator('\0')
        .filter_map(|path| {
            let text = std::fs::read_to_string(root().join(path)).ok()?;
            Some(Text { path: path.into(), text })
        })
        .collect();
    assert!(files.len() > 50, "the repository cannot have only {} files", files.len());
    files
}

/// Entries at the top that have no place there.
pub(crate) fn strangers_at_the_top(files: &[Text]) -> Vec<String> {
    let top: BTreeSet<String> = files
        .iter()
        .filter_map(|file| file.path.components().next())
        .map(|first| first.as_os_str().to_string_lossy().into_owned())
        .collect();
    top.into_iter()
        .filter(|name| !name.starts_with('.') && !TOP.contains(&name.as_str()))
        .map(|name| {
            format!("{name} has no place at the top; what is allowed there stands in tidy/files.rs")
        })
        .collect()
}

/// Lines that only make sense on one machine, or that bind everybody to one registry.
pub(crate) fn machine_names(files: &[Text]) -> Vec<String> {
    let own = [root().parent().map(Path::to_owned), std::env::home_dir()];
    let mut words: Vec<String> = own
        .into_iter()
        .flatten()
        .filter(|path| path.components().count() > 1)
        .map(|path| format!("{}/", path.display()))
        .collect();
    words.extend(
        [concat!("/ho", "me/"), concat!("/ro", "ot/"), concat!("/Use", "rs/")].map(str::to_owned),
    );
    words.extend(
        [
            concat!("index.", "crates.io"),
            concat!("static.", "crates.io"),
            concat!("registry.", "npmjs.org"),
            concat!("pypi.", "org/simple"),
            concat!("proxy.", "golang.org"),
            concat!("deb.", "debian.org"),
        ]
        .map(str::to_owned),
    );
    let mut faults = Vec::new();
    // The lock file names the registry of every package by cargo's own rule.
    for file in files.iter().filter(|file| !file.path.ends_with("Cargo.lock")) {
        for (number, line) in file.text.lines().enumerate() {
            if let Some(word) = words.iter().find(|word| line.contains(word.as_str())) {
                faults.push(format!("{}:{} names {word}", file.path.display(), number + 1));
            }
        }
    }
    faults
}

/// Migrations that one dialect has and another lacks.
pub(crate) fn uneven_migrations(files: &[Text]) -> Vec<String> {
    let dialects = migrations(files);
    let all: BTreeSet<&String> = dialects.values().flatten().collect();
    let mut faults = Vec::new();
    for (dialect, names) in &dialects {
        for missing in all.iter().filter(|name| !names.contains(**name)) {
            faults.push(format!("the migration {missing} is missing for {dialect}"));
        }
    }
    faults
}

/// Dialects whose numbers do not count 1, 2, 3.
pub(crate) fn migration_gaps(files: &[Text]) -> Vec<String> {
    migrations(files)
        .into_iter()
        .filter_map(|(dialect, names)| {
            let numbers: Vec<Option<usize>> =
                names.iter().map(|name| name.split('_').next()?.parse().ok()).collect();
            let wanted: Vec<Option<usize>> = (1..=numbers.len()).map(Some).collect();
            (numbers != wanted)
                .then(|| format!("the migrations of {dialect} are numbered {numbers:?}"))
        })
        .collect()
}

/// File names by dialect.
fn migrations(files: &[Text]) -> BTreeMap<String, BTreeSet<String>> {
    let mut dialects: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for file in files.iter().filter(|file| file.path.extension().is_some_and(|kind| kind == "sql"))
    {
        let Ok(inside) = file.path.strip_prefix("host/store/migrations") else { continue };
        if let (Some(dialect), Some(name)) = (inside.parent(), inside.file_name()) {
            dialects
                .entry(dialect.display().to_string())
                .or_default()
                .insert(name.to_string_lossy().into_owned());
        }
    }
    dialects
}
