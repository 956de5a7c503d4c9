//! A fresh database for one test.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::Result;
use tempfile::TempDir;

use crate::rows::Cell;
use crate::{DatabaseServer, Kind, Proxy, admin};

/// An empty database of a kind, with a folder beside it for what a bridge keeps in files. Both go when it is dropped.
#[derive(Debug)]
pub struct TestDatabase {
    kind: Kind,
    /// As a bridge is told it.
    url: String,
    /// As the tests reach it.
    direct: String,
    folder: TempDir,
    /// Where it is removed, and its name there.
    on: Option<(String, String)>,
}

impl TestDatabase {
    /// A fresh one; servers are shared by all tests of this process.
    ///
    /// # Errors
    /// What to install, or why the server does not start.
    pub async fn new(kind: Kind) -> Result<Self> {
        match kind {
            Kind::Sqlite => {
                let folder = tempfile::tempdir()?;
                let url = format!("sqlite:{}", folder.path().join("bridge.db").display());
                Ok(Self { kind, direct: url.clone(), url, folder, on: None })
            }
            Kind::MariaDb | Kind::Postgres => Self::on(DatabaseServer::shared(kind).await?).await,
        }
    }

    /// A fresh one on the shared server, which a bridge reaches by a line that can be cut, and the tests past it.
    ///
    /// # Errors
    /// As for [`Self::new`]; SQLite has no line.
    pub async fn behind_a_proxy(kind: Kind) -> Result<(Self, Proxy)> {
        let server = DatabaseServer::shared(kind).await?;
        let proxy = Proxy::start(server.address()).await?;
        let mut database = Self::on(server).await?;
        database.url = proxy.url(&database.direct)?;
        Ok((database, proxy))
    }

    /// A fresh one on a server.
    pub(crate) async fn on(server: &DatabaseServer) -> Result<Self> {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let name = format!("test_{}", COUNT.fetch_add(1, Ordering::Relaxed));
        let admin_url = server.admin_url();
        admin::run(server.kind(), &admin_url, &format!("CREATE DATABASE {name}")).await?;
        let url = server.url(&name);
        let folder = tempfile::tempdir()?;
        let on = Some((admin_url, name));
        Ok(Self { kind: server.kind(), direct: url.clone(), url, folder, on })
    }

    /// What it is.
    #[must_use]
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// As a bridge is told it.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The folder beside it; SQLite's file lies in it.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Where the key of its secrets is kept: what `secrets.key` says, for every kind alike.
    #[must_use]
    pub fn key_file(&self) -> PathBuf {
        self.folder().join("secrets.key")
    }

    /// Runs statements behind the bridge's back.
    ///
    /// # Errors
    /// What the database says.
    pub async fn run(&self, text: &str) -> Result<()> {
        admin::run(self.kind, &self.direct, text).await
    }

    /// Reads rows behind the bridge's back, every cell as text.
    ///
    /// # Errors
    /// What the database says.
    pub async fn rows(&self, text: &str) -> Result<Vec<Vec<Cell>>> {
        admin::rows(self.kind, &self.direct, text).await
    }
}

impl Drop for TestDatabase {
    /// In a thread of its own, which nobody waits for: the data go with the server at the latest.
    fn drop(&mut self) {
        let Some((admin_url, name)) = self.on.take() else { return };
        let kind = self.kind;
        std::thread::spawn(move || {
            let text = match kind {
                Kind::Postgres => format!("DROP DATABASE {name} WITH (FORCE)"),
                Kind::MariaDb | Kind::Sqlite => {
                    format!("SET lock_wait_timeout = 5; DROP DATABASE {name}")
                }
            };
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            if let Ok(runtime) = runtime {
                drop(runtime.block_on(admin::run(kind, &admin_url, &text)));
            }
        });
    }
}
