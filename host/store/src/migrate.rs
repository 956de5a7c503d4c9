//! Migrations: numbered files, one DDL statement each, forward only, and harmless to run twice.
//!
//! MySQL cannot undo DDL, so a file is recorded after it ran; if the bridge dies between the two, it runs again. That is
//! why this is ours and not the driver's migrator, which marks such a database as broken.
//!
//! One bridge migrates at a time: each dialect's `alone` says how it sees to that, and what becomes of a bridge that
//! dies or stands still meanwhile.

use crate::dialect::{Dialect, Failure, Link};
use crate::open::OpenError;
use crate::sql;
use crate::statement::Statement;
use crate::value::Value;

/// A file of `migrations/DIALECT/`. One that was released never changes: its checksum is in the database.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Migration {
    /// `NNNN_name`.
    pub(crate) name: &'static str,
    /// One DDL statement.
    pub(crate) text: &'static str,
}

impl Migration {
    fn number(&self) -> u64 {
        self.name.split('_').next().and_then(|digits| digits.parse().ok()).unwrap_or_default()
    }

    fn checksum(&self) -> String {
        blake3::hash(self.text.as_bytes()).to_hex()[..32].to_owned()
    }
}

/// The same numbers and names for every database; the file of each is in its own words.
macro_rules! migrations {
    ($($name:literal),* $(,)?) => {
        /// SQLite's.
        pub(crate) const SQLITE: &[Migration] = of_dialect!("sqlite": $($name),*);
        /// Those of MySQL and MariaDB.
        pub(crate) const MYSQL: &[Migration] = of_dialect!("mysql": $($name),*);
        /// PostgreSQL's.
        pub(crate) const POSTGRES: &[Migration] = of_dialect!("postgres": $($name),*);
    };
}

macro_rules! of_dialect {
    ($dialect:literal: $($name:literal),*) => {
        &[$(Migration {
            name: $name,
            text: include_str!(concat!("../migrations/", $dialect, "/", $name, ".sql")),
        }),*]
    };
}

migrations! {
    "0001_accounts",
    "0002_accounts_folded",
    "0003_accounts_due",
    "0004_accounts_zone",
    "0005_accounts_status",
    "0006_names",
    "0007_secrets",
    "0008_secrets_account",
    "0009_holdings",
    "0010_holdings_account",
    "0011_holdings_agent",
    "0012_operations",
    "0013_operations_agent",
    "0014_operations_parent",
    "0015_journal",
    "0016_journal_account",
    "0017_requests",
    "0018_request_items",
    "0019_request_items_request",
    "0020_calls",
    "0021_calls_at",
    "0022_slots",
    "0023_agents",
    "0024_namespaces",
    "0025_namespaces_account",
    "0026_assignments",
    "0027_agents_changed",
    "0028_agents_changed_index",
    "0029_counters",
    "0030_replicas",
    "0031_leases",
    "0032_requests_replica",
    "0033_names_removed_at",
    "0034_modules",
    "0035_slots_program",
    "0036_operations_unsent",
    "0037_keys",
    "0038_keys_at",
    "0039_holdings_health_code",
    "0040_holdings_health_text",
    "0041_holdings_health_since",
    "0042_holdings_unhealthy",
    "0043_operations_sight",
    "0044_records",
    "0045_records_size",
}

/// What a database has already: number and checksum of each migration that ran; a new one has none.
async fn applied(link: &mut (impl Link + ?Sized)) -> Result<Vec<(u64, String)>, Failure> {
    let rows = match link.rows(Statement::new(sql::MIGRATIONS)).await {
        Ok(rows) => rows,
        Err(Failure::NoTable(_)) => return Ok(Vec::new()),
        Err(failure) => return Err(failure),
    };
    let number = |value: &Value| match value {
        Value::Number(Some(number)) => u64::try_from(*number).unwrap_or_default(),
        Value::Number(None) | Value::Text(_) | Value::Bytes(_) | Value::Odd(_) => 0,
    };
    let text = |value: &Value| match value {
        Value::Text(Some(text)) => text.clone(),
        Value::Number(_) | Value::Text(None) | Value::Bytes(_) | Value::Odd(_) => String::new(),
    };
    Ok(rows.iter().map(|row| (number(&row.0[0]), text(&row.0[1]))).collect())
}

/// Refuses a schema that this program does not know, before anything is written. Answers the migrations to come.
pub(crate) async fn pending(dialect: &dyn Dialect) -> Result<Vec<Migration>, OpenError> {
    let mut link = dialect.reader().await?;
    let applied = applied(link.as_mut()).await?;
    let known = dialect.migrations();
    let newest = known.iter().map(Migration::number).max().unwrap_or_default();
    for (number, checksum) in &applied {
        let Some(migration) = known.iter().find(|known| known.number() == *number) else {
            return Err(OpenError::Newer { found: *number, known: newest });
        };
        if migration.checksum() != *checksum {
            return Err(OpenError::Changed(migration.name));
        }
    }
    let has = |migration: &&Migration| !applied.iter().any(|(n, _)| *n == migration.number());
    Ok(known.iter().filter(has).copied().collect())
}

/// Runs what is to come, while no other bridge does. Several that start at once wait for each other; whoever comes later
/// finds it done.
pub(crate) async fn run(dialect: &dyn Dialect, at: u64) -> Result<(), OpenError> {
    if pending(dialect).await?.is_empty() {
        return Ok(());
    }
    let mut link = dialect.alone().await?;
    let pending = pending(dialect).await?;
    if !pending.is_empty() {
        link.run(Statement::new(sql::CREATE_MIGRATIONS)).await?;
    }
    for migration in pending {
        match link.run(Statement::schema(migration.text)).await {
            // It ran before, and the bridge died before it was recorded.
            Ok(_) | Err(Failure::Exists) => {}
            Err(failure) => return Err(OpenError::migration(migration.name, failure)),
        }
        let record = Statement::new(sql::RECORD_MIGRATION)
            .bind(migration.number())
            .bind(migration.name)
            .bind(migration.checksum())
            .bind(at);
        link.run(record).await?;
    }
    link.commit().await.map_err(OpenError::from)
}
