//! Sessions that end while the database does not answer: no agent stays connected that is not.

use std::sync::Arc;

use anyhow::{Result, ensure};
use proto::agent::v1::agent_message::Message;
use tests_harness::{CommitFate, Kind, Proxy, TestBridge, TestBridgeOptions, TestDatabase};

use crate::link::dialler::{Dialler, part};

on_servers!(
    a_session_of_whose_commit_nothing_was_heard_does_not_stay_connected,
    a_registration_that_is_refused_leaves_no_session_behind,
    a_good_bye_that_could_not_be_written_is_said_again,
);

/// A bridge behind a line that breaks when it is told to, when all that it writes at its start is written.
async fn bridge(kind: Kind) -> Result<(TestBridge, Proxy)> {
    let (database, proxy) = TestDatabase::behind_a_proxy(kind).await?;
    let options = TestBridgeOptions { database: kind, ..TestBridgeOptions::default() };
    let bridge = TestBridge::start_on(Arc::new(database), options).await?;
    until(&bridge, "SELECT holder FROM swingbridge_leases", Some("test")).await?;
    until(&bridge, "SELECT id FROM swingbridge_replicas", Some("test")).await?;
    Ok((bridge, proxy))
}

/// Returns when the first cell that is read, past the line, is this one.
async fn until(bridge: &TestBridge, text: &str, expected: Option<&str>) -> Result<()> {
    let mut last = None;
    for _ in 0..20_000 {
        let rows = bridge.database().rows(text).await?;
        last = rows.into_iter().flatten().next().flatten();
        if last.as_deref() == expected {
            return Ok(());
        }
        tokio::task::yield_now().await;
    }
    ensure!(false, "{text} should have come to {expected:?} and is {last:?}");
    Ok(())
}

async fn presence(bridge: &TestBridge, expected: &str) -> Result<()> {
    until(bridge, "SELECT presence FROM swingbridge_agents", Some(expected)).await
}

/// An agent that asks to register.
async fn asking(bridge: &TestBridge) -> Result<Dialler> {
    let dialler = Dialler::dial(bridge.agents_address()).await;
    dialler.say(Message::Register(part([], true))).await;
    Ok(dialler)
}

async fn a_session_of_whose_commit_nothing_was_heard_does_not_stay_connected(
    kind: Kind,
) -> Result<()> {
    let (mut bridge, proxy) = bridge(kind).await?;
    proxy.commits(CommitFate::AnswerLost, 1);
    let refused = asking(&bridge).await?.refused().await;
    ensure!(refused.retry, "{refused:?}");
    presence(&bridge, "connected").await?;
    // It never comes back.
    bridge.clock.advance(1_000);
    presence(&bridge, "gone").await?;
    bridge.stop().await;
    Ok(())
}

async fn a_registration_that_is_refused_leaves_no_session_behind(kind: Kind) -> Result<()> {
    let (mut bridge, proxy) = bridge(kind).await?;
    // The session is written, and what is settled of it is not.
    proxy.commits_after(1, CommitFate::NeverSent, 1);
    let refused = asking(&bridge).await?.refused().await;
    ensure!(refused.retry, "{refused:?}");
    presence(&bridge, "gone").await?;
    bridge.stop().await;
    Ok(())
}

async fn a_good_bye_that_could_not_be_written_is_said_again(kind: Kind) -> Result<()> {
    let (mut bridge, proxy) = bridge(kind).await?;
    let dialler = Dialler::register(bridge.agents_address(), part([], true)).await;
    presence(&bridge, "connected").await?;
    proxy.commits(CommitFate::NeverSent, 1);
    drop(dialler);
    proxy.has_lost(1).await;
    presence(&bridge, "connected").await?;
    bridge.clock.advance(1_000);
    presence(&bridge, "gone").await?;
    bridge.stop().await;
    Ok(())
}
