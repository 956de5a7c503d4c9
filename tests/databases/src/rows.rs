//! Rows of any database as texts, so that a test can look at all three alike.

use sqlx::mysql::MySqlRow;
use sqlx::postgres::PgRow;
use sqlx::sqlite::SqliteRow;
use sqlx::{Row as _, TypeInfo as _, ValueRef as _};

/// A cell as text; absent for NULL.
pub type Cell = Option<String>;

/// What cannot be shown as text.
const ODD: &str = "(no text)";

pub(crate) fn of_sqlite(row: &SqliteRow) -> Vec<Cell> {
    let cell = |place: usize| {
        let raw = row.try_get_raw(place).ok().filter(|raw| !raw.is_null())?;
        Some(match raw.type_info().name() {
            "INTEGER" => row.get_unchecked::<i64, _>(place).to_string(),
            _ => row.try_get_unchecked(place).unwrap_or_else(|_| ODD.to_owned()),
        })
    };
    (0..row.len()).map(cell).collect()
}

/// A statement that was not prepared is answered in texts, whatever the types.
pub(crate) fn of_mariadb(row: &MySqlRow) -> Vec<Cell> {
    let cell = |place: usize| {
        row.try_get_raw(place).ok().filter(|raw| !raw.is_null())?;
        Some(row.try_get_unchecked(place).unwrap_or_else(|_| ODD.to_owned()))
    };
    (0..row.len()).map(cell).collect()
}

/// As for MariaDB.
pub(crate) fn of_postgres(row: &PgRow) -> Vec<Cell> {
    let cell = |place: usize| {
        row.try_get_raw(place).ok().filter(|raw| !raw.is_null())?;
        Some(row.try_get_unchecked(place).unwrap_or_else(|_| ODD.to_owned()))
    };
    (0..row.len()).map(cell).collect()
}
