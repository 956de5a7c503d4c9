//! Finds the component that a path names: a file, or a project's folder, which is built.

use std::path::Path;

use host_trial::Modules;

/// Components by path.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct FileModules;

impl Modules for FileModules {
    fn bytes(&self, path: &Path) -> Result<Vec<u8>, String> {
        std::fs::read(path).map_err(|error| format!("{} cannot be read: {error}", path.display()))
    }
}
