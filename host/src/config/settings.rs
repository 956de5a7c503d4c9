//! From what was given to what the program runs with: each value as its key says, references resolved, combinations
//! checked.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use figment::value::Value as Given;
use host_core::port::housekeeping::Retention;
use host_core::port::recordings::RingBounds;
use host_core::port::vault::SecretEngines;
use host_core::secret::Secret;
use host_core::settings::Settings as LifecycleSettings;
use host_engine::Limits;
use host_kubernetes::{Bounds, ExecRules, KubernetesOptions, Networks, Rhythm};
use host_store::KeySource;

use super::fault::{Fault, Faults};
use super::key::Key;
use super::layers::{Entry, Surroundings, gather};
use super::value::{self, Value};
use super::{Agent, Agents, Config, Server, Telemetry, together};

/// How a reference to a secret begins (Clouddriver's notation, and our own).
const REFERENCES: [&str; 3] = ["encrypted:", "encryptedFile:", "secret://"];

/// Every key with what is in force for it.
#[derive(Debug, Clone)]
pub(crate) struct Settings {
    /// In the order of the table.
    pub(crate) entries: Vec<Setting>,
    /// What the log should say: keys of the original that were translated.
    pub(crate) notes: Vec<String>,
}

/// One key with what is in force for it.
#[derive(Debug, Clone)]
pub(crate) struct Setting {
    /// The key.
    pub(crate) key: &'static Key,
    /// What is in force.
    pub(crate) value: InForce,
    /// Where it was set.
    pub(crate) place: String,
}

/// What is in force for a key.
#[derive(Debug, Clone)]
pub(crate) enum InForce {
    /// Nothing.
    Nothing,
    /// This.
    Value(Value),
    /// What this refers to, not resolved yet.
    Reference(String),
    /// What a reference led to; not shown again.
    Resolved(Value),
}

impl Settings {
    /// Gathers the layers and reads every value.
    ///
    /// # Errors
    /// Everything that is wrong, at once.
    pub(crate) fn load(surroundings: &Surroundings) -> Result<Self, Faults> {
        let (entries, notes) = gather(surroundings)?;
        let mut settings = Vec::with_capacity(entries.len());
        let mut faults = Vec::new();
        for entry in entries {
            match setting(entry) {
                Ok(setting) => settings.push(setting),
                Err(fault) => faults.push(fault),
            }
        }
        if faults.is_empty() { Ok(Self { entries: settings, notes }) } else { Err(Faults(faults)) }
    }

    /// What the program runs with.
    ///
    /// # Errors
    /// References that lead nowhere, and values that cannot work together.
    pub(crate) async fn config(mut self, engines: &dyn SecretEngines) -> Result<Config, Faults> {
        let mut faults = Vec::new();
        for setting in &mut self.entries {
            if let InForce::Reference(reference) = &setting.value {
                match resolve(setting, reference, engines).await {
                    Ok(value) => setting.value = InForce::Resolved(value),
                    Err(fault) => faults.push(fault),
                }
            }
        }
        if !faults.is_empty() {
            return Err(Faults(faults));
        }
        let config = self.typed();
        let faults = together::faults(&config);
        if faults.is_empty() { Ok(config) } else { Err(Faults(faults)) }
    }

    fn typed(&self) -> Config {
        Config {
            server: Server {
                listen: self.address("server.listen"),
                body_limit: self.bytes("server.body_limit"),
                dynamic_accounts: self.flag("server.dynamic_accounts"),
                replica: self.text("server.replica"),
                advertise: self.url("server.advertise"),
            },
            database_url: Secret::new(self.url("database.url").unwrap_or_default()),
            clouddriver_database_url: self.url("clouddriver.database.url").map(Secret::new),
            agents: Agents {
                listen: self.address("agents.listen"),
                timeout: self.duration("agents.timeout"),
                max_message: self.bytes("agents.max_message"),
                insecure: self.flag("agents.insecure"),
                send_secrets_in_clear: self.flag("agents.send_secrets_in_clear"),
            },
            lease_ttl: self.duration("lease.ttl"),
            lifecycle: self.lifecycle(),
            retention: self.retention(),
            recorded: RingBounds {
                records: self.number("records.calls"),
                bytes: self.bytes("records.calls_size") as u64,
            },
            limits: self.limits(),
            secrets_key: self.secrets_key(),
            telemetry: Telemetry {
                log: self.text("telemetry.log").unwrap_or_default(),
                json: self.text("telemetry.format").as_deref() == Some("json"),
            },
            agent: self.agent(),
        }
    }

