//! Which of the paths that were typed is the module, and which files hold scenarios.

use std::path::{Path, PathBuf};

use host_trial::suite::Source;

/// What makes a folder a project that builds a module.
const PROJECTS: [&str; 3] = ["Cargo.toml", "pyproject.toml", "package.json"];

/// Folders that hold what tools made.
const NOT_LOOKED_INTO: [&str; 4] = ["target", "node_modules", "build", "__pycache__"];

/// The module, if one was named, and the paths of scenarios.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Paths {
    pub(crate) module: Option<PathBuf>,
    pub(crate) scenarios: Vec<PathBuf>,
}

/// Whether a path names a module: a component's file, or a project's folder.
pub(crate) fn is_module(path: &Path) -> bool {
    path.extension().is_some_and(|end| end == "wasm")
        || PROJECTS.iter().any(|file| path.join(file).is_file())
}

/// Takes apart what was typed: the first path may be a module. A project without further paths brings its own scenarios.
///
/// # Errors
/// No scenarios are named, or a path is not there.
pub(crate) fn sort(mut paths: Vec<PathBuf>) -> Result<Paths, String> {
    if paths.is_empty() {
        if !Path::new("scenarios").is_dir() {
            return Err("name a project's folder, or files and folders with scenarios".to_owned());
        }
        let here = PathBuf::from(".");
        paths.push(if is_module(&here) { here } else { PathBuf::from("scenarios") });
    }
    if let Some(missing) = paths.iter().find(|path| !path.exists()) {
        return Err(format!("{} is not there", missing.display()));
    }
    let module = paths.first().filter(|path| is_module(path)).cloned();
    if module.is_some() {
        paths.remove(0);
    }
    if let (Some(module), true) = (&module, paths.is_empty()) {
        let own = module.join("scenarios");
        if !own.is_dir() {
            let module = module.display();
            return Err(format!(
                "name the scenarios for {module}: swingbridge test {module} PATH…"
            ));
        }
        paths.push(own);
    }
    Ok(Paths { module, scenarios: paths })
}

/// Every file of these paths that may hold a scenario, in order.
///
/// # Errors
/// One cannot be read, or there is none.
pub(crate) fn sources(paths: &[PathBuf]) -> Result<Vec<Source>, String> {
    let mut files = Vec::new();
    for path in paths {
        if path.is_dir() { walk(path, &mut files)? } else { files.push(path.clone()) }
    }
    if files.is_empty() {
        let paths: Vec<String> = paths.iter().map(|path| path.display().to_string()).collect();
        return Err(format!("there is no scenario (a .yaml file) in {}", paths.join(", ")));
    }
    let source = |path: PathBuf| match std::fs::read_to_string(&path) {
        Ok(text) => Ok(Source { path, text }),
        Err(error) => Err(format!("{} cannot be read: {error}", path.display())),
    };
    files.into_iter().map(source).collect()
}

fn walk(folder: &Path, files: &mut Vec<PathBuf>) -> Result<(), String> {
    let trouble = |error: std::io::Error| format!("{} cannot be read: {error}", folder.display());
    let mut entries: Vec<PathBuf> = std::fs::read_dir(folder)
        .map_err(trouble)?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<Result<_, _>>()
        .map_err(trouble)?;
    entries.sort();
    for path in entries {
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned());
        let name = name.unwrap_or_default();
        if name.starts_with('.') || NOT_LOOKED_INTO.contains(&name.as_str()) {
            continue;
        }
        if path.is_dir() {
            walk(&path, files)?;
        } else if path.extension().is_some_and(|end| end == "yaml" || end == "yml") {
            files.push(path);
        }
    }
    Ok(())
}
