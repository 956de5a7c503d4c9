//! From bytes to compiled code: the gates *bytes* and *build*, which are the same for every kind of module.

use sha2::{Digest, Sha256};
use wasmtime::component::Component;

use crate::anatomy::Anatomy;
use crate::engine::Engine;
use crate::module::LoadError;

/// `sha256:` and the digits of the bytes' SHA-256: what a module is known by.
#[must_use]
pub fn digest(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    Sha256::digest(bytes).iter().fold("sha256:".to_owned(), |mut text, byte| {
        write!(text, "{byte:02x}").expect("a String can always be written to");
        text
    })
}

/// Looks a file over and compiles it.
pub(crate) fn compile(engine: &Engine, bytes: &[u8], most: usize) -> Result<Component, LoadError> {
    Anatomy::of(bytes, most)?;
    Component::from_binary(&engine.wasmtime, bytes)
        .map_err(|error| LoadError::Build(format!("{error:#}")))
}

/// Runs the work of taking a component in on a thread for blocking work.
pub(crate) async fn aside<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, LoadError> + Send + 'static,
) -> Result<T, LoadError> {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done,
        Err(error) => Err(LoadError::Build(error.to_string())),
    }
}
