//! Builds a policy in Rust: with cargo, which knows by itself what has changed.

use std::path::{Path, PathBuf};

use anyhow::{Result, bail};
use serde_json::Value as Json;

use super::tool::{self, Outcome, last_lines};
use super::{Builder, component};

/// What makes a folder a project of this language.
pub(super) const MANIFEST: &str = "Cargo.toml";

const TARGET: &str = "wasm32-unknown-unknown";

/// What makes cargo link a component.
const LINKER: &str = "put these lines into .cargo/config.toml:\n  [target.wasm32-unknown-unknown]\n  linker = \
                      \"wasm-component-ld\"";

/// Builds it, and answers where cargo put the component.
///
/// # Errors
/// As of [`Builder::build`].
pub(super) fn build(builder: &Builder<'_>, folder: &Path) -> Result<PathBuf> {
    let Some(cargo) = tool::find("cargo", &builder.path) else {
        bail!(
            "{} is a project in Rust, and cargo is not on the PATH. Install Rust with rustup, then type:\n  rustup \
             target add {TARGET}",
            folder.display()
        );
    };
    if !folder.join("target").is_dir() {
        (builder.tell)("building the policy with cargo; its libraries take a minute, this once");
    }
    let arguments = [
        "build",
        "--quiet",
        "--release",
        "--target",
        TARGET,
        "--message-format",
        "json-render-diagnostics",
        "--color",
        "never",
    ];
    let outcome = tool::run(&cargo, &arguments, folder, &builder.path)?;
    if !outcome.succeeded {
        bail!("{}", failure(&outcome, folder));
    }
    let Some(file) = artifact(&outcome.output, &folder.join(MANIFEST)) else {
        bail!(
            "cargo built {}, and no component came out. Its Cargo.toml needs:\n  [lib]\n  crate-type = [\"cdylib\"]",
            folder.display()
        );
    };
    component(file, LINKER)
}

/// What went wrong, and what to type.
fn failure(outcome: &Outcome, folder: &Path) -> String {
    if outcome.errors.contains("target may not be installed") {
        return format!(
            "this Rust toolchain cannot build for {TARGET}. Type:\n  rustup target add {TARGET}\nWhere there is no rustup, \
             or it cannot, the standard library can be built along. On Debian:\n  sudo apt-get install rustc-web \
             rust-web-src lld && cargo install wasm-component-ld\n  export RUSTC=/usr/bin/rustc RUSTC_BOOTSTRAP=1 \
             CARGO_UNSTABLE_BUILD_STD=std,panic_abort"
        );
    }
    if outcome.errors.contains("linker `wasm-component-ld` not found") {
        return "this Rust toolchain has no wasm-component-ld, which makes a component of the policy. rustup's have it; \
                for another one type:\n  cargo install wasm-component-ld\n  sudo apt-get install lld      (it calls \
                wasm-ld)"
            .to_owned();
    }
    format!(
        "the policy does not build:\n{}All of it:\n  cd {} && cargo build --release --target {TARGET}",
        last_lines(&outcome.errors),
        folder.display()
    )
}

/// The WebAssembly that cargo says it has made of this very package.
fn artifact(messages: &str, manifest: &Path) -> Option<PathBuf> {
    let manifest = manifest.canonicalize().unwrap_or_else(|_| manifest.to_owned());
    messages
        .lines()
        .filter_map(|line| serde_json::from_str::<Json>(line).ok())
        .filter(|message| {
            let of = message["manifest_path"].as_str().map(Path::new);
            of.is_some_and(|of| of.canonicalize().is_ok_and(|of| of == manifest))
        })
        .filter_map(|message| {
            message["filenames"]
                .as_array()?
                .iter()
                .filter_map(Json::as_str)
                .find(|file| file.ends_with(".wasm"))
                .map(PathBuf::from)
        })
        .next_back()
}

#[cfg(test)]
mod tests {
    use super::super::testing::{COMPONENT, Project, said};
    use super::*;

    /// A cargo that says what it is told to.
    fn cargo(project: &Project, script: &str) {
        project.program("bin/cargo", script);
    }

    fn built(script: &str) -> (Project, Result<PathBuf>) {
        let project = Project::of(&[("Cargo.toml", ""), ("out.wasm", COMPONENT)]);
        cargo(&project, script);
        let built = project.build();
        (project, built)
    }

    const ARTIFACT: &str = r#"echo '{"reason":"compiler-artifact","manifest_path":"'$PWD'/Cargo.toml","filenames":["'$PWD'/out.wasm"]}'"#;

    #[test]
    fn the_component_is_where_cargo_says() {
        let (project, built) = built(ARTIFACT);
        assert_eq!(built.unwrap(), project.folder().join("out.wasm"));
    }

    #[test]
    fn without_cargo_it_is_said_what_to_install() {
        let project = Project::of(&[("Cargo.toml", "")]);
        let error = said(project.build());
        assert!(error.contains("rustup target add wasm32-unknown-unknown"), "{error}");
    }

    #[test]
    fn a_toolchain_without_the_target_is_told_what_to_type() {
        let (_project, built) = built(
            "echo 'note: the `wasm32-unknown-unknown` target may not be installed' >&2; exit 101",
        );
        let error = said(built);
        assert!(error.contains("\n  rustup target add wasm32-unknown-unknown\n"), "{error}");
    }

    #[test]
    fn a_toolchain_without_the_linker_is_told_what_to_type() {
        let (_project, built) =
            built("echo 'error: linker `wasm-component-ld` not found' >&2; exit 101");
        assert!(said(built).contains("cargo install wasm-component-ld"));
    }

    #[test]
    fn a_source_that_does_not_build_is_shown_with_how_to_see_all_of_it() {
        let (_project, built) = built("echo 'error[E0308]: mismatched types' >&2; exit 101");
        let error = said(built);
        assert!(error.contains("  error[E0308]: mismatched types\n"), "{error}");
        assert!(error.contains("cargo build --release --target"), "{error}");
    }

    #[test]
    fn a_library_that_is_no_cdylib_is_told_what_its_manifest_needs() {
        let (_project, built) = built("true");
        assert!(said(built).contains("crate-type = [\"cdylib\"]"));
    }

    #[test]
    fn a_core_module_is_told_which_linker_to_set() {
        let (project, _) = built("true");
        project.write(&[("out.wasm", "\0asm\x01\0\0\0")]);
        cargo(&project, ARTIFACT);
        assert!(said(project.build()).contains("linker = \"wasm-component-ld\""));
    }
}
