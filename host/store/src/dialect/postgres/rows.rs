//! Rows of PostgreSQL as ours.

use sqlx::postgres::PgRow;
use sqlx::{Column as _, Row as _, TypeInfo as _, ValueRef as _};

use crate::value::{Row, Value};

pub(super) fn row(row: &PgRow) -> Row {
    Row(row.columns().iter().map(|column| cell(row, column.ordinal())).collect())
}

fn cell(row: &PgRow, place: usize) -> Value {
    let Ok(raw) = row.try_get_raw(place) else { return Value::Odd("nothing") };
    if raw.is_null() {
        return Value::Text(None);
    }
    let kind = raw.type_info();
    match kind.name() {
        "INT8" => row.try_get(place).map_or(ODD_NUMBER, Value::Number),
        "INT4" => row.try_get(place).map_or(ODD_NUMBER, |number: i32| from(number.into())),
        "INT2" => row.try_get(place).map_or(ODD_NUMBER, |number: i16| from(number.into())),
        "BOOL" => row.try_get(place).map_or(ODD_NUMBER, |flag: bool| from(flag.into())),
        "TEXT" | "VARCHAR" | "CHAR" | "NAME" | "JSON" => text(row, place),
        // Its binary form is the text behind the number of a version.
        "JSONB" => match text(row, place) {
            Value::Text(Some(text)) => Value::from(text.strip_prefix('\u{1}').unwrap_or(&text)),
            other @ (Value::Text(None) | Value::Number(_) | Value::Bytes(_) | Value::Odd(_)) => {
                other
            }
        },
        "BYTEA" => row.try_get(place).map_or(Value::Odd("odd bytes"), Value::Bytes),
        "VOID" => Value::Text(None),
        _ => Value::Odd("a value of an unknown type"),
    }
}

const ODD_NUMBER: Value = Value::Odd("an odd number");

fn from(number: i64) -> Value {
    Value::Number(Some(number))
}

fn text(row: &PgRow, place: usize) -> Value {
    row.try_get_unchecked(place).map_or(Value::Odd("a text that is not UTF-8"), Value::Text)
}
