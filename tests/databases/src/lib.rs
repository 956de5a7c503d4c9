//! Databases for tests, each of the three kinds alike: a fresh one for every test, servers that may be killed, and a line
//! that can be cut.
//!
//! Servers are started privately: on loopback, on a port that the system chooses, with their data in a temporary folder,
//! and with the settings that matter as in production (every commit reaches the disk). Process and folder are gone when
//! the test process is gone, however it ends (`tests/servers`). This room knows nothing of the bridge, so that the store's
//! own tests can stand on it.

mod admin;
mod full_disk;
mod mariadb;
mod postgres;
mod proxy;
mod rows;
mod server;
mod test_database;

pub use full_disk::Disk;
pub use proxy::{CommitFate, Proxy};
pub use rows::Cell;
pub use server::DatabaseServer;
pub use test_database::TestDatabase;

/// A kind of database.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Kind {
    /// A file.
    #[default]
    Sqlite,
    /// A server.
    MariaDb,
    /// A server.
    Postgres,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Sqlite, Self::MariaDb, Self::Postgres];

    /// In names of tests and measures.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Sqlite => "sqlite",
            Self::MariaDb => "mariadb",
            Self::Postgres => "postgresql",
        }
    }
}
