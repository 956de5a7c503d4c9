//! What every store promises, said of the ports, so that it can be asked of any database.

mod dropping;
mod memory;
mod opening;
mod outbox;
mod reading;
mod requests;
mod secrets;
mod statements;
mod units;
mod words;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use async_trait::async_trait;
use host_core::clock::Millis;
use host_core::port::slots::Slots as _;
use host_core::port::time::Clock;
use host_store::{KeySource, OpenError, OpenOptions, Store};
use tempfile::TempDir;

/// A clock that stands.
#[derive(Debug)]
pub(crate) struct Standing(pub(crate) Millis);

#[async_trait]
impl Clock for Standing {
    fn now(&self) -> Millis {
        self.0
    }

    async fn sleep_until(&self, _at: Millis) {}
}

/// A store in a folder of its own, with a lifecycle module that serves at generation 1.
struct Fresh {
    store: Store,
    folder: TempDir,
}

impl Fresh {
    async fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder for the test");
        let store = open(&database(folder.path())).await.expect("a fresh store");
        let served = store.serve("lifecycle".into(), words::offer("sha256:1"), 1).await;
        assert_eq!(served.map(|serving| serving.generation), Ok(1));
        Self { store, folder }
    }

    /// Closes the store and opens it again, as a restart does.
    async fn again(self) -> Self {
        self.store.close().await;
        let store = open(&database(self.folder.path())).await.expect("the store again");
        Self { store, folder: self.folder }
    }

    /// Every byte that the store has on disk, but its key.
    fn bytes(&self) -> Vec<u8> {
        let mut all = Vec::new();
        for entry in std::fs::read_dir(self.folder.path()).expect("the folder") {
            let path = entry.expect("an entry").path();
            if path.file_name().is_some_and(|name| name != "secrets.key") {
                all.extend(std::fs::read(path).expect("a file"));
            }
        }
        all
    }
}

fn database(folder: &Path) -> PathBuf {
    folder.join("bridge.db")
}

async fn open(path: &Path) -> Result<Store, OpenError> {
    open_with(path, KeySource::Beside).await
}

async fn open_with(path: &Path, key: KeySource) -> Result<Store, OpenError> {
    let url = format!("sqlite:{}", path.display());
    Store::open(OpenOptions { url, key, clock: Arc::new(Standing(1)), failpoints: None }).await
}

/// Why a store did not open.
async fn refused(path: &Path, key: KeySource) -> String {
    match open_with(path, key).await {
        Ok(store) => {
            store.close().await;
            panic!("it opened");
        }
        Err(error) => error.to_string(),
    }
}
