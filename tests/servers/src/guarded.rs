//! A server's process, with a guard that ends it when this process ends.
//!
//! The guard is a shell that started the server and waits for its standard input to end, which it does with this process,
//! whatever ends it: then the guard kills the server and removes its folder. Asked with a word, it leaves the folder. The
//! log is there before the server is, which may be killed before it has opened anything.

use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use rustix::process::{Pid, Signal, geteuid, kill_process};

/// `$1` is the folder, `$2` the signal that ends the server with everything below it, and what follows its command. The
/// server lies still if it was stopped, so it is continued before it is ended. Whoever was given another search path still
/// has the folder removed.
const GUARD: &str = r#"
folder=$1; signal=$2; shift 2
: >>"$folder/server.log"
"$@" >>"$folder/server.log" 2>&1 </dev/null &
server=$!
echo "$server"
read -r word
kill -CONT "$server" 2>/dev/null
kill -"$signal" "$server" 2>/dev/null
wait "$server" 2>/dev/null
PATH=$PATH:/usr/bin:/bin
[ "$word" = keep ] || rm -rf "$folder"
"#;

/// Between two looks whether a server has ended.
const LOOK: Duration = Duration::from_millis(20);

/// Who a server runs as that refuses to be root.
#[derive(Debug, Clone, Copy)]
pub struct Owner {
    user: u32,
    group: u32,
}

impl Owner {
    /// Absent if this process is not root and servers run as it does; otherwise the first of these users that the
    /// machine knows, or nobody.
    ///
    /// # Errors
    /// When the machine knows neither.
    pub fn for_server(user: &str) -> Result<Option<Self>> {
        if !geteuid().is_root() {
            return Ok(None);
        }
        let known = fs::read_to_string("/etc/passwd").context("the users of this machine")?;
        let of = |name: &str| {
            known.lines().find_map(|line| {
                let mut fields = line.split(':');
                let found = fields.next() == Some(name);
                let (user, group) = (fields.nth(1)?.parse().ok()?, fields.next()?.parse().ok()?);
                found.then_some(Self { user, group })
            })
        };
        let owner = of(user).or_else(|| of("nobody"));
        owner.map(Some).context("servers do not run as root, and there is no user nobody")
    }

    /// Gives it a file or folder.
    ///
    /// # Errors
    /// When that is refused.
    pub fn own(self, path: &Path) -> Result<()> {
        Ok(std::os::unix::fs::chown(path, Some(self.user), Some(self.group))?)
    }

    /// Has a command run as it.
    pub fn run(self, command: &mut Command) {
        command.uid(self.user).gid(self.group);
    }
}

/// A server that runs, or did.
#[derive(Debug)]
pub struct Guarded {
    guard: Child,
    server: Pid,
}

