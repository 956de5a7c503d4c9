//! Whether a component is still what its sources make: a digest of these, and of it, is noted beside it.
//!
//! For languages whose tools build everything again each time. Too much counts as a source rather than too little.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

/// Folders at the top of a project that are no sources; beside these, everything whose name begins with a dot, and what
/// Python keeps of its modules.
const NO_SOURCES: [&str; 4] = ["build", "node_modules", "scenarios", "target"];

/// What a component was built from.
#[derive(Debug)]
pub(super) struct Inputs {
    digest: String,
    note: PathBuf,
    component: PathBuf,
}

impl Inputs {
    /// Reads everything in a project's folder that may be a source. `how` is what else the component depends on.
    ///
    /// # Errors
    /// What cannot be read.
    pub(super) fn read(folder: &Path, component: &Path, how: &[&str]) -> Result<Self> {
        let mut hasher = blake3::Hasher::new();
        for word in how {
            add(&mut hasher, word.as_bytes());
        }
        for file in sources(folder)? {
            let name = file.strip_prefix(folder).unwrap_or(&file);
            add(&mut hasher, name.as_os_str().as_encoded_bytes());
            add(&mut hasher, &read(&file)?);
        }
        Ok(Self {
            digest: hasher.finalize().to_hex().to_string(),
            note: component.with_added_extension("inputs"),
            component: component.to_owned(),
        })
    }

    /// Whether the component that is there was built from these, and is as it was then.
    pub(super) fn unchanged(&self) -> bool {
        match (fs::read_to_string(&self.note), self.text()) {
            (Ok(noted), Ok(text)) => noted == text,
            _ => false,
        }
    }

    /// Notes that the component was built from these.
    ///
    /// # Errors
    /// A note that cannot be written.
    pub(super) fn note(&self) -> Result<()> {
        fs::write(&self.note, self.text()?)
            .with_context(|| format!("{} cannot be written", self.note.display()))
    }

    fn text(&self) -> Result<String> {
        let component = blake3::hash(&read(&self.component)?);
        Ok(format!("{}\n{}\n", self.digest, component.to_hex()))
    }
}

/// Adds bytes so that what comes next cannot be taken for a part of them.
fn add(hasher: &mut blake3::Hasher, bytes: &[u8]) {
    hasher.update(&(bytes.len() as u64).to_le_bytes());
    hasher.update(bytes);
}

fn read(file: &Path) -> Result<Vec<u8>> {
    fs::read(file).with_context(|| format!("{} cannot be read", file.display()))
}

/// The files that may be sources, in an order of their own. Links to folders are not followed.
fn sources(top: &Path) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    let mut folders = vec![top.to_owned()];
    while let Some(folder) = folders.pop() {
        let unread = || format!("{} cannot be looked into", folder.display());
        let is_top = folder == top;
        for entry in fs::read_dir(&folder).with_context(unread)? {
            let entry = entry.with_context(unread)?;
            let name = entry.file_name();
            let name = name.to_string_lossy();
            let is_no_source = is_top && NO_SOURCES.contains(&&*name) || name == "__pycache__";
            if name.starts_with('.') || name.ends_with(".md") || is_no_source {
                continue;
            }
            let path = entry.path();
            if entry.file_type().with_context(unread)?.is_dir() {
                folders.push(path);
            } else if path.is_file() {
                files.push(path);
            }
        }
    }
    files.sort();
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::super::testing::Project;
    use super::*;

    fn built() -> Project {
        let project = Project::of(&[("src/a.py", "1"), ("build/x.wasm", "component")]);
        inputs(&project).note().unwrap();
        assert!(inputs(&project).unchanged());
        project
    }

    fn inputs(project: &Project) -> Inputs {
        let component = project.folder().join("build/x.wasm");
        Inputs::read(project.folder(), &component, &["1.0"]).unwrap()
    }

    #[test]
    fn a_source_that_is_other_new_or_gone_is_a_change() {
        for change in
            [("src/a.py", "2"), ("src/b.py", ""), ("package.json", ""), ("src/build/rule.js", "")]
        {
            let project = built();
            project.write(&[change]);
            assert!(!inputs(&project).unchanged(), "{change:?}");
        }
        let project = built();
        fs::rename(project.folder().join("src/a.py"), project.folder().join("src/c.py")).unwrap();
        assert!(!inputs(&project).unchanged());
    }

    #[test]
    fn what_no_component_is_made_of_is_no_change() {
        let project = built();
        project.write(&[
            ("README.md", ""),
            ("scenarios/x.yaml", ""),
            (".venv/lib/x.py", ""),
            ("src/__pycache__/a.pyc", ""),
            ("node_modules/x/index.js", ""),
        ]);
        assert!(inputs(&project).unchanged());
    }

    #[test]
    fn a_component_that_is_gone_or_was_written_by_somebody_else_is_built_again() {
        let project = built();
        project.write(&[("build/x.wasm", "other")]);
        assert!(!inputs(&project).unchanged());
        fs::remove_file(project.folder().join("build/x.wasm")).unwrap();
        assert!(!inputs(&project).unchanged());
    }

    #[test]
    fn another_way_to_build_it_is_a_change() {
        let project = built();
        let component = project.folder().join("build/x.wasm");
        assert!(!Inputs::read(project.folder(), &component, &["1.1"]).unwrap().unchanged());
    }
}
