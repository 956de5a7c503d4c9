//! Statements over many rows, written for each database as suits it best. What is the same for all rows stands in the
//! text, which is prepared once; only what each row has for itself is bound, and all of it is text.
//!
//! * SQLite: rows of VALUES; an UPDATE joins them.
//! * MariaDB: rows of VALUES; an UPDATE with values joins one JSON text.
//! * PostgreSQL: one array a column.

use std::sync::Arc;

use tests_harness::Kind;

/// The value of a column.
#[derive(Debug, Clone)]
pub(super) enum Cell {
    /// Each row has its own: the column of values with this place.
    Each(usize),
    /// The same in all rows: an expression.
    Same(String),
}

/// Rows that are inserted: of each account one row of each form.
#[derive(Debug)]
pub(super) struct Insert {
    pub(super) table: &'static str,
    pub(super) rows: Vec<Vec<(&'static str, Cell)>>,
}

/// Rows that are changed. The first column of values is the key.
#[derive(Debug)]
pub(super) struct Update {
    pub(super) table: &'static str,
    pub(super) key: &'static str,
    pub(super) sets: Vec<(&'static str, Cell)>,
    pub(super) condition: String,
}

/// How values become what is bound.
#[derive(Debug)]
enum Binding {
    /// Value by value: of each form of a row its columns, row by row.
    Rows(Vec<Vec<usize>>),
    /// Each column as an array.
    Lists,
    /// All rows as one JSON text.
    Json,
}

/// What is bound.
#[derive(Debug)]
pub(super) enum Bound {
    Values(Vec<String>),
    Lists(Vec<Vec<String>>),
}

/// A statement.
#[derive(Debug)]
pub(super) struct Text {
    pub(super) text: Arc<str>,
    /// The rows that it must affect.
    pub(super) rows: u64,
    binding: Binding,
}

impl Text {
    /// A statement with one value and one row.
    pub(super) fn one(kind: Kind, text: &str) -> Self {
        let text = match kind {
            Kind::Postgres => text.replace('?', "$1"),
            Kind::Sqlite | Kind::MariaDb => text.to_owned(),
        };
        Self { text: text.into(), rows: 1, binding: Binding::Rows(vec![vec![0]]) }
    }

    pub(super) fn insert(kind: Kind, batch: usize, of: &Insert) -> Self {
        let columns: Vec<&str> = of.rows[0].iter().map(|(column, _)| *column).collect();
        let head = format!("INSERT INTO {} ({})", of.table, columns.join(", "));
        let (all, binding) = match kind {
            Kind::Postgres => (selected(of), Binding::Lists),
            Kind::Sqlite | Kind::MariaDb => {
                let marked = of.rows.iter().map(|row| vec![marked(row); batch].join(", "));
                let all = marked.collect::<Vec<_>>().join(", ");
                (
                    format!("VALUES {all}"),
                    Binding::Rows(of.rows.iter().map(|row| places(row)).collect()),
                )
            }
        };
        let rows = (batch * of.rows.len()) as u64;
        Self { text: format!("{head} {all}").into(), rows, binding }
    }

    pub(super) fn update(kind: Kind, batch: usize, of: &Update) -> Self {
        let columns = 1 + places(&of.sets).len();
        let (text, binding) = match kind {
            Kind::Postgres => (by_arrays(of, columns), Binding::Lists),
            Kind::Sqlite | Kind::MariaDb if columns == 1 => {
                (by_keys(of, batch), Binding::Rows(vec![vec![0]]))
            }
            Kind::Sqlite => {
                (by_rows(of, columns, batch), Binding::Rows(vec![(0..columns).collect()]))
            }
            Kind::MariaDb => (by_json(of, columns), Binding::Json),
        };
        Self { text: text.into(), rows: batch as u64, binding }
    }

