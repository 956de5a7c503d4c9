//! The exports of world `lifecycle`.

use guest_lifecycle::{Event, Settings};

use crate::bindings::{events, module};
use crate::drive::drive;
use crate::{incoming, outgoing};

/// What the exports are implemented on.
pub(crate) struct Lifecycle;

impl module::Guest for Lifecycle {
    fn describe() -> module::Description {
        outgoing::description()
    }

    fn validate_settings(settings: Vec<(String, String)>) -> Result<(), String> {
        let pairs = settings.iter().map(|(key, value)| (key.as_str(), value.as_str()));
        Settings::read(pairs).map(|_| ())
    }
}

impl events::Guest for Lifecycle {
    fn handle(request: events::Request) -> Vec<events::Outcome> {
        drive(&incoming::request(request)).into_iter().map(outgoing::outcome).collect()
    }

    fn on_agent(agent: String, instance: String, event: events::AgentEvent, accounts: Vec<String>) {
        let event = incoming::agent_event(event);
        drive(&Event::OnAgent { agent, instance, event, accounts });
    }

    /// Every time stands in a row's `due-at`; there is no other to be woken at.
    fn tick(_reason: events::Reason, accounts: Vec<String>) -> Option<u64> {
        drive(&Event::Tick { accounts });
        None
    }
}
