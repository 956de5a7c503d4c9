//! A policy project: a folder with a policy's source, in one of three languages, that builds a component.
//!
//! [`create()`] writes one, [`Builder`] builds one. Both work on the machine of whoever writes a policy; a bridge does neither.

mod create;
mod inputs;
mod javascript;
mod language;
mod name;
mod python;
mod recipe;
mod rust;
mod templates;
mod tool;

#[cfg(test)]
mod testing;

use std::ffi::OsString;
use std::fmt::{self, Debug, Formatter};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

pub use self::create::{New, create};
pub use self::language::{Language, Question};

/// What a component begins with: WebAssembly's word, and the version and layer of the component model.
const COMPONENT: [u8; 8] = *b"\0asm\x0d\0\x01\0";

/// Builds policy projects with the tools of their languages.
pub struct Builder<'a> {
    /// Whether what is missing of a language's tools may be fetched into the project's folder.
    pub install: bool,
    /// Where programs are looked for, as in the variable `PATH`.
    pub path: OsString,
    /// Takes a line for whoever waits.
    pub tell: &'a (dyn Fn(&str) + Sync),
}

impl Debug for Builder<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.debug_struct("Builder").field("install", &self.install).finish_non_exhaustive()
    }
}

impl Builder<'_> {
    /// Builds the project in a folder, if anything has changed since it was built, and answers where its component is.
    /// It may take a minute, and waits for other programs: not for a thread that serves.
    ///
    /// # Errors
    /// What is missing or does not build, with what to do about it. Nothing of the environment is in it.
    pub fn build(&self, folder: &Path) -> Result<PathBuf> {
        let folder = std::path::absolute(folder)
            .with_context(|| format!("{} cannot be a folder", folder.display()))?;
        match language(&folder)? {
            Language::Rust => rust::build(self, &folder),
            Language::Python => python::build(self, &folder),
            Language::JavaScript => javascript::build(self, &folder),
        }
    }
}

/// The language of the project in a folder.
///
/// # Errors
/// What was looked for, if there is none.
pub fn language(folder: &Path) -> Result<Language> {
    if !folder.is_dir() {
        bail!("{} is no folder", folder.display());
    }
    if folder.join(rust::MANIFEST).is_file() {
        Ok(Language::Rust)
    } else if python::is_project(folder)? {
        Ok(Language::Python)
    } else if javascript::is_project(folder)? {
        Ok(Language::JavaScript)
    } else {
        bail!(
            "{} is no policy project: it has no Cargo.toml, no pyproject.toml with [tool.swingbridge], and no \
             package.json with a key `swingbridge`. `swingbridge new --lang rust NAME` makes one",
            folder.display()
        )
    }
}

/// Looks whether a file that a build has left is a component.
fn component(file: PathBuf, otherwise: &str) -> Result<PathBuf> {
    use std::io::Read as _;

    let mut head = [0; COMPONENT.len()];
    let read = std::fs::File::open(&file).and_then(|mut file| file.read_exact(&mut head));
    match read {
        Ok(()) if head == COMPONENT => Ok(file),
        Ok(()) => bail!("{} is no component: {otherwise}", file.display()),
        Err(error) => bail!("the build left no component in {} ({error})", file.display()),
    }
}

#[cfg(test)]
mod tests {
    use super::testing::{Project, said};
    use super::*;

    #[test]
    fn a_project_is_known_by_its_manifest() {
        for (manifest, text, expected) in [
            ("Cargo.toml", "", Language::Rust),
            ("pyproject.toml", "[tool.swingbridge]\n", Language::Python),
            ("package.json", r#"{ "swingbridge": {} }"#, Language::JavaScript),
        ] {
            let project = Project::of(&[(manifest, text)]);
            assert_eq!(language(project.folder()).unwrap(), expected);
        }
    }

    #[test]
    fn a_new_project_lacks_nothing_but_the_tools_of_its_language() {
        for (language, missing) in [
            (Language::Rust, "cargo is not on the PATH"),
            (Language::Python, "componentize-py==0."),
            (Language::JavaScript, "node or npm is not on the PATH"),
        ] {
            let home = Project::of(&[]);
            let folder = &home.folder().join("zones");
            create(&New { folder, language, question: Question::Placement, schema: "{}" }).unwrap();
            let builder = Builder { install: false, path: OsString::new(), tell: &|_| () };
            let error = said(builder.build(folder));
            assert!(error.contains(missing), "{error}");
        }
    }

    #[test]
    fn a_folder_that_is_no_project_is_told_what_was_looked_for() {
        let project = Project::of(&[("pyproject.toml", "[tool.other]\n"), ("package.json", "{}")]);
        let error = said(language(project.folder()));
        for wanted in ["Cargo.toml", "[tool.swingbridge]", "`swingbridge`", "swingbridge new"] {
            assert!(error.contains(wanted), "{error}");
        }
        assert!(said(language(&project.folder().join("package.json"))).contains("is no folder"));
    }

    #[test]
    fn a_manifest_that_cannot_be_read_is_an_error_and_not_another_language() {
        let project = Project::of(&[("pyproject.toml", "[tool"), ("package.json", "{}")]);
        assert!(said(language(project.folder())).contains("pyproject.toml"));
        let project = Project::of(&[("package.json", "{")]);
        assert!(said(language(project.folder())).contains("package.json"));
    }

    #[test]
    fn a_core_module_is_no_component_and_its_error_says_what_to_do() {
        let project = Project::of(&[("core.wasm", "\0asm\x01\0\0\0"), ("short.wasm", "\0asm")]);
        let error = said(component(project.folder().join("core.wasm"), "set the linker"));
        assert!(error.ends_with("core.wasm is no component: set the linker"), "{error}");
        for file in ["short.wasm", "absent.wasm"] {
            let error = said(component(project.folder().join(file), ""));
            assert!(error.contains("left no component"), "{error}");
        }
    }
}
