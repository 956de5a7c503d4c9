//! The same as a person types it: what `swingbridge accounts check`, `show` and `rebind` write, and answer to the shell.

use anyhow::{Result, ensure};
use tests_harness::TestBridge;

use super::seen::{account, active};
use super::{agent, create};
use crate::shell::accounts;

#[tokio::test(flavor = "multi_thread")]
async fn a_check_is_a_table_and_its_exit_says_whether_anybody_reaches_the_cluster() -> Result<()> {
    let mut bridge = TestBridge::start().await?;
    create(&bridge, &["a".into()], Some("eu")).await?;
    let nobody = accounts(&bridge.api, &["check", "a"]).await?;
    assert_eq!((nobody.code, nobody.out.as_str()), (Some(1), ""));
    ensure!(nobody.complaint.contains("no agent of the zone eu"), "{}", nobody.complaint);
    let script = "default: { takes: 0ms, refuses: unauthorized, times: 1 }";
    let held = agent(&bridge, "agent-a", "eu", script).await?;
    let refused = accounts(&bridge.api, &["check", "a"]).await?;
    assert_eq!(refused.code, Some(1));
    ensure!(refused.out.contains("agent-a  refused"), "{}", refused.out);
    ensure!(refused.complaint.contains("a: failed: unauthorized"), "{}", refused.complaint);
    let well = accounts(&bridge.api, &["check", "a"]).await?;
    assert_eq!((well.code, well.complaint.as_str()), (Some(0), ""));
    let lines: Vec<&str> = well.out.lines().collect();
    let [headings, line] = lines[..] else { anyhow::bail!("{}", well.out) };
    ensure!(headings.starts_with("AGENT    ANSWER  VERSION  HOST"), "{headings}");
    for cell in ["agent-a  done", "v1.34.4", "https://a.simulated:6443", "2"] {
        ensure!(line.contains(cell), "{cell} is missing in {line}");
    }
    let json = accounts(&bridge.api, &["check", "a", "--json"]).await?;
    let body: serde_json::Value = serde_json::from_str(&json.out)?;
    assert_eq!(body["items"][0]["agents"][0]["namespaces"]["count"], 2);
    held.stop().await;
    bridge.stop().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_conflict_is_shown_and_accepted() -> Result<()> {
    let mut bridge = TestBridge::start().await?;
    let script = "default: { takes: 0ms, changes: [{ after: 10s, certificate: renewed }] }";
    let held = agent(&bridge, "agent-a", "eu", script).await?;
    active(&bridge).await?;
    account(&bridge, |a| a["certFingerprint"].is_string()).await?;
    bridge.clock.advance(10_000);
    let turned = account(&bridge, |a| a["errorCode"] == "identity-conflict").await?;
    let seen = turned["agents"][0]["cluster"]["certFingerprint"].as_str().unwrap_or_default();
    let shown = accounts(&bridge.api, &["show", "a"]).await?.out;
    ensure!(shown.contains("another cluster than the recorded one"), "{shown}");
    let wrong = accounts(&bridge.api, &["rebind", "a", "--fingerprint", "00:11"]).await?;
    assert_eq!(wrong.code, Some(1));
    ensure!(wrong.complaint.contains(seen), "{}", wrong.complaint);
    let right = accounts(&bridge.api, &["rebind", "a", "--fingerprint", seen]).await?;
    assert_eq!(right.code, Some(0));
    let shown = accounts(&bridge.api, &["show", "a"]).await?.out;
    ensure!(!shown.contains("another cluster"), "{shown}");
    held.stop().await;
    bridge.stop().await;
    Ok(())
}
