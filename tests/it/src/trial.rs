//! Trials of modules: the shipped scenarios, what a broken scenario says, what a changed rule does to recorded calls.

mod broken;
mod policies;
mod replays;
mod shipped;

use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use host_core::port::lifecycle::Lifecycle;
use host_trial::report::{FileReport, human};
use host_trial::suite::{Source, Suite};
use host_trial::{Kit, Modules};

/// Components by path, as they are.
#[derive(Debug)]
struct Files;

impl Modules for Files {
    fn bytes(&self, path: &Path) -> Result<Vec<u8>, String> {
        std::fs::read(path).map_err(|error| format!("{}: {error}", path.display()))
    }
}

/// One engine for all tests, with the built-in lifecycle.
fn kit() -> &'static (Kit, Arc<dyn Lifecycle>) {
    static KIT: OnceLock<(Kit, Arc<dyn Lifecycle>)> = OnceLock::new();
    KIT.get_or_init(|| {
        let kit = Kit::new(Arc::new(Files)).expect("an engine");
        let lifecycle = kit.lifecycle(host::LIFECYCLE.to_vec()).expect("it is taken");
        (kit, Arc::new(lifecycle))
    })
}

fn suite(seed: u64) -> Suite<'static> {
    let (kit, lifecycle) = kit();
    Suite {
        kit,
        lifecycle: Arc::clone(lifecycle),
        policy: None,
        filter: None,
        seed,
        command: "swingbridge test".into(),
    }
}

fn source(text: &str) -> Source {
    Source { path: PathBuf::from("some.yaml"), text: text.to_owned() }
}

/// What comes of one file.
fn told(text: &str) -> FileReport {
    let mut report = suite(1).run(&[source(text)], |_| {});
    report.files.pop().expect("one file")
}

/// What a person reads of it, without colours.
fn said(text: &str) -> String {
    let report = told(text);
    let said = human::file(&report, "swingbridge test");
    let mut plain = String::new();
    let mut rest = said.chars();
    while let Some(letter) = rest.next() {
        if letter == '\u{1b}' {
            rest.by_ref().find(char::is_ascii_alphabetic);
        } else {
            plain.push(letter);
        }
    }
    plain
}
