//! The contract with guests: that it parses, and that every interface and world says since when it is there.

use std::path::Path;

use wit_parser::{Resolve, Stability};

/// What is wrong with the packages below a folder, one package per folder.
pub(crate) fn faults(folder: &Path) -> Vec<String> {
    let mut packages: Vec<_> = std::fs::read_dir(folder)
        .expect("the contract is there")
        .map(|entry| entry.expect("a readable folder").path())
        .filter(|path| path.is_dir())
        .collect();
    packages.sort();
    assert!(packages.len() >= 2, "there are two packages, lifecycle and policy");
    packages
        .iter()
        .flat_map(|package| {
            let mut resolve = Resolve::default();
            match resolve.push_dir(package) {
                Ok(_) => undated(&resolve),
                Err(error) => vec![format!("{}: {error:#}", package.display())],
            }
        })
        .collect()
}

/// The same for one text.
pub(crate) fn faults_of_text(name: &str, text: &str) -> Vec<String> {
    let mut resolve = Resolve::default();
    match resolve.push_str(name, text) {
        Ok(_) => undated(&resolve),
        Err(error) => vec![format!("{name}: {error:#}")],
    }
}

fn undated(resolve: &Resolve) -> Vec<String> {
    let interfaces = resolve.interfaces.iter().map(|(_, interface)| {
        (
            interface.name.clone().unwrap_or_default(),
            &interface.stability,
            interface.docs.contents.is_some(),
        )
    });
    let worlds = resolve
        .worlds
        .iter()
        .map(|(_, world)| (world.name.clone(), &world.stability, world.docs.contents.is_some()));
    interfaces
        .chain(worlds)
        .filter_map(|(name, stability, documented)| match stability {
            Stability::Stable { .. } if documented => None,
            Stability::Stable { .. } => Some(format!("{name} does not say what it is for")),
            Stability::Unstable { .. } | Stability::Unknown => {
                Some(format!("{name} does not say @since which version"))
            }
        })
        .collect()
}
