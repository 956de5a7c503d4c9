//! The workspace's rooms and what each depends on directly, whatever the kind: normal, for tests, or to build.

use std::collections::{BTreeMap, BTreeSet};

use cargo_metadata::{CargoOpt, Dependency, DependencyKind, MetadataCommand};
use tests_xtask::workspace::root;

/// What a room's own tests may stand on, and nothing else of it: it knows nothing of the bridge.
const FOR_TESTS: &str = "tests-databases";

/// Package by package: the packages that it names, ours and others'.
#[derive(Debug, Clone)]
pub(crate) struct House {
    rooms: BTreeMap<String, BTreeSet<String>>,
}

impl House {
    /// As cargo reads it now. The manifests alone say it, so nothing is downloaded.
    pub(crate) fn of_this_workspace() -> Self {
        let metadata = MetadataCommand::new()
            .manifest_path(root().join("Cargo.toml"))
            .no_deps()
            .other_options(vec!["--offline".to_owned()])
            .features(CargoOpt::AllFeatures)
            .exec()
            .expect("cargo reads the workspace");
        let rooms = metadata
            .workspace_packages()
            .into_iter()
            .map(|package| {
                let for_tests = |known: &&Dependency| {
                    known.kind == DependencyKind::Development && known.name == FOR_TESTS
                };
                let known = package.dependencies.iter().filter(|known| !for_tests(known));
                let known = known.map(|known| known.name.clone()).collect();
                (package.name.to_string(), known)
            })
            .collect();
        Self { rooms }
    }

    /// Every room with what it knows.
    pub(crate) fn rooms(&self) -> impl Iterator<Item = (&str, &BTreeSet<String>)> {
        self.rooms.iter().map(|(room, known)| (room.as_str(), known))
    }

    /// Whether a package is one of ours.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.rooms.contains_key(name)
    }

    /// Adds a dependency, as somebody might by mistake.
    pub(crate) fn plant(&mut self, room: &str, other: &str) {
        self.rooms.entry(room.to_owned()).or_default().insert(other.to_owned());
    }

    /// Takes a room away.
    pub(crate) fn demolish(&mut self, room: &str) {
        self.rooms.remove(room);
    }
}
