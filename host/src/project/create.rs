//! Writes a new project: wholly or not at all, and never over anything.

use std::fs;
use std::io::ErrorKind;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use super::language::{Language, Question};
use super::name::Name;
use super::templates::{self, Filled};

/// A project that is to be.
#[derive(Debug)]
pub struct New<'a> {
    /// Its folder, which is not there yet or is empty. The last part becomes the policy's name.
    pub folder: &'a Path,
    /// What it is written in.
    pub language: Language,
    /// What it answers.
    pub question: Question,
    /// The JSON Schema of scenarios.
    pub schema: &'a str,
}

/// Writes a project that builds and passes its own scenarios, and answers its name.
///
/// # Errors
/// A folder that is in use or cannot be written, or a name that is none. Nothing is left behind then.
pub fn create(new: &New<'_>) -> Result<String> {
    let folder = std::path::absolute(new.folder)
        .with_context(|| format!("{} cannot be a folder", new.folder.display()))?;
    let name = Name::of(&folder)?;
    let files = templates::filled(&name, new.language, new.question, new.schema);
    place(&files, &folder)?;
    Ok(name.to_string())
}

/// Puts files into a folder by way of one beside their place, so that what fails half-way is gone with it.
fn place(files: &[Filled], folder: &Path) -> Result<()> {
    let there = is_there_and_empty(folder)?;
    let beside = if there { folder } else { parent(folder)? };
    let staging = tempfile::Builder::new()
        .prefix(".swingbridge-new-")
        .tempdir_in(beside)
        .with_context(|| format!("nothing can be written in {}", beside.display()))?;
    // A temporary folder is for its owner alone; one inside it has the rights that the project is to have.
    let made = staging.path().join("project");
    for file in files {
        write(file, &made)
            .with_context(|| format!("{} cannot be written", folder.join(&file.path).display()))?;
    }
    let moved = if there { move_entries(&made, folder) } else { fs::rename(&made, folder) };
    moved.with_context(|| format!("{} cannot be made", folder.display()))
}

/// Whether the folder is there, if it may be used at all.
fn is_there_and_empty(folder: &Path) -> Result<bool> {
    match fs::read_dir(folder) {
        Ok(mut entries) => {
            if entries.next().is_some() {
                bail!(
                    "{} is there already and is not empty; nothing is written over what is there. Take another name",
                    folder.display()
                );
            }
            Ok(true)
        }
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
        Err(error) if error.kind() == ErrorKind::NotADirectory => {
            bail!("{} cannot be a folder: a file stands in its place", folder.display())
        }
        Err(error) => {
            Err(error).with_context(|| format!("{} cannot be looked into", folder.display()))
        }
    }
}

fn parent(folder: &Path) -> Result<&Path> {
    let Some(parent) = folder.parent() else {
        bail!("{} cannot be made", folder.display());
    };
    if !parent.is_dir() {
        bail!("{0} is no folder. Type:\n  mkdir -p {0}", parent.display());
    }
    Ok(parent)
}

fn write(file: &Filled, project: &Path) -> std::io::Result<()> {
    let path = project.join(&file.path);
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    fs::write(&path, &file.text)?;
    if file.executable {
        let mode = fs::metadata(&path)?.permissions().mode();
        // Whoever may read it may run it.
        fs::set_permissions(&path, fs::Permissions::from_mode(mode | (mode & 0o444) >> 2))?;
    }
    Ok(())
}

/// Moves what a folder holds into another, or nothing.
fn move_entries(from: &Path, to: &Path) -> std::io::Result<()> {
    let mut moved: Vec<PathBuf> = Vec::new();
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if let Err(error) = fs::rename(entry.path(), &target) {
            for done in moved {
                // Back into the temporary folder, and gone with it.
                let _stays = fs::rename(&done, from.join(done.file_name().unwrap_or_default()));
            }
            return Err(error);
        }
        moved.push(target);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::testing::said;
    use super::*;

    fn new(folder: &Path) -> New<'_> {
        New { folder, language: Language::Rust, question: Question::Admission, schema: "{}" }
    }

    fn entries(folder: &Path) -> Vec<String> {
        let mut names: Vec<String> = fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn a_folder_that_is_not_there_becomes_a_project_and_nothing_lies_beside_it() {
        let home = tempfile::tempdir().unwrap();
        let folder = home.path().join("Team_Names");
        assert_eq!(create(&new(&folder)).unwrap(), "team-names");
        assert_eq!(entries(home.path()), ["Team_Names"]);
        let text = fs::read_to_string(folder.join("Cargo.toml")).unwrap();
        assert!(text.contains("name = \"team-names\""), "{text}");
        assert_eq!(fs::read_to_string(folder.join("scenario.schema.json")).unwrap(), "{}");
        let mode = |path: &str| fs::metadata(folder.join(path)).unwrap().permissions().mode();
        assert_eq!(mode("ci.sh") & 0o100, 0o100);
        assert_eq!(mode("README.md") & 0o111, 0);
    }

    #[test]
    fn an_empty_folder_is_filled_in_its_place() {
        let home = tempfile::tempdir().unwrap();
        let folder = home.path().join("zones");
        fs::create_dir(&folder).unwrap();
        create(&new(&folder)).unwrap();
        assert!(folder.join("wit/policy.wit").is_file());
        assert!(entries(&folder).iter().all(|name| !name.starts_with(".swingbridge")));
    }

    #[test]
    fn nothing_is_written_over_what_is_there() {
        let home = tempfile::tempdir().unwrap();
        let (folder, file) = (home.path().join("zones"), home.path().join("file"));
        fs::create_dir(&folder).unwrap();
        fs::write(folder.join("mine"), "mine").unwrap();
        fs::write(&file, "mine").unwrap();
        assert!(said(create(&new(&folder))).contains("is not empty"));
        assert!(said(create(&new(&file))).contains("a file stands in its place"));
        assert_eq!(entries(&folder), ["mine"]);
        assert_eq!(fs::read_to_string(file).unwrap(), "mine");
    }

    #[test]
    fn what_fails_half_way_leaves_nothing_behind() {
        let home = tempfile::tempdir().unwrap();
        let file =
            |path: &str| Filled { path: path.to_owned(), text: String::new(), executable: false };
        let impossible = [file("a"), file("a/b")];
        let (absent, empty) = (home.path().join("absent"), home.path().join("empty"));
        fs::create_dir(&empty).unwrap();
        for folder in [&absent, &empty] {
            assert!(said(place(&impossible, folder)).contains("a/b cannot be written"));
        }
        assert_eq!(entries(home.path()), ["empty"]);
        assert!(entries(&empty).is_empty());
    }

    #[test]
    fn a_folder_in_a_folder_that_is_not_there_is_told_what_to_type() {
        let home = tempfile::tempdir().unwrap();
        let error = said(create(&new(&home.path().join("a/b"))));
        assert!(error.contains("mkdir -p") && error.ends_with("/a"), "{error}");
        assert!(entries(home.path()).is_empty());
    }
}
