//! The numbers that `agent.proto` states in words, for both ends.

/// The version of the protocol that the package speaks.
pub const PROTOCOL: u32 = 1;

/// The size that no message exceeds, in bytes, unless the bridge's `agents.max_message` says otherwise.
pub const MESSAGE_BYTES: usize = 4 * 1024 * 1024;

/// The least that `agents.max_message` may be, in bytes: an account's definition has up to 256 KiB before its secrets
/// are put in.
pub const MESSAGE_BYTES_MIN: usize = 512 * 1024;

/// The longest name or id, in characters.
pub const NAME_CHARS: usize = 255;

/// The longest text for people, in bytes.
pub const TEXT_BYTES: usize = 4096;

/// The most labels of an agent.
pub const LABELS: usize = 64;

/// The most namespaces in one observation.
pub const NAMESPACES: usize = 10_000;

/// The most namespaces that an answer names.
pub const NAMESPACES_NAMED: usize = 100;

/// How often an agent is heard if nothing happens, in milliseconds.
pub const HEARTBEAT_MS: u64 = 20_000;

/// The most accounts in one registration, all parts together.
pub const REGISTERED_ACCOUNTS: usize = 100_000;

/// The largest registration, all parts together, in bytes.
pub const REGISTERED_BYTES: usize = 64 * 1024 * 1024;
