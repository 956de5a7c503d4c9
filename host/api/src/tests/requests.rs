//! What reaches the intake: each path's action, names, zones and definitions, and who asked.

use axum::body::Body;
use axum::http::Request;
use host_control::intake::AskedItem;
use host_core::event::Action;
use serde_json::{Value, json};

use super::store::record;
use super::world::World;

fn definition(item: &AskedItem) -> Value {
    item.definition.as_ref().map_or(Value::Null, host_core::definition::Definition::to_json)
}

#[tokio::test]
async fn a_migration_carries_zones_and_kubeconfig_overrides() {
    let world = World::new();
    let body = json!([
        {"name": "account-01"},
        {"name": "account-02", "zoneId": "agent-1_ns", "kubeConfigFile": "encryptedFile:k8s!n:kc!k:c"},
        {"name": "account-03", "ZONEID": "z", "kubeconfigFile": null, "state": "INACTIVE"},
    ]);
    assert_eq!(world.json("POST", "/armory/accounts", body).await.status, 202);
    let asked = world.intake.only();
    assert_eq!(asked.who, "anonymous");
    let [(Action::Migrate, items)] = asked.groups.as_slice() else { panic!("{asked:?}") };
    let names: Vec<_> = items.iter().map(|i| (i.name.as_str(), i.zone.as_deref())).collect();
    assert_eq!(
        names,
        [("account-01", None), ("account-02", Some("agent-1_ns")), ("account-03", Some("z"))]
    );
    assert_eq!(definition(&items[0]), Value::Null);
    assert_eq!(definition(&items[1]), json!({"kubeconfigFile": "encryptedFile:k8s!n:kc!k:c"}));
    assert_eq!(definition(&items[2]), Value::Null);
}

#[tokio::test]
async fn a_patch_of_both_states_is_one_request_with_two_groups() {
    for path in ["/armory/accounts", "/armory/accounts/dynamic"] {
        let world = World::new();
        let body = json!([
            {"name": "a", "state": "ACTIVE", "zoneId": "eu"},
            {"name": "b", "state": "INACTIVE"},
            {"name": "c", "state": "ACTIVE"},
        ]);
        let answer = world.json("PATCH", path, body).await;
        assert_eq!(answer.header("location"), Some("/operations/01REQUEST"));
        let asked = world.intake.only();
        let groups: Vec<(Action, Vec<&str>)> = asked
            .groups
            .iter()
            .map(|(action, items)| (*action, items.iter().map(|i| i.name.as_str()).collect()))
            .collect();
        assert_eq!(groups, [(Action::Activate, vec!["a", "c"]), (Action::Deactivate, vec!["b"])]);
    }
}

#[tokio::test]
async fn a_creation_takes_one_object_or_a_list() {
    let object = json!({
        "name": "acc2", "type": "kubernetes", "zoneId": "agent-1_ns", "kubeConfigFile": "/kc",
        "oAuthScopes": ["s"], "namespaces": ["default"], "team": {"owner": "a"}, "context": null,
    });
    for body in [object.clone(), json!([object])] {
        let world = World::new();
        assert_eq!(world.json("POST", "/armory/accounts/dynamic", body).await.status, 202);
        let asked = world.intake.only();
        let [(Action::Create, items)] = asked.groups.as_slice() else { panic!("{asked:?}") };
        assert_eq!(
            (items[0].name.as_str(), items[0].zone.as_deref()),
            ("acc2", Some("agent-1_ns"))
        );
        assert_eq!(
            definition(&items[0]),
            json!({
                "kubeconfigFile": "/kc", "oauthScopes": ["s"], "namespaces": ["default"],
                "team": {"owner": "a"},
            })
        );
    }
}

#[tokio::test]
async fn an_update_carries_what_changes_and_nothing_else() {
    let world = World::new();
    world.store.put(record("a", json!({"kubeconfigFile": "/kc", "metrics": true})));
    let body =
        json!({"name": "a", "metrics": null, "namespaces": ["dev"], "kubeconfigAgent": "/kc2"});
    assert_eq!(world.json("PUT", "/armory/accounts/dynamic", body).await.status, 202);
    let asked = world.intake.only();
    let [(Action::Update, items)] = asked.groups.as_slice() else { panic!("{asked:?}") };
    assert_eq!(
        definition(&items[0]),
        json!({"metrics": null, "namespaces": ["dev"], "kubeconfigAgent": "/kc2"})
    );
}

