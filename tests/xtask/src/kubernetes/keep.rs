//! Where the programs are kept: outside the checkout, complete or not at all.

use std::env;
use std::fs::{self, File};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

use super::{Kubernetes, Recipe};
use crate::steps::say;

/// Beside the programs: the recipe that they were made from.
const MADE_FROM: &str = "go.mod";

/// The place of one version.
#[derive(Debug)]
pub(super) struct Place {
    /// Holds the places of all versions.
    folder: PathBuf,
    version: String,
}

impl Place {
    /// In the folder for caches of whoever runs this.
    pub(super) fn of(recipe: &Recipe) -> Result<Self> {
        let caches =
            env::var_os("XDG_CACHE_HOME").map(PathBuf::from).filter(|path| path.is_absolute());
        let caches = caches.or_else(|| env::home_dir().map(|home| home.join(".cache")));
        let caches = caches.context("there is no folder for caches: set XDG_CACHE_HOME or HOME")?;
        Ok(Self::below(&caches, recipe))
    }

    fn below(caches: &Path, recipe: &Recipe) -> Self {
        let folder = caches.join("swingbridge").join("kubernetes");
        Self { folder, version: recipe.version.clone() }
    }

    fn complete(&self) -> PathBuf {
        self.folder.join(&self.version)
    }

    /// The programs, if they were made from this recipe.
    pub(super) fn kept(&self, recipe: &Recipe) -> Option<Kubernetes> {
        let made_from = fs::read_to_string(self.complete().join(MADE_FROM)).ok()?;
        (made_from == recipe.module).then(|| Kubernetes::within(&self.complete())).flatten()
    }

    /// Has them made, unless somebody else has made them meanwhile: into a folder of another name, which takes its own
    /// when all are there.
    pub(super) fn fill(
        &self,
        recipe: &Recipe,
        make: impl FnOnce(&Path) -> Result<()>,
    ) -> Result<Kubernetes> {
        fs::create_dir_all(&self.folder).with_context(|| self.folder.display().to_string())?;
        let _turn = self.turn()?;
        if let Some(found) = self.kept(recipe) {
            return Ok(found);
        }
        let partial = self.folder.join(format!("{}.partial", self.version));
        remove(&partial)?;
        fs::create_dir(&partial)?;
        make(&partial)?;
        fs::write(partial.join(MADE_FROM), &recipe.module)?;
        remove(&self.complete())?;
        fs::rename(&partial, self.complete())?;
        self.kept(recipe).context("they were built, and are not there")
    }

    /// Waits until nobody else builds here. Whoever dies gives its turn back.
    fn turn(&self) -> Result<File> {
        let lock = File::create(self.folder.join("lock"))?;
        if lock.try_lock().is_err() {
            say("    another process is building Kubernetes; this one waits for it");
            lock.lock()?;
        }
        Ok(lock)
    }
}

fn remove(folder: &Path) -> Result<()> {
    if folder.exists() {
        fs::remove_dir_all(folder).with_context(|| folder.display().to_string())?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;
    use crate::kubernetes::SERVERS;

    fn caches(name: &str) -> PathBuf {
        let caches =
            env::temp_dir().join(format!("xtask-kubernetes-{name}-{}", std::process::id()));
        fs::create_dir_all(&caches).expect("a folder");
        caches
    }

    fn recipe(module: &str) -> Recipe {
        Recipe { module: module.to_owned(), version: "v1.2.3".to_owned(), go: "1.24".to_owned() }
    }

    fn make(folder: &Path) -> Result<()> {
        SERVERS.iter().try_for_each(|name| Ok(fs::write(folder.join(name), "program")?))
    }

    #[test]
    fn a_build_that_fails_half_way_leaves_nothing_that_is_used() {
        let caches = caches("half");
        let (recipe, place) = (recipe("one"), Place::below(&caches, &recipe("one")));
        let failed = place.fill(&recipe, |folder| {
            make(folder)?;
            anyhow::bail!("the power went")
        });
        assert!(failed.is_err() && place.kept(&recipe).is_none());
        place.fill(&recipe, make).expect("made");
        assert!(place.kept(&recipe).is_some());
        fs::remove_dir_all(caches).expect("cleared away");
    }

    #[test]
    fn of_many_who_ask_at_once_one_builds() {
        let caches = caches("many");
        let (recipe, built) = (recipe("one"), AtomicUsize::new(0));
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    let count = |folder: &Path| {
                        built.fetch_add(1, Ordering::Relaxed);
                        make(folder)
                    };
                    Place::below(&caches, &recipe).fill(&recipe, count).expect("there");
                });
            }
        });
        assert_eq!(built.load(Ordering::Relaxed), 1);
        fs::remove_dir_all(caches).expect("cleared away");
    }

    #[test]
    fn another_recipe_of_the_same_version_is_built_anew() {
        let caches = caches("anew");
        let place = Place::below(&caches, &recipe("one"));
        place.fill(&recipe("one"), make).expect("made");
        assert!(place.kept(&recipe("two")).is_none());
        place.fill(&recipe("two"), make).expect("made");
        assert!(place.kept(&recipe("two")).is_some());
        fs::remove_dir_all(caches).expect("cleared away");
    }
}
