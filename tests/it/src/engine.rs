//! The sandbox: each way to be stopped has a class and a sentence, nothing of a stopped call remains, and the next works.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use async_trait::async_trait;
use host_core::account::Account;
use host_core::agent::Agent;
use host_core::clock::Millis;
use host_core::error::{CallClass, CallError};
use host_core::event::{Action, Answer, Event, Item, Outcome, Request};
use host_core::holding::KnownHolding;
use host_core::policy::{Backoff, FailedTry, Placement, Subject, Verdict};
use host_core::port::lifecycle::Lifecycle as _;
use host_core::port::world::{OfferedAccount, World};
use host_core::record::LogLevel;
use host_engine::{Engine, EngineOptions, Limits, LoadError, Module};

/// A world in which every account that is asked for is there, in the state `HERE`, and in which reading never ends.
#[derive(Debug)]
struct Plenty;

fn here(name: &str) -> Account {
    Account {
        name: name.to_owned(),
        state: "HERE".into(),
        revision: 1,
        state_revision: 1,
        definition_revision: 1,
        zone: None,
        declared_by: None,
        identity: None,
        failed_count: 0,
        error: None,
        state_since: 0,
        due_at: None,
        requests: Vec::new(),
        attributes: Vec::new(),
        generation: None,
    }
}

#[async_trait]
impl World for Plenty {
    fn now(&self) -> Millis {
        0
    }
    fn next_id(&self) -> String {
        "id".into()
    }
    fn settings(&self) -> Vec<(String, String)> {
        Vec::new()
    }
    fn log(&self, _: LogLevel, _: String) {}
    async fn accounts(&self, names: Vec<String>) -> Result<Vec<Account>, CallError> {
        Ok(names.iter().map(|name| here(name)).collect())
    }
    async fn accounts_page(&self, _: String, limit: usize) -> Result<Vec<Account>, CallError> {
        Ok((0..limit).map(|n| here(&n.to_string())).collect())
    }
    async fn accounts_due(&self, _: Millis, _: usize) -> Result<Vec<String>, CallError> {
        Ok(Vec::new())
    }
    async fn sources(&self, _: Vec<String>) -> Result<Vec<OfferedAccount>, CallError> {
        Ok(Vec::new())
    }
    async fn sources_page(&self, _: String, _: usize) -> Result<Vec<OfferedAccount>, CallError> {
        Ok(Vec::new())
    }
    async fn agents(&self, _: Vec<String>) -> Result<Vec<Agent>, CallError> {
        Ok(Vec::new())
    }
    async fn holdings(&self, _: Vec<String>) -> Result<Vec<KnownHolding>, CallError> {
        Ok(Vec::new())
    }
    async fn admit(&self, subjects: Vec<Subject>) -> Result<Vec<Verdict>, CallError> {
        Ok(vec![Verdict::Allow; subjects.len()])
    }
    async fn place(&self, subjects: Vec<Subject>) -> Result<Vec<Placement>, CallError> {
        Ok(vec![Placement::Keep; subjects.len()])
    }
    async fn retry(&self, questions: Vec<FailedTry>) -> Result<Vec<Backoff>, CallError> {
        Ok(vec![Backoff::GiveUp; questions.len()])
    }
}

fn engine() -> Result<Engine> {
    Ok(Engine::new(EngineOptions::default())?)
}

/// The module that misbehaves, under limits that are reached quickly.
async fn misbehaving() -> Result<Module> {
    let bytes = tokio::task::spawn_blocking(|| {
        std::fs::read(tests_xtask::guest::build_misbehaving()?).map_err(anyhow::Error::from)
    });
    let limits = Limits {
        deadline: Duration::from_millis(300),
        memory_bytes: 16 << 20,
        hostcall_bytes: 1 << 20,
        read_rows: 10_000,
        ..Limits::default()
    };
    Ok(Module::load(&engine()?, bytes.await??, limits, &[]).await?)
}

async fn call(module: &Module, name: &str) -> Result<Answer, CallError> {
    let item = Item { name: name.to_owned(), zone: None, definition: None, attributes: Vec::new() };
    let request =
        Request { id: "r".into(), action: Action::Activate, who: "test".into(), items: vec![item] };
    let called = module.call(Event::Handle(request), Arc::new(Plenty)).await?;
    assert!(called.writes.is_empty(), "nothing that is denied is collected");
    Ok(called.answer)
}

