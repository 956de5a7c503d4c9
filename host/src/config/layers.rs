//! The layers of a configuration, each over the ones before it: defaults, files, variables, flags. It says what was
//! given for every key, and where; it does not know what a value means.

use std::collections::HashMap;
use std::path::PathBuf;

use figment::value::{Dict, Map, Value as Given};
use figment::{Error, Figment, Metadata, Profile, Provider};

use super::fault::{Fault, Faults};
use super::file;
use super::key::{Key, nearest};
use super::table::KEYS;

/// What a process is given to be configured by.
#[derive(Debug, Clone, Default)]
pub(crate) struct Surroundings {
    /// Folders that may hold `swingbridge.yml` and `swingbridge-local.yml`; later ones win.
    pub(crate) folders: Vec<PathBuf>,
    /// The environment.
    pub(crate) variables: Vec<(String, String)>,
    /// Keys that were set by flags.
    pub(crate) flags: Vec<(&'static Key, String)>,
}

/// What was given for one key.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    /// The key.
    pub(crate) key: &'static Key,
    /// The value as it was written; absent: nobody set it, and it has no default.
    pub(crate) given: Option<Given>,
    /// Where it was set: `default`, a file and line, a variable, a flag.
    pub(crate) place: String,
}

/// One layer.
#[derive(Debug, Clone, Default)]
pub(crate) struct Layer {
    /// What it is.
    pub(crate) name: String,
    /// Values by [`Key::flag`], which has no dots that figment would take for sections.
    values: Dict,
    /// The exact place of each, by the same name.
    places: HashMap<String, String>,
}

impl Layer {
    /// An empty one.
    pub(crate) fn named(name: impl Into<String>) -> Self {
        Self { name: name.into(), ..Self::default() }
    }

    /// Sets a key. Answers whether the layer had it already.
    pub(crate) fn set(&mut self, key: &Key, value: Given, place: impl Into<String>) -> bool {
        self.places.insert(key.flag(), place.into());
        self.values.insert(key.flag(), value).is_some()
    }

    /// What the layer has for a key.
    pub(crate) fn get(&self, key: &Key) -> Option<&Given> {
        self.values.get(&key.flag())
    }
}

impl Provider for Layer {
    fn metadata(&self) -> Metadata {
        let places = self.places.clone();
        let name = self.name.clone();
        Metadata::named(self.name.clone()).interpolater(move |_: &Profile, path: &[&str]| {
            path.first().and_then(|flag| places.get(*flag)).unwrap_or(&name).clone()
        })
    }

    fn data(&self) -> Result<Map<Profile, Dict>, Error> {
        Ok(Map::from([(Profile::Default, self.values.clone())]))
    }
}

/// Everything that was given, key by key in the order of the table, and what the log should say about it.
///
/// # Errors
/// Every file that cannot be read and every name that is not known.
pub(crate) fn gather(surroundings: &Surroundings) -> Result<(Vec<Entry>, Vec<String>), Faults> {
    let mut faults = Vec::new();
    let mut notes = Vec::new();
    let mut figment = Figment::from(defaults());
    for layer in file::layers(&surroundings.folders, &mut notes, &mut faults) {
        figment = figment.merge(layer);
    }
    figment = figment.merge(variables(&surroundings.variables, &mut faults));
    figment = figment.merge(flags(&surroundings.flags));
    if !faults.is_empty() {
        return Err(Faults(faults));
    }
    Ok((KEYS.iter().map(|key| entry(&figment, key)).collect(), notes))
}

fn entry(figment: &Figment, key: &'static Key) -> Entry {
    let flag = key.flag();
    let place = figment.find_metadata(&flag).map_or_else(
        || "not set".to_owned(),
        |metadata| metadata.interpolate(figment.profile(), &[&flag]),
    );
    Entry { key, given: figment.find_value(&flag).ok(), place }
}

fn defaults() -> Layer {
    let mut layer = Layer::named("default");
    for key in KEYS {
        if let Some(default) = key.default {
            layer.set(key, Given::from(default), "default");
        }
    }
    layer
}

/// Variables of this program that are no keys: the client's address of a bridge, and what `cargo run` hands on from the
/// build.
const NO_KEYS: [&str; 2] = ["SWINGBRIDGE_URL", "SWINGBRIDGE_LIFECYCLE"];

