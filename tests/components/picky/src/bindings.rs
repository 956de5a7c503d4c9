//! What `wit-bindgen` makes of `wit/policy`, with every question in one world.
#![allow(
    unsafe_code,
    missing_docs,
    missing_debug_implementations,
    unreachable_pub,
    unused_qualifications,
    clippy::all,
    clippy::allow_attributes_without_reason,
    clippy::semicolon_if_nothing_returned,
    clippy::uninlined_format_args,
    clippy::too_many_lines,
    clippy::doc_markdown,
    clippy::wildcard_enum_match_arm,
    reason = "generated"
)]

wit_bindgen::generate!({
    inline: "
        package tests:components;

        world picky {
            export swingbridge:policy/module@1.0.0;
            export swingbridge:policy/admit@1.0.0;
            export swingbridge:policy/place@1.0.0;
            export swingbridge:policy/backoff@1.0.0;
        }
    ",
    path: "../../../wit/policy",
    generate_all,
});

use crate::sins::Policy;

pub(crate) use self::exports::swingbridge::policy::{admit, backoff, module, place};

export!(Policy with_types_in self);
