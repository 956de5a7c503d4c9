//! The repository checks itself: what stands where, how files begin, and what must not be written anywhere.
//!
//! Each check is a function from files to sentences, so that it can be shown a fault and seen to find it.

mod contract;
mod files;
mod manifest;
mod sources;

use std::path::PathBuf;

use files::{Text, repository};

fn none(faults: &[String]) {
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

fn planted(path: &str, text: &str) -> Vec<Text> {
    vec![Text { path: PathBuf::from(path), text: text.to_owned() }]
}

#[test]
fn the_top_level_shows_the_rooms_and_nothing_else() {
    none(&files::strangers_at_the_top(&repository()));
    assert_eq!(files::strangers_at_the_top(&planted("notes/today.md", "")).len(), 1);
}

#[test]
fn every_source_file_says_first_what_it_is_for() {
    none(&sources::without_a_first_line(&repository()));
    assert_eq!(sources::without_a_first_line(&planted("host/src/x.rs", "use std::fs;\n")).len(), 1);
    assert_eq!(
        sources::without_a_first_line(&planted("host/src/x.rs", "//!\nuse std::fs;\n")).len(),
        1
    );
}

#[test]
fn no_source_file_is_longer_than_600_lines() {
    none(&sources::too_long(&repository()));
    assert_eq!(sources::too_long(&planted("host/src/x.rs", &"\n".repeat(601))).len(), 1);
}

#[test]
fn no_library_stands_in_a_port() {
    none(&sources::libraries_in_ports(&repository()));
    for line in
        ["fn x() -> sqlx::Error;", "use tonic::Status;", "async fn y(z: wasmtime::Store<()>);"]
    {
        let faults = sources::libraries_in_ports(&planted("host/core/src/port/x.rs", line));
        assert_eq!(faults.len(), 1, "{line}");
    }
}

#[test]
fn nothing_that_ships_stands_in_for_something_else() {
    none(&sources::stand_ins(&repository()));
    assert_eq!(sources::stand_ins(&planted("host/src/x.rs", concat!("to", "do!()"))).len(), 1);
}

#[test]
fn no_test_is_switched_off_without_a_reason() {
    none(&sources::switched_off(&repository()));
    assert_eq!(sources::switched_off(&planted("host/src/x.rs", concat!("#[ig", "nore]"))).len(), 1);
}

#[test]
fn no_file_names_a_machine_or_a_package_registry() {
    none(&files::machine_names(&repository()));
    for text in [
        concat!("/ho", "me/somebody/x"),
        concat!("/ro", "ot/.cargo/x"),
        concat!("https://index.", "crates.io/x"),
    ] {
        assert_eq!(files::machine_names(&planted("README.md", text)).len(), 1, "{text}");
    }
}

#[test]
fn migrations_have_the_same_numbers_and_names_in_every_dialect() {
    none(&files::uneven_migrations(&repository()));
    let mut uneven = planted("host/store/migrations/sqlite/0001_accounts.sql", "");
    uneven.extend(planted("host/store/migrations/mysql/0002_accounts.sql", ""));
    assert_eq!(files::uneven_migrations(&uneven).len(), 2);
}

#[test]
fn migrations_are_numbered_without_gaps() {
    none(&files::migration_gaps(&repository()));
    let mut gap = planted("host/store/migrations/sqlite/0001_accounts.sql", "");
    gap.extend(planted("host/store/migrations/sqlite/0003_agents.sql", ""));
    assert_eq!(files::migration_gaps(&gap).len(), 1);
}

#[test]
fn dependencies_are_sorted_and_versions_stand_in_one_place() {
    none(&manifest::unsorted(&repository()));
    none(&manifest::own_versions(&repository()));
    let unsorted =
        planted("Cargo.toml", "[workspace.dependencies]\n# Ours\nb = \"1\"\na = \"1\"\n");
    assert_eq!(manifest::unsorted(&unsorted).len(), 1);
    let own = planted("host/store/Cargo.toml", "[dependencies]\na.workspace = true\nb = \"1\"\n");
    assert_eq!(manifest::own_versions(&own).len(), 1);
}

#[test]
fn the_contract_parses_and_every_item_says_since_when() {
    none(&contract::faults(&tests_xtask::workspace::root().join("wit")));
}

#[test]
fn a_contract_item_without_a_version_is_found() {
    let text = "package swingbridge:planted@1.0.0;\ninterface dated { f: func(); }\n";
    let faults = contract::faults_of_text("planted.wit", text);
    assert_eq!(faults.len(), 1, "{faults:?}");
    assert!(faults[0].contains("dated"), "{faults:?}");
}
