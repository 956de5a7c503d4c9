//! No secret value in clear: the tokens planted in the recorded rows are hunted for everywhere.

use std::path::Path;

use anyhow::Result;
use serde_json::json;

use super::{WELL, agent, beside_clouddriver};

/// What stands in the place of real values in the recorded rows, and must not be seen anywhere.
const PLANTED: [&str; 4] = ["TOKEN-1", "TOKEN-2", "CA-1", "CA-2"];

#[tokio::test(flavor = "multi_thread")]
async fn the_tokens_of_real_accounts_are_in_no_table_and_no_answer() -> Result<()> {
    let mut bridge = beside_clouddriver(tests_harness::Kind::Sqlite).await?;
    let held = agent(&bridge, "agent-a", "eu", WELL).await?;
    let all = ["eu-1", "us-2", "kc-encfile", "ctx", "kc-file"];
    let items: Vec<_> = all.iter().map(|name| json!({"name": name, "zoneId": "eu"})).collect();
    bridge.api.post("/armory/accounts", json!(items)).await?.expect(202)?;
    let items: Vec<_> = all.iter().map(|name| json!({"name": name, "state": "ACTIVE"})).collect();
    let answer = bridge.api.patch("/armory/accounts?wait=30s", json!(items)).await?.expect(200)?;
    let mut said = answer.body.to_string();
    for name in all {
        for path in ["/agents/kubernetes/accounts/", "/armory/accounts/"] {
            said += &bridge.api.get(&format!("{path}{name}")).await?.body.to_string();
        }
        said +=
            &bridge.api.get(&format!("/armory/accounts/{name}/history")).await?.body.to_string();
    }
    said += &bridge.api.get("/armory/agent/operations?items=100").await?.body.to_string();
    said += &bridge.api.get("/armory/accounts").await?.body.to_string();
    for planted in PLANTED {
        assert!(!said.contains(planted), "{planted} is in an answer");
    }
    assert!(said.contains("secret://swingbridge/"), "references are shown in the place of values");
    held.stop().await;
    bridge.stop().await;
    assert_nothing_planted(&bridge.folder())
}

/// Looks through every byte that the bridge has written.
fn assert_nothing_planted(folder: &Path) -> Result<()> {
    let mut looked_at = 0;
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("clouddriver.db"))
        {
            continue;
        }
        let bytes = std::fs::read(&path)?;
        looked_at += bytes.len();
        for planted in PLANTED {
            let found = bytes.windows(planted.len()).any(|window| window == planted.as_bytes());
            assert!(!found, "{planted} is in {}", path.display());
        }
    }
    assert!(looked_at > 10_000, "the database was looked at");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_that_would_leave_an_account_open_is_refused_by_name() -> Result<()> {
    let mut bridge = beside_clouddriver(tests_harness::Kind::Sqlite).await?;
    // The recorded row perms-all has the role " OPS ", which Clouddriver trims and the original ignored.
    let refused = bridge.api.post("/armory/accounts", json!([{"name": "perms-all"}])).await?;
    assert!((400..500).contains(&refused.status), "{refused:?}");
    assert!(refused.body.to_string().contains("blank"), "{refused:?}");
    assert_eq!(bridge.api.state("perms-all").await?, None);
    bridge.stop().await;
    Ok(())
}
