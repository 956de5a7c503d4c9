//! What `wit-bindgen` makes of `wit/lifecycle`.
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
    path: "../../../wit/lifecycle",
    world: "swingbridge:lifecycle/lifecycle",
});

use crate::exports::Lifecycle;

pub(crate) use self::exports::swingbridge::lifecycle::{events, module};
pub(crate) use swingbridge::lifecycle::{
    accounts, agents, clock, log, policy, settings, sources, types,
};

export!(Lifecycle with_types_in self);
