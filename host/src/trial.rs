//! Work on modules without a bridge: what `test`, `run`, `replay`, `bench` and `inspect` share.

pub(crate) use host::LIFECYCLE;

pub(crate) mod modules;
pub(crate) mod paths;
pub(crate) mod records;

use std::path::Path;

use anyhow::Result;
use host_trial::Kit;

/// The word for the lifecycle that this program carries.
pub(crate) const BUILT_IN: &str = "built-in";

/// The bytes of a module that was named.
pub(crate) fn bytes(kit: &Kit, module: &Path) -> Result<Vec<u8>> {
    if module.as_os_str() == BUILT_IN {
        return Ok(LIFECYCLE.to_vec());
    }
    kit.bytes(module).map_err(anyhow::Error::msg)
}
