//! `cargo xtask demo`: builds with cargo's own progress, and plays; with real clusters, it starts them before and ends them
//! after.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};

use crate::kubernetes::{self, Programs};
use crate::steps::{run, say};
use crate::toolchain::require_c_compiler;
use crate::{guest, workspace};

/// How long clusters may take to be ready, on a busy machine.
const READY: Duration = Duration::from_secs(180);
/// Between two looks.
const LOOK: Duration = Duration::from_millis(50);

/// Builds what the demo needs; its command.
///
/// # Errors
/// What was not built, or what to install.
pub fn command(keep: bool) -> Result<Command> {
    require_c_compiler()?;
    say("==> the component that decides (guest/), for WebAssembly");
    guest::build()?;
    say("==> the binary (host/); the first time this takes some minutes");
    run(&mut workspace::build_binary())?;
    let mut command = Command::new(workspace::binary());
    command.arg("demo");
    if keep {
        command.arg("--keep");
    }
    Ok(command)
}

/// Plays with two real API servers.
///
/// # Errors
/// What to install, what did not start, or that something was not as it should be.
pub fn with_clusters(keep: bool) -> Result<()> {
    say("==> Kubernetes");
    if let Programs::NoGo(missing) = kubernetes::prepare()? {
        bail!("the demo with real clusters cannot be played here: {missing}");
    }
    let mut command = command(keep)?;
    say("==> two API servers");
    run(&mut workspace::cargo(&["build", "--workspace", "--bin", "clusters"]))?;
    let clusters = Clusters::start()?;
    run(command.arg("--kubernetes").arg(&clusters.folder))
}

/// The clusters of a demo. They end with this, and with this process.
struct Clusters {
    folder: PathBuf,
    process: Child,
}

impl Clusters {
    /// Starts them and waits until they are ready.
    fn start() -> Result<Self> {
        let name = format!("swingbridge-demo-clusters-{}", std::process::id());
        let folder = std::env::temp_dir().join(name);
        let mut command = Command::new(workspace::built("clusters"));
        command.args(["--attached", "--count", "2", "--folder"]).arg(&folder);
        // It ends when this end of its standard input does; what it tells a person is not for whoever watches the demo.
        command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped());
        let process = command.spawn().context("they could not be started")?;
        let mut clusters = Self { folder, process };
        clusters.ready()?;
        Ok(clusters)
    }

    fn ready(&mut self) -> Result<()> {
        let begun = Instant::now();
        while !is_ready(&self.folder) {
            if self.process.try_wait()?.is_some() {
                let mut said = String::new();
                if let Some(stderr) = &mut self.process.stderr {
                    std::io::Read::read_to_string(stderr, &mut said)?;
                }
                bail!("they do not start:{said}");
            }
            if begun.elapsed() > READY {
                bail!("they are not ready after {}s", READY.as_secs());
            }
            std::thread::sleep(LOOK);
        }
        Ok(())
    }
}

/// The socket is made when all is ready.
fn is_ready(folder: &Path) -> bool {
    folder.join("control").exists()
}

impl Drop for Clusters {
    fn drop(&mut self) {
        drop(self.process.stdin.take());
        let _ended = self.process.wait();
    }
}
