//! Our words to the contract's and back, one file per direction of travel.
//!
//! What comes out of a module is checked here only for what types cannot say (an arm `other`); what it may do is checked
//! where it is collected.

pub(crate) mod answer;
pub(crate) mod event;
pub(crate) mod policy;
pub(crate) mod row;
pub(crate) mod write;

use host_core::description::{Description, Edge, Holder, StateInfo, StateKind};

use crate::bindings::lifecycle::exports::swingbridge::lifecycle::module as wit;

/// What a module says of itself.
pub(crate) fn description(described: wit::Description) -> Result<Description, String> {
    let states = described.states.into_iter().map(|info| {
        let kind = match info.kind {
            wit::Kind::Rest => StateKind::Rest,
            wit::Kind::Transient => StateKind::Transient,
            wit::Kind::Other(other) => return Err(unknown("kind of state", &other.name)),
        };
        let holder = match info.holder {
            wit::Holder::Clouddriver => Holder::Clouddriver,
            wit::Holder::Agent => Holder::Agent,
            wit::Holder::Nobody => Holder::Nobody,
            wit::Holder::Other(other) => return Err(unknown("holder", &other.name)),
        };
        Ok(StateInfo { name: info.name, kind, holder })
    });
    let states = states.collect::<Result<_, _>>()?;
    let edges = described.edges.into_iter();
    let edges =
        edges.map(|edge| Edge { from: edge.from, event: edge.event, to: edge.to }).collect();
    Ok(Description {
        name: described.name,
        version: described.version,
        data_version: described.data_version,
        takes_over: described.takes_over,
        settings_schema: described.settings_schema,
        states,
        edges,
    })
}

/// The sentence for an arm that this bridge does not know.
pub(crate) fn unknown(what: &str, name: &str) -> String {
    format!("it names a {what} that this bridge does not know: {name:?}")
}
