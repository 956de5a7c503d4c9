//! The settings of a session on MySQL and MariaDB (`spec/database.md`, "Session settings"), and whether they hold.

use sqlx::Row as _;
use sqlx::mysql::{MySqlConnection, MySqlRow};

use super::super::Failure;
use super::classify::classify;

/// Which of the two it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Product {
    MySql,
    MariaDb,
}

/// What is set on both.
macro_rules! common {
    () => {
        "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED; \
         SET SESSION autocommit = 1, innodb_lock_wait_timeout = 2, lock_wait_timeout = 10, wait_timeout = 30, \
         sql_mode = 'STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION', sql_safe_updates = 0"
    };
}

/// Set beside them where nothing of ours is.
pub(super) const ONLY_READS: &str = "SET SESSION TRANSACTION READ ONLY";

/// The least packet that the server must take, in bytes.
const PACKET: u64 = 16 << 20;

const REFUSED: &str = "the bridge sets it for each session; is there a proxy between them that keeps it from doing so?";
const DURABLE: &str =
    "what was committed would be lost with the server's power; set it to 1 on the server";

impl Product {
    /// By the text of `VERSION()`.
    fn of(version: &str) -> Self {
        if version.to_ascii_lowercase().contains("mariadb") { Self::MariaDb } else { Self::MySql }
    }

    /// Set when a connection is made.
    pub(super) fn settings(self) -> &'static str {
        match self {
            Self::MySql => concat!(common!(), ", max_execution_time = 10000"),
            Self::MariaDb => {
                concat!(common!(), ", max_statement_time = 10, idle_transaction_timeout = 5")
            }
        }
    }

    /// Set where statements take as long as the tables are large.
    pub(super) fn no_limit(self) -> &'static str {
        match self {
            Self::MySql => "SET SESSION max_execution_time = 0",
            Self::MariaDb => "SET SESSION max_statement_time = 0",
        }
    }

    /// The variables that are asserted: each with its value, and what to do where it is another.
    fn wanted(self) -> Vec<(&'static str, &'static str, &'static str)> {
        let mut wanted = vec![
            ("@@session.innodb_lock_wait_timeout", "2", REFUSED),
            ("@@session.wait_timeout", "30", REFUSED),
            ("@@session.sql_mode", "STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION", REFUSED),
            ("@@session.autocommit + 0", "1", REFUSED),
            ("@@global.innodb_flush_log_at_trx_commit", "1", DURABLE),
        ];
        wanted.extend(match self {
            Self::MySql => [
                ("@@session.transaction_isolation", "READ-COMMITTED", REFUSED),
                ("@@session.max_execution_time", "10000", REFUSED),
            ]
            .to_vec(),
            Self::MariaDb => [
                ("@@session.tx_isolation", "READ-COMMITTED", REFUSED),
                ("@@session.max_statement_time", "10.000000", REFUSED),
                ("@@session.idle_transaction_timeout", "5", REFUSED),
            ]
            .to_vec(),
        });
        wanted
    }

    /// The oldest version that is known to work.
    fn oldest(self) -> (u32, u32) {
        match self {
            Self::MySql => (8, 0),
            Self::MariaDb => (10, 5),
        }
    }
}

/// Which of the two a connection leads to.
pub(super) async fn product(connection: &mut MySqlConnection) -> Result<Product, sqlx::Error> {
    Ok(Product::of(&version(connection).await?))
}

async fn version(connection: &mut MySqlConnection) -> Result<String, sqlx::Error> {
    text(&sqlx::raw_sql("SELECT VERSION()").fetch_one(connection).await?)
}

fn text(row: &MySqlRow) -> Result<String, sqlx::Error> {
    row.try_get_unchecked(0)
}

/// What was asked of a session is what it says.
pub(super) async fn assert(connection: &mut MySqlConnection) -> Result<(), Failure> {
    let said = |error: sqlx::Error| classify(&error);
    let version = version(connection).await.map_err(said)?;
    let product = Product::of(&version);
    if numbers(&version).is_some_and(|numbers| numbers < product.oldest()) {
        let (major, minor) = product.oldest();
        return Err(Failure::Unavailable(format!(
            "the server has version {version}, and {major}.{minor} is the oldest that is known to work; use a newer one"
        )));
    }
    for (name, value, advice) in product.wanted() {
        let found = variable(connection, name).await.map_err(said)?;
        if found != value {
            return Err(Failure::Unavailable(format!(
                "the server has {name} at {found:?} where {value:?} is needed: {advice}"
            )));
        }
    }
    let packet = variable(connection, "@@session.max_allowed_packet").await.map_err(said)?;
    if packet.parse().is_ok_and(|bytes: u64| bytes < PACKET) {
        return Err(Failure::Unavailable(format!(
            "the server takes statements of {packet} bytes at most; set max_allowed_packet to {PACKET} or more"
        )));
    }
    Ok(())
}

async fn variable(connection: &mut MySqlConnection, name: &str) -> Result<String, sqlx::Error> {
    let asked = format!("SELECT CAST({name} AS CHAR)");
    text(&sqlx::raw_sql(sqlx::AssertSqlSafe(asked)).fetch_one(connection).await?)
}

/// The first two numbers of a version. Some servers put `5.5.5-` before their own, for old clients.
fn numbers(version: &str) -> Option<(u32, u32)> {
    let mut parts = version.strip_prefix("5.5.5-").unwrap_or(version).split('.');
    Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::{Product, numbers};

    #[test]
    fn the_two_are_told_apart_by_their_versions() {
        assert_eq!(Product::of("10.11.11-MariaDB-0+deb12u1"), Product::MariaDb);
        assert_eq!(Product::of("5.5.5-10.6.4-MariaDB-log"), Product::MariaDb);
        assert_eq!(Product::of("8.0.37"), Product::MySql);
        assert_eq!(numbers("5.5.5-10.6.4-MariaDB-log"), Some((10, 6)));
        assert_eq!(numbers("8.4.2-commercial"), Some((8, 4)));
        assert!(numbers("5.7.44-log").is_some_and(|numbers| numbers < Product::MySql.oldest()));
        assert_eq!(numbers("aurora"), None);
    }
}