#[tokio::test(flavor = "multi_thread")]
async fn each_way_to_be_stopped_has_a_class_and_a_sentence() -> Result<()> {
    let module = misbehaving().await?;
    let sins = [
        ("loops-for-ever", CallClass::Deadline, "did not end within 300ms"),
        ("recurses-for-ever", CallClass::Stack, "stack"),
        ("panics", CallClass::Trap, "gave up"),
        ("wants-all-memory", CallClass::Memory, "more than 16 MiB of memory"),
        ("sends-a-huge-string", CallClass::HostcallBytes, "too many bytes"),
        ("asks-for-501-accounts", CallClass::Reads, "501"),
        ("reads-without-end", CallClass::Reads, "more than 10000 rows"),
        ("answers-too-few", CallClass::Contract, "0 outcomes for 1 items"),
    ];
    for (sin, class, words) in sins {
        let error = call(&module, sin).await.expect_err(sin);
        assert_eq!(error.class, class, "{sin}: {error}");
        assert!(error.sentence.contains(words), "{sin}: {error}");
        let named = error.sentence.starts_with("module misbehaving 0.0.1 (sha256:");
        assert!(named, "the sentence names the module: {error}");
        let next = call(&module, "behaves").await?;
        assert_eq!(next, Answer::Outcomes(vec![Outcome::Done]), "the call after {sin}");
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_module_may_not_write_is_denied_at_once() -> Result<()> {
    let module = misbehaving().await?;
    for sin in [
        "takes-an-undeclared-edge",
        "writes-outside-its-batch",
        "writes-what-it-never-read",
        "asks-an-agent-for-a-stranger",
    ] {
        // The module traps if its write is allowed, and is done if it is denied.
        assert_eq!(call(&module, sin).await?, Answer::Outcomes(vec![Outcome::Done]), "{sin}");
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flood_of_log_lines_is_cut_and_counted_and_the_call_goes_on() -> Result<()> {
    let module = misbehaving().await?;
    let item = Item {
        name: "floods-the-log".into(),
        zone: None,
        definition: None,
        attributes: Vec::new(),
    };
    let request =
        Request { id: "r".into(), action: Action::Check, who: "t".into(), items: vec![item] };
    let (result, report) = module.call_measured(Event::Handle(request), Arc::new(Plenty)).await;
    result?;
    assert_eq!(report.log_dropped, 100_000 - Limits::default().log_lines as u64);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_module_that_loops_holds_up_nobody_beside_it() -> Result<()> {
    let module = Arc::new(misbehaving().await?);
    let looping = tokio::spawn({
        let module = Arc::clone(&module);
        async move { call(&module, "loops-for-ever").await.map_err(|error| error.class) }
    });
    for _ in 0..100 {
        call(&module, "behaves").await?;
    }
    assert_eq!(looping.await?, Err(CallClass::Deadline));
    Ok(())
}

async fn refused(bytes: Vec<u8>) -> Result<LoadError> {
    match Module::load(&engine()?, bytes, Limits::default(), &[]).await {
        Ok(module) => anyhow::bail!("it was loaded: {module:?}"),
        Err(error) => Ok(error),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_component_is_refused_with_what_it_is() -> Result<()> {
    let said = refused(b"#!/bin/sh".to_vec()).await?.to_string();
    assert!(said.contains("does not begin like a component"), "{said}");
    let said = refused(wat::parse_str("(module)")?).await?.to_string();
    assert!(said.contains("core module") && said.contains("wasm-component-ld"), "{said}");
    let mut half = host::LIFECYCLE.to_vec();
    half.truncate(half.len() / 2);
    let said = refused(half).await?.to_string();
    assert!(said.contains("it is broken at byte"), "{said}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_component_that_wants_wasi_is_refused_with_the_imports_name() -> Result<()> {
    let wants = r#"(component
        (import "wasi:cli/environment@0.2.0" (instance
            (export "get-arguments" (func (result (list string)))))))"#;
    let said = refused(wat::parse_str(wants)?).await?.to_string();
    assert!(said.contains("wasi:cli/environment@0.2.0"), "{said}");
    assert!(said.contains("does not export swingbridge:lifecycle/module"), "{said}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn settings_that_the_module_refuses_keep_it_from_serving() -> Result<()> {
    let bytes = std::fs::read(tests_xtask::guest::build_misbehaving()?)?;
    let settings = [("refused".to_owned(), "1".to_owned())];
    let loaded = Module::load(&engine()?, bytes, Limits::default(), &settings).await;
    let said = loaded.err().map(|error| error.to_string()).unwrap_or_default();
    assert!(said.contains("refused is no setting of mine"), "{said}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_module_that_the_binary_carries_was_built_from_what_is_in_the_tree() -> Result<()> {
    let built = tokio::task::spawn_blocking(tests_xtask::guest::build).await??;
    assert!(std::fs::read(built)? == host::LIFECYCLE, "build the binary again: cargo xtask demo");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_carried_module_names_the_states_and_edges_of_the_library() -> Result<()> {
    let settings = host_core::settings::Settings::default().pairs();
    let bytes = host::LIFECYCLE.to_vec();
    let module = Module::load(&engine()?, bytes, Limits::default(), &settings).await?;
    let native = tests_harness::NativeLifecycle::serving(0);
    assert_eq!(module.description(), native.description());
    assert_eq!(module.description().states.len(), 10);
    Ok(())
}