#[tokio::test]
async fn an_update_of_the_zone_alone_has_no_definition() {
    let world = World::new();
    world.store.put(record("a", json!({"kubeconfigFile": "/kc"})));
    world.json("PUT", "/armory/accounts/dynamic", json!({"name": "a", "zoneId": "us"})).await;
    let item = world.intake.only().groups[0].1[0].clone();
    assert_eq!((item.zone.as_deref(), item.definition), (Some("us"), None));
}

#[tokio::test]
async fn upsert_creates_what_is_not_there_and_updates_what_is() {
    let path = "/armory/accounts/dynamic?upsert=true";
    let body = json!({"name": "a", "kubeconfigFile": "/kc"});
    let world = World::new();
    let answer = world.json("PUT", path, body.clone()).await;
    assert_eq!((answer.status.as_u16(), answer.body), (201, json!([])));
    assert_eq!(world.intake.only().groups[0].0, Action::Create);

    let world = World::new();
    world.store.put(record("a", json!({"kubeconfigFile": "/old"})));
    assert_eq!(world.json("PUT", path, body).await.status, 202);
    assert_eq!(world.intake.only().groups[0].0, Action::Update);
}

#[tokio::test]
async fn every_form_of_delete_names_the_same_accounts() {
    let calls = [
        ("/armory/accounts", json!(["a", "b"]).to_string()),
        ("/armory/accounts?names=a,b", String::new()),
        ("/armory/accounts?names=b,%20a", json!(["a", "b"]).to_string()),
    ];
    for (path, body) in calls {
        let world = World::new();
        let answer = world.call("DELETE", path, body).await;
        assert_eq!(answer.status, 202, "{}", answer.body);
        let asked = world.intake.only();
        let [(Action::Delete, items)] = asked.groups.as_slice() else { panic!("{asked:?}") };
        let names: Vec<_> = items.iter().map(|item| item.name.as_str()).collect();
        assert_eq!(names, ["a", "b"]);
    }
    let world = World::new();
    assert_eq!(world.call("DELETE", "/armory/accounts/prod.eu_1", Body::empty()).await.status, 202);
    assert_eq!(world.intake.only().groups[0].1[0].name, "prod.eu_1");
}

#[tokio::test]
async fn rebind_and_check_need_no_body() {
    for (path, action) in [("rebind", Action::Rebind), ("check", Action::Check)] {
        let world = World::new();
        let path = format!("/armory/accounts/%D0%BA%D0%BB-1/{path}");
        let answer = world.call("POST", &path, Body::empty()).await;
        assert_eq!(answer.status, 202);
        assert_eq!(answer.header("location"), Some("/operations/01REQUEST"));
        let asked = world.intake.only();
        assert_eq!((asked.groups[0].0, asked.groups[0].1[0].name.as_str()), (action, "кл-1"));
    }
}

#[tokio::test]
async fn the_journal_learns_who_asked() {
    let said: [(&[u8], &str); 4] = [
        (b"ada", "ada"),
        (b"  ", "anonymous"),
        ("Zoë".as_bytes(), "Zoë"),
        (&[b'x'; 300], &"x".repeat(255)),
    ];
    for (header, who) in said {
        let world = World::new();
        let request = Request::builder()
            .method("POST")
            .uri("/armory/accounts")
            .header("X-SPINNAKER-USER", header)
            .body(Body::from(r#"[{"name":"a"}]"#));
        world.send(request.expect("a good request")).await;
        assert_eq!(world.intake.only().who, who);
    }
}

#[tokio::test]
async fn ten_thousand_accounts_in_one_body_are_one_request() {
    let world = World::new();
    let body: Vec<_> = (0..10_000).map(|n| json!({"name": format!("account-{n:05}")})).collect();
    let answer = world.json("POST", "/armory/accounts", json!(body)).await;
    assert_eq!((answer.status.as_u16(), answer.body), (202, json!([])));
    assert_eq!(world.intake.only().groups[0].1.len(), 10_000);
}

#[tokio::test]
async fn a_body_is_json_whatever_its_content_type_says() {
    for kind in
        ["application/x-www-form-urlencoded", "text/plain", "application/json; charset=utf-8"]
    {
        let world = World::new();
        let request = Request::builder()
            .method("POST")
            .uri("/armory/accounts")
            .header("content-type", kind)
            .body(Body::from("\n [{\"name\":\"a\"}] "));
        assert_eq!(world.send(request.expect("a good request")).await.status, 202, "{kind}");
    }
}
