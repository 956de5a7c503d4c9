//! The contract gate: what a component imports and exports, held against the world `lifecycle`, in words.

use wasmtime::component::Component;
use wasmtime::component::types::ComponentItem;

use crate::engine::Engine;

/// The package whose interfaces a lifecycle module may import, and the major version that is served.
const PACKAGE: &str = "swingbridge:lifecycle/";
const MAJOR: &str = "1.";
const IMPORTS: [&str; 9] =
    ["types", "accounts", "sources", "agents", "policy", "settings", "clock", "ids", "log"];
const EXPORTS: [&str; 2] = ["module", "events"];

/// What is wrong with a component's imports and exports, one sentence each.
pub(crate) fn faults(engine: &Engine, component: &Component) -> Vec<String> {
    let world = component.component_type();
    let mut faults = Vec::new();
    for (name, item) in world.imports(&engine.wasmtime) {
        if let Some(fault) = import_fault(name, &item.ty) {
            faults.push(fault);
        }
    }
    let exports: Vec<String> =
        world.exports(&engine.wasmtime).map(|(name, _)| name.to_owned()).collect();
    for wanted in EXPORTS {
        if !exports.iter().any(|name| interface(name) == Some(wanted)) {
            faults.push(format!(
                "it does not export {PACKAGE}{wanted}@1.x, which every lifecycle module has{}",
                hint(&exports)
            ));
        }
    }
    faults
}

/// Only instances of our interfaces, and instances that hold nothing but types, may be imported.
fn import_fault(name: &str, item: &ComponentItem) -> Option<String> {
    if interface(name).is_some_and(|interface| IMPORTS.contains(&interface)) {
        return None;
    }
    if name.starts_with("wasi:") {
        return Some(format!(
            "it imports {name}, but modules get no WASI: build it for wasm32-unknown-unknown, or stub WASI out"
        ));
    }
    if let ComponentItem::ComponentInstance(_) = item
        && name.starts_with(PACKAGE)
    {
        return Some(format!(
            "it imports {name}; this bridge has {PACKAGE}{{{}}} at version 1.x",
            IMPORTS.join(",")
        ));
    }
    Some(format!("it imports {name}; a lifecycle module may import {PACKAGE}… and nothing else"))
}

/// The interface that a name means, if it is one of ours at a version that is served.
fn interface(name: &str) -> Option<&str> {
    let (interface, version) = name.strip_prefix(PACKAGE)?.split_once('@')?;
    version.starts_with(MAJOR).then_some(interface)
}

fn hint(exports: &[String]) -> String {
    if exports.is_empty() {
        return "; it exports nothing".to_owned();
    }
    format!("; it exports {}", exports.join(", "))
}
