//! Finds the component that a path names: a file, or a project's folder, which is built.

use std::path::Path;

use host::project::Builder;
use host_trial::Modules;

use crate::cli::output;

/// From so many bytes on compiling takes long enough to be told.
const LARGE: usize = 4_000_000;

/// Components by path.
#[derive(Debug, Clone, Copy)]
pub(crate) struct FileModules {
    /// Whether what is missing of a language's tools may be fetched into a project's folder.
    pub(crate) install: bool,
}

impl Modules for FileModules {
    fn bytes(&self, path: &Path) -> Result<Vec<u8>, String> {
        let built;
        let file = if path.is_dir() {
            let path_variable = std::env::var_os("PATH").unwrap_or_default();
            let tell = |line: &str| output::say(line);
            let builder = Builder { install: self.install, path: path_variable, tell: &tell };
            built = builder.build(path).map_err(|error| format!("{error:#}"))?;
            built.as_path()
        } else {
            path
        };
        let bytes = std::fs::read(file)
            .map_err(|error| format!("{} cannot be read: {error}", file.display()))?;
        if bytes.len() > LARGE {
            let size = bytes.len() / 1_000_000;
            output::say(&format!("compiling {size} MB of WebAssembly; that takes some seconds"));
        }
        Ok(bytes)
    }
}
