//! `wit/policy`: one world with every question, of which a module exports some. Each interface is looked up by name.

#![allow(missing_docs, reason = "generated; the documentation is in the WIT files")]

wasmtime::component::bindgen!({
    inline: "
        package swingbridge:host;

        world policies {
            export swingbridge:policy/module@1.0.0;
            export swingbridge:policy/admit@1.0.0;
            export swingbridge:policy/place@1.0.0;
            export swingbridge:policy/backoff@1.0.0;
        }
    ",
    path: "../../wit/policy",
    exports: { default: async },
});
