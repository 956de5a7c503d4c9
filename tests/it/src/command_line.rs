//! The binary as a person starts it: what it says, what it answers to the shell, what it leaves behind.

mod trials;

use std::io::{BufRead as _, BufReader, Read as _};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

use serde_json::Value as Json;
use tests_xtask::leftovers::Mark;
use tests_xtask::workspace::{binary, target};

/// The binary in a folder of its own, without any configuration but these arguments.
fn swingbridge(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(binary());
    command
        .args(arguments)
        .current_dir(folder)
        .env("HOME", folder)
        .env("TMPDIR", folder)
        .stdin(Stdio::null());
    command
}

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().expect("a folder")
}

fn text(output: &Output) -> String {
    format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    )
}

fn signal(child: &Child, signal: &str) {
    let sent =
        Command::new("kill").args([signal, &child.id().to_string()]).status().expect("kill runs");
    assert!(sent.success());
}

/// Names of what is left in a folder.
fn entries(folder: &Path) -> Vec<String> {
    std::fs::read_dir(folder)
        .expect("the folder is there")
        .map(|entry| entry.expect("readable").file_name().to_string_lossy().into_owned())
        .collect()
}

#[test]
fn the_demo_is_as_it_should_be_and_leaves_nothing_behind() {
    let (folder, mark) = (folder(), Mark::named("demo"));
    let mut command = swingbridge(folder.path(), &["demo"]);
    mark.put_on(&mut command);
    let output = command.output().expect("the binary starts");
    let said = text(&output);
    assert!(output.status.success(), "{said}");
    for scene in
        ["1. Taken in", "2. Activated", "3. Lost and recovered", "4. Deleted", "5. Looking back"]
    {
        assert!(said.contains(scene), "{scene} is missing in {said}");
    }
    assert_eq!(mark.left_in(&target()), []);
    assert_eq!(entries(folder.path()), Vec::<String>::new());
}

#[test]
fn a_demo_that_is_stopped_ends_what_it_started() {
    let (folder, mark) = (folder(), Mark::named("stopped-demo"));
    let mut command = swingbridge(folder.path(), &["demo", "--keep"]);
    mark.put_on(&mut command);
    let mut demo = command.stdout(Stdio::piped()).spawn().expect("the binary starts");
    let mut lines = BufReader::new(demo.stdout.take().expect("piped")).lines();
    let started = lines.any(|line| line.expect("readable").contains("2. Activated"));
    assert!(started, "the demo ended before its second scene");
    signal(&demo, "-INT");
    let rest: Vec<String> = lines.map(|line| line.expect("readable")).collect();
    let status = demo.wait().expect("it ends");
    assert!(!status.success(), "a demo that did not get to its end is no success: {rest:?}");
    assert!(rest.iter().any(|line| line.contains("Stopped before the end")), "{rest:?}");
    assert_eq!(mark.left_in(&target()), []);
    assert_eq!(entries(folder.path()), Vec::<String>::new());
}

#[test]
fn a_bridge_says_first_where_it_is_and_ends_well_when_asked_to() {
    let folder = folder();
    let arguments = ["serve", "--server-listen=127.0.0.1:0", "--agents-listen=127.0.0.1:0"];
    let mut bridge = swingbridge(folder.path(), &arguments)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the binary starts");
    let mut output = BufReader::new(bridge.stdout.take().expect("piped"));
    let mut line = String::new();
    output.read_line(&mut line).expect("readable");
    let ready: Json = serde_json::from_str(&line).expect("one line of JSON");
    assert_eq!(ready["ready"], true);
    for place in ["http", "agents"] {
        assert!(
            ready[place].as_str().is_some_and(|url| url.starts_with("http://127.0.0.1:")),
            "{ready}"
        );
    }
    signal(&bridge, "-TERM");
    assert!(bridge.wait().expect("it ends").success());
    let mut rest = String::new();
    output.read_to_string(&mut rest).expect("readable");
    assert_eq!(rest, "", "standard output carries the one line only");
}

#[test]
fn a_key_that_nobody_knows_stops_the_start_and_offers_the_nearest() {
    let folder = folder();
    std::fs::write(folder.path().join("swingbridge.yml"), "server:\n  lisen: 127.0.0.1:0\n")
        .expect("written");
    let output = swingbridge(folder.path(), &["serve"]).output().expect("the binary starts");
    assert_eq!(output.status.code(), Some(1));
    let said = text(&output);
    assert!(
        said.contains(
            "swingbridge.yml, line 2: server.lisen is not known; is server.listen meant?"
        ),
        "{said}"
    );
    assert_eq!(entries(folder.path()), ["swingbridge.yml"], "nothing was begun");
}

#[test]
fn an_agent_whose_script_is_not_there_says_which() {
    let folder = folder();
    let output = swingbridge(folder.path(), &["agent", "--id=a", "--zone=z", "--simulate=no.yml"])
        .output()
        .expect("the binary starts");
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output).contains("no.yml cannot be read"), "{}", text(&output));
}
