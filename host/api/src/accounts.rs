//! Everything about accounts: one file per thing that can be asked.

pub(crate) mod agent;
pub(crate) mod create;
pub(crate) mod delete;
pub(crate) mod explanation;
pub(crate) mod history;
pub(crate) mod instruct;
pub(crate) mod list;
pub(crate) mod migrate;
pub(crate) mod patch;
pub(crate) mod read;
pub(crate) mod update;
mod view;

use host_control::intake::{Asked, AskedItem};
use host_core::definition::Definition;
use host_core::event::Action;
use serde_json::Value;

use crate::caller::Caller;
use crate::names::Sorted;

/// What an item asks beside its name: a zone, and a definition, a change or overrides.
pub(crate) type Wanted = (Option<String>, Option<Definition>);

/// A request of one action.
pub(crate) fn asked(
    caller: &Caller,
    action: Action,
    sorted: Sorted<Wanted>,
    body: Option<&Value>,
) -> Asked {
    caller.asked(vec![(action, items(sorted.taken))], sorted.refused, body)
}

/// The items of a group.
pub(crate) fn items(taken: Vec<(String, Wanted)>) -> Vec<AskedItem> {
    let item =
        |(name, (zone, definition))| AskedItem { name, zone, definition, attributes: Vec::new() };
    taken.into_iter().map(item).collect()
}
