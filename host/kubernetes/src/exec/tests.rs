//! Which commands run, what is taken from them, that none is run more often than needed, and that none stays.

use std::io::{BufRead as _, BufReader, Read as _};
use std::path::Path;
use std::time::Duration;

use host_agent::Code;
use secrecy::ExposeSecret as _;
use tokio::sync::mpsc;

use super::process::{LONGEST_MS, MOST_PRINTED};
use super::{AT_ONCE, Commands, KEPT_MS, allowed};
use crate::kubeconfig::{Exec, Variable};
use crate::options::ExecRules;
use crate::server::Server;
use crate::step::Progress;
use crate::testing::Clock;

const GIVES: &str = r#"echo '{"kind":"ExecCredential","status":{"token":"t1"}}'"#;

/// A command that notes that it ran. A shell runs it: a file that was just written can be kept from running by whoever
/// forks meanwhile.
fn command(folder: &Path, script: &str) -> Exec {
    let path = folder.join("give");
    std::fs::write(&path, format!("echo x >> {}/runs\n{script}", folder.display())).unwrap();
    Exec { command: "/bin/sh".into(), args: vec![path.display().to_string()], ..Exec::default() }
}

fn server() -> Server {
    Server::read("https://api").unwrap()
}

fn runs(folder: &Path) -> usize {
    std::fs::read_to_string(folder.join("runs")).unwrap_or_default().lines().count()
}

/// A pipe that tells each line written into it, and its end when nobody has it open any more.
fn pipe(path: &Path) -> mpsc::UnboundedReceiver<String> {
    assert!(std::process::Command::new("mkfifo").arg(path).status().unwrap().success());
    let (tell, told) = mpsc::unbounded_channel();
    let path = path.to_owned();
    std::thread::spawn(move || {
        let mut pipe = BufReader::new(std::fs::File::open(path).unwrap());
        let mut line = String::new();
        pipe.read_line(&mut line).unwrap();
        let _ = tell.send(line);
        let _ = pipe.read_to_end(&mut Vec::new());
    });
    told
}

async fn soon<T>(fact: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(20), fact).await.expect("it does not come")
}

#[test]
fn only_what_is_named_may_run_and_only_with_variables_that_are_named() {
    let rules = ExecRules { allow: vec!["aws".into()], env: vec!["AWS_PROFILE".into()] };
    let exec = |command: &str, name: &str| Exec {
        command: command.into(),
        env: vec![Variable { name: name.into(), value: "hunter2".into() }],
        ..Exec::default()
    };
    assert!(allowed(&exec("aws", "AWS_PROFILE"), &rules).is_ok());
    let text = allowed(&exec("aws", "LD_PRELOAD"), &rules).unwrap_err().text;
    assert!(text.contains("LD_PRELOAD") && !text.contains("hunter2"), "{text}");
    for other in ["./aws", "/tmp/aws", "AWS", "aws ", ""] {
        assert!(allowed(&exec(other, "AWS_PROFILE"), &rules).is_err(), "{other}");
    }
}

#[tokio::test]
async fn what_a_command_printed_is_kept_until_it_expires_or_is_not_taken() {
    let folder = tempfile::tempdir().unwrap();
    let exec = command(folder.path(), GIVES);
    let clock = Clock::new();
    let commands = Commands::new(clock.clone());
    let ask = async || commands.credentials(&exec, &server(), &Progress::default()).await.unwrap();
    let (key, printed) = ask().await;
    assert_eq!(printed.token.unwrap().expose_secret(), "t1");
    ask().await;
    assert_eq!(runs(folder.path()), 1);
    commands.forget(&key);
    ask().await;
    assert_eq!(runs(folder.path()), 2);
    clock.advance(KEPT_MS);
    ask().await;
    assert_eq!(runs(folder.path()), 3);
}

#[tokio::test]
async fn those_who_want_the_same_share_one_run_and_its_result() {
    let folder = tempfile::tempdir().unwrap();
    let commands = Commands::new(Clock::new());
    for script in [GIVES, "exit 3"] {
        let exec = command(folder.path(), script);
        let before = runs(folder.path());
        let (server, progress) = (server(), Progress::default());
        let all = (0..3 * AT_ONCE).map(|_| commands.credentials(&exec, &server, &progress));
        let all = soon(futures::future::join_all(all)).await;
        assert_eq!(runs(folder.path()), before + 1, "{script}");
        assert!(all.iter().all(|given| given.is_ok() == (script == GIVES)), "{all:?}");
        for (key, _) in all.into_iter().flatten() {
            commands.forget(&key);
        }
    }
}

#[tokio::test]
async fn who_gives_up_waiting_ends_no_run_that_another_waits_for() {
    let folder = tempfile::tempdir().unwrap();
    let mut began = pipe(&folder.path().join("began"));
    let (began_at, go) = (folder.path().join("began"), folder.path().join("go"));
    assert!(std::process::Command::new("mkfifo").arg(&go).status().unwrap().success());
    let script =
        format!("echo began > {}\nread go < {}\n{GIVES}", began_at.display(), go.display());
    let exec = command(folder.path(), &script);
    let commands = Commands::new(Clock::new());
    let (server, progress) = (server(), Progress::default());
    let mut first = Box::pin(commands.credentials(&exec, &server, &progress));
    let mut second = Box::pin(commands.credentials(&exec, &server, &progress));
    tokio::select! {
        given = &mut first => panic!("it is not waited for: {given:?}"),
        given = &mut second => panic!("it is not waited for: {given:?}"),
        line = soon(began.recv()) => assert_eq!(line.unwrap(), "began\n"),
    }
    drop(first);
    std::thread::spawn(move || std::fs::write(go, "go\n"));
    assert!(soon(second).await.is_ok());
    assert_eq!(runs(folder.path()), 1);
}

