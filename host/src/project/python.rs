//! Builds a policy in Python: with componentize-py, of the version that the project names.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use serde::Deserialize;
use serde_json::Value as Json;

use super::inputs::Inputs;
use super::recipe::{self, Recipe};
use super::tool::{self, find};
use super::{Builder, component};

/// The version of componentize-py that new projects are made with.
pub(super) const COMPONENTIZE: &str = "0.25.1";

const MANIFEST: &str = "pyproject.toml";
const PLACE: &str = "[tool.swingbridge] of pyproject.toml";
const TOOL: &str = "componentize-py";
const VENV: &str = ".venv";

/// What stands in `[tool.swingbridge]`.
#[derive(Debug, Deserialize)]
struct Table {
    #[serde(flatten)]
    recipe: Recipe,
    /// The version of the tool, exactly.
    #[serde(rename = "componentize-py")]
    version: String,
}

/// Whether a folder is a project of this language.
///
/// # Errors
/// A manifest that cannot be read.
pub(super) fn is_project(folder: &Path) -> Result<bool> {
    Ok(table(folder)?.is_some())
}

/// Builds it, if anything has changed.
///
/// # Errors
/// As of [`Builder::build`].
pub(super) fn build(builder: &Builder<'_>, folder: &Path) -> Result<PathBuf> {
    let table: Table = recipe::read(table(folder)?.unwrap_or_default(), PLACE)?;
    table.recipe.check(MANIFEST)?;
    let output = folder.join(&table.recipe.component);
    let how = arguments(&table.recipe)?;
    let inputs = Inputs::read(folder, &output, &[&how[..], &[table.version.as_str()]].concat())?;
    if inputs.unchanged() {
        return Ok(output);
    }
    let tool = match tool(builder, folder, &table.version) {
        Some(tool) => tool,
        None => install(builder, folder, &table.version)?,
    };
    (builder.tell)("building the policy with componentize-py; it takes some seconds");
    componentize(builder, &tool, &how, folder, &table.recipe.component)?;
    let output = component(output, "componentize-py did not make one of it")?;
    inputs.note()?;
    Ok(output)
}

fn table(folder: &Path) -> Result<Option<Json>> {
    let Some(text) = recipe::manifest(folder, MANIFEST)? else { return Ok(None) };
    let mut manifest: Json = toml::from_str(&text)
        .with_context(|| format!("{} is no TOML", folder.join(MANIFEST).display()))?;
    Ok(manifest.pointer_mut("/tool/swingbridge").map(Json::take))
}

/// The tool at the version that is wanted: the project's own, or that of the machine.
fn tool(builder: &Builder<'_>, folder: &Path, version: &str) -> Option<PathBuf> {
    let own = folder.join(VENV).join("bin").join(TOOL);
    [Some(own), find(TOOL, &builder.path)].into_iter().flatten().find(|tool| {
        tool::run(tool, &["--version"], folder, &builder.path)
            .is_ok_and(|said| said.succeeded && said.output.trim() == format!("{TOOL} {version}"))
    })
}

/// Puts the tool into the project's `.venv`.
fn install(builder: &Builder<'_>, folder: &Path, version: &str) -> Result<PathBuf> {
    let by_hand = format!(
        "  cd {} && python3 -m venv {VENV} && {VENV}/bin/pip install {TOOL}=={version}",
        folder.display()
    );
    if !builder.install {
        bail!("{TOOL} {version} is neither in {VENV} nor on the PATH. Type:\n{by_hand}");
    }
    let Some(python) = find("python3", &builder.path) else {
        bail!(
            "{} is a project in Python, and python3 is not on the PATH. Install Python 3.10 or later; {TOOL} is then \
             fetched by itself",
            folder.display()
        );
    };
    (builder.tell)(&format!("fetching {TOOL} {version} into {VENV}, this once"));
    let own_python = folder.join(VENV).join("bin/python");
    let wanted = format!("{TOOL}=={version}");
    // A folder that was moved has the tool, with the old place in it: it is written again.
    let pip =
        ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--force-reinstall"];
    let pip = [&pip[..], &[wanted.as_str()]].concat();
    let steps: [(&Path, &[&str]); 2] = [(&python, &["-m", "venv", VENV]), (&own_python, &pip)];
    for (program, arguments) in steps.into_iter().skip(usize::from(own_python.is_file())) {
        let outcome = tool::run(program, arguments, folder, &builder.path)?;
        if !outcome.succeeded {
            bail!(
                "{TOOL} {version} could not be fetched:\n{}By hand:\n{by_hand}",
                outcome.last_lines()
            );
        }
    }
    tool(builder, folder, version).with_context(|| {
        format!("{TOOL} {version} was fetched into {VENV} and does not run. Remove {VENV}, then type:\n{by_hand}")
    })
}

/// How the tool is called, up to where it writes.
fn arguments(recipe: &Recipe) -> Result<Vec<&str>> {
    let sources = recipe.source.parent().map(Path::to_str);
    let module = recipe.source.file_stem().and_then(|stem| stem.to_str());
    let (Some(Some(sources)), Some(module)) = (sources, module) else {
        bail!("{PLACE}: `source` has to be UTF-8");
    };
    let sources = if sources.is_empty() { "." } else { sources };
    let (wit, componentize) = (["--wit-path", "wit"], ["componentize", "--stub-wasi"]);
    let (world, source) = (["--world", &recipe.world], ["--python-path", sources]);
    Ok([&["--quiet"], &wit[..], &world, &componentize, &source, &[module, "--output"]].concat())
}

