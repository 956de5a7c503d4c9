//! Makes the Rust of `proto/src/gen` from the `.proto` files, without protoc. It does not know who asks: the verb `gen`
//! writes into the tree, and a test writes beside it and compares.

use std::path::Path;

use anyhow::{Context, Result};
use prost::Message;

/// The one file of the package, relative to the folder `proto/`.
const AGENT: &str = "swingbridge/agent/v1/agent.proto";

/// The encoded file descriptor set, for the reflection service.
const DESCRIPTORS: &str = "swingbridge.agent.v1.bin";

/// Messages whose `Debug` is written by hand, because they carry secrets.
const NOT_PRINTED: [&str; 1] = [".swingbridge.agent.v1.Operation"];

/// Generates the code of `proto_dir` (the folder that holds `swingbridge/`) into `out_dir`: one file of Rust and one
/// descriptor set.
///
/// # Errors
/// A `.proto` file that does not compile, with its place, or a file that cannot be written.
pub fn generate(proto_dir: &Path, out_dir: &Path) -> Result<()> {
    let mut descriptors = protox::compile([AGENT], [proto_dir])
        .with_context(|| format!("{} does not compile", proto_dir.join(AGENT).display()))?;
    tonic_prost_build::configure()
        .out_dir(out_dir)
        .emit_rerun_if_changed(false)
        // Without it `AgentLinkClient::connect` would be defined twice: the way to dial, and our method.
        .build_transport(false)
        .btree_map(".")
        .skip_debug(NOT_PRINTED)
        .compile_fds(descriptors.clone())
        .with_context(|| format!("cannot write the generated code to {}", out_dir.display()))?;
    for file in &mut descriptors.file {
        file.source_code_info = None;
    }
    let path = out_dir.join(DESCRIPTORS);
    std::fs::write(&path, descriptors.encode_to_vec())
        .with_context(|| format!("cannot write {}", path.display()))
}
