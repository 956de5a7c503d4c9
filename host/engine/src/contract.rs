//! The contract gate: what a component imports and exports, held against our worlds, in words.

use host_core::policy::Question;
use wasmtime::component::Component;
use wasmtime::component::types::{ComponentInstance, ComponentItem};

use crate::engine::Engine;

/// The major version that is served of every package.
const MAJOR: &str = "1.";

/// The package whose interfaces a lifecycle module may import.
const LIFECYCLE: &str = "swingbridge:lifecycle/";
const IMPORTS: [&str; 9] =
    ["types", "accounts", "sources", "agents", "policy", "settings", "clock", "ids", "log"];
const EXPORTS: [&str; 2] = ["module", "events"];

/// The package of policies, and the interface of each question.
pub(crate) const POLICY: &str = "swingbridge:policy/";
const QUESTIONS: [(&str, Question); 3] =
    [("admit", Question::Admission), ("place", Question::Placement), ("backoff", Question::Retry)];

/// What is wrong with a lifecycle module's imports and exports, one sentence each.
pub(crate) fn lifecycle_faults(engine: &Engine, component: &Component) -> Vec<String> {
    let world = component.component_type();
    let mut faults = Vec::new();
    for (name, item) in world.imports(&engine.wasmtime) {
        if let Some(fault) = lifecycle_import_fault(name, &item.ty) {
            faults.push(fault);
        }
    }
    let exports = exports(engine, component);
    for wanted in EXPORTS {
        if !exports.iter().any(|name| interface(LIFECYCLE, name) == Some(wanted)) {
            faults.push(format!(
                "it does not export {LIFECYCLE}{wanted}@1.x, which every lifecycle module has{}",
                hint(&exports)
            ));
        }
    }
    faults
}

/// What is wrong with a policy's imports and exports, one sentence each.
pub(crate) fn policy_faults(engine: &Engine, component: &Component) -> Vec<String> {
    let world = component.component_type();
    let mut faults = Vec::new();
    for (name, item) in world.imports(&engine.wasmtime) {
        if !holds_only_types(engine, &item.ty) {
            faults.push(match name.starts_with("wasi:") {
                true => no_wasi(name),
                false => format!("it imports {name}; a policy imports no function and no resource"),
            });
        }
    }
    let exports = exports(engine, component);
    if !exports.iter().any(|name| interface(POLICY, name) == Some("module")) {
        faults.push(format!(
            "it does not export {POLICY}module@1.x, which every policy has{}",
            hint(&exports)
        ));
    }
    if questions(engine, component).is_empty() {
        let all: Vec<&str> = QUESTIONS.iter().map(|(interface, _)| *interface).collect();
        faults.push(format!(
            "it answers no question: it exports none of {POLICY}{{{}}}@1.x{}",
            all.join(","),
            hint(&exports)
        ));
    }
    faults
}

/// The questions whose interfaces a component exports.
pub(crate) fn questions(engine: &Engine, component: &Component) -> Vec<Question> {
    let exports = exports(engine, component);
    let has = |wanted: &str| exports.iter().any(|name| interface(POLICY, name) == Some(wanted));
    QUESTIONS.into_iter().filter(|(wanted, _)| has(wanted)).map(|(_, question)| question).collect()
}

fn exports(engine: &Engine, component: &Component) -> Vec<String> {
    let world = component.component_type();
    world.exports(&engine.wasmtime).map(|(name, _)| name.to_owned()).collect()
}

/// An instance that holds nothing but types is no import of a function: every toolchain makes one.
fn holds_only_types(engine: &Engine, item: &ComponentItem) -> bool {
    let only_types = |instance: &ComponentInstance| {
        instance
            .exports(&engine.wasmtime)
            .all(|(_, item)| matches!(item.ty, ComponentItem::Type(_)))
    };
    match item {
        ComponentItem::ComponentInstance(instance) => only_types(instance),
        ComponentItem::Type(_) => true,
        ComponentItem::ComponentFunc(_)
        | ComponentItem::CoreFunc(_)
        | ComponentItem::Module(_)
        | ComponentItem::Component(_)
        | ComponentItem::Resource(_) => false,
    }
}

/// Only instances of our interfaces, and instances that hold nothing but types, may be imported.
fn lifecycle_import_fault(name: &str, item: &ComponentItem) -> Option<String> {
    if interface(LIFECYCLE, name).is_some_and(|interface| IMPORTS.contains(&interface)) {
        return None;
    }
    if name.starts_with("wasi:") {
        return Some(no_wasi(name));
    }
    if let ComponentItem::ComponentInstance(_) = item
        && name.starts_with(LIFECYCLE)
    {
        return Some(format!(
            "it imports {name}; this bridge has {LIFECYCLE}{{{}}} at version 1.x",
            IMPORTS.join(",")
        ));
    }
    Some(format!("it imports {name}; a lifecycle module may import {LIFECYCLE}… and nothing else"))
}

fn no_wasi(name: &str) -> String {
    format!(
        "it imports {name}, but modules get no WASI: build it for wasm32-unknown-unknown, or stub WASI out"
    )
}

/// The interface of a package that a name means, if it is one at a version that is served.
fn interface<'n>(package: &str, name: &'n str) -> Option<&'n str> {
    let (interface, version) = name.strip_prefix(package)?.split_once('@')?;
    version.starts_with(MAJOR).then_some(interface)
}

fn hint(exports: &[String]) -> String {
    if exports.is_empty() {
        return "; it exports nothing".to_owned();
    }
    format!("; it exports {}", exports.join(", "))
}
