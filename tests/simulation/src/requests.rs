//! What is asked of the bridge, and what it asks elsewhere: requests by chance, accounts that Clouddriver has, and
//! secrets that somebody else keeps.

use async_trait::async_trait;
use host_control::intake::{Asked, AskedItem};
use host_core::definition::Definition;
use host_core::error::SourceError;
use host_core::event::Action;
use host_core::port::sources::Sources;
use host_core::port::vault::SecretEngines;
use host_core::secret::Secret;
use host_core::source::SourceAccount;

use crate::chance::Chance;
use crate::check::watch::PLANTED;

/// The zones of agents and accounts.
pub const ZONES: [&str; 2] = ["eu", "us"];

/// The name of an account by its place.
#[must_use]
pub fn name(place: usize) -> String {
    format!("account-{place}")
}

fn definition(text: &str) -> Definition {
    Definition::from_text(text).expect("what is written here is a JSON object")
}

/// A definition by chance: with a secret of its own, with a reference, or of attributes only.
fn any_definition(chance: &Chance, whole: bool) -> Definition {
    let number = chance.below(3);
    match chance.below(if whole { 2 } else { 3 }) {
        0 => definition(&format!(r#"{{"kubeconfigContents":"{PLANTED}-{number}"}}"#)),
        1 => definition(&format!(r#"{{"kubeconfigFile":"encryptedFile:{number}"}}"#)),
        _ => definition(&format!(r#"{{"namespaces":["n{number}"]}}"#)),
    }
}

/// A request by chance, about some of so many accounts.
#[must_use]
pub fn any(chance: &Chance, names: usize) -> Asked {
    let action = *chance.one_of(&[
        Action::Create,
        Action::Create,
        Action::Migrate,
        Action::Activate,
        Action::Activate,
        Action::Activate,
        Action::Activate,
        Action::Deactivate,
        Action::Deactivate,
        Action::Update,
        Action::Update,
        Action::Delete,
        Action::Rebind,
        Action::Check,
    ]);
    let many = 1 + chance.below(names);
    let first = chance.below(names);
    let places = (0..many).map(|n| (first + n) % names);
    let item = |place: usize| AskedItem {
        name: name(place),
        zone: zone(action, chance),
        definition: match action {
            Action::Create => Some(any_definition(chance, true)),
            Action::Update => Some(any_definition(chance, false)),
            Action::Migrate if chance.happens(300) => Some(any_definition(chance, false)),
            Action::Migrate
            | Action::Adopt
            | Action::Activate
            | Action::Deactivate
            | Action::Delete
            | Action::Rebind
            | Action::Check => None,
        },
        attributes: Vec::new(),
    };
    let items = places.map(item).collect();
    let (who, groups) = ("somebody".to_owned(), vec![(action, items)]);
    Asked { who, groups, refused: Vec::new(), once: None }
}

fn zone(action: Action, chance: &Chance) -> Option<String> {
    let takes = matches!(action, Action::Create | Action::Migrate) && chance.happens(400);
    let again = matches!(action, Action::Activate | Action::Update) && chance.happens(50);
    (takes || again).then(|| (*chance.one_of(&ZONES)).to_owned())
}

/// Clouddriver has every account, with a reference for its kubeconfig.
#[derive(Debug)]
pub struct SimSources;

#[async_trait]
impl Sources for SimSources {
    async fn find(&self, names: Vec<String>) -> Result<Vec<SourceAccount>, SourceError> {
        let account = |name: String| SourceAccount {
            name,
            source: "clouddriver.accounts".to_owned(),
            definition: Ok(definition(r#"{"kubeconfigFile":"encryptedFile:source"}"#)),
        };
        Ok(names.into_iter().map(account).collect())
    }

    async fn page(&self, _: String, _: usize) -> Result<Vec<SourceAccount>, SourceError> {
        Ok(Vec::new())
    }
}

/// Every reference stands for a value.
#[derive(Debug)]
pub struct SimEngines;

#[async_trait]
impl SecretEngines for SimEngines {
    async fn resolve(&self, reference: &str) -> Result<Secret, String> {
        Ok(Secret::new(format!("{PLANTED} behind {reference}")))
    }
}
