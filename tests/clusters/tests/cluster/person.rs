//! The binary, as a person has it: what it writes, what it is told, and what is left of it.

use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tests_clusters::skipped;
use tests_xtask::leftovers::Mark;

/// How long anything here may take.
const PATIENCE: Duration = Duration::from_secs(120);
/// Between two looks.
const LOOK: Duration = Duration::from_millis(50);

/// Starts it with everything that it makes in a folder.
fn start(mark: &Mark, temporary: &Path, kubeconfigs: &Path) -> Child {
    start_with(mark, temporary, kubeconfigs, &[])
}

fn start_with(mark: &Mark, temporary: &Path, kubeconfigs: &Path, flags: &[&str]) -> Child {
    let mut command = Command::new(env!("CARGO_BIN_EXE_clusters"));
    mark.put_on(&mut command);
    command
        .args(flags)
        .args(["--count", "1", "--folder"])
        .arg(kubeconfigs)
        .env("TMPDIR", temporary)
        .stdin(if flags.is_empty() { Stdio::null() } else { Stdio::piped() })
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

fn wait_for(what: &str, mut there: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !there() {
        assert!(begun.elapsed() < PATIENCE, "{what} does not come");
        std::thread::sleep(LOOK);
    }
}

fn is_empty(folder: &Path) -> bool {
    fs::read_dir(folder).unwrap().next().is_none()
}

/// Says a line and hears the answer.
fn say(program: &UnixStream, line: &str) -> String {
    let mut writes = program;
    writeln!(writes, "{line}").unwrap();
    let mut answer = String::new();
    BufReader::new(program).read_line(&mut answer).unwrap();
    answer.trim().to_owned()
}

#[tokio::test]
async fn it_does_what_it_is_told_and_leaves_nothing_when_it_is_killed() {
    if skipped("it_does_what_it_is_told_and_leaves_nothing_when_it_is_killed").await.unwrap() {
        return;
    }
    let mark = Mark::named("clusters-of-a-person");
    let (temporary, kubeconfigs) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let mut clusters = start(&mark, temporary.path(), kubeconfigs.path());
    let socket = kubeconfigs.path().join("control");
    wait_for("the socket", || {
        assert!(clusters.try_wait().unwrap().is_none(), "it has ended");
        socket.exists()
    });
    for file in ["cluster-1.yml", "cluster-1-reader.yml"] {
        let text = fs::read_to_string(kubeconfigs.path().join(file)).unwrap();
        assert!(text.contains("server: https://127.0.0.1:"), "{file}");
    }
    let program = UnixStream::connect(&socket).unwrap();
    assert_eq!(say(&program, "freeze 1"), "done");
    assert_eq!(say(&program, "thaw 1"), "done");
    assert_eq!(say(&program, "stop 1"), "done");
    assert!(say(&program, "freeze 1").starts_with("not done: "));
    assert!(say(&program, "stop 7").contains("1 to 1"));
    assert_eq!(say(&program, "start 1"), "done");

    assert!(!mark.left_in(Path::new("/")).is_empty());
    clusters.kill().unwrap();
    clusters.wait().unwrap();
    wait_for("the end of all processes", || mark.left_in(Path::new("/")).is_empty());
    wait_for("an empty folder", || is_empty(temporary.path()));
}

#[tokio::test]
async fn a_program_that_is_gone_leaves_no_credentials_behind() {
    if skipped("a_program_that_is_gone_leaves_no_credentials_behind").await.unwrap() {
        return;
    }
    let mark = Mark::named("clusters-of-a-program");
    let temporary = tempfile::tempdir().unwrap();
    let kubeconfigs = temporary.path().join("kubeconfigs");
    let mut clusters = start_with(&mark, temporary.path(), &kubeconfigs, &["--attached"]);
    wait_for("the socket", || {
        assert!(clusters.try_wait().unwrap().is_none(), "it has ended");
        kubeconfigs.join("control").exists()
    });
    assert!(kubeconfigs.join("cluster-1.yml").exists());
    drop(clusters.stdin.take());
    clusters.wait().unwrap();
    wait_for("the end of all processes", || mark.left_in(Path::new("/")).is_empty());
    wait_for("an empty folder", || is_empty(temporary.path()));
}

#[test]
fn without_go_it_says_what_to_install() {
    let (empty, temporary) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let output = Command::new(env!("CARGO_BIN_EXE_clusters"))
        .env("PATH", empty.path())
        .env("XDG_CACHE_HOME", empty.path())
        .env("TMPDIR", temporary.path())
        .env_remove("SWINGBRIDGE_TEST_KUBERNETES")
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success());
    assert!(said.contains("Install Go 1."), "{said}");
    assert!(is_empty(empty.path()), "nothing was begun");
    assert!(is_empty(temporary.path()), "and nothing is left");
}
