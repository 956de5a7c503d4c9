//! Builds a policy in JavaScript: with the project's own `npm run build`.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use serde_json::Value as Json;

use super::inputs::Inputs;
use super::recipe::{self, Recipe};
use super::tool::{self, find};
use super::{Builder, component};

const MANIFEST: &str = "package.json";
const LOCK: &str = "package-lock.json";

/// Whether a folder is a project of this language.
///
/// # Errors
/// A manifest that cannot be read.
pub(super) fn is_project(folder: &Path) -> Result<bool> {
    Ok(manifest(folder)?.is_some_and(|manifest| manifest.get("swingbridge").is_some()))
}

/// Builds it, if anything has changed.
///
/// # Errors
/// As of [`Builder::build`].
pub(super) fn build(builder: &Builder<'_>, folder: &Path) -> Result<PathBuf> {
    let manifest = manifest(folder)?.unwrap_or_default();
    let recipe: Recipe =
        recipe::read(manifest["swingbridge"].clone(), "`swingbridge` of package.json")?;
    recipe.check(MANIFEST)?;
    let output = folder.join(&recipe.component);
    let inputs = Inputs::read(folder, &output, &[])?;
    if inputs.unchanged() {
        return Ok(output);
    }
    let Some(npm) = find("npm", &builder.path).filter(|_| find("node", &builder.path).is_some())
    else {
        bail!(
            "{} is a project in JavaScript, and node or npm is not on the PATH. Install Node.js 20 or later, which \
             brings npm; what the project needs is then fetched by itself",
            folder.display()
        );
    };
    if !installed(folder, &manifest) {
        install(builder, &npm, folder)?;
    }
    (builder.tell)("building the policy with `npm run build`; it takes some seconds");
    let outcome = tool::run(&npm, &["run", "--silent", "build"], folder, &builder.path)?;
    if !outcome.succeeded {
        bail!(
            "the policy does not build:\n{}All of it:\n  cd {} && npm run build",
            outcome.last_lines(),
            folder.display()
        );
    }
    let output = component(output, "`npm run build` did not make one of it")?;
    inputs.note()?;
    Ok(output)
}

fn manifest(folder: &Path) -> Result<Option<Json>> {
    let Some(text) = recipe::manifest(folder, MANIFEST)? else { return Ok(None) };
    serde_json::from_str(&text)
        .map(Some)
        .with_context(|| format!("{} is no JSON", folder.join(MANIFEST).display()))
}

/// Whether every package that the project names is there, at its version where it names one.
fn installed(folder: &Path, manifest: &Json) -> bool {
    let wanted = ["dependencies", "devDependencies"]
        .into_iter()
        .filter_map(|key| manifest[key].as_object())
        .flatten();
    wanted.into_iter().all(|(package, wanted)| {
        let manifest = folder.join("node_modules").join(package).join(MANIFEST);
        let Ok(text) = std::fs::read_to_string(manifest) else { return false };
        let Ok(found) = serde_json::from_str::<Json>(&text) else { return false };
        let exact = wanted.as_str().is_some_and(|wanted| {
            wanted.starts_with(|letter: char| letter.is_ascii_digit())
                && !wanted.contains([' ', '|', 'x', '*'])
        });
        !exact || found["version"] == *wanted
    })
}

