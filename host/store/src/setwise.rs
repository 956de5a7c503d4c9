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

/// The most bytes of values in one statement, unless a single row has more: MySQL and MariaDB take a statement as one
/// packet of 16 MiB or so.
const BYTES_MAX: usize = 4 << 20;

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

/// Rows in their order, in pieces of so many rows and [`BYTES_MAX`] at most.
fn pieces<T>(rows: Vec<T>, most: usize, bytes: impl Fn(&T) -> usize) -> Vec<Vec<T>> {
    let mut pieces: Vec<Vec<T>> = Vec::new();
    let mut filled = 0;
    for row in rows {
        let more = bytes(&row);
        match pieces.last_mut() {
            Some(piece) if piece.len() < most && filled + more <= BYTES_MAX => {
                filled += more;
                piece.push(row);
            }
            Some(_) | None => {
                filled = more;
                pieces.push(vec![row]);
            }
        }
    }
    pieces
}

fn bytes(values: &[Value]) -> usize {
    values.iter().map(Value::bytes).sum()
}

/// Inserts rows. One statement for up to [`INSERT_MAX`] rows, kept prepared where the number of rows is a usual one.
pub(crate) fn insert(table: Table, rows: Vec<Vec<Value>>) -> Vec<Statement> {
    let mut statements = Vec::new();
    for piece in pieces(rows, INSERT_MAX, |row| bytes(row)) {
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
    // A row's key stands in every CASE, and in the list.
    let bytes = |row: &Swap| bytes(&row.values) + row.key.len() * (cases + 1);
    pieces(rows, length.max(1), bytes).iter().map(|piece| change.piece(piece)).collect()
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

#[cfg(test)]
mod tests {
    use super::{BYTES_MAX, Doing, Guarded, Swap, Table, change, insert};
    use crate::value::Value;

    const TABLE: Table = Table { name: "t", columns: &["k", "v"] };
    const OF: Guarded = Guarded { table: "t", key: "k", guard: "r" };

    #[test]
    fn a_statement_is_cut_where_it_would_be_larger_than_a_packet() {
        let large = "x".repeat(BYTES_MAX / 4);
        let row = |n: usize| vec![Value::from(n.to_string()), Value::from(&large)];
        let rows: Vec<usize> =
            insert(TABLE, (0..8).map(row).collect()).iter().map(|s| s.values.len() / 2).collect();
        assert_eq!(rows, [3, 3, 2], "three of a quarter each, with their keys");
        let swap = |n: usize| Swap {
            key: n.to_string(),
            expected: 1,
            values: vec![Value::from(format!("{n}{large}"))],
        };
        let swaps = (0..8).map(swap).collect();
        let rows: Vec<u64> = change(OF, Doing::Swap(&["v"], &[]), swaps, 2_000)
            .iter()
            .map(|piece| piece.rows)
            .collect();
        assert_eq!(rows, [3, 3, 2]);
    }

    #[test]
    fn a_row_that_is_larger_than_a_piece_stands_alone() {
        let row = |text: String| vec![Value::from("k"), Value::from(text)];
        let rows = vec![row("a".into()), row("x".repeat(2 * BYTES_MAX)), row("b".into())];
        assert_eq!(insert(TABLE, rows).len(), 3);
    }
}
