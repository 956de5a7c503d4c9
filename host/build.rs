//! Finds the lifecycle component that the binary carries. It does not build it: that is `cargo xtask guest`.

use std::path::Path;

fn main() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("host/ lies in the workspace");
    let component = root.join("target").join("guest").join("lifecycle.wasm");
    println!("cargo::rerun-if-changed={}", component.display());
    if !component.is_file() {
        println!(
            "cargo::error=the lifecycle component, which the binary carries, is not built yet. Type: cargo xtask guest"
        );
        return;
    }
    println!("cargo::rustc-env=SWINGBRIDGE_LIFECYCLE={}", component.display());
}
