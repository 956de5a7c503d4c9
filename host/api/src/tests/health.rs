//! Health, and the replica as it shows itself.

use std::sync::atomic::Ordering;

use serde_json::json;

use super::world::World;

#[tokio::test]
async fn the_replica_shows_itself() {
    let answer = World::new().get("/armory/clouddrivers").await;
    insta::assert_json_snapshot!(answer.body, @r#"
    [
      {
        "id": "bridge-a",
        "baseUrl": "http://127.0.0.1:7102",
        "version": "0.1.0",
        "lastUpdated": 1795348917499,
        "ready": true
      }
    ]
    "#);
}

#[tokio::test]
async fn health_says_what_is_wrong() {
    let world = World::new();
    assert_eq!(world.get("/health").await.status, 200);
    assert_eq!(world.get("/health/ready").await.body, json!({"status": "UP"}));

    world.intake.reasons.lock().expect("no panic").push("no module serves".into());
    let answer = world.get("/health/ready").await;
    assert_eq!(answer.status, 503);
    assert_eq!(answer.body, json!({"status": "OUT_OF_SERVICE", "reasons": ["no module serves"]}));

    world.store.hangs.store(true, Ordering::Relaxed);
    world.clock.every_wait_is_over.store(true, Ordering::Relaxed);
    let answer = world.get("/health").await;
    assert_eq!(answer.status, 503);
    insta::assert_json_snapshot!(answer.body, @r#"
    {
      "status": "DOWN",
      "reasons": [
        "no module serves",
        "the database does not answer"
      ],
      "components": {
        "database": {
          "status": "DOWN"
        },
        "bridge": {
          "status": "OUT_OF_SERVICE"
        }
      }
    }
    "#);
    assert_eq!(world.get("/health/live").await.body, json!({"status": "UP"}));
}
