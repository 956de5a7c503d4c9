//! What the module says of itself, besides its states and its table.

/// The module's name.
pub const NAME: &str = "swingbridge-lifecycle";

/// Its version.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

/// The version of what it writes into attributes. Moves when the meaning of a registered key changes.
pub const DATA_VERSION: u32 = 1;

/// Data versions that it understands, its own included: a later build may take over from this one.
pub const TAKES_OVER: &[u32] = &[1];

/// JSON Schema of the settings that it reads.
pub const SETTINGS_SCHEMA: &str = r#"{
  "$schema": "https://json-schema.org/draft/2020-12/schema",
  "title": "swingbridge-lifecycle",
  "description": "Durations in whole milliseconds, 1 or more.",
  "type": "object",
  "properties": {
    "activation.wait": {"type": "integer", "minimum": 1, "default": 30000},
    "activation.deadline": {"type": "integer", "minimum": 1, "default": 60000},
    "deactivation.deadline": {"type": "integer", "minimum": 1, "default": 60000},
    "deletion.deadline": {"type": "integer", "minimum": 1, "default": 60000},
    "agents.grace": {"type": "integer", "minimum": 1, "default": 60000},
    "agents.cleanup": {"type": "integer", "minimum": 1, "default": 600000},
    "retry.cap": {"type": "integer", "minimum": 1, "default": 600000}
  }
}"#;
