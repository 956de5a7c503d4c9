//! A flag for every key of the configuration that a verb reads, made from the table of keys.

use std::marker::PhantomData;

use clap::{Arg, ArgMatches, Args, Command, FromArgMatches};

use crate::config::key::{Key, Kind};
use crate::config::table::KEYS;

/// Which keys a verb takes, and what it calls their flags.
pub(crate) trait Selection {
    /// Whether it reads this key.
    fn takes(key: &Key) -> bool;

    /// A shorter name for the flag.
    fn short(_key: &Key) -> Option<String> {
        None
    }
}

/// Every key.
#[derive(Debug, Clone)]
pub(crate) struct AllKeys;

impl Selection for AllKeys {
    fn takes(_: &Key) -> bool {
        true
    }
}

/// The keys of `serve`.
#[derive(Debug, Clone)]
pub(crate) struct BridgeKeys;

impl Selection for BridgeKeys {
    fn takes(key: &Key) -> bool {
        key.section() != "agent"
    }
}

/// The keys of `agent`: `--bridge` for `--agent-bridge`.
#[derive(Debug, Clone)]
pub(crate) struct AgentKeys;

impl Selection for AgentKeys {
    fn takes(key: &Key) -> bool {
        key.section() == "agent" || key.section() == "telemetry"
    }

    fn short(key: &Key) -> Option<String> {
        key.flag().strip_prefix("agent-").map(str::to_owned)
    }
}

/// The keys that were set by flags.
#[derive(Debug, Clone)]
pub(crate) struct KeyFlags<S> {
    pairs: Vec<(&'static Key, String)>,
    selection: PhantomData<S>,
}

impl<S> KeyFlags<S> {
    /// Each with its value as it was typed.
    pub(crate) fn into_pairs(self) -> Vec<(&'static Key, String)> {
        self.pairs
    }
}

impl<S: Selection> FromArgMatches for KeyFlags<S> {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let pairs = KEYS
            .iter()
            .filter(|key| S::takes(key))
            .filter_map(|key| Some((key, matches.get_one::<String>(key.name)?.clone())))
            .collect();
        Ok(Self { pairs, selection: PhantomData })
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

impl<S: Selection> Args for KeyFlags<S> {
    fn augment_args(command: Command) -> Command {
        KEYS.iter()
            .filter(|key| S::takes(key))
            .fold(command, |command, key| command.arg(argument::<S>(key)))
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

fn argument<S: Selection>(key: &'static Key) -> Arg {
    let default = key.default.map(|default| format!(" [default: {default}]")).unwrap_or_default();
    let argument = Arg::new(key.name)
        .help(format!("{}{default} [variable: {}]", key.meaning, key.variable()))
        .help_heading("Configuration")
        .value_name(value_name(key.kind));
    let argument = match S::short(key) {
        Some(short) => argument.long(short).alias(key.flag()),
        None => argument.long(key.flag()),
    };
    match key.kind {
        Kind::Flag => argument.num_args(0..=1).require_equals(true).default_missing_value("true"),
        Kind::Duration { .. }
        | Kind::Size { .. }
        | Kind::Number { .. }
        | Kind::Factor { .. }
        | Kind::Address
        | Kind::Word(_)
        | Kind::Text
        | Kind::Url(_)
        | Kind::File
        | Kind::Labels
        | Kind::Accounts
        | Kind::Names
        | Kind::Networks => argument,
    }
}

fn value_name(kind: Kind) -> &'static str {
    match kind {
        Kind::Duration { .. } => "DURATION",
        Kind::Size { .. } => "SIZE",
        Kind::Number { .. } | Kind::Factor { .. } => "NUMBER",
        Kind::Flag => "true|false",
        Kind::Address => "IP:PORT",
        Kind::Word(_) => "WORD",
        Kind::Text => "TEXT",
        Kind::Url(_) => "URL",
        Kind::File => "FILE",
        Kind::Labels => "NAME=VALUE,…",
        Kind::Accounts | Kind::Names => "NAME,…",
        Kind::Networks => "ADDRESS/BITS,…",
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Debug, Parser)]
    struct Bridge {
        #[command(flatten)]
        keys: KeyFlags<BridgeKeys>,
    }

    #[derive(Debug, Parser)]
    struct Agent {
        #[command(flatten)]
        keys: KeyFlags<AgentKeys>,
    }

    fn pairs(keys: Vec<(&'static Key, String)>) -> Vec<(&'static str, String)> {
        keys.into_iter().map(|(key, value)| (key.name, value)).collect()
    }

    #[test]
    fn every_key_of_the_bridge_is_a_flag() {
        for key in KEYS.iter().filter(|key| key.section() != "agent") {
            let flag = format!("--{}=x", key.flag());
            let parsed = Bridge::try_parse_from(["swingbridge", &flag]).expect(&flag);
            assert_eq!(pairs(parsed.keys.into_pairs()), [(key.name, "x".to_owned())]);
        }
    }

    #[test]
    fn a_switch_needs_no_value() {
        let parsed =
            Bridge::try_parse_from(["swingbridge", "--agents-insecure"]).expect("a switch");
        assert_eq!(pairs(parsed.keys.into_pairs()), [("agents.insecure", "true".to_owned())]);
    }

    #[test]
    fn an_agents_flags_are_short_and_the_long_ones_work_too() {
        for (flag, key) in [
            ("--id", "agent.id"),
            ("--agent-id", "agent.id"),
            ("--files-root", "agent.files.root"),
            ("--looks-at-once", "agent.looks.at_once"),
            ("--agent-looks-at-once", "agent.looks.at_once"),
        ] {
            let parsed = Agent::try_parse_from(["swingbridge", flag, "a"]).expect(flag);
            assert_eq!(pairs(parsed.keys.into_pairs()), [(key, "a".to_owned())]);
        }
    }
}