/// Fetches what the project needs: exactly what its lock says, if it has one.
fn install(builder: &Builder<'_>, npm: &Path, folder: &Path) -> Result<()> {
    let verb = if folder.join(LOCK).is_file() { "ci" } else { "install" };
    let by_hand = format!("  cd {} && npm {verb}", folder.display());
    if !builder.install {
        bail!("what package.json names is not in node_modules. Type:\n{by_hand}");
    }
    (builder.tell)(&format!("fetching what package.json names (npm {verb}), this once"));
    let outcome = tool::run(npm, &[verb, "--no-audit", "--no-fund"], folder, &builder.path)?;
    if !outcome.succeeded {
        bail!(
            "what package.json names could not be fetched:\n{}By hand:\n{by_hand}",
            outcome.last_lines()
        );
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::super::testing::{Project, said};
    use super::*;

    const MANIFEST_TEXT: &str = r#"{
        "swingbridge": { "world": "retry", "source": "src/policy.js", "component": "build/x.wasm" },
        "devDependencies": { "@scope/tool": "1.2.3" }
    }"#;

    /// An npm that brings the tool, builds a component, and says how it was called.
    const NPM: &str = r#"
        echo "$*" >> .calls
        case "$1" in
            ci | install)
                mkdir -p node_modules/@scope/tool
                echo '{ "version": "1.2.3" }' > node_modules/@scope/tool/package.json ;;
            run) mkdir -p build && printf '\0asm\015\0\001\0' > build/x.wasm ;;
        esac"#;

    fn project(npm: &str) -> Project {
        let project =
            Project::of(&[(MANIFEST, MANIFEST_TEXT), ("src/policy.js", ""), (LOCK, "{}")]);
        project.program("bin/node", "");
        project.program("bin/npm", npm);
        project
    }

    fn calls(project: &Project) -> Vec<String> {
        let text = fs::read_to_string(project.folder().join(".calls")).unwrap_or_default();
        text.lines().map(|line| line.split(' ').next().unwrap_or_default().to_owned()).collect()
    }

    #[test]
    fn a_policy_is_built_and_its_tools_are_fetched_only_when_something_has_changed() {
        let project = project(NPM);
        assert_eq!(project.build().unwrap(), project.folder().join("build/x.wasm"));
        assert_eq!(calls(&project), ["ci", "run"]);
        project.build().unwrap();
        assert_eq!(calls(&project), ["ci", "run"]);
        project.write(&[("src/policy.js", "changed")]);
        project.build().unwrap();
        assert_eq!(calls(&project), ["ci", "run", "run"]);
        assert_eq!(project.told().iter().filter(|line| line.contains("fetching")).count(), 1);
    }

    #[test]
    fn another_version_in_the_manifest_is_fetched() {
        let project = project(NPM);
        project.build().unwrap();
        project.write(&[
            (LOCK, "{ }"),
            ("node_modules/@scope/tool/package.json", r#"{ "version": "1.2.2" }"#),
        ]);
        project.build().unwrap();
        assert_eq!(calls(&project), ["ci", "run", "ci", "run"]);
    }

    #[test]
    fn without_a_lock_npm_makes_one() {
        let project = project(NPM);
        fs::remove_file(project.folder().join(LOCK)).unwrap();
        project.build().unwrap();
        assert_eq!(calls(&project), ["install", "run"]);
    }

    #[test]
    fn nothing_is_fetched_if_that_is_forbidden_and_it_is_said_what_to_type() {
        let project = project(NPM);
        let error = said(project.build_without_installing());
        assert!(error.contains("&& npm ci"), "{error}");
        assert!(calls(&project).is_empty());
    }

    #[test]
    fn without_node_it_is_said_what_to_install() {
        let project = project(NPM);
        fs::remove_file(project.folder().join("bin/node")).unwrap();
        assert!(said(project.build()).contains("Install Node.js"));
    }

    #[test]
    fn a_source_that_does_not_build_is_shown_with_how_to_see_all_of_it() {
        let project = project(&NPM.replace("run)", "run) echo SyntaxError >&2; exit 1;"));
        let error = said(project.build());
        assert!(error.contains("  SyntaxError\n") && error.contains("npm run build"), "{error}");
    }

    #[test]
    fn a_build_that_leaves_no_component_is_an_error() {
        let project = project(&NPM.replace("printf", "true"));
        fs::write(project.folder().join("unrelated"), "").unwrap();
        assert!(said(project.build()).contains("left no component"));
    }
}
