//! The clusters that run for a person, the files that are written of them, and what is done to one.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use anyhow::{Context as _, Result, bail};
use tests_clusters::{Cluster, Options, Rights};
use tests_servers::Scratch;

/// What can be done to a cluster, in the words that are typed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Deed {
    /// It ends: connections are refused.
    Stop,
    /// It is there again, as it was.
    Start,
    /// It answers nothing, and connections stay.
    Freeze,
    /// It goes on.
    Thaw,
    /// It shows another certificate of the same authority.
    Renew,
    /// Another cluster is in its place.
    Replace,
}

impl Deed {
    /// All of them, with what is typed.
    pub(crate) const ALL: [(&str, Self); 6] = [
        ("stop", Self::Stop),
        ("start", Self::Start),
        ("freeze", Self::Freeze),
        ("thaw", Self::Thaw),
        ("renew", Self::Renew),
        ("replace", Self::Replace),
    ];
}

impl FromStr for Deed {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> Result<Self> {
        let found = Self::ALL.into_iter().find(|(word, _)| *word == text);
        let words = Self::ALL.map(|(word, _)| word).join(", ");
        found.map(|(_, deed)| deed).with_context(|| format!("{text:?} is none of {words}"))
    }
}

/// What runs.
#[derive(Debug)]
pub(crate) struct Stage {
    clusters: Vec<Cluster>,
    folder: PathBuf,
    /// The folder, if it was not named.
    _own: Option<Scratch>,
    /// What was written into a folder that a program named goes with the clusters: nobody else cleans up if that program
    /// is killed, and they are credentials.
    attached: bool,
}

impl Drop for Stage {
    fn drop(&mut self) {
        if self.attached {
            for number in 1..=self.clusters.len() {
                let _gone = fs::remove_file(self.administrator(number));
                let _gone = fs::remove_file(self.reader(number));
            }
            let _gone = fs::remove_file(self.folder.join(crate::control::SOCKET));
            // It stays if something of somebody else's is in it.
            let _gone = fs::remove_dir(&self.folder);
        }
    }
}

impl Stage {
    /// Starts so many clusters and writes their kubeconfigs.
    pub(crate) async fn set(count: usize, folder: Option<PathBuf>, attached: bool) -> Result<Self> {
        let (folder, own) = match folder {
            Some(folder) => {
                fs::create_dir_all(&folder).with_context(|| folder.display().to_string())?;
                (fs::canonicalize(folder)?, None)
            }
            None => {
                let own = Scratch::new("swingbridge-clusters-")?;
                (own.path().to_owned(), Some(own))
            }
        };
        let clusters = Cluster::start_many(count, Options { controllers: true }).await?;
        let stage = Self { clusters, folder, _own: own, attached };
        for number in 1..=count {
            stage.write(number).await?;
        }
        Ok(stage)
    }

    /// Where its files are.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Does something to one of them, and returns when it is done.
    pub(crate) async fn perform(&mut self, deed: Deed, number: usize) -> Result<()> {
        let count = self.clusters.len();
        let index = number.checked_sub(1).filter(|index| *index < count);
        let Some(cluster) = index.and_then(|index| self.clusters.get_mut(index)) else {
            bail!("there is no cluster {number}; they are 1 to {count}");
        };
        match deed {
            Deed::Stop => cluster.stop().await,
            Deed::Start => cluster.restart().await,
            Deed::Freeze => cluster.freeze(),
            Deed::Thaw => cluster.thaw(),
            Deed::Renew => cluster.restart_with_new_certificate().await,
            Deed::Replace => {
                cluster.replace_by_another_cluster().await?;
                self.write(number).await
            }
        }
    }

    /// The administrator's kubeconfig, and one of a service account that reads everything and changes nothing.
    async fn write(&self, number: usize) -> Result<()> {
        let cluster = &self.clusters[number - 1];
        let reader = cluster.service_account("reader", &Rights::ReadEverything).await?;
        put(&self.administrator(number), &cluster.kubeconfig().to_string())?;
        put(&self.reader(number), &cluster.kubeconfig_of(reader.credential()).to_string())
    }

    fn administrator(&self, number: usize) -> PathBuf {
        self.folder.join(format!("cluster-{number}.yml"))
    }

    fn reader(&self, number: usize) -> PathBuf {
        self.folder.join(format!("cluster-{number}-reader.yml"))
    }

    /// What a person is told.
    pub(crate) fn told(&self) -> String {
        let mut text = String::from("\n");
        for (index, cluster) in self.clusters.iter().enumerate() {
            let number = index + 1;
            let of = |path: PathBuf| path.display().to_string();
            let _infallible = writeln!(
                text,
                "  {number}  {}   certificate {}…\n     {}   may do everything\n     {}   may read everything",
                cluster.url(),
                &cluster.fingerprint()[..16],
                of(self.administrator(number)),
                of(self.reader(number)),
            );
        }
        let first = self.administrator(1);
        let _infallible = write!(
            text,
            "\nTry\n  kubectl --kubeconfig {} get namespaces\n  a kubeconfig as an account's `kubeconfigFile`, or its text as \
             `kubeconfigContents`\n\nType `stop 1`, and start, freeze, thaw, renew (another certificate) or replace (by another \
             cluster) likewise;\nprograms write the same lines to {}.\nCtrl-C ends them.",
            first.display(),
            self.folder.join(crate::control::SOCKET).display()
        );
        text
    }
}

/// Writes a file that only this user can read, and whole or not at all: somebody may be reading the one before.
fn put(path: &Path, text: &str) -> Result<()> {
    use std::io::Write as _;
    use std::os::unix::fs::OpenOptionsExt as _;
    let partial = path.with_extension("partial");
    let mut options = fs::OpenOptions::new();
    let file = options.write(true).create(true).truncate(true).mode(0o600).open(&partial);
    file.and_then(|mut file| file.write_all(text.as_bytes()))
        .and_then(|()| fs::rename(&partial, path))
        .with_context(|| path.display().to_string())
}

#[cfg(test)]
mod tests {
    use super::Deed;

    #[test]
    fn every_deed_has_its_word_and_a_wrong_one_is_told_them() {
        for (word, deed) in Deed::ALL {
            assert_eq!(word.parse::<Deed>().expect("a deed"), deed);
        }
        let error = "explode".parse::<Deed>().expect_err("no deed");
        assert!(error.to_string().contains("stop, start, freeze"), "{error}");
    }
}
