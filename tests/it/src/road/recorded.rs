//! Recorded calls on their way from the module to whoever fetches them: whole, and without a secret.

use std::collections::BTreeSet;

use anyhow::{Context as _, Result};
use host_control::{packed, unpacked};
use host_core::event::{Answer, Event, TickReason};
use host_core::id;
use host_core::port::recordings::{KeptRecord, RecordFilter, Recordings as _, RingBounds};
use host_core::record::{Applied, Asked, End, FORMAT, Import, LIFECYCLE_CONTRACT, Record};
use host_core::unit::Writes;
use reqwest::Method;
use serde_json::{Value, json};
use tests_harness::{CLOUDDRIVER_ROWS, Kind, TestBridge, TestBridgeOptions};

use super::{WELL, agent, create, instruct};
use crate::shell::{Said, swingbridge, verb};

/// A bridge that records.
async fn recording(kind: Kind) -> Result<TestBridge> {
    TestBridge::start_with(TestBridgeOptions {
        database: kind,
        clouddriver_rows: Some(CLOUDDRIVER_ROWS.to_owned()),
        recorded: RingBounds::default(),
        ..TestBridgeOptions::default()
    })
    .await
}

/// What a list of the API answered, as it came.
async fn lines(bridge: &TestBridge, query: &str) -> Result<String> {
    let answer = bridge.api.get(&format!("/records?{query}")).await?.expect(200)?;
    Ok(match answer.body {
        Value::String(text) => text,
        // A single line is JSON.
        one => format!("{one}\n"),
    })
}

async fn records(bridge: &TestBridge, query: &str) -> Result<Vec<Record>> {
    let text = lines(bridge, query).await?;
    Ok(text.lines().map(serde_json::from_str).collect::<Result<_, _>>()?)
}

on_every_database!(a_call_is_recorded_with_what_it_was_told_and_what_became_of_it);

async fn a_call_is_recorded_with_what_it_was_told_and_what_became_of_it(kind: Kind) -> Result<()> {
    let mut bridge = recording(kind).await?;
    create(&bridge, &["a".into(), "b".into()], Some("eu")).await?;
    let held = agent(&bridge, "agent-a", "eu", WELL).await?;
    instruct(&bridge, &["a".into(), "b".into()], "ACTIVE").await?.expect(200)?;
    held.stop().await;
    // What waits is written when the bridge stops.
    bridge.restart().await?;
    let all = records(&bridge, "limit=1000").await?;
    let ids: Vec<&String> = all.iter().map(|record| &record.id).collect();
    assert!(ids.is_sorted_by(|newer, older| newer > older), "the newest first, each once");
    let exports: BTreeSet<&str> = all.iter().map(|record| record.asked.export()).collect();
    assert!(exports.contains("handle") && exports.contains("on-agent"), "{exports:?}");
    let activation = records(&bridge, "export=handle&account=b").await?.remove(0);
    assert_eq!(activation.applied, Applied::Committed);
    assert_eq!(activation.asked.names(), ["a", "b"]);
    let End::Decided { writes, .. } = &activation.end else { anyhow::bail!("{activation:?}") };
    assert_eq!((writes.changes.len(), writes.submissions.len()), (2, 2));
    let functions: Vec<&str> = activation.imports.iter().map(Import::function).collect();
    for function in ["accounts.get", "agents.holdings", "agents.connected", "ids.next"] {
        assert!(functions.contains(&function), "{function} in {functions:?}");
    }
    let path = format!("/records/{}", activation.id);
    let one = bridge.api.get(&path).await?.expect(200)?.body;
    assert_eq!(serde_json::from_value::<Record>(one)?, activation);
    bridge.stop().await;
    Ok(())
}

