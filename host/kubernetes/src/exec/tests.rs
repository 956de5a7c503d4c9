//! Which commands run, what is taken from them, and that none is run more often than needed.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use async_trait::async_trait;
use host_agent::{Code, Surroundings};
use secrecy::ExposeSecret as _;

use super::{Commands, KEPT_MS, MOST_PRINTED, allowed};
use crate::kubeconfig::{Exec, Variable};
use crate::options::ExecRules;
use crate::server::Server;
use crate::step::Progress;

#[derive(Debug, Default)]
struct Clock(AtomicU64);

#[async_trait]
impl Surroundings for Clock {
    fn now(&self) -> u64 {
        self.0.load(Ordering::SeqCst)
    }

    async fn sleep_until(&self, _: u64) {
        std::future::pending::<()>().await;
    }

    fn chance(&self) -> f64 {
        0.5
    }
}

fn command(folder: &Path, script: &str) -> Exec {
    let path = folder.join("give");
    std::fs::write(&path, format!("#!/bin/sh\necho x >> {}/runs\n{script}", folder.display()))
        .unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    Exec { command: path.display().to_string(), ..Exec::default() }
}

fn server() -> Server {
    Server::read("https://api").unwrap()
}

fn runs(folder: &Path) -> usize {
    std::fs::read_to_string(folder.join("runs")).unwrap_or_default().lines().count()
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
    let script = r#"echo '{"kind":"ExecCredential","status":{"token":"t1"}}'"#;
    let exec = command(folder.path(), script);
    let clock = Arc::new(Clock::default());
    let commands = Commands::new(clock.clone());
    let ask = async || commands.credentials(&exec, &server(), &Progress::default()).await.unwrap();
    let (key, printed) = ask().await;
    assert_eq!(printed.token.unwrap().expose_secret(), "t1");
    ask().await;
    assert_eq!(runs(folder.path()), 1);
    commands.forget(&key);
    ask().await;
    assert_eq!(runs(folder.path()), 2);
    clock.0.fetch_add(KEPT_MS, Ordering::SeqCst);
    ask().await;
    assert_eq!(runs(folder.path()), 3);
}

#[tokio::test]
async fn a_command_that_fails_or_prints_too_much_is_a_sentence_without_its_output() {
    let folder = tempfile::tempdir().unwrap();
    let commands = Commands::new(Arc::new(Clock::default()));
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
