//! Why a call was stopped: wasmtime's errors as classes, each with a sentence that a person understands.

use host_core::error::{CallClass, CallError};
use wasmtime::Trap;

use crate::limits::Limits;

/// The class and the cause of an error that came out of wasmtime.
pub(crate) fn classify(error: &wasmtime::Error, limits: &Limits) -> CallError {
    let (class, cause) = match error.downcast_ref::<Trap>() {
        Some(Trap::Interrupt) => {
            (CallClass::Deadline, format!("it did not end within {:?}", limits.deadline))
        }
        Some(Trap::StackOverflow) => (CallClass::Stack, "it used up its stack".to_owned()),
        Some(Trap::UnreachableCodeReached) => (
            CallClass::Trap,
            "it gave up (an unreachable instruction, which is how a panic ends)".to_owned(),
        ),
        Some(Trap::OutOfFuel) => (CallClass::Deadline, "it used up its instructions".to_owned()),
        Some(trap) => (CallClass::Trap, format!("it trapped: {trap}")),
        None => other(error),
    };
    CallError { class, sentence: cause }
}

/// Errors that wasmtime has no type for are told apart by their text; a test holds each of these.
fn other(error: &wasmtime::Error) -> (CallClass, String) {
    let text = format!("{error:#}");
    if text.contains("fuel allocated for hostcalls has been exhausted") {
        return (CallClass::HostcallBytes, "one host call carried too many bytes".to_owned());
    }
    if text.contains("memory minimum size") || text.contains("memory index") {
        return (CallClass::Memory, first_line(&text));
    }
    if text.contains("table index") || text.contains("table minimum") {
        return (CallClass::Table, first_line(&text));
    }
    (CallClass::Contract, format!("it broke the contract: {}", first_line(&text)))
}

fn first_line(text: &str) -> String {
    text.lines().next().unwrap_or_default().chars().take(300).collect()
}
