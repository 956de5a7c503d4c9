//! What a project in Python or JavaScript says of how it is built.

use std::path::{Component, Path, PathBuf};

use anyhow::{Context, Result, bail};
use serde::Deserialize;
use serde::de::DeserializeOwned;

/// The keys that both languages have.
#[derive(Debug, Deserialize)]
pub(super) struct Recipe {
    /// The world of `wit/policy` that the policy answers for.
    pub(super) world: String,
    /// The source that exports it.
    pub(super) source: PathBuf,
    /// Where the component comes to lie.
    pub(super) component: PathBuf,
}

impl Recipe {
    /// Looks whether the paths stay in the project's folder.
    ///
    /// # Errors
    /// The one that does not.
    pub(super) fn check(&self, manifest: &str) -> Result<()> {
        for (key, path) in [("source", &self.source), ("component", &self.component)] {
            let inside = path.file_name().is_some()
                && path.components().all(|part| matches!(part, Component::Normal(_)));
            if !inside {
                bail!(
                    "{manifest}: `{key}` of swingbridge has to be a file in the project's folder"
                );
            }
        }
        Ok(())
    }
}

/// The text of a manifest, if there is one.
///
/// # Errors
/// One that cannot be read.
pub(super) fn manifest(folder: &Path, name: &str) -> Result<Option<String>> {
    let path = folder.join(name);
    if !path.is_file() {
        return Ok(None);
    }
    std::fs::read_to_string(&path)
        .map(Some)
        .with_context(|| format!("{} cannot be read", path.display()))
}

/// What a part of a manifest says.
///
/// # Errors
/// What it does not say, or says wrongly.
pub(super) fn read<T: DeserializeOwned>(part: serde_json::Value, place: &str) -> Result<T> {
    serde_json::from_value(part).with_context(|| format!("{place} is not as it should be"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::testing::said;
    use super::*;

    #[test]
    fn nothing_is_read_or_written_outside_of_the_project() {
        let recipe = |source: &str, component: &str| Recipe {
            world: String::new(),
            source: source.into(),
            component: component.into(),
        };
        recipe("src/policy.py", "build/x.wasm").check("m").unwrap();
        for (source, component) in
            [("../x.py", "x.wasm"), ("x.py", "/x.wasm"), ("x.py", "a/../../x"), ("x.py", "")]
        {
            assert!(said(recipe(source, component).check("m")).contains("project's folder"));
        }
    }

    #[test]
    fn a_key_that_is_missing_is_named() {
        let part = json!({ "world": "retry", "source": "a.py" });
        let error = said(read::<Recipe>(part, "[tool.swingbridge]"));
        assert!(error.contains("[tool.swingbridge]") && error.contains("component"), "{error}");
    }
}