    fn lifecycle(&self) -> LifecycleSettings {
        LifecycleSettings {
            activation_wait_ms: self.millis("activation.wait"),
            activation_deadline_ms: self.millis("activation.deadline"),
            deactivation_deadline_ms: self.millis("deactivation.deadline"),
            deletion_deadline_ms: self.millis("deletion.deadline"),
            agents_grace_ms: self.millis("agents.grace"),
            agents_cleanup_ms: self.millis("agents.cleanup"),
            retry_first_ms: self.millis("retry.first"),
            retry_factor: self.factor("retry.factor"),
            retry_cap_ms: self.millis("retry.cap"),
            retry_max: u32::try_from(self.number("retry.max"))
                .expect("the table bounds it far below"),
            ..LifecycleSettings::default()
        }
    }

    fn retention(&self) -> Retention {
        Retention {
            journal_ms: self.millis("records.journal"),
            operations_ms: self.millis("records.operations"),
            requests_ms: self.millis("records.requests"),
            agents_ms: self.millis("records.agents"),
        }
    }

    fn limits(&self) -> Limits {
        Limits {
            deadline: self.duration("modules.lifecycle.deadline"),
            file_bytes: self.bytes("modules.lifecycle.file"),
            memory_bytes: self.bytes("modules.lifecycle.memory"),
            table_elements: self.count("modules.lifecycle.table"),
            hostcall_bytes: self.bytes("modules.lifecycle.hostcall"),
            read_rows: self.count("modules.lifecycle.read_rows"),
            read_bytes: self.bytes("modules.lifecycle.read_bytes"),
            writes: self.count("modules.lifecycle.writes"),
            log_lines: self.count("modules.lifecycle.log_lines"),
            log_bytes: self.bytes("modules.lifecycle.log_bytes"),
            permits: self.count("modules.lifecycle.permits"),
        }
    }

    fn agent(&self) -> Agent {
        Agent {
            bridge: self.url("agent.bridge").unwrap_or_default(),
            id: self.text("agent.id"),
            zone: self.text("agent.zone"),
            labels: self.labels("agent.labels"),
            accounts: self.accounts("agent.accounts"),
            simulate: self.text("agent.simulate").map(PathBuf::from),
            looks_at_once: self.count("agent.looks.at_once"),
            look: self.duration("agent.looks.deadline"),
            kubernetes: self.kubernetes(),
        }
    }

    fn kubernetes(&self) -> KubernetesOptions {
        KubernetesOptions {
            files_root: self.text("agent.files.root").map(PathBuf::from),
            exec: ExecRules {
                allow: self.names("agent.exec.allow"),
                env: self.names("agent.exec.env"),
            },
            networks: self.networks("agent.networks.refuse"),
            pod: None,
            bounds: Bounds {
                look_ms: self.millis("agent.looks.deadline"),
                connect_ms: self.millis("agent.looks.connect"),
                checks_at_once: self.count("agent.health.at_once"),
                watches: self.count("agent.watches.max"),
            },
            rhythm: Rhythm {
                health_ms: self.millis("agent.health.every"),
                namespaces_ms: self.millis("agent.namespaces.every"),
            },
        }
    }

    fn secrets_key(&self) -> KeySource {
        match (self.text("secrets.key"), &self.setting("secrets.key").value) {
            (None, _) => KeySource::Beside,
            (Some(key), InForce::Resolved(_)) => KeySource::Given(Secret::new(key)),
            (Some(file), InForce::Nothing | InForce::Value(_) | InForce::Reference(_)) => {
                KeySource::File(file.into())
            }
        }
    }

    fn setting(&self, name: &str) -> &Setting {
        self.entries
            .iter()
            .find(|setting| setting.key.name == name)
            .expect("the name stands in the table of keys")
    }

