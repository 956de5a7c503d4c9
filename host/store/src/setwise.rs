//! Work in sets: many rows inserted, or compared and swapped, by one statement.
//!
//! A compare-and-swap says by the rows it affected whether every row was still as it was read. Values that are the same
//! for all rows are bound once; the others are told apart by a CASE over the key. A CASE of 500 branches is read from
//! its top for each row, so it is cut into spans of the sorted keys, and a row passes some 20 branches instead of 250.
//!
//! SQLite takes time in the square of a statement's branches to prepare it (measured: 500 rows and four such columns
//! 100 ms, then 15 ms a run), so a dialect says how many branches one statement may have, and more make it several
//! statements of one text. Prepared, they are kept.

use crate::statement::{Statement, filled, placeholders, shorter};
use crate::value::Value;

/// The most rows of one INSERT; with the widest table it stays below SQLite's 32,766 values.
const INSERT_MAX: usize = 1_000;

/// How many keys a span of a CASE holds.
const SPAN: usize = 23;

/// A table as it is written: its name, and its columns in the order of the values.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Table {
    /// Its name.
    pub(crate) name: &'static str,
    /// Every column that an INSERT gives.
    pub(crate) columns: &'static [&'static str],
}

/// Inserts rows. One statement for up to [`INSERT_MAX`] rows, kept prepared where the number of rows is a usual one.
pub(crate) fn insert(table: Table, rows: Vec<Vec<Value>>) -> Vec<Statement> {
    let mut statements = Vec::new();
    let mut rows = rows.into_iter().peekable();
    while rows.peek().is_some() {
        let piece: Vec<Vec<Value>> = rows.by_ref().take(INSERT_MAX).collect();
        let one = format!("({})", placeholders(table.columns.len()));
        let all = vec![one; piece.len()].join(", ");
        let columns = table.columns.join(", ");
        let text = format!("INSERT INTO {} ({columns}) VALUES {all}", table.name);
        let keep = filled(piece.len()) == (piece.len(), true);
        statements.push(Statement::made(text, piece.into_iter().flatten().collect(), keep));
    }
    statements
}

/// A row that is compared and swapped.
#[derive(Debug, Clone)]
pub(crate) struct Swap {
    /// Its key.
    pub(crate) key: String,
    /// What the guarding column must still hold.
    pub(crate) expected: u64,
    /// The values of the columns that are set.
    pub(crate) values: Vec<Value>,
}

/// What a statement over many rows is about.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Guarded {
    /// The table.
    pub(crate) table: &'static str,
    /// Its key.
    pub(crate) key: &'static str,
    /// The column that moves with every change.
    pub(crate) guard: &'static str,
}

/// What is done with the rows.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Doing<'c> {
    /// Sets columns of rows that are as they were read. The texts are set beside the columns and come after them, since
    /// MySQL reads a column that was set before with its new value.
    Swap(&'c [&'c str], &'c [&'c str]),
    /// Removes rows that are as they were read.
    Remove,
    /// Sets columns of rows that fulfil a condition, or any.
    Set(&'c [&'c str], &'static str),
}

/// A statement, and over how many rows.
#[derive(Debug)]
pub(crate) struct Piece {
    /// The statement.
    pub(crate) statement: Statement,
    /// How many rows it names.
    pub(crate) rows: u64,
}

/// Changes rows by key, in as few statements as the most branches of one allow.
pub(crate) fn change(
    of: Guarded,
    doing: Doing<'_>,
    mut rows: Vec<Swap>,
    branches: usize,
) -> Vec<Piece> {
    rows.sort_by(|one, other| one.key.cmp(&other.key));
    let columns = match doing {
        Doing::Swap(columns, _) | Doing::Set(columns, _) => columns.len(),
        Doing::Remove => 0,
    };
    let differs =
        |same: &dyn Fn(&Swap, &Swap) -> bool| !rows.windows(2).all(|t| same(&t[0], &t[1]));
    let varying: Vec<bool> =
        (0..columns).map(|at| differs(&|a, b| a.values[at] == b.values[at])).collect();
    let guard_varies = differs(&|a, b| a.expected == b.expected);
    let cases = varying.iter().filter(|varies| **varies).count() + usize::from(guard_varies);
    let length = shorter(rows.len(), branches / cases.max(1));
    let change = OneText { of, doing, varying, guard_varies };
    rows.chunks(length.max(1)).map(|piece| change.piece(piece)).collect()
}

