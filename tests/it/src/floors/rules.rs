//! The floors themselves, each with the sentence for whoever crosses it (design, "The house").

use super::house::House;

/// Which of our rooms a room may know.
const FLOORS: &[(&str, &[&str])] = &[
    ("proto", &[]),
    ("guest-lifecycle", &[]),
    ("guest-component", &["guest-lifecycle"]),
    ("host-core", &[]),
    ("host-store", &["host-core"]),
    ("host-agents", &["host-core", "proto"]),
    ("host-clouddriver", &["host-core"]),
    ("host-engine", &["host-core"]),
    ("host-control", &["host-core"]),
    ("host-api", &["host-core", "host-control"]),
    ("host-trial", &["host-api", "host-control", "host-core", "host-engine"]),
    ("host-agent", &["proto"]),
    ("host-kubernetes", &["host-agent"]),
    (
        "host",
        &[
            "host-agent",
            "host-agents",
            "host-api",
            "host-clouddriver",
            "host-control",
            "host-core",
            "host-engine",
            "host-kubernetes",
            "host-store",
            "host-trial",
        ],
    ),
];

/// Libraries that have one home, by the first part of their names.
const HOMES: &[(&[&str], &[&str])] = &[
    (&["wasmtime", "cranelift", "wasm-tools", "wasmparser"], &["host-engine"]),
    (&["wit-bindgen"], &["guest-component"]),
    (&["sqlx", "libsqlite3-sys", "rusqlite"], &["host-store"]),
    (&["tonic", "prost"], &["proto", "host-agents", "host-agent"]),
    (&["axum"], &["host-api", "host-trial", "host"]),
    (&["tower-http", "utoipa"], &["host-api"]),
    (&["clap", "figment"], &["host"]),
    (&["kube", "k8s-openapi", "rustls", "hyper"], &["host-kubernetes"]),
];

/// The adapters: side by side on one floor.
const ADAPTERS: &[&str] =
    &["host-store", "host-agents", "host-clouddriver", "host-engine", "host-control"];

/// Which wall was crossed, a sentence each; empty if none was.
pub(crate) fn crossings(house: &House) -> Vec<String> {
    let mut found: Vec<String> = FLOORS
        .iter()
        .filter(|(room, _)| !house.has(room))
        .map(|(room, _)| {
            format!("{room} has a floor in floors/rules.rs, but is no package of the workspace")
        })
        .collect();
    for (room, known) in house.rooms().filter(|(room, _)| !room.starts_with("tests-")) {
        let Some((_, allowed)) = FLOORS.iter().find(|(name, _)| *name == room) else {
            found.push(format!(
                "{room} has no floor: say in floors/rules.rs which rooms it may know"
            ));
            continue;
        };
        for other in known {
            if house.has(other) {
                found.extend(room_crossing(room, other, allowed));
            } else {
                found.extend(library_crossing(room, other));
            }
        }
    }
    found
}

fn room_crossing(room: &str, other: &str, allowed: &[&str]) -> Option<String> {
    if allowed.contains(&other) {
        return None;
    }
    let why = if room.starts_with("guest-") != other.starts_with("guest-") {
        "guests and host share no crate: the WIT is the contract"
    } else if other.starts_with("tests-") {
        "what ships does not know its tests"
    } else if room == "host-agent" {
        "the reference agent sees only proto, so that anybody could have written it"
    } else if ADAPTERS.contains(&room) && ADAPTERS.contains(&other) {
        "dependencies never point sideways: adapters meet in the ports of host-core"
    } else {
        "dependencies point down"
    };
    Some(format!("{room} depends on {other}: {why}. It may know: {}", list(allowed)))
}

fn library_crossing(room: &str, library: &str) -> Option<String> {
    let (names, homes) =
        HOMES.iter().find(|(names, _)| names.iter().any(|name| is_of(library, name)))?;
    if homes.contains(&room) {
        return None;
    }
    Some(format!(
        "{room} depends on {library}: only {} may have heard of {}",
        list(homes),
        names.first().copied().unwrap_or(library)
    ))
}

/// `sqlx` and `sqlx-core` are of `sqlx`; `sqlxmq` is not.
fn is_of(library: &str, name: &str) -> bool {
    library.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
}

fn list(rooms: &[&str]) -> String {
    if rooms.is_empty() { "none of our rooms".to_owned() } else { rooms.join(", ") }
}
