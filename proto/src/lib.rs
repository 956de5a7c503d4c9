//! The agent link's messages: `swingbridge.agent.v1`, generated from the `.proto` file beside it, and what that file
//! says in words: its bounds ([`bounds`]) and how many things travel in one message ([`packing`]). It knows neither end.

pub mod bounds;
pub mod packing;
mod redacted;

/// Package `swingbridge.agent`.
pub mod agent {
    /// Version 1: what `cargo xtask gen` makes of `swingbridge/agent/v1/agent.proto`.
    #[allow(
        missing_docs,
        reason = "generated: the generator adds items that the .proto does not document"
    )]
    #[allow(clippy::all, clippy::allow_attributes_without_reason, reason = "generated")]
    #[allow(clippy::doc_markdown, clippy::wildcard_enum_match_arm, reason = "generated")]
    #[allow(clippy::too_many_lines, unused_qualifications, reason = "generated")]
    pub mod v1 {
        include!("gen/swingbridge.agent.v1.rs");
    }
}

/// The encoded descriptors of every file, for the reflection service.
pub const FILE_DESCRIPTOR_SET: &[u8] = include_bytes!("gen/swingbridge.agent.v1.bin");
