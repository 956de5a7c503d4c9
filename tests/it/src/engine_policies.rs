//! Policies in the sandbox: each way to be stopped has a class and a sentence, and harms no other question.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use host_control::{Chain, ChainPorts, Member};
use host_core::clock::Millis;
use host_core::definition::Definition;
use host_core::error::CallClass;
use host_core::policy::{Admission, Answers, Backoff, Case, FailMode, Mode, Question, Questions};
use host_core::port::ids::Ids;
use host_core::port::policy::{Policies as _, Policy as _};
use host_core::port::recorder::NoRecorder;
use host_core::settings::InForce;
use host_engine::{Engine, EngineOptions, Limits, LoadError, PolicyModule};

use crate::store::Standing;

fn limits() -> Limits {
    Limits { deadline: Duration::from_millis(300), memory_bytes: 16 << 20, ..Limits::default() }
}

async fn picky(settings: &str) -> Result<Result<PolicyModule, LoadError>> {
    let bytes = tokio::task::spawn_blocking(|| {
        std::fs::read(tests_xtask::guest::build_picky()?).map_err(anyhow::Error::from)
    });
    let engine = Engine::new(EngineOptions::default())?;
    Ok(PolicyModule::load(&engine, bytes.await??, limits(), settings).await)
}

fn case(name: &str) -> Case {
    Case {
        name: name.into(),
        zone: None,
        definition: Definition::default(),
        attributes: Vec::new(),
    }
}

fn cases(names: &[&str]) -> Vec<Case> {
    names.iter().map(|name| case(name)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn each_way_to_be_stopped_has_a_class_and_a_sentence_and_the_next_call_works() -> Result<()> {
    let policy = picky("{}").await??;
    let within = Duration::from_secs(5);
    for (sin, class, wanted) in [
        ("loops-for-ever", CallClass::Deadline, "did not end within 300ms"),
        ("panics", CallClass::Trap, "gave up"),
        ("wants-all-memory", CallClass::Memory, "16 MiB"),
        ("answers-too-little", CallClass::Contract, "it gave 0 answers to 1 questions"),
        ("says-no-json", CallClass::Contract, "its value for namespaces is no JSON"),
    ] {
        let asked = policy.ask(Questions::Admission(cases(&[sin])), within).await;
        let error = asked.expect_err(sin);
        assert_eq!(error.class, class, "{error}");
        let who = format!("policy picky 1.0.0 ({})", policy.digest());
        assert!(error.sentence.contains(wanted) && error.sentence.contains(&who), "{error}");
        let next = policy.ask(Questions::Admission(cases(&["well"])), within).await;
        assert!(next.is_ok(), "after {sin}: {next:?}");
    }
    let (ended, stopped) = policy.ended();
    assert_eq!(ended, 5);
    assert!(stopped.contains(&("contract", 2)), "{stopped:?}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_it_answers_in_words_of_tomorrow_counts_for_nothing_and_reasons_are_cut() -> Result<()>
{
    let policy = picky("{}").await??;
    let within = Duration::from_secs(5);
    let asked = Questions::Admission(cases(&["speaks-of-tomorrow", "talks-much"]));
    let Answers::Admission(told) = policy.ask(asked, within).await? else {
        panic!("another answer")
    };
    assert_eq!(told[0], None);
    let Some(host_core::policy::Ruling::Deny(reason)) = &told[1] else { panic!("{told:?}") };
    assert_eq!(reason.len(), 4_096);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn it_is_refused_with_settings_that_it_does_not_take() -> Result<()> {
    let refused = picky(r#"{"refuse-me": true}"#).await?.expect_err("it refuses");
    assert_eq!(refused, LoadError::Settings("it was asked to refuse".into()));
    let policy = picky("{}").await??;
    assert!(policy.with_settings(r#"{"refuse-me": true}"#).await.is_err());
    assert_eq!(policy.questions(), Question::ALL);
    Ok(())
}

#[tokio::test]
async fn what_is_no_policy_is_told_what_it_wants_and_lacks() -> Result<()> {
    let engine = Engine::new(EngineOptions::default())?;
    let load = async |text: &str| {
        let bytes = wat::parse_str(text).expect("a component");
        PolicyModule::load(&engine, bytes, limits(), "{}")
            .await
            .expect_err("it is refused")
            .to_string()
    };
    let wants = load(
        r#"(component (import "wasi:clocks/wall-clock@0.2.0" (instance (export "now" (func)))))"#,
    );
    let wants = wants.await;
    for wanted in [
        "wasi:clocks/wall-clock@0.2.0",
        "modules get no WASI",
        "module@1.x",
        "it answers no question",
    ] {
        assert!(wants.contains(wanted), "{wanted}: {wants}");
    }
    let lifecycle = PolicyModule::load(&engine, host::LIFECYCLE.to_vec(), limits(), "{}").await;
    let said = lifecycle.expect_err("it is refused").to_string();
    assert!(
        said.contains("swingbridge:lifecycle/accounts@1.0.0; a policy imports no function"),
        "{said}"
    );
    Ok(())
}

#[derive(Debug)]
struct Same;

impl Ids for Same {
    fn next(&self) -> String {
        "id".into()
    }
    fn chance(&self) -> f64 {
        0.0
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn in_the_chain_it_harms_only_the_accounts_that_it_fails_for() -> Result<()> {
    const NOW: Millis = 1;
    let member = Member {
        name: "picky".into(),
        generation: 1,
        policy: Arc::new(picky("{}").await??),
        mode: Mode::Enforce,
        fail: FailMode::Closed,
        deadline: Duration::from_secs(2),
        settings: Vec::new(),
    };
    let chain = Chain::new(
        vec![member],
        ChainPorts {
            settings: InForce::default(),
            ids: Arc::new(Same),
            clock: Arc::new(Standing(NOW)),
            recorder: Arc::new(NoRecorder),
        },
    );
    let sins = ["loops-for-ever", "panics", "answers-too-little", "takes-the-credentials"];
    let mut names: Vec<String> = (0..60).map(|n| format!("well-{n}")).collect();
    for (at, sin) in sins.into_iter().enumerate() {
        names.insert(at * 15, sin.to_owned());
    }
    let asked: Vec<Case> = names.iter().map(|name| case(name)).collect();
    let decided = chain.admit(asked).await?;
    for (name, decided) in names.iter().zip(decided) {
        let fails = sins.contains(&name.as_str());
        assert_eq!(decided != Admission::Allow, fails, "{name}: {decided:?}");
    }
    let failure = host_core::account::Failure { code: "timeout".into(), text: String::new() };
    let failed = host_core::policy::FailedTry {
        name: "panics".into(),
        failed_count: 1,
        failure,
        attributes: Vec::new(),
    };
    assert_eq!(
        chain.retry(vec![failed]).await?,
        [Backoff::After(5_000)],
        "nobody is given up for it"
    );
    Ok(())
}
