//! The floors of the house: which room may know which, read from the dependency graph as cargo sees it.
//!
//! `tests/` is exempt, since benchmarks and fakes need the bare things.

mod house;
mod rules;

use house::House;

#[test]
fn no_floor_is_crossed() {
    let crossings = rules::crossings(&House::of_this_workspace());
    assert!(crossings.is_empty(), "{}", crossings.join("\n"));
}

/// Each wall once: the crossing, and what the sentence must name.
const PLANTED: &[(&str, &str, &[&str])] = &[
    ("host-api", "sqlx", &["host-api", "sqlx", "only host-store"]),
    ("host-control", "sqlx-core", &["host-control", "sqlx", "only host-store"]),
    ("host-control", "wasmtime", &["host-control", "wasmtime", "only host-engine"]),
    ("host", "tonic", &["tonic", "only proto, host-agents, host-agent"]),
    ("host-core", "prost", &["host-core", "prost"]),
    ("guest-lifecycle", "wasmtime", &["guest-lifecycle", "wasmtime"]),
    ("host-store", "axum", &["host-store", "axum"]),
    ("guest-lifecycle", "host-core", &["guest-lifecycle", "host-core", "the WIT is the contract"]),
    (
        "host-engine",
        "guest-lifecycle",
        &["host-engine", "guest-lifecycle", "the WIT is the contract"],
    ),
    ("host-core", "host-store", &["host-core", "host-store"]),
    ("host-store", "host-engine", &["host-store", "host-engine", "sideways"]),
    ("host-control", "host-store", &["host-control", "host-store"]),
    ("host-api", "host-store", &["host-api", "host-store"]),
    ("host-agent", "host-core", &["host-agent", "host-core", "only proto"]),
    ("host-agent", "kube", &["host-agent", "kube", "only host-kubernetes"]),
    ("host-kubernetes", "host-core", &["host-kubernetes", "host-core"]),
    ("proto", "host-core", &["proto", "host-core"]),
    ("host-core", "tests-harness", &["host-core", "tests-harness"]),
    (
        "host-store",
        "tests-databases",
        &["host-store", "tests-databases", "does not know its tests"],
    ),
];

#[test]
fn a_planted_crossing_of_any_wall_is_found() {
    for (room, other, words) in PLANTED {
        let mut house = House::of_this_workspace();
        house.plant(room, other);
        let crossings = rules::crossings(&house);
        let found =
            crossings.iter().find(|sentence| words.iter().all(|word| sentence.contains(word)));
        assert!(found.is_some(), "{room} → {other} is not found, or not said: {crossings:#?}");
    }
}

#[test]
fn a_room_without_a_floor_is_found() {
    let mut house = House::of_this_workspace();
    house.plant("host-attic", "host-core");
    let crossings = rules::crossings(&house);
    assert!(crossings.iter().any(|sentence| sentence.contains("host-attic")), "{crossings:#?}");
}

#[test]
fn a_floor_without_a_room_is_found() {
    let mut house = House::of_this_workspace();
    house.demolish("host-engine");
    let crossings = rules::crossings(&house);
    assert!(crossings.iter().any(|sentence| sentence.contains("host-engine")), "{crossings:#?}");
}
