//! Rows of MySQL and MariaDB as ours.

use sqlx::mysql::MySqlRow;
use sqlx::{Column as _, Row as _, TypeInfo as _, ValueRef as _};

use crate::value::{Row, Value};

pub(super) fn row(row: &MySqlRow) -> Row {
    Row(row.columns().iter().map(|column| cell(row, column.ordinal())).collect())
}

fn cell(row: &MySqlRow, place: usize) -> Value {
    let Ok(raw) = row.try_get_raw(place) else { return Value::Odd("nothing") };
    if raw.is_null() {
        return Value::Text(None);
    }
    let kind = raw.type_info();
    match kind.name() {
        "BIGINT" | "INT" | "MEDIUMINT" | "SMALLINT" | "TINYINT" | "BOOLEAN" => {
            row.try_get_unchecked(place).map_or(ODD_NUMBER, Value::Number)
        }
        "BIGINT UNSIGNED" | "INT UNSIGNED" => {
            row.try_get_unchecked::<u64, _>(place).map_or(ODD_NUMBER, Value::from)
        }
        // A text with a binary collation is told as the second of each pair.
        "CHAR" | "BINARY" | "VARCHAR" | "VARBINARY" | "TINYTEXT" | "TINYBLOB" | "TEXT" | "BLOB"
        | "MEDIUMTEXT" | "MEDIUMBLOB" | "LONGTEXT" | "LONGBLOB" | "ENUM" | "JSON" => {
            row.try_get_unchecked(place).map_or_else(|_| bytes(row, place), Value::Text)
        }
        "FLOAT" | "DOUBLE" | "DECIMAL" => Value::Odd("a number with a fraction"),
        _ => Value::Odd("a value of an unknown type"),
    }
}

fn bytes(row: &MySqlRow, place: usize) -> Value {
    row.try_get_unchecked(place).map_or(Value::Odd("an odd BLOB"), Value::Bytes)
}

const ODD_NUMBER: Value = Value::Odd("an odd number");
