//! Real clusters that somebody else started, in a folder as `cargo xtask clusters` makes it.

use std::path::PathBuf;

use anyhow::{Context, Result, ensure};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::UnixStream;

/// How many are needed.
const COUNT: usize = 2;

/// A folder with a kubeconfig of each cluster, and a socket that takes lines like `stop 1`.
#[derive(Debug)]
pub(crate) struct Clusters {
    folder: PathBuf,
}

impl Clusters {
    /// Those of a folder.
    ///
    /// # Errors
    /// When something is missing there, with what to type.
    pub(crate) fn in_folder(folder: PathBuf) -> Result<Self> {
        let clusters = Self { folder };
        let mut needed: Vec<PathBuf> = (1..=COUNT).map(|number| clusters.file(number)).collect();
        needed.push(clusters.socket());
        for path in needed {
            ensure!(
                path.exists(),
                "{} is not there. `cargo xtask demo --kubernetes` starts clusters and then the demo; by hand, `cargo xtask \
                 clusters --folder FOLDER` has to be ready first",
                path.display()
            );
        }
        Ok(clusters)
    }

    /// The kubeconfig of somebody who may read everything in a cluster; they are counted from 1.
    ///
    /// # Errors
    /// When it cannot be read.
    pub(crate) fn kubeconfig(&self, number: usize) -> Result<String> {
        let file = self.file(number);
        std::fs::read_to_string(&file).with_context(|| format!("{} cannot be read", file.display()))
    }

    /// Has something done to a cluster, and returns when it is done.
    ///
    /// # Errors
    /// Why it is not.
    pub(crate) async fn have_done(&self, deed: &str, number: usize) -> Result<()> {
        let mut connection = UnixStream::connect(self.socket())
            .await
            .context("who started the clusters does not answer")?;
        connection.write_all(format!("{deed} {number}\n").as_bytes()).await?;
        let mut answer = String::new();
        BufReader::new(connection).read_line(&mut answer).await?;
        let answer = answer.trim();
        ensure!(answer == "done", "`{deed} {number}` was answered with {answer:?}");
        Ok(())
    }

    fn file(&self, number: usize) -> PathBuf {
        self.folder.join(format!("cluster-{number}-reader.yml"))
    }

    fn socket(&self) -> PathBuf {
        self.folder.join("control")
    }
}
