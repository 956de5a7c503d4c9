//! Finds, and where it can adds, what a build needs beside this program: components of the Rust toolchain, a C
//! compiler, and a way to build for WebAssembly.

use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

use crate::guest::TARGET;
use crate::workspace::root;

/// A compiler that can build guests, with the linker that makes components of them.
#[derive(Debug)]
pub struct GuestToolchain {
    /// Holds `wasm-component-ld`.
    tools: PathBuf,
    /// Debian's compiler, which has no standard library for the target and builds it along.
    debian_rustc: Option<PathBuf>,
}

impl GuestToolchain {
    /// The toolchain's own target if it is there or rustup can add it; otherwise Debian's packages.
    ///
    /// # Errors
    /// What to type.
    pub fn find() -> Result<Self> {
        let rustc = PathBuf::from(env::var_os("RUSTC").unwrap_or_else(|| "rustc".into()));
        let sysroot = ask(&rustc, &["--print", "sysroot"])?;
        if has_target(Path::new(&sysroot))
            || (rustup(&["target", "add", TARGET]) && has_target(Path::new(&sysroot)))
        {
            return Ok(Self { tools: tools(&rustc, &sysroot)?, debian_rustc: None });
        }
        if let Some(debian) = debian_rustc() {
            return Ok(Self { tools: tools(&rustc, &sysroot)?, debian_rustc: Some(debian) });
        }
        bail!(
            "this Rust toolchain cannot build for {TARGET}. Type one of:\n  rustup target add {TARGET}\n  sudo apt-get \
             install rustc-web rust-web-src      (Debian, without rustup)"
        )
    }

    /// Sets what a cargo command needs to build a component.
    ///
    /// Paths of this machine are taken out of what is built, so that the same source gives the same digest anywhere.
    ///
    /// # Errors
    /// When the search path cannot be extended.
    pub fn configure(&self, command: &mut Command) -> Result<()> {
        let mut path = vec![self.tools.join("gcc-ld")];
        path.extend(env::split_paths(&env::var_os("PATH").unwrap_or_default()));
        command
            .env("PATH", env::join_paths(path).context("PATH cannot be extended")?)
            .env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER", self.tools.join("wasm-component-ld"))
            .env_remove("RUSTFLAGS")
            .env("CARGO_ENCODED_RUSTFLAGS", remap_flags());
        if let Some(rustc) = &self.debian_rustc {
            command
                .env("RUSTC", rustc)
                .env("RUSTC_BOOTSTRAP", "1")
                .args(["-Z", "build-std=std,panic_abort"]);
        }
        Ok(())
    }

    /// Whether clippy can look at guests too: Debian's compiler brings none.
    #[must_use]
    pub fn has_clippy(&self) -> bool {
        self.debian_rustc.is_none()
    }
}

/// Adds what `cargo xtask test` needs of the toolchain, and says what is missing and cannot be added.
///
/// # Errors
/// What to type.
pub fn require_test_tools() -> Result<()> {
    require_c_compiler()?;
    for (component, program) in [("rustfmt", "fmt"), ("clippy", "clippy")] {
        let there =
            || succeeds(Command::new("cargo").args([program, "--version"]).current_dir(root()));
        if !(there() || rustup(&["component", "add", component]) && there()) {
            bail!("{component} is missing. Type:\n  rustup component add {component}");
        }
    }
    Ok(())
}

/// SQLite is built from its C source.
///
/// # Errors
/// What to type.
pub fn require_c_compiler() -> Result<()> {
    let compiler = env::var_os("CC").unwrap_or_else(|| "cc".into());
    if succeeds(Command::new(&compiler).arg("--version")) {
        return Ok(());
    }
    bail!(
        "no C compiler answers to `{}`, and SQLite is built from its source. Type one of:\n  sudo apt-get install gcc \
         libc6-dev      (Debian, Ubuntu)\n  sudo dnf install gcc      (Fedora)\n  xcode-select --install      (macOS)",
        compiler.display()
    )
}

/// The folder of a toolchain that holds its linkers.
fn tools(rustc: &Path, sysroot: &str) -> Result<PathBuf> {
    let verbose = ask(rustc, &["-vV"])?;
    let host = verbose
        .lines()
        .find_map(|line| line.strip_prefix("host: "))
        .context("rustc -vV does not say its host")?;
    let tools = Path::new(sysroot).join("lib/rustlib").join(host).join("bin");
    if tools.join(program("wasm-component-ld")).is_file() {
        return Ok(tools);
    }
    which("wasm-component-ld").and_then(|found| found.parent().map(Path::to_owned)).with_context(|| {
        format!(
            "wasm-component-ld is neither in {} nor on the PATH. Type:\n  cargo install wasm-component-ld\n  sudo \
             apt-get install lld      (it calls wasm-ld)",
            tools.display()
        )
    })
}

/// Debian's compiler, if the standard library's source is there too (`rust-web-src`). It may stand beside a rustup.
fn debian_rustc() -> Option<PathBuf> {
    let rustc = PathBuf::from("/usr/bin/rustc");
    let sysroot = ask(&rustc, &["--print", "sysroot"]).ok()?;
    Path::new(&sysroot).join("lib/rustlib/src/rust/library/std").is_dir().then_some(rustc)
}

/// What a guest's panics would otherwise carry: the folders of this machine.
fn remap_flags() -> OsString {
    let home = env::var_os("CARGO_HOME")
        .map(PathBuf::from)
        .or_else(|| env::home_dir().map(|home| home.join(".cargo")));
    let mut flags = OsString::from("--remap-path-prefix=");
    flags.push(root());
    flags.push("=/swingbridge");
    if let Some(home) = home {
        flags.push("\u{1f}--remap-path-prefix=");
        flags.push(home);
        flags.push("=/cargo");
    }
    flags
}

fn has_target(sysroot: &Path) -> bool {
    sysroot.join("lib/rustlib").join(TARGET).join("lib").is_dir()
}

/// Whether rustup is there and did it. It works on the toolchain that the workspace pins.
fn rustup(arguments: &[&str]) -> bool {
    which("rustup").is_some()
        && Command::new("rustup")
            .args(arguments)
            .current_dir(root())
            .status()
            .is_ok_and(|status| status.success())
}

fn which(name: &str) -> Option<PathBuf> {
    env::split_paths(&env::var_os("PATH")?)
        .map(|folder| folder.join(program(name)))
        .find(|candidate| candidate.is_file())
}

fn program(name: &str) -> String {
    format!("{name}{}", env::consts::EXE_SUFFIX)
}

fn succeeds(command: &mut Command) -> bool {
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

fn ask(program: &Path, arguments: &[&str]) -> Result<String> {
    let output = Command::new(program)
        .args(arguments)
        .current_dir(root())
        .output()
        .with_context(|| format!("{} could not be started", program.display()))?;
    if !output.status.success() {
        bail!(
            "{} {} failed: {}",
            program.display(),
            arguments.join(" "),
            String::from_utf8_lossy(&output.stderr)
        );
    }
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}
