//! `Debug` for the message that carries secrets: everything of an operation but its definition. It knows no other.

use std::fmt;

use crate::agent::v1::{Operation, operation::Kind};

impl fmt::Debug for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Operation")
            .field("id", &self.id)
            .field("parent", &self.parent)
            .field("kind", &self.kind())
            .field("account", &self.account)
            .field("generation", &self.generation)
            .field("deadline_ms", &self.deadline_ms)
            .field("definition_revision", &self.definition_revision)
            .field("definition", &format_args!("({} bytes)", self.definition.len()))
            .finish()
    }
}

impl fmt::Debug for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str_name())
    }
}

#[cfg(test)]
mod tests {
    use crate::agent::v1::{BridgeMessage, Operation, Operations, bridge_message::Message};

    #[test]
    fn a_definition_is_never_printed() {
        let operation = Operation {
            id: "01".into(),
            definition: br#"{"kubeconfigContents":"hunter2"}"#.to_vec(),
            ..Operation::default()
        };
        let message = BridgeMessage {
            message: Some(Message::Operations(Operations { operations: vec![operation] })),
        };
        let printed = format!("{message:?}");
        assert!(printed.contains("\"01\"") && printed.contains("(32 bytes)"), "{printed}");
        assert!(!printed.contains("hunter2") && !printed.contains("104"), "{printed}");
    }
}
