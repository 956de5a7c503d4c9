//! Which zones' agents an event needs.

use crate::agent::Observed;
use crate::event::{Action, Event};
use crate::question::{Answers, Placement, Zones};
use crate::snapshot::Snapshot;

/// The zones that are needed and were not read yet.
pub(crate) fn missing(snapshot: &Snapshot, event: &Event, answers: &Answers) -> Option<Zones> {
    if snapshot.zones.is_all() {
        return None;
    }
    let mut zones: Vec<String> = Vec::new();
    let mut all = false;
    let mut need = |zone: Option<&str>| match zone {
        None => all = true,
        Some(zone) => {
            if !snapshot.zones.covers(zone) && !zones.iter().any(|known| known == zone) {
                zones.push(zone.to_owned());
            }
        }
    };
    match event {
        Event::Handle(request) => {
            for item in &request.items {
                let placed = match answers.placement(&item.name) {
                    Some(Placement::Zone(zone)) => Some(zone.as_str()),
                    Some(Placement::Keep | Placement::Refuse(_)) | None => None,
                };
                let asked = placed.or(item.zone.as_deref());
                match (request.action, snapshot.account(&item.name)) {
                    (Some(Action::Adopt), None) => need(asked),
                    (_, None) => {}
                    (_, Some(row)) => need(asked.or(row.zone.as_deref())),
                }
            }
        }
        Event::OnAgent { accounts, .. } | Event::Tick { accounts } => {
            for name in accounts {
                match snapshot.account(name) {
                    Some(row) => need(row.zone.as_deref()),
                    None if is_declared(snapshot, name) => need(None),
                    None => {}
                }
            }
        }
    }
    if all { Some(Zones::All) } else { (!zones.is_empty()).then_some(Zones::Of(zones)) }
}

/// Whether an agent that may be there has the account in its own configuration: a static row may come into being.
fn is_declared(snapshot: &Snapshot, name: &str) -> bool {
    snapshot.holdings(name).iter().any(|holding| {
        holding.configured
            && holding.gone_since.is_none()
            && matches!(holding.observed, Observed::Held(_))
    })
}
