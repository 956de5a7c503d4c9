//! The one table of keys. Files, variables, flags, the help texts and `swingbridge config` all follow it.

use std::time::Duration;

use host_kubernetes::REFUSED_NETWORKS;

use super::key::{Key, Kind};

const SECOND: Duration = Duration::from_secs(1);
const HOUR: Duration = Duration::from_secs(3_600);
const DAY: Duration = Duration::from_secs(86_400);
const YEARS: Duration = Duration::from_secs(10 * 366 * 86_400);

/// Waits and deadlines that people set.
const PATIENCE: Kind = Kind::Duration { min: SECOND, max: HOUR };
const DATABASES: Kind = Kind::Url(&["sqlite", "mysql", "mariadb", "postgres", "postgresql"]);

const fn key(name: &'static str, kind: Kind, default: &'static str, meaning: &'static str) -> Key {
    Key { name, kind, default: Some(default), meaning }
}

const fn unset(name: &'static str, kind: Kind, meaning: &'static str) -> Key {
    Key { name, kind, default: None, meaning }
}

/// Every key, in the order in which people read them (`spec/config.md`).
pub(crate) const KEYS: &[Key] = &[
    key(
        "server.listen",
        Kind::Address,
        "127.0.0.1:7102",
        "where the HTTP API listens; port 0 takes a free one",
    ),
    key(
        "server.body_limit",
        Kind::Size { min: 1 << 10, max: 1 << 30 },
        "16MiB",
        "the largest body of a request; a larger one is answered with 413",
    ),
    key(
        "server.dynamic_accounts",
        Kind::Flag,
        "true",
        "whether the account paths are served; if not, they answer 501",
    ),
    unset(
        "server.replica",
        Kind::Text,
        "the name of this replica, which no other one may have. Unset: the host's name and the port of the HTTP API",
    ),
    unset(
        "server.advertise",
        Kind::Url(&["http"]),
        "where other replicas reach this one's HTTP API, to wake it at once. Unset: where it listens",
    ),
    key(
        "database.url",
        DATABASES,
        "sqlite://swingbridge.db",
        "where the bridge keeps its own tables: sqlite://PATH is a file, made if it is not there",
    ),
    unset(
        "clouddriver.database.url",
        DATABASES,
        "where Clouddriver's `accounts` table is read; it is never written. Unset: there is no source to migrate from",
    ),
    key(
        "lease.ttl",
        Kind::Duration { min: SECOND, max: HOUR },
        "10s",
        "with several replicas: one that died is replaced within this time",
    ),
    key(
        "agents.listen",
        Kind::Address,
        "127.0.0.1:9091",
        "where agents dial in; port 0 takes a free one",
    ),
    key(
        "agents.timeout",
        Kind::Duration { min: SECOND, max: HOUR },
        "60s",
        "an agent that says nothing for so long is gone",
    ),
    key(
        "agents.grace",
        Kind::Duration { min: Duration::ZERO, max: DAY },
        "60s",
        "a gone agent may come back for so long before its accounts are orphaned",
    ),
    key(
        "agents.cleanup",
        Kind::Duration { min: SECOND, max: Duration::from_secs(30 * 86_400) },
        "600s",
        "when an account goes that an agent declared and nobody declares any more",
    ),
    key(
        "agents.max_message",
        Kind::Size { min: 64 << 10, max: 64 << 20 },
        "4MiB",
        "the largest message on the agent link, either way",
    ),
    key(
        "agents.insecure",
        Kind::Flag,
        "false",
        "allow agents without encryption from other machines; on loopback they always may",
    ),
    key(
        "agents.send_secrets_in_clear",
        Kind::Flag,
        "false",
        "with agents.insecure: also send kubeconfigs over such connections, readable by anybody on the way",
    ),
    key(
        "activation.wait",
        PATIENCE,
        "30s",
        "how long an activation waits for an agent of the account's zone",
    ),
    key("activation.deadline", PATIENCE, "60s", "how long agents have to take an account"),
    key("deactivation.deadline", PATIENCE, "60s", "how long agents have to let go of an account"),
    key(
        "deletion.deadline",
        PATIENCE,
        "60s",
        "how long agents have to let go of an account that is deleted",
    ),
    key(
        "retry.first",
        Kind::Duration { min: Duration::from_millis(100), max: DAY },
        "5s",
        "the wait before a failed activation is tried again for the first time",
    ),
    key(
        "retry.factor",
        Kind::Factor { min: 1.0, max: 100.0 },
        "2",
        "what each further wait is multiplied by",
    ),
    key(
        "retry.cap",
        Kind::Duration { min: SECOND, max: DAY },
        "10m",
        "the longest wait between two tries",
    ),
    key(
        "retry.max",
        Kind::Number { min: 0, max: 10_000 },
        "8",
        "tries before it is given up; 0: no second one",
    ),
    key(
        "modules.lifecycle.deadline",
        Kind::Duration { min: Duration::from_millis(10), max: Duration::from_secs(60) },
        "5s",
        "wall clock of one call of the module, its waits for the host included",
    ),
    key(
        "modules.lifecycle.file",
        Kind::Size { min: 1 << 10, max: 256 << 20 },
        "32MiB",
        "the largest component that is loaded",
    ),
    key(
        "modules.lifecycle.memory",
        Kind::Size { min: 1 << 20, max: 64 << 20 },
        "64MiB",
        "linear memory of one call",
    ),
    key(
        "modules.lifecycle.table",
        Kind::Number { min: 100, max: 20_000 },
        "20000",
        "elements of one table of a call",
    ),
    key(
        "modules.lifecycle.hostcall",
        Kind::Size { min: 64 << 10, max: 64 << 20 },
        "8MiB",
        "what one host call may carry into the host",
    ),
    key(
        "modules.lifecycle.read_rows",
        Kind::Number { min: 500, max: 10_000_000 },
        "100000",
        "rows that one call may read",
    ),
    key(
        "modules.lifecycle.read_bytes",
        Kind::Size { min: 1 << 20, max: 1 << 30 },
        "64MiB",
        "bytes that one call may read",
    ),
    key(
        "modules.lifecycle.writes",
        Kind::Number { min: 500, max: 1_000_000 },
        "20000",
        "writes that one call may make",
    ),
    key(
        "modules.lifecycle.log_lines",
        Kind::Number { min: 0, max: 100_000 },
        "200",
        "log lines of one call",
    ),
    key(
        "modules.lifecycle.log_bytes",
        Kind::Size { min: 0, max: 16 << 20 },
        "64KiB",
        "bytes of log lines of one call",
    ),
    key(
        "modules.lifecycle.permits",
        Kind::Number { min: 1, max: 1_000 },
        "8",
        "calls at the same time",
    ),
    key(
        "records.journal",
        Kind::Duration { min: DAY, max: YEARS },
        "90d",
        "how long the steps of accounts are kept; the last step of an account that is there always is",
    ),
    key(
        "records.operations",
        Kind::Duration { min: HOUR, max: YEARS },
        "14d",
        "how long operations are kept that agents have answered, or that were withdrawn",
    ),
    key(
        "records.requests",
        Kind::Duration { min: DAY, max: YEARS },
        "14d",
        "how long requests are kept, once none of their accounts is pending",
    ),
    key(
        "records.agents",
        Kind::Duration { min: HOUR, max: YEARS },
        "30d",
        "how long an agent is remembered that is gone and holds nothing",
    ),
    key(
        "records.calls",
        Kind::Number { min: 0, max: 100_000 },
        "2000",
        "how many recorded calls of modules are kept, the newest; 0: none are recorded, and what was stays as it is",
    ),
    key(
        "records.calls_size",
        Kind::Size { min: 1 << 20, max: 16 << 30 },
        "64MiB",
        "the most room that they take, as they are kept: packed",
    ),
    unset(
        "secrets.key",
        Kind::File,
        "the key that seals kubeconfigs: a 0600 file, made at the first start, or a reference to a secret. Unset: \
         the file secrets.key beside the database",
    ),
    key(
        "telemetry.log",
        Kind::Text,
        "info",
        "what is logged, to standard error: a level, or levels by module (`info,host_agents=debug`)",
    ),
    key("telemetry.format", Kind::Word(&["text", "json"]), "text", "how a log line is written"),
    key(
        "agent.bridge",
        Kind::Url(&["http"]),
        "http://127.0.0.1:9091",
        "of an agent: the bridge that it dials; several replicas are separated by commas",
    ),
    unset(
        "agent.id",
        Kind::Text,
        "of an agent: its id, the same after every start and nobody else's. Unset: the host's name, which is the pod's",
    ),
    unset(
        "agent.zone",
        Kind::Text,
        "of an agent: its zone. Unset, in a pod: DEPLOYMENT_NAMESPACE, as its pod is called",
    ),
    unset("agent.labels", Kind::Labels, "of an agent: labels that it tells the bridge"),
    unset(
        "agent.accounts",
        Kind::Accounts,
        "of an agent: accounts of its own, which it holds without being asked",
    ),
    unset(
        "agent.simulate",
        Kind::File,
        "of an agent: a file that scripts its clusters, for demos and load tests. Unset: they are Kubernetes",
    ),
    unset(
        "agent.files.root",
        Kind::File,
        "of an agent: the folder under which it reads files that definitions and kubeconfigs name. Unset: it reads none",
    ),
    unset(
        "agent.exec.allow",
        Kind::Names,
        "of an agent: commands that a kubeconfig may have run for credentials, as it writes them; whoever writes \
         definitions chooses their arguments. Unset: none",
    ),
    key(
        "agent.exec.env",
        Kind::Names,
        "AWS_PROFILE,AWS_REGION,AWS_DEFAULT_REGION,AWS_STS_REGIONAL_ENDPOINTS",
        "of an agent: variables that a kubeconfig may set for such a command",
    ),
    key(
        "agent.networks.refuse",
        Kind::Networks,
        REFUSED_NETWORKS,
        "of an agent: networks where it looks for no cluster and no proxy; as it is, those of clouds' metadata services. \
         Add 127.0.0.0/8,::1/128 where no cluster is on the agent's own machine",
    ),
    key(
        "agent.looks.at_once",
        Kind::Number { min: 1, max: 4_096 },
        "64",
        "of an agent: how many clusters it looks at at once for the bridge; four times as many may be silent. Those behind \
         one address have a quarter of it",
    ),
    key(
        "agent.looks.deadline",
        Kind::Duration { min: SECOND, max: Duration::from_secs(600) },
        "30s",
        "of an agent: how long one look at a cluster may take",
    ),
    key(
        "agent.looks.connect",
        Kind::Duration { min: Duration::from_millis(100), max: Duration::from_secs(60) },
        "10s",
        "of an agent: how much of a look may pass until the cluster is connected: name, TCP, proxy and TLS",
    ),
    key(
        "agent.health.every",
        Kind::Duration { min: Duration::from_millis(100), max: HOUR },
        "30s",
        "of an agent: how often it looks at each cluster that it holds, moved by up to a fifth by chance",
    ),
    key(
        "agent.health.at_once",
        Kind::Number { min: 1, max: 4_096 },
        "32",
        "of an agent: how many of the clusters that it holds it looks at at once, beside those that the bridge asks for; four \
         times as many may be silent. Those behind one address have a quarter of it",
    ),
    key(
        "agent.namespaces.every",
        Kind::Duration { min: Duration::from_millis(100), max: DAY },
        "5m",
        "of an agent: how often it lists a held cluster's namespaces, where it does not watch them",
    ),
    key(
        "agent.watches.max",
        Kind::Number { min: 0, max: 100_000 },
        "200",
        "of an agent: of how many held clusters it watches the namespaces, each over a connection that stays open",
    ),
];

/// The key of this name.
pub(crate) fn find(name: &str) -> Option<&'static Key> {
    KEYS.iter().find(|key| key.name == name)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::config::value;

    #[test]
    fn names_variables_and_flags_are_each_used_once() {
        for name in [|key: &Key| key.name.to_owned(), Key::variable, Key::flag] {
            let all: BTreeSet<String> = KEYS.iter().map(name).collect();
            assert_eq!(all.len(), KEYS.len());
        }
    }

    #[test]
    fn every_default_is_a_value_of_its_key() {
        for key in KEYS {
            if let Some(default) = key.default {
                let read = value::read(key.kind, &figment::value::Value::from(default));
                assert!(read.is_ok(), "{}: {read:?}", key.name);
            }
        }
    }
}