/// What is planted in definitions that are posted.
fn posted() -> Value {
    let kubeconfig = json!({
        "clusters": [{"name": "c", "cluster": {"certificate-authority-data": "PLANTED-CA"}}],
        "users": [{"name": "u", "user": {"token": "PLANTED-TOKEN", "password": "PLANTED-WORD"}}],
    });
    json!([
        {"name": "inline", "zoneId": "eu", "kubeconfigContents": kubeconfig.to_string()},
        {"name": "noop", "zoneId": "eu", "kubeconfigContents": "encrypted:noop!v:PLANTED-NOOP"},
        {"name": "noop-file", "zoneId": "eu", "kubeconfigFile": "encryptedFile:noop!v:PLANTED-FILE"},
        {
            "name": "refused-1", "zoneId": "eu", "serviceAccount": true, "password": "PLANTED-PASSWORD",
            "nested": {"apiToken": "PLANTED-NESTED", "list": ["encrypted:noop!v:PLANTED-LIST"]},
        },
        {"name": "user", "zoneId": "eu", "serviceAccount": true, "more": "secret://noop?PLANTED-USER"},
    ])
}

/// Every way of a definition through modules: taken from a source, posted, refused, changed, checked, given up.
async fn live(bridge: &TestBridge) -> Result<()> {
    let script = "default: { takes: 0ms }\naccounts:\n  - { match: \"refused-.*\", refuses: unauthorized }\n";
    let held = agent(bridge, "agent-a", "eu", script).await?;
    let api = &bridge.api;
    let sourced = ["eu-1", "us-2", "kc-encfile", "ctx", "kc-file"];
    let items: Vec<Value> = sourced.map(|name| json!({"name": name, "zoneId": "eu"})).into();
    api.post("/armory/accounts", json!(items)).await?.expect(202)?;
    // Who asks is no secret: what shows that the hunt would find one.
    let asked = [("x-spinnaker-user", "CANARY")];
    let posting = "/armory/accounts/dynamic";
    api.with_headers(Method::POST, posting, &asked, &posted()).await?.expect(202)?;
    let names: Vec<String> = ["inline", "noop", "noop-file", "refused-1", "user"]
        .into_iter()
        .chain(sourced)
        .map(str::to_owned)
        .collect();
    let active = instruct(bridge, &names, "ACTIVE").await?.expect(200)?;
    assert_eq!(active.outcome("refused-1"), Some("failed"), "{active:?}");
    assert_eq!(active.outcome("noop"), Some("done"), "{active:?}");
    let change = json!({"name": "inline", "kubeconfigContents": "PLANTED-CHANGE"});
    api.put(posting, change).await?.expect(202)?;
    let change = json!({"name": "noop", "kubeconfigAgent": "PLANTED-AGENT"});
    api.put(posting, change).await?.expect(202)?;
    api.post("/armory/accounts/inline/check?wait=30s", Value::Null).await?.expect(200)?;
    instruct(bridge, &names[..3], "INACTIVE").await?.expect(200)?;
    api.delete("/armory/accounts?wait=30s", Some(json!(names[..3]))).await?.expect(200)?;
    held.stop().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn no_recorded_call_holds_a_secret() -> Result<()> {
    let mut bridge = recording(Kind::Sqlite).await?;
    live(&bridge).await?;
    bridge.restart().await?;
    let fetched = lines(&bridge, "limit=1000").await?;
    let mut kept = String::new();
    for record in bridge.store().recorded(RecordFilter::default(), 1_000).await? {
        kept += &String::from_utf8(unpacked(&record.body)?)?;
        kept += &format!("{record:?}\n");
    }
    assert!(fetched.lines().count() > 10, "{fetched}");
    for (place, text) in [("an answer", &fetched), ("the table", &kept)] {
        // The rows of the recorded Clouddriver have the second kind.
        for planted in ["PLANTED", "TOKEN-", "CA-1", "CA-2"] {
            let found = text.find(planted).map(|at| &text[at.saturating_sub(300)..at + 40]);
            assert_eq!(found, None, "{planted} is in {place}");
        }
        for seen in ["CANARY", "kubeconfigContents", "refused-1", "unauthorized", "kc-encfile"] {
            assert!(text.contains(seen), "{seen} is not in {place}: was it looked at?");
        }
    }
    bridge.stop().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bridges_calls_given_to_the_same_module_again_are_decided_the_same() -> Result<()> {
    let mut bridge = recording(Kind::Sqlite).await?;
    live(&bridge).await?;
    bridge.restart().await?;
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("calls.ndjson");
    let file = path.to_str().context("a path of letters")?;
    let fetched = verb(&bridge.api, "record", &["-o", file]).await?;
    assert_eq!(fetched.code, Some(0), "{}", fetched.complaint);
    let replayed = swingbridge(&["replay", "built-in", file]).await?;
    assert_eq!(replayed.code, Some(0), "{}{}", replayed.out, replayed.complaint);
    bridge.stop().await;
    Ok(())
}

/// The n-th of many small records.
fn small(n: u64) -> Result<KeptRecord> {
    let record = Record {
        format: FORMAT,
        id: id::floor(1_795_348_800_000 + n),
        at: 1_795_348_800_000 + n,
        contract: LIFECYCLE_CONTRACT.into(),
        slot: "lifecycle".into(),
        slot_generation: 1,
        module: "sha256:0123".into(),
        settings: Vec::new(),
        asked: Asked::Event(Event::Tick { reason: TickReason::Due, accounts: vec!["a".into()] }),
        imports: Vec::new(),
        log: Vec::new(),
        end: End::Decided { answer: Answer::Nothing, writes: Writes::default() },
        applied: Applied::Nothing,
        took_us: n,
    };
    Ok(KeptRecord {
        body: packed(&record)?,
        at: record.at,
        slot: record.slot.clone(),
        module: record.module.clone(),
        export: record.asked.export().into(),
        outcome: record.outcome().into(),
        accounts: record.asked.names(),
        took_us: n,
        id: record.id,
    })
}

fn numbers(text: &str) -> Result<Vec<u64>> {
    let number = |line: &str| Ok(serde_json::from_str::<Record>(line)?.took_us);
    text.lines().map(number).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_fetches_as_many_records_as_there_are_into_a_file() -> Result<()> {
    let mut bridge = TestBridge::start().await?;
    let many: Vec<KeptRecord> = (0..1_201).map(small).collect::<Result<_>>()?;
    bridge.store().keep(many, RingBounds::default()).await?;
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("calls.ndjson");
    let file = path.to_str().context("a path of letters")?;
    let record = async |arguments: &[&str]| verb(&bridge.api, "record", arguments).await;

    let Said { code, out, complaint } = record(&["-o", file]).await?;
    assert_eq!((code, complaint.as_str()), (Some(0), ""));
    let said = "1201 recorded calls, from 2026-11-22T12:00:00.000Z to 2026-11-22T12:00:01.200Z in";
    assert!(out.starts_with(said), "{out}");
    let all: Vec<u64> = (0..1_201).rev().collect();
    assert_eq!(numbers(&std::fs::read_to_string(&path)?)?, all, "three pages");

    let again = record(&["-o", file, "--limit", "1"]).await?;
    assert_eq!((again.code, again.out.as_str()), (Some(1), ""));
    assert!(again.complaint.contains("--force"), "{}", again.complaint);
    let forced = record(&["-o", file, "--limit", "1", "--force", "--json"]).await?;
    assert_eq!(forced.code, Some(0), "{}", forced.complaint);
    assert_eq!(serde_json::from_str::<Value>(&forced.out)?["records"], 1);
    assert_eq!(numbers(&std::fs::read_to_string(&path)?)?, [1_200]);

    let some = record(&["--limit", "701", "--until", "2026-11-22T12:00:01Z"]).await?;
    assert_eq!((some.code, some.complaint.as_str()), (Some(0), ""));
    assert_eq!(numbers(&some.out)?, (299..1_000).rev().collect::<Vec<u64>>());
    for (filter, value, count) in [
        ("--account", "a", 1_201),
        ("--account", "b", 0),
        ("--module", "0123", 1_201),
        ("--slot", "other", 0),
        ("--export", "tick", 1_201),
        ("--outcome", "trap", 0),
        ("--since", "2026-11-22T12:00:01.2Z", 1),
    ] {
        let told = record(&[filter, value]).await?;
        assert_eq!(told.code, Some(0), "{filter} {value}: {}", told.complaint);
        assert_eq!(numbers(&told.out)?.len(), count, "{filter} {value}");
    }
    assert_eq!(record(&["--since", "yesterday"]).await?.code, Some(2));
    let refused = record(&["--account", "a/b"]).await?;
    assert_eq!(refused.code, Some(1));
    assert!(refused.complaint.contains("account: the name contains"), "{}", refused.complaint);
    bridge.stop().await;
    Ok(())
}
