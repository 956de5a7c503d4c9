//! The settings of a session on PostgreSQL (`spec/database.md`, "Session settings"), and whether they hold.

use sqlx::Row as _;
use sqlx::postgres::PgConnection;

use super::super::Failure;
use super::classify::classify;

/// Set when a connection is made.
pub(super) const SETTINGS: &str = "\
    SET SESSION CHARACTERISTICS AS TRANSACTION ISOLATION LEVEL READ COMMITTED; \
    SET lock_timeout = '2s'; \
    SET statement_timeout = '10s'; \
    SET idle_in_transaction_session_timeout = '5s'; \
    SET synchronous_commit = on; \
    SET jit = off; \
    SET random_page_cost = 1.1; \
    SET client_min_messages = warning";

/// Set beside them where nothing of ours is.
pub(super) const ONLY_READS: &str = "SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY";

/// Begins what waits for its turn for a minute, and whose statements take as long as the tables are large.
pub(super) const ALONE: &str =
    "BEGIN; SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = '60s'";

/// The wait for a lock, again, within a transaction that had waited longer for another.
pub(super) const LOCK_WAIT: &str = "SET LOCAL lock_timeout = '2s'";

/// The oldest version, as the server counts them.
const OLDEST: u32 = 120_000;

/// What is asked for: the setting, its value, and what to do where it is another.
const WANTED: [(&str, &str, &str); 7] = [
    ("transaction_isolation", "read committed", REFUSED),
    ("lock_timeout", "2s", REFUSED),
    ("statement_timeout", "10s", REFUSED),
    ("idle_in_transaction_session_timeout", "5s", REFUSED),
    ("synchronous_commit", "on", REFUSED),
    (
        "transaction_read_only",
        "off",
        "it is a standby, or made for reading only; name the primary in database.url",
    ),
    (
        "server_encoding",
        "UTF8",
        "names of every script are kept; make the database with ENCODING 'UTF8'",
    ),
];

const REFUSED: &str = "the bridge sets it for each session; is there a pooler between them that pools less than sessions?";

/// What was asked of a session is what it says.
pub(super) async fn assert(connection: &mut PgConnection) -> Result<(), Failure> {
    for (name, value, advice) in WANTED {
        let said = setting(connection, name).await?;
        if said != value {
            return Err(Failure::Unavailable(format!(
                "PostgreSQL has {name} at {said:?} where {value:?} is needed: {advice}"
            )));
        }
    }
    let version = setting(connection, "server_version_num").await?;
    if version.parse().is_ok_and(|version: u32| version < OLDEST) {
        let oldest = OLDEST / 10_000;
        return Err(Failure::Unavailable(format!(
            "PostgreSQL has version {version}, and {oldest} is the oldest that is known to work; use a newer one"
        )));
    }
    Ok(())
}

async fn setting(connection: &mut PgConnection, name: &str) -> Result<String, Failure> {
    let asked = sqlx::query("SELECT current_setting($1)").bind(name).fetch_one(connection).await;
    asked.and_then(|row| row.try_get(0)).map_err(|error| classify(&error))
}