/// Makes the component beside its place, and puts it there when it is whole.
fn componentize(
    builder: &Builder<'_>,
    tool: &Path,
    how: &[&str],
    folder: &Path,
    output: &Path,
) -> Result<()> {
    let unfinished = output.with_added_extension("unfinished");
    let Some(place) = unfinished.to_str() else {
        bail!("{PLACE}: `component` has to be UTF-8");
    };
    if let Some(parent) = output.parent() {
        let parent = folder.join(parent);
        fs::create_dir_all(&parent)
            .with_context(|| format!("{} cannot be made", parent.display()))?;
    }
    let outcome = tool::run(tool, &[how, &[place]].concat(), folder, &builder.path)?;
    if !outcome.succeeded {
        bail!(
            "the policy does not build:\n{}All of it:\n  cd {} && {} {} {}",
            outcome.last_lines(),
            folder.display(),
            tool.strip_prefix(folder).unwrap_or(tool).display(),
            how.join(" "),
            output.display(),
        );
    }
    fs::rename(folder.join(&unfinished), folder.join(output))
        .with_context(|| format!("{TOOL} left no component in {}", unfinished.display()))
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Project, said};
    use super::*;

    const MANIFEST_TEXT: &str = "[tool.swingbridge]\nworld = \"retry\"\nsource = \"src/policy.py\"\n\
                                 component = \"build/x.wasm\"\ncomponentize-py = \"1.2.3\"\n";

    /// A componentize-py that writes a component, and counts.
    const TOOL_SCRIPT: &str = r#"
        if [ "$1" = --version ]; then echo componentize-py 1.2.3; exit; fi
        echo "$*" >> .calls
        while [ "$1" != --output ]; do shift; done
        printf '\0asm\015\0\001\0' > "$2""#;

    fn project() -> Project {
        Project::of(&[(MANIFEST, MANIFEST_TEXT), ("src/policy.py", "")])
    }

    fn calls(project: &Project) -> Vec<String> {
        let text = fs::read_to_string(project.folder().join(".calls")).unwrap_or_default();
        text.lines().map(str::to_owned).collect()
    }

    #[test]
    fn a_policy_is_built_without_wasi_and_only_when_something_has_changed() {
        let project = project();
        project.program(".venv/bin/componentize-py", TOOL_SCRIPT);
        assert_eq!(project.build().unwrap(), project.folder().join("build/x.wasm"));
        let first = calls(&project);
        assert_eq!(first.len(), 1);
        for wanted in ["--world retry", "--stub-wasi", "--python-path src policy"] {
            assert!(first[0].contains(wanted), "{first:?}");
        }
        project.build().unwrap();
        assert_eq!(calls(&project).len(), 1);
        project.write(&[("src/policy.py", "changed")]);
        project.build().unwrap();
        assert_eq!(calls(&project).len(), 2);
    }

    #[test]
    fn a_tool_on_the_path_serves_if_it_has_the_version() {
        let project = project();
        project.program("bin/componentize-py", TOOL_SCRIPT);
        project.build().unwrap();
        assert!(project.told().iter().all(|line| !line.contains("fetching")));
    }

    #[test]
    fn a_tool_of_another_version_does_not_serve() {
        let project = project();
        project.program("bin/componentize-py", &TOOL_SCRIPT.replace("1.2.3", "1.2.30"));
        let error = said(project.build_without_installing());
        assert!(error.contains("pip install componentize-py==1.2.3"), "{error}");
    }

    #[test]
    fn a_tool_that_is_missing_is_fetched_once_and_that_is_said() {
        let project = project();
        // A Python whose venv has a Python whose pip brings the tool.
        project.write(&[("tool", &format!("#!/bin/sh\n{TOOL_SCRIPT}\n"))]);
        project.program(
            "bin/python3",
            r#"mkdir -p .venv/bin; printf '#!/bin/sh\nPATH=/usr/bin:/bin\necho "$*" > pip; cp tool .venv/bin/componentize-py; chmod +x .venv/bin/componentize-py\n' > .venv/bin/python; chmod +x .venv/bin/python"#,
        );
        project.build().unwrap();
        let pip = fs::read_to_string(project.folder().join("pip")).unwrap();
        assert!(pip.contains("install") && pip.contains("componentize-py==1.2.3"), "{pip}");
        assert_eq!(project.told().iter().filter(|line| line.contains("fetching")).count(), 1);
    }

    #[test]
    fn what_pip_says_is_shown_if_it_fails_with_what_to_type() {
        let project = project();
        project.program("bin/python3", "echo 'ensurepip is not available'; exit 1");
        let error = said(project.build());
        assert!(error.contains("  ensurepip is not available\n"), "{error}");
        assert!(error.contains("python3 -m venv .venv"), "{error}");
    }

    #[test]
    fn without_python_it_is_said_what_to_install() {
        assert!(said(project().build()).contains("python3 is not on the PATH"));
    }

    #[test]
    fn a_source_that_does_not_build_is_shown_and_the_component_before_it_stays() {
        let project = project();
        project.write(&[("build/x.wasm", "before")]);
        project.program(
            ".venv/bin/componentize-py",
            "[ \"$1\" = --version ] && echo componentize-py 1.2.3 && exit; echo NameError >&2; exit 1",
        );
        let error = said(project.build());
        assert!(error.contains("  NameError\n") && error.contains("--stub-wasi"), "{error}");
        let before = fs::read_to_string(project.folder().join("build/x.wasm")).unwrap();
        assert_eq!(before, "before");
    }
}
