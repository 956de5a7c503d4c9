//! What the migrations make is the same everywhere: tables, columns, what may be absent, keys and indexes.

use tests_harness::{Kind, TestDatabase};

/// The names of our tables.
pub(super) async fn tables(database: &TestDatabase) -> Vec<String> {
    let text = match database.kind() {
        Kind::Sqlite => "SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name",
        Kind::MariaDb => {
            "SELECT table_name FROM information_schema.tables WHERE table_schema = DATABASE() \
             AND table_type = 'BASE TABLE' ORDER BY table_name"
        }
        Kind::Postgres => {
            "SELECT table_name FROM information_schema.tables WHERE table_schema = 'public' \
             AND table_type = 'BASE TABLE' ORDER BY table_name"
        }
    };
    let rows = database.rows(text).await.expect("the tables");
    let mut names: Vec<String> = rows.into_iter().flatten().flatten().collect();
    // Each database has an order of its own.
    names.sort();
    names
}

on_every_database!(the_schema_is_the_one_that_is_written_down);

/// What a type of a column is to us.
fn kind_of(type_: &str) -> String {
    let type_ = type_.to_ascii_lowercase();
    if type_.contains("int") {
        return "number".to_owned();
    }
    match type_.as_str() {
        "text" | "longtext" => "text".to_owned(),
        "blob" | "longblob" | "bytea" => "bytes".to_owned(),
        // `VARCHAR(255)`, `varchar(255)`, `character varying(255)`: the length counts.
        varying => varying.replace("character varying", "varchar"),
    }
}

async fn lines(database: &TestDatabase, text: &str) -> Vec<Vec<String>> {
    let rows = database.rows(text).await.expect("the schema");
    let line = |row: Vec<Option<String>>| row.into_iter().map(Option::unwrap_or_default).collect();
    rows.into_iter().map(line).collect()
}

/// Name, type, whether it may be absent.
async fn columns(database: &TestDatabase, table: &str) -> Vec<String> {
    let text = match database.kind() {
        Kind::Sqlite => format!(
            "SELECT name, type, CASE WHEN \"notnull\" = 1 THEN 'NO' ELSE 'YES' END FROM pragma_table_info('{table}') \
             ORDER BY cid"
        ),
        Kind::MariaDb => format!(
            "SELECT column_name, column_type, is_nullable FROM information_schema.columns \
             WHERE table_schema = DATABASE() AND table_name = '{table}' ORDER BY ordinal_position"
        ),
        Kind::Postgres => format!(
            "SELECT a.attname, format_type(a.atttypid, a.atttypmod), CASE WHEN a.attnotnull THEN 'NO' ELSE 'YES' END \
             FROM pg_attribute a WHERE a.attrelid = '{table}'::regclass AND a.attnum > 0 AND NOT a.attisdropped \
             ORDER BY a.attnum"
        ),
    };
    let absent = |cell: &str| if cell == "YES" { ", may be absent" } else { "" };
    lines(database, &text)
        .await
        .iter()
        .map(|row| format!("{} {}{}", row[0], kind_of(&row[1]), absent(&row[2])))
        .collect()
}

/// Each index with its columns, whether it is unique; the primary key by that name.
async fn indexes(database: &TestDatabase, table: &str) -> Vec<String> {
    let text = match database.kind() {
        Kind::Sqlite => format!(
            "SELECT CASE l.origin WHEN 'pk' THEN 'PRIMARY' ELSE l.name END, l.\"unique\", i.name \
             FROM pragma_index_list('{table}') l JOIN pragma_index_info(l.name) i ORDER BY l.name, i.seqno"
        ),
        Kind::MariaDb => format!(
            "SELECT index_name, 1 - non_unique, column_name FROM information_schema.statistics \
             WHERE table_schema = DATABASE() AND table_name = '{table}' ORDER BY index_name, seq_in_index"
        ),
        Kind::Postgres => format!(
            "SELECT CASE WHEN x.indisprimary THEN 'PRIMARY' ELSE c.relname END, \
             CASE WHEN x.indisunique THEN 1 ELSE 0 END, a.attname \
             FROM pg_index x JOIN pg_class c ON c.oid = x.indexrelid \
             JOIN pg_attribute a ON a.attrelid = c.oid \
             WHERE x.indrelid = '{table}'::regclass ORDER BY c.relname, a.attnum"
        ),
    };
    let mut indexes: Vec<(String, String)> = Vec::new();
    for row in lines(database, &text).await {
        let unique = if row[1] == "1" { "unique " } else { "" };
        let name = format!("{unique}{}", row[0]);
        match indexes.last_mut() {
            Some((last, columns)) if *last == name => *columns = format!("{columns}, {}", row[2]),
            _ => indexes.push((name, row[2].clone())),
        }
    }
    indexes.sort();
    indexes.into_iter().map(|(name, columns)| format!("{name} ({columns})")).collect()
}

async fn the_schema_is_the_one_that_is_written_down(kind: Kind) {
    let fresh = super::Fresh::new(kind).await;
    let mut schema = String::new();
    for table in tables(&fresh.database).await {
        let mut lines = columns(&fresh.database, &table).await;
        lines.extend(indexes(&fresh.database, &table).await);
        schema.push_str(&format!("{table}\n    {}\n", lines.join("\n    ")));
    }
    let view = columns(&fresh.database, "kubesvc_assignments").await;
    let names: Vec<&str> = view.iter().filter_map(|line| line.split(' ').next()).collect();
    schema.push_str(&format!("kubesvc_assignments, a view\n    {}\n", names.join("\n    ")));
    // One file for all three: that is what is promised.
    insta::with_settings!({ prepend_module_to_snapshot => false, snapshot_path => "." }, {
        insta::assert_snapshot!("schema", schema);
    });
    fresh.store.close().await;
}