/// A command that hangs, whose child hangs too, and the pipe that the child keeps open.
fn hangs(folder: &Path) -> (Exec, mpsc::UnboundedReceiver<String>) {
    let path = folder.join("pipe");
    let told = pipe(&path);
    let script = format!("(echo hangs; exec sleep 1000) > {} &\nwait", path.display());
    (command(folder, &script), told)
}

#[tokio::test]
async fn a_command_that_hangs_is_ended_with_its_children_and_makes_room() {
    let folders: Vec<_> = (0..AT_ONCE).map(|_| tempfile::tempdir().unwrap()).collect();
    let (execs, mut pipes): (Vec<_>, Vec<_>) =
        folders.iter().map(|folder| hangs(folder.path())).unzip();
    let (clock, progress, server) = (Clock::new(), Progress::default(), server());
    let commands = Commands::new(clock.clone());
    let all = execs.iter().map(|exec| commands.credentials(exec, &server, &progress));
    let hanging = futures::future::join_all(all);
    let begun = async {
        for pipe in &mut pipes {
            assert_eq!(pipe.recv().await.unwrap(), "hangs\n");
        }
        clock.advance(LONGEST_MS);
    };
    let (given, ()) = soon(futures::future::join(hanging, begun)).await;
    for given in given {
        let refusal = given.unwrap_err();
        assert_eq!(refusal.code, Code::Timeout);
        assert!(refusal.text.contains("within 10 s and was ended"), "{}", refusal.text);
    }
    for pipe in &mut pipes {
        assert_eq!(soon(pipe.recv()).await, None, "the child has ended");
    }
    let exec = command(folders[0].path(), GIVES);
    assert!(soon(commands.credentials(&exec, &server, &progress)).await.is_ok());
}

#[tokio::test]
async fn a_command_that_nobody_waits_for_any_more_is_ended_with_its_children() {
    let folder = tempfile::tempdir().unwrap();
    let (exec, mut pipe) = hangs(folder.path());
    let (commands, progress, server) = (Commands::new(Clock::new()), Progress::default(), server());
    let mut asking = Box::pin(commands.credentials(&exec, &server, &progress));
    tokio::select! {
        given = &mut asking => panic!("it is not waited for: {given:?}"),
        line = soon(pipe.recv()) => assert_eq!(line.unwrap(), "hangs\n"),
    }
    drop(asking);
    assert_eq!(soon(pipe.recv()).await, None, "the child has ended");
}

#[tokio::test]
async fn a_command_that_fails_or_prints_too_much_is_a_sentence_without_its_output() {
    let folder = tempfile::tempdir().unwrap();
    let commands = Commands::new(Clock::new());
    let fault = async |script: &str| {
        let exec = command(folder.path(), script);
        let refusal =
            commands.credentials(&exec, &server(), &Progress::default()).await.unwrap_err();
        assert!(!refusal.text.contains("hunter2"), "{}", refusal.text);
        refusal
    };
    let failed = fault("echo hunter2; echo hunter2 >&2; exit 3").await;
    assert_eq!(failed.code, Code::Unauthorized);
    assert!(failed.text.contains("status 3"), "{}", failed.text);
    assert!(fault("echo hunter2").await.text.contains("no ExecCredential"));
    let giant = format!("head -c {} /dev/zero", MOST_PRINTED + 10);
    assert!(fault(&giant).await.text.contains("prints more than"));
    let exec = Exec { command: "/nowhere/at/all".into(), ..Exec::default() };
    let refusal = commands.credentials(&exec, &server(), &Progress::default()).await.unwrap_err();
    assert!(refusal.text.contains("cannot be run"), "{}", refusal.text);
}

/// It runs itself, since a process cannot safely set its own variables.
#[tokio::test]
async fn a_command_gets_the_agents_variables_without_its_settings() {
    const NAME: &str = "exec::tests::a_command_gets_the_agents_variables_without_its_settings";
    if std::env::var_os("SWINGBRIDGE_AGENT_TOKEN").is_none() {
        let ran = tokio::process::Command::new(std::env::current_exe().unwrap())
            .args(["--exact", NAME])
            .env("SWINGBRIDGE_AGENT_TOKEN", "hunter2")
            .env("CLOUD_IDENTITY", "me")
            .output()
            .await
            .unwrap();
        let said = String::from_utf8_lossy(&ran.stdout);
        assert!(ran.status.success() && said.contains("1 passed"), "{said}");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let script = format!("env > {}/env\n{GIVES}", folder.path().display());
    let exec = command(folder.path(), &script);
    let commands = Commands::new(Clock::new());
    commands.credentials(&exec, &server(), &Progress::default()).await.unwrap();
    let env = std::fs::read_to_string(folder.path().join("env")).unwrap();
    assert!(!env.contains("SWINGBRIDGE_") && !env.contains("hunter2"), "{env}");
    assert!(env.contains("CLOUD_IDENTITY=me"), "{env}");
}