impl Guarded {
    /// Starts a server in a folder of its own, which its guard removes when the server is ended. Its output is in
    /// `server.log` there. `end` is the signal that ends it with everything below it.
    ///
    /// # Errors
    /// When no shell guards it.
    pub fn start(folder: &Path, owner: Option<Owner>, end: &str, server: &Command) -> Result<Self> {
        let mut command = Command::new("/bin/sh");
        command
            .args(["-c", GUARD, "server-guard"])
            .arg(folder)
            .arg(end)
            .arg(server.get_program())
            .args(server.get_args())
            .envs(server.get_envs().filter_map(|(name, value)| Some((name, value?))))
            .current_dir(folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            // A Ctrl-C at the terminal is for the tests; their end is what the guard waits for.
            .process_group(0);
        if let Some(owner) = owner {
            owner.run(&mut command);
        }
        let mut guard = command.spawn().context("no shell guards the server")?;
        let mut line = String::new();
        BufReader::new(guard.stdout.take().context("it was asked for")?).read_line(&mut line)?;
        let server = line.trim().parse().ok().and_then(Pid::from_raw);
        Ok(Self { guard, server: server.context("the guard does not say what it started")? })
    }

    /// Whether it still runs.
    pub fn runs(&self) -> bool {
        let stat = format!("/proc/{}/stat", self.server.as_raw_pid());
        match fs::read_to_string(stat) {
            Ok(stat) => !stat.rsplit(") ").next().is_some_and(|rest| rest.starts_with('Z')),
            // No such folder on this system: it is asked by connecting.
            Err(_) => !Path::new("/proc/self").exists(),
        }
    }

    /// Sends a signal to the server and to what it started.
    ///
    /// # Errors
    /// When it had ended already.
    pub fn signal(&self, signal: Signal) -> Result<()> {
        let mut all = vec![self.server];
        all.extend(children(self.server));
        for process in all {
            // One that has ended meanwhile is no loss.
            let _ended = kill_process(process, signal);
        }
        ensure!(self.runs() || signal == Signal::KILL, "the server had ended already");
        Ok(())
    }

    /// Asks it to end by itself, as an operator does, and waits until it has, so long. Its folder is left.
    ///
    /// # Errors
    /// When it does not end in time; it is killed then.
    pub async fn stop(self, within: Duration) -> Result<()> {
        // One that has ended meanwhile is no loss.
        let _ended = kill_process(self.server, Signal::TERM);
        let ended = tokio::time::timeout(within, async {
            while self.runs() {
                tokio::time::sleep(LOOK).await;
            }
        });
        let ended = ended.await;
        self.kill()?;
        ended.with_context(|| {
            format!("it was asked to end, and had not after {}s", within.as_secs())
        })
    }

    /// Kills it as a power cut would, and leaves its folder.
    ///
    /// # Errors
    /// When it cannot be killed.
    pub fn kill(mut self) -> Result<()> {
        self.signal(Signal::KILL)?;
        let mut stdin = self.guard.stdin.take().context("the guard listens")?;
        stdin.write_all(b"keep\n")?;
        drop(stdin);
        self.guard.wait()?;
        Ok(())
    }

    /// Ends it, and its folder with it.
    pub fn end(&mut self) {
        drop(self.guard.stdin.take());
        let _ended = self.guard.wait();
    }
}

/// The processes that a process started. Known on Linux.
fn children(of: Pid) -> Vec<Pid> {
    let wanted = of.as_raw_pid().to_string();
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    entries
        .filter_map(|entry| {
            let pid: i32 = entry.file_name().to_str()?.parse().ok()?;
            let stat = fs::read_to_string(entry.path().join("stat")).ok()?;
            // Behind the name in brackets: the state, then the parent.
            let parent = stat.rsplit(") ").next()?.split(' ').nth(1)?;
            (parent == wanted).then(|| Pid::from_raw(pid)).flatten()
        })
        .collect()
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::Guarded;
    use rustix::process::Signal;
    use std::path::PathBuf;
    use std::process::Command;
    use std::time::Duration;

    fn folder() -> PathBuf {
        tempfile::Builder::new().prefix("swingbridge-server-").tempdir().expect("a folder").keep()
    }

    fn sleeper() -> Command {
        let mut command = Command::new("sleep");
        command.arg("1000");
        command
    }

    #[test]
    fn a_server_and_its_folder_are_gone_when_nobody_holds_its_guard() {
        let folder = folder();
        let mut server = Guarded::start(&folder, None, "KILL", &sleeper()).expect("started");
        assert!(server.runs());
        server.signal(Signal::STOP).expect("stopped");
        // What the end of this process does, whatever ends it.
        server.end();
        assert!(!server.runs() && !folder.exists());
    }

    #[test]
    fn a_server_that_is_killed_leaves_its_folder() {
        let folder = folder();
        let server = Guarded::start(&folder, None, "KILL", &sleeper()).expect("started");
        server.kill().expect("killed");
        assert!(folder.join("server.log").is_file());
        std::fs::remove_dir_all(folder).expect("cleared away");
    }

    #[tokio::test]
    async fn a_server_that_ends_when_it_is_asked_is_not_waited_for_any_longer() {
        let folder = folder();
        let server = Guarded::start(&folder, None, "KILL", &sleeper()).expect("started");
        server.stop(Duration::from_secs(1_000)).await.expect("ended");
        std::fs::remove_dir_all(folder).expect("cleared away");
    }
}
