//! What is generated and checked in is what its generator makes of the tree.

use std::fs;

use tests_xtask::generated;

#[test]
fn the_generated_code_is_current() {
    generated::check().unwrap();
}

#[test]
fn a_file_that_is_not_current_is_named() {
    let folder = tempfile::tempdir().unwrap();
    for entry in fs::read_dir(generated::folder()).unwrap() {
        let entry = entry.unwrap();
        fs::copy(entry.path(), folder.path().join(entry.file_name())).unwrap();
    }
    assert!(generated::differing(folder.path(), &generated::folder()).unwrap().is_empty());

    let changed = folder.path().join("swingbridge.agent.v1.rs");
    fs::write(&changed, fs::read_to_string(&changed).unwrap() + "\n").unwrap();
    let differing = generated::differing(folder.path(), &generated::folder()).unwrap();
    assert_eq!(differing, ["swingbridge.agent.v1.rs"]);
}