/// An empty variable counts as not set.
fn variables(variables: &[(String, String)], faults: &mut Vec<Fault>) -> Layer {
    let mut layer = Layer::named("environment");
    for (name, value) in variables.iter().filter(|(name, _)| name.starts_with(Key::PREFIX)) {
        match KEYS.iter().find(|key| key.variable() == *name) {
            Some(key) if value.trim().is_empty() => drop(layer.get(key)),
            Some(key) => drop(layer.set(key, Given::from(value.as_str()), name.clone())),
            None if NO_KEYS.contains(&name.as_str()) || is_service_link(name) => {}
            None => {
                let known: Vec<String> = KEYS.iter().map(Key::variable).collect();
                faults.push(Fault::Unknown {
                    place: "environment".to_owned(),
                    name: name.clone(),
                    nearest: nearest(name, known.iter().map(String::as_str)).map(str::to_owned),
                });
            }
        }
    }
    layer
}

/// Kubernetes gives every container such variables for a service whose name begins with `swingbridge`.
fn is_service_link(name: &str) -> bool {
    let words: Vec<&str> = name.split('_').collect();
    words.ends_with(&["SERVICE", "HOST"])
        || words.windows(2).any(|pair| pair == ["SERVICE", "PORT"])
        || words.ends_with(&["PORT"])
        || words
            .windows(2)
            .any(|pair| pair[0] == "PORT" && pair[1].bytes().all(|byte| byte.is_ascii_digit()))
}

fn flags(flags: &[(&'static Key, String)]) -> Layer {
    let mut layer = Layer::named("flags");
    for (key, value) in flags {
        layer.set(key, Given::from(value.as_str()), format!("--{}", key.flag()));
    }
    layer
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::table;

    fn with(variables: &[(&str, &str)]) -> Result<Vec<Entry>, Faults> {
        let variables = variables
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        gather(&Surroundings { variables, ..Surroundings::default() }).map(|(entries, _)| entries)
    }

    fn place(entries: &[Entry], name: &str) -> String {
        entries
            .iter()
            .find(|entry| entry.key.name == name)
            .expect("every key has an entry")
            .place
            .clone()
    }

    #[test]
    fn a_variable_is_said_to_be_where_it_was_set() {
        let entries = with(&[("SWINGBRIDGE_AGENTS_MAX_MESSAGE", "1MiB")]).expect("known");
        assert_eq!(place(&entries, "agents.max_message"), "SWINGBRIDGE_AGENTS_MAX_MESSAGE");
        assert_eq!(place(&entries, "agents.grace"), "default");
        assert_eq!(place(&entries, "agent.zone"), "not set");
    }

    #[test]
    fn an_empty_variable_sets_nothing() {
        let entries = with(&[("SWINGBRIDGE_AGENTS_GRACE", " ")]).expect("known");
        assert_eq!(place(&entries, "agents.grace"), "default");
    }

    #[test]
    fn an_unknown_variable_is_an_error_with_the_nearest() {
        let faults = with(&[("SWINGBRIDGE_SERVER_LISTN", "x")]).expect_err("not known");
        assert!(faults.to_string().contains("is SWINGBRIDGE_SERVER_LISTEN meant?"), "{faults}");
    }

    #[test]
    fn what_kubernetes_sets_for_a_service_of_our_name_is_no_error() {
        for name in [
            "SWINGBRIDGE_SERVICE_HOST",
            "SWINGBRIDGE_SERVICE_PORT",
            "SWINGBRIDGE_SERVICE_PORT_HTTP",
            "SWINGBRIDGE_PORT",
            "SWINGBRIDGE_PORT_7102_TCP",
            "SWINGBRIDGE_PORT_7102_TCP_ADDR",
            "SWINGBRIDGE_AGENTS_SERVICE_HOST",
        ] {
            assert!(with(&[(name, "tcp://10.0.0.1:7102")]).is_ok(), "{name}");
        }
    }

    #[test]
    fn a_flag_wins_over_a_variable() {
        let key = table::find("agents.grace").expect("a key");
        let surroundings = Surroundings {
            variables: vec![("SWINGBRIDGE_AGENTS_GRACE".to_owned(), "5s".to_owned())],
            flags: vec![(key, "7s".to_owned())],
            ..Surroundings::default()
        };
        let (entries, _) = gather(&surroundings).expect("known");
        assert_eq!(place(&entries, "agents.grace"), "--agents-grace");
    }
}
