//! Clouddriver's notation for secrets that are kept elsewhere (kork-secrets), and the engines that this bridge has.
//!
//! `encrypted:ENGINE!key:value!key:value`, the same with `encryptedFile:`, and `secret://ENGINE?key=value`. In account
//! storage both `encrypted` forms mean the value itself, so they are resolved alike.
//!
//! **Resolving twice.** A value of the `noop` engine *is* its reference, so the bridge seals it like any other value, and
//! the vault later answers a text that again is in this notation. Whoever resolves a definition therefore gives what the
//! vault answered to [`Engines::resolve`](SecretEngines::resolve) too; a text in no notation comes back as it is.

use async_trait::async_trait;
use host_core::port::vault::SecretEngines;
use host_core::secret::Secret;

/// A file's contents.
pub(crate) const FILE_SCHEME: &str = "encryptedFile:";
const VALUE_SCHEME: &str = "encrypted:";
const USER_SCHEME: &str = "secret://";

/// A text in kork's notation, taken apart.
struct Reference<'t> {
    scheme: &'static str,
    engine: &'t str,
    parameters: Vec<(&'t str, &'t str)>,
}

/// Takes a text apart; absent if it is in no notation.
fn parse(text: &str) -> Result<Option<Reference<'_>>, String> {
    for scheme in [FILE_SCHEME, VALUE_SCHEME] {
        if let Some(rest) = text.strip_prefix(scheme) {
            return parts(scheme, rest, '!', '!', ':').map(Some);
        }
    }
    match text.strip_prefix(USER_SCHEME) {
        Some(rest) => parts(USER_SCHEME, rest, '?', '&', '=').map(Some),
        None => Ok(None),
    }
}

fn parts<'t>(
    scheme: &'static str,
    rest: &'t str,
    behind_engine: char,
    between: char,
    inside: char,
) -> Result<Reference<'t>, String> {
    let malformed = || {
        format!(
            "a {scheme} reference is written {scheme}ENGINE{behind_engine}KEY{inside}VALUE, and this one is not"
        )
    };
    let (engine, parameters) = match rest.split_once(behind_engine) {
        Some((engine, parameters)) => (engine, parameters.split(between).collect()),
        // Our own references, and user secrets that need no parameter.
        None if scheme == USER_SCHEME => (rest, Vec::new()),
        None => return Err(malformed()),
    };
    if engine.is_empty() {
        return Err(malformed());
    }
    let pairs = parameters.into_iter().map(|pair| pair.split_once(inside).ok_or_else(malformed));
    Ok(Reference { scheme, engine, parameters: pairs.collect::<Result<_, _>>()? })
}

/// Whether a text, if it is a reference, can be resolved as far as can be told without asking an engine.
pub(crate) fn check(text: &str) -> Result<(), String> {
    match parse(text)? {
        Some(reference) if reference.engine == "noop" => noop(&reference).map(|_| ()),
        Some(_) | None => Ok(()),
    }
}

/// The engine that carries the value itself, in the parameter `v`.
fn noop(reference: &Reference<'_>) -> Result<Secret, String> {
    if reference.scheme == USER_SCHEME {
        return Err(
            "a user secret of the engine noop holds no kubeconfig; write encrypted:noop!v:VALUE"
                .into(),
        );
    }
    let value = reference.parameters.iter().find(|(key, _)| *key == "v");
    value.map(|(_, value)| Secret::new(*value)).ok_or_else(|| {
        format!("a {}noop reference needs the parameter v, and this one has none", reference.scheme)
    })
}

/// The secret engines of this bridge: `noop`.
#[derive(Debug, Clone, Copy, Default)]
pub struct Engines;

#[async_trait]
impl SecretEngines for Engines {
    async fn resolve(&self, reference: &str) -> Result<Secret, String> {
        match parse(reference)? {
            None => Ok(Secret::new(reference)),
            Some(parsed) if parsed.engine == "noop" => noop(&parsed),
            Some(parsed) => {
                let engine: String = parsed.engine.chars().take(64).collect();
                Err(format!(
                    "the secret engine {engine:?} of a {} reference is not one that this bridge has (noop is)",
                    parsed.scheme
                ))
            }
        }
    }
}
