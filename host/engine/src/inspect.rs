//! What a component is, and what each gate says of it: for people who ask before they push.

use host_core::description::Description;
use host_core::policy::Question;

use crate::anatomy::Anatomy;
use crate::component::digest;
use crate::engine::Engine;
use crate::limits::Limits;
use crate::module::{LoadError, Module};
use crate::policy::{PolicyDescription, PolicyModule};

/// The gates that a component passes before anything may call it, in their order (`spec/modules.md`).
pub const GATES: [&str; 5] = ["bytes", "contract", "build", "words", "settings"];

/// What is known of a component.
#[derive(Debug, Clone)]
pub struct Inspection {
    /// SHA-256 of its bytes.
    pub digest: String,
    /// Its parts; absent: it is no component.
    pub anatomy: Option<Anatomy>,
    /// What it is for.
    pub kind: Option<Kind>,
    /// Why it is refused; absent: it would be taken.
    pub refusal: Option<LoadError>,
}

/// What a module is for, with what it says of itself.
#[derive(Debug, Clone)]
pub enum Kind {
    /// It holds the lifecycle; its description, if it has given one.
    Lifecycle(Option<Box<Description>>),
    /// It answers questions; its description, if it has given one.
    Policy(Vec<Question>, Option<PolicyDescription>),
}

impl LoadError {
    /// The gate that refused, one of [`GATES`].
    #[must_use]
    pub fn gate(&self) -> &'static str {
        match self {
            Self::Bytes(_) => "bytes",
            Self::Contract(_) => "contract",
            Self::Build(_) => "build",
            Self::Describe(_) | Self::Words(_) => "words",
            Self::Settings(_) => "settings",
        }
    }
}

/// Looks a component over as the gates would. Lifecycle settings are pairs, a policy's are a JSON object.
pub async fn inspect(
    engine: &Engine,
    bytes: Vec<u8>,
    limits: Limits,
    lifecycle_settings: &[(String, String)],
    policy_settings: &str,
) -> Inspection {
    let digest = digest(&bytes);
    let anatomy = match Anatomy::of(&bytes, limits.file_bytes) {
        Ok(anatomy) => anatomy,
        Err(error) => {
            return Inspection { digest, anatomy: None, kind: None, refusal: Some(error) };
        }
    };
    let (kind, refusal) = if anatomy.is_of_policies() {
        match PolicyModule::load(engine, bytes, limits, policy_settings).await {
            Ok(policy) => {
                let described = policy.description().clone();
                (Kind::Policy(policy.questions(), Some(described)), None)
            }
            Err(error) => (Kind::Policy(Vec::new(), None), Some(error)),
        }
    } else {
        match Module::load(engine, bytes, limits, lifecycle_settings).await {
            Ok(module) => (Kind::Lifecycle(Some(Box::new((*module.description).clone()))), None),
            Err(error) => (Kind::Lifecycle(None), Some(error)),
        }
    };
    Inspection { digest, anatomy: Some(anatomy), kind: Some(kind), refusal }
}