/// What the statements of one change have in common.
struct OneText<'c> {
    of: Guarded,
    doing: Doing<'c>,
    varying: Vec<bool>,
    guard_varies: bool,
}

impl OneText<'_> {
    fn piece(&self, rows: &[Swap]) -> Piece {
        let (length, keep) = filled(rows.len());
        let filled: Vec<&Swap> = rows
            .iter()
            .chain(std::iter::repeat_n(&rows[rows.len() - 1], length - rows.len()))
            .collect();
        let mut values = Vec::new();
        let text = match self.doing {
            Doing::Swap(columns, beside) => {
                let mut sets = self.sets(columns, &filled, &mut values);
                sets.extend(beside.iter().map(|text| (*text).to_owned()));
                let guarded = self.guarded(&filled, &mut values);
                format!("UPDATE {} SET {} WHERE {guarded}", self.of.table, sets.join(", "))
            }
            Doing::Remove => {
                format!(
                    "DELETE FROM {} WHERE {}",
                    self.of.table,
                    self.guarded(&filled, &mut values)
                )
            }
            Doing::Set(columns, condition) => {
                let sets = self.sets(columns, &filled, &mut values).join(", ");
                let named = self.named(&filled, &mut values);
                format!("UPDATE {} SET {sets} WHERE {named}{condition}", self.of.table)
            }
        };
        Piece { statement: Statement::made(text, values, keep), rows: rows.len() as u64 }
    }

    fn sets(&self, columns: &[&str], rows: &[&Swap], values: &mut Vec<Value>) -> Vec<String> {
        let mut sets = Vec::new();
        for (at, column) in columns.iter().enumerate() {
            let pairs = rows.iter().map(|row| (&row.key, row.values[at].clone()));
            let value = by_key(self.of.key, self.varying[at], pairs.collect(), values);
            sets.push(format!("{column} = {value}"));
        }
        sets
    }

    fn named(&self, rows: &[&Swap], values: &mut Vec<Value>) -> String {
        values.extend(rows.iter().map(|row| Value::from(&row.key)));
        format!("{} IN ({})", self.of.key, placeholders(rows.len()))
    }

    fn guarded(&self, rows: &[&Swap], values: &mut Vec<Value>) -> String {
        let named = self.named(rows, values);
        let pairs = rows.iter().map(|row| (&row.key, Value::from(row.expected)));
        let expected = by_key(self.of.key, self.guard_varies, pairs.collect(), values);
        format!("{named} AND {} = {expected}", self.of.guard)
    }
}

/// An expression for the value that belongs to a row's key. The pairs come sorted by key, as every database compares
/// them: by their bytes.
fn by_key(
    key: &str,
    varies: bool,
    pairs: Vec<(&String, Value)>,
    values: &mut Vec<Value>,
) -> String {
    if !varies {
        values.extend(pairs.into_iter().next().map(|(_, value)| value));
        return "?".to_owned();
    }
    let mut text = String::from("CASE");
    for span in pairs.chunks(SPAN) {
        if let Some((last, _)) = span.last() {
            values.push(Value::from(*last));
        }
        text.push_str(&format!(" WHEN {key} <= ? THEN CASE {key}"));
        for (each, value) in span {
            values.push(Value::from(*each));
            values.push(value.clone());
            text.push_str(" WHEN ? THEN ?");
        }
        text.push_str(" END");
    }
    text.push_str(" END");
    text
}
