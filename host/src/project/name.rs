//! The name of a project: one that Cargo, Python and npm all take for a package.

use std::fmt::{self, Display, Formatter};
use std::path::Path;

use anyhow::{Result, bail};

/// The longest name.
const LENGTH_MAX: usize = 64;

/// What Cargo does not take for a package, or what the package would be mixed up with.
const TAKEN: &str = "\
    abstract alloc as async await become box break build const continue core crate deps \
    do dyn else enum examples extern false final fn for gen if impl in incremental let \
    loop macro match mod move mut node-modules override priv proc-macro pub ref return \
    self serde serde-json static std struct super test trait true try type typeof union \
    unsafe unsized use virtual where while wit-bindgen yield";

/// Letters from a to z, digits, and dashes between them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Name(String);

impl Name {
    /// Makes a name of the last part of a path: in lower case, with dashes for blanks, dots and underscores.
    ///
    /// # Errors
    /// Why it cannot be one.
    pub(super) fn of(folder: &Path) -> Result<Self> {
        let Some(last) = folder.file_name() else {
            bail!("{} does not end with a name", folder.display());
        };
        let Some(last) = last.to_str() else {
            bail!("{} is not UTF-8, and cannot be the name of a package", last.display());
        };
        let name: String = last
            .chars()
            .map(|letter| match letter {
                ' ' | '.' | '_' => '-',
                other => other.to_ascii_lowercase(),
            })
            .collect();
        let dashed = |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit();
        if !name.starts_with(|letter: char| letter.is_ascii_lowercase())
            || !name.split('-').all(|part| !part.is_empty() && part.chars().all(dashed))
        {
            bail!(
                "{last:?} cannot be the name of a package: use letters from a to z, digits, and single dashes between \
                 them, and begin with a letter"
            );
        }
        if name.len() > LENGTH_MAX {
            bail!("{last:?} is too long for a package's name: at most {LENGTH_MAX} letters");
        }
        if TAKEN.split(' ').any(|taken| taken == name) {
            bail!(
                "{name:?} cannot be the name of a package, since it means something else to its tools; take another"
            );
        }
        Ok(Self(name))
    }

    /// As Cargo names the file of a library.
    pub(super) fn artifact(&self) -> String {
        self.0.replace('-', "_")
    }
}

impl Display for Name {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::said;
    use super::*;

    fn named(folder: &str) -> Result<Name> {
        Name::of(Path::new(folder))
    }

    #[test]
    fn a_name_is_made_of_the_last_part_of_the_path() {
        for (folder, name) in [
            ("team-names", "team-names"),
            ("policies/Team_Names", "team-names"),
            ("/srv/zones.v2/", "zones-v2"),
            ("r2", "r2"),
        ] {
            assert_eq!(named(folder).unwrap().to_string(), name);
        }
    }

    #[test]
    fn what_cannot_be_a_name_is_refused_with_a_sentence() {
        for folder in ["2fast", "-a", "a-", "a--b", "naïve", "a/b\\c", "a;b", "{{name}}", "_"] {
            let error = said(named(folder));
            assert!(error.contains("cannot be the name of a package"), "{folder}: {error}");
        }
        assert!(said(named("..")).contains("does not end with a name"));
        assert!(said(named(&"a".repeat(65))).contains("too long"));
    }

    #[test]
    fn a_word_that_tools_take_for_something_else_is_refused() {
        for folder in ["test", "Serde_JSON", "core", "match"] {
            assert!(said(named(folder)).contains("take another"), "{folder}");
        }
    }

    #[test]
    fn the_words_that_are_taken_are_sorted() {
        assert!(TAKEN.split(' ').is_sorted());
    }
}
