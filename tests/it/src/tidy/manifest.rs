//! The manifests: one place for versions, in an order in which one finds them.

use super::files::Text;

/// Blocks of `[workspace.dependencies]` whose lines are not in order. A comment or an empty line begins a new block.
pub(crate) fn unsorted(files: &[Text]) -> Vec<String> {
    let mut faults = Vec::new();
    for file in files.iter().filter(|file| file.path.as_os_str() == "Cargo.toml") {
        let mut previous = "";
        for line in section(&file.text, "[workspace.dependencies]") {
            let name = line.split([' ', '=', '.']).next().unwrap_or_default();
            if name.is_empty() || name.starts_with('#') {
                previous = "";
                continue;
            }
            if name < previous {
                faults.push(format!("Cargo.toml: {name} stands behind {previous}"));
            }
            previous = name;
        }
    }
    faults
}

/// Dependencies of a room that bring a version of their own.
pub(crate) fn own_versions(files: &[Text]) -> Vec<String> {
    let mut faults = Vec::new();
    for file in files
        .iter()
        .filter(|file| file.path.ends_with("Cargo.toml") && file.path.as_os_str() != "Cargo.toml")
    {
        for heading in ["[dependencies]", "[dev-dependencies]", "[build-dependencies]"] {
            for line in section(&file.text, heading) {
                let ours = line.is_empty()
                    || line.starts_with('#')
                    || line.contains(".workspace = true")
                    || line.contains("workspace = true }")
                    || line.contains("{ workspace = true");
                if !ours {
                    faults.push(format!(
                        "{}: `{line}` brings a version of its own; put it into the workspace's Cargo.toml",
                        file.path.display()
                    ));
                }
            }
        }
    }
    faults
}

/// The lines of a section of a manifest.
fn section<'a>(text: &'a str, heading: &str) -> impl Iterator<Item = &'a str> {
    text.lines()
        .map(str::trim)
        .skip_while(move |line| *line != heading)
        .skip(1)
        .take_while(|line| !line.starts_with('['))
}
