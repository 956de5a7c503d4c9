//! `wit/lifecycle`.

#![allow(missing_docs, reason = "generated; the documentation is in the WIT files")]

wasmtime::component::bindgen!({
    path: "../../wit/lifecycle",
    world: "lifecycle",
    imports: {
        "swingbridge:lifecycle/settings": trappable,
        "swingbridge:lifecycle/clock": trappable,
        "swingbridge:lifecycle/ids": trappable,
        "swingbridge:lifecycle/log": trappable,
        "swingbridge:lifecycle/accounts.insert": trappable,
        "swingbridge:lifecycle/accounts.change": trappable,
        "swingbridge:lifecycle/accounts.remove": trappable,
        "swingbridge:lifecycle/agents.submit": trappable,
        default: async | trappable,
    },
    exports: { default: async },
});