    fn value(&self, name: &str) -> Option<&Value> {
        match &self.setting(name).value {
            InForce::Value(value) | InForce::Resolved(value) => Some(value),
            InForce::Nothing | InForce::Reference(_) => None,
        }
    }

    fn duration(&self, name: &str) -> Duration {
        let Some(Value::Duration(duration)) = self.value(name) else { wrong_in_table(name) };
        *duration
    }

    fn millis(&self, name: &str) -> u64 {
        u64::try_from(self.duration(name).as_millis()).expect("the table bounds it far below")
    }

    fn bytes(&self, name: &str) -> usize {
        let Some(Value::Size(bytes)) = self.value(name) else { wrong_in_table(name) };
        usize::try_from(*bytes).expect("the table bounds it far below")
    }

    fn number(&self, name: &str) -> u64 {
        let Some(Value::Number(number)) = self.value(name) else { wrong_in_table(name) };
        *number
    }

    fn count(&self, name: &str) -> usize {
        usize::try_from(self.number(name)).expect("the table bounds it far below")
    }

    fn factor(&self, name: &str) -> f64 {
        let Some(Value::Factor(factor)) = self.value(name) else { wrong_in_table(name) };
        *factor
    }

    fn flag(&self, name: &str) -> bool {
        let Some(Value::Flag(flag)) = self.value(name) else { wrong_in_table(name) };
        *flag
    }

    fn address(&self, name: &str) -> std::net::SocketAddr {
        let Some(Value::Address(address)) = self.value(name) else { wrong_in_table(name) };
        *address
    }

    fn labels(&self, name: &str) -> BTreeMap<String, String> {
        match self.value(name) {
            None => BTreeMap::new(),
            Some(Value::Labels(labels)) => labels.clone(),
            Some(_) => wrong_in_table(name),
        }
    }

    fn accounts(&self, name: &str) -> Vec<serde_json::Map<String, serde_json::Value>> {
        match self.value(name) {
            None => Vec::new(),
            Some(Value::Accounts(accounts)) => accounts.clone(),
            Some(_) => wrong_in_table(name),
        }
    }

    fn names(&self, name: &str) -> Vec<String> {
        match self.value(name) {
            None => Vec::new(),
            Some(Value::Names(names)) => names.clone(),
            Some(_) => wrong_in_table(name),
        }
    }

    fn networks(&self, name: &str) -> Networks {
        let Some(Value::Networks(networks)) = self.value(name) else { wrong_in_table(name) };
        Networks(networks.clone())
    }

    fn text(&self, name: &str) -> Option<String> {
        let Value::Text(text) = self.value(name)? else { wrong_in_table(name) };
        Some(text.clone())
    }

    fn url(&self, name: &str) -> Option<String> {
        let Value::Url(url) = self.value(name)? else { wrong_in_table(name) };
        Some(url.clone())
    }
}

/// A key is read as what the table does not say it is. The tests read every key once.
fn wrong_in_table(name: &str) -> ! {
    unreachable!("the table of keys gives {name} another type, or no default")
}

fn setting(entry: Entry) -> Result<Setting, Fault> {
    let Entry { key, given, place } = entry;
    let value = match given {
        None => InForce::Nothing,
        Some(given) => match given.as_str() {
            Some(text) if REFERENCES.iter().any(|start| text.starts_with(start)) => {
                InForce::Reference(text.to_owned())
            }
            Some(_) | None => InForce::Value(read(key, &given, &place)?),
        },
    };
    Ok(Setting { key, value, place })
}

fn read(key: &Key, given: &Given, place: &str) -> Result<Value, Fault> {
    value::read(key.kind, given).map_err(|wanted| Fault::Value {
        place: place.to_owned(),
        name: key.name.to_owned(),
        wanted,
    })
}

async fn resolve(
    setting: &Setting,
    reference: &str,
    engines: &dyn SecretEngines,
) -> Result<Value, Fault> {
    let secret = engines.resolve(reference).await.map_err(|reason| Fault::Reference {
        place: setting.place.clone(),
        name: setting.key.name.to_owned(),
        reason,
    })?;
    read(setting.key, &Given::from(secret.expose()), &setting.place)
}

#[cfg(test)]
mod tests;