    /// Values, column by column, as they are bound.
    pub(super) fn bound(&self, columns: Vec<Vec<String>>) -> Bound {
        match &self.binding {
            Binding::Lists => Bound::Lists(columns),
            Binding::Json => {
                let rows = columns[0].len();
                let rows: Vec<Vec<&str>> = (0..rows)
                    .map(|row| columns.iter().map(|column| column[row].as_str()).collect())
                    .collect();
                Bound::Values(vec![serde_json::json!(rows).to_string()])
            }
            Binding::Rows(forms) => {
                let mut values = Vec::new();
                let rows = columns.first().map_or(0, Vec::len);
                for (form, row) in
                    forms.iter().flat_map(|form| (0..rows).map(move |row| (form, row)))
                {
                    values.extend(form.iter().map(|place| columns[*place][row].clone()));
                }
                Bound::Values(values)
            }
        }
    }
}

fn places(row: &[(&str, Cell)]) -> Vec<usize> {
    let place = |(_, cell): &(&str, Cell)| match cell {
        Cell::Each(place) => Some(*place),
        Cell::Same(_) => None,
    };
    row.iter().filter_map(place).collect()
}

/// `(?, 'a constant', ?)`
fn marked(row: &[(&str, Cell)]) -> String {
    let cells = row.iter().map(|(_, cell)| match cell {
        Cell::Each(_) => "?",
        Cell::Same(text) => text.as_str(),
    });
    format!("({})", cells.collect::<Vec<_>>().join(", "))
}

/// `unnest($1::text[], $2::text[]) AS v(c0, c1)`
fn arrays(columns: usize) -> String {
    let (mut arrays, mut names) = (Vec::new(), Vec::new());
    for place in 0..columns {
        arrays.push(format!("${}::text[]", place + 1));
        names.push(format!("c{place}"));
    }
    format!("unnest({}) AS v({})", arrays.join(", "), names.join(", "))
}

fn selected(of: &Insert) -> String {
    let last = of.rows.iter().flat_map(|row| places(row)).max().unwrap_or_default();
    let forms = of.rows.iter().map(|row| {
        let cells = row.iter().map(|(_, cell)| match cell {
            Cell::Each(place) => format!("v.c{place}"),
            Cell::Same(text) => text.clone(),
        });
        format!("SELECT {} FROM {}", cells.collect::<Vec<_>>().join(", "), arrays(last + 1))
    });
    forms.collect::<Vec<_>>().join(" UNION ALL ")
}

/// `SET a = …, b = …`, with a name for the values of each column.
fn sets(of: &Update, named: impl Fn(usize) -> String) -> String {
    let sets = of.sets.iter().map(|(column, cell)| match cell {
        Cell::Each(place) => format!("{column} = {}", named(*place)),
        Cell::Same(text) => format!("{column} = {text}"),
    });
    format!("SET {}", sets.collect::<Vec<_>>().join(", "))
}

fn by_keys(of: &Update, batch: usize) -> String {
    let keys = vec!["?"; batch].join(", ");
    let sets = sets(of, |_| String::new());
    format!("UPDATE {} {sets} WHERE {} IN ({keys}){}", of.table, of.key, of.condition)
}

fn by_arrays(of: &Update, columns: usize) -> String {
    let sets = sets(of, |place| format!("v.c{place}"));
    let (table, key, condition) = (of.table, of.key, &of.condition);
    if columns == 1 {
        return format!("UPDATE {table} {sets} WHERE {key} = ANY($1){condition}");
    }
    format!("UPDATE {table} {sets} FROM {} WHERE {key} = v.c0{condition}", arrays(columns))
}

fn by_rows(of: &Update, columns: usize, batch: usize) -> String {
    let sets = sets(of, |place| format!("v.column{}", place + 1));
    let row = format!("({})", vec!["?"; columns].join(", "));
    let rows = vec![row; batch].join(", ");
    let (table, key, condition) = (of.table, of.key, &of.condition);
    format!("UPDATE {table} {sets} FROM (VALUES {rows}) AS v WHERE {key} = v.column1{condition}")
}

fn by_json(of: &Update, columns: usize) -> String {
    let names = (0..columns).map(|place| {
        format!("c{place} LONGTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin PATH '$[{place}]'")
    });
    let names = names.collect::<Vec<_>>().join(", ");
    let sets = sets(of, |place| format!("v.c{place}"));
    let (table, key, condition) = (of.table, of.key, &of.condition);
    format!(
        "UPDATE {table} JOIN JSON_TABLE(?, '$[*]' COLUMNS ({names})) AS v ON {key} = v.c0 {sets} \
         WHERE 1 = 1{condition}"
    )
}
