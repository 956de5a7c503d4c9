//! What a configuration promises as a whole, from files and variables to what the program runs with.

use std::path::Path;

use async_trait::async_trait;
use host_core::port::housekeeping::Retention;
use host_core::port::recordings::RingBounds;
use host_core::port::vault::SecretEngines;
use host_core::secret::Secret;
use host_core::settings::Settings as LifecycleSettings;
use host_engine::Limits;
use host_store::KeySource;

use super::super::{Config, Surroundings};
use super::Settings;

/// An engine that knows one secret.
#[derive(Debug)]
struct OneSecret;

#[async_trait]
impl SecretEngines for OneSecret {
    async fn resolve(&self, reference: &str) -> Result<Secret, String> {
        match reference {
            "encrypted:noop!v:sqlite://sealed.db" => Ok(Secret::new("sqlite://sealed.db")),
            other => Err(format!("{other} leads nowhere")),
        }
    }
}

async fn config(surroundings: &Surroundings) -> Result<Config, String> {
    let settings = Settings::load(surroundings).map_err(|faults| faults.to_string())?;
    settings.config(&OneSecret).await.map_err(|faults| faults.to_string())
}

async fn with(variables: &[(&str, &str)]) -> Result<Config, String> {
    let variables =
        variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    config(&Surroundings { variables, ..Surroundings::default() }).await
}

fn write(folder: &Path, name: &str, text: &str) {
    std::fs::create_dir_all(folder).expect("a folder");
    std::fs::write(folder.join(name), text).expect("a file");
}

#[tokio::test]
async fn without_any_file_it_runs_on_sqlite_on_loopback() {
    let config = with(&[]).await.expect("the defaults work");
    assert_eq!(config.database_url.expose(), "sqlite://swingbridge.db");
    assert!(config.server.listen.ip().is_loopback() && config.agents.listen.ip().is_loopback());
    assert_eq!((config.server.listen.port(), config.agents.listen.port()), (7102, 9091));
}

#[tokio::test]
async fn the_defaults_are_those_of_the_rooms_that_use_them() {
    let config = with(&[]).await.expect("the defaults work");
    assert_eq!(config.lifecycle, LifecycleSettings::default());
    assert_eq!(config.limits, Limits::default());
    assert_eq!(config.retention, Retention::default());
    assert_eq!(config.recorded, RingBounds::default());
}

#[tokio::test]
async fn a_local_file_wins_over_a_shared_one_and_a_later_folder_over_an_earlier() {
    let place = tempfile::tempdir().expect("a folder");
    let (far, near) = (place.path().join("far"), place.path().join("near"));
    write(&far, "swingbridge.yml", "agents:\n  grace: 1s\n  timeout: 1s\nretry.max: 1\n");
    write(&far, "swingbridge-local.yml", "agents:\n  grace: 2s\n");
    write(&near, "swingbridge.yml", "agents:\n  grace: 3s\n  timeout: 3s\n");
    let config = config(&Surroundings { folders: vec![far, near], ..Surroundings::default() })
        .await
        .expect("right");
    assert_eq!(config.lifecycle.agents_grace_ms, 2_000, "the local file");
    assert_eq!(config.agents.timeout.as_secs(), 3, "the nearer folder");
    assert_eq!(config.lifecycle.retry_max, 1, "what nobody else sets");
}

#[tokio::test]
async fn everything_wrong_is_said_at_once_with_its_place() {
    let place = tempfile::tempdir().expect("a folder");
    write(
        place.path(),
        "swingbridge.yml",
        "agents:\n  grace: soon\n  timeout: 60\nretry:\n  max: -1\n",
    );
    let surroundings =
        Surroundings { folders: vec![place.path().to_owned()], ..Surroundings::default() };
    let said = config(&surroundings).await.expect_err("three faults");
    for (line, key) in [(2, "agents.grace"), (3, "agents.timeout"), (5, "retry.max")] {
        let wanted = format!("swingbridge.yml, line {line}: {key} cannot be this");
        assert!(said.contains(&wanted), "{wanted} is missing in {said}");
    }
}

#[tokio::test]
async fn the_originals_keys_take_effect_and_the_files_own_keys_win_over_them() {
    let place = tempfile::tempdir().expect("a folder");
    let text = "retry:\n  first: 9s\narmory.kubesvc:\n  dynamicAccounts:\n    enabled: false\n    maxRetries: 3\n    \
                retryFrequencySeconds: 5\n";
    write(place.path(), "swingbridge.yml", text);
    let surroundings =
        Surroundings { folders: vec![place.path().to_owned()], ..Surroundings::default() };
    let config = config(&surroundings).await.expect("understood");
    assert!(!config.server.dynamic_accounts);
    assert_eq!(config.lifecycle.retry_max, 3);
    assert_eq!(config.lifecycle.retry_first_ms, 9_000);
}

#[tokio::test]
async fn a_reference_is_resolved_when_it_is_needed_and_never_shown() {
    let reference = "encrypted:noop!v:sqlite://sealed.db";
    let config = with(&[("SWINGBRIDGE_DATABASE_URL", reference)]).await.expect("resolved");
    assert_eq!(config.database_url.expose(), "sqlite://sealed.db");
    assert!(!format!("{config:?}").contains("sealed.db"));
    let said = with(&[("SWINGBRIDGE_DATABASE_URL", "encrypted:s3!x")]).await.expect_err("nowhere");
    assert!(said.contains("SWINGBRIDGE_DATABASE_URL: database.url refers to a secret"), "{said}");
}

#[tokio::test]
async fn a_key_is_a_file_or_what_a_reference_leads_to() {
    let config = with(&[("SWINGBRIDGE_SECRETS_KEY", "some.key")]).await.expect("a file");
    assert!(matches!(config.secrets_key, KeySource::File(_)), "{:?}", config.secrets_key);
    let config = with(&[("SWINGBRIDGE_SECRETS_KEY", "encrypted:noop!v:sqlite://sealed.db")])
        .await
        .expect("a secret");
    assert!(matches!(config.secrets_key, KeySource::Given(_)), "{:?}", config.secrets_key);
}

#[tokio::test]
async fn what_cannot_work_together_is_refused_with_what_to_set() {
    for (variables, words) in [
        (&[("SWINGBRIDGE_AGENTS_LISTEN", "0.0.0.0:9091")][..], "agents.insecure"),
        (&[("SWINGBRIDGE_AGENTS_SEND_SECRETS_IN_CLEAR", "true")][..], "agents.insecure"),
        (&[("SWINGBRIDGE_SERVER_LISTEN", "127.0.0.1:9091")][..], "another port"),
        (&[("SWINGBRIDGE_RETRY_FIRST", "20m")][..], "retry.cap"),
    ] {
        let said = with(variables).await.expect_err("refused");
        assert!(said.contains(words), "{said}");
    }
    let allowed =
        [("SWINGBRIDGE_AGENTS_LISTEN", "0.0.0.0:9091"), ("SWINGBRIDGE_AGENTS_INSECURE", "true")];
    assert!(with(&allowed).await.is_ok());
    let free = [
        ("SWINGBRIDGE_SERVER_LISTEN", "127.0.0.1:0"),
        ("SWINGBRIDGE_AGENTS_LISTEN", "127.0.0.1:0"),
    ];
    assert!(with(&free).await.is_ok());
}
