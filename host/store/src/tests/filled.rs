//! Databases with so many rows that a plan tells something: servers walk through small tables whatever the index.

use tests_databases::{Kind, TestDatabase};

use super::migrated;
use crate::dialect::Dialect;

/// The rows of every large table.
pub(super) const ROWS: usize = 60_000;

/// A key, from the number `n` of a row.
const KEY: &str = "CONCAT('n-', LPAD(CAST(n AS CHAR(5)), 5, '0'))";
/// One of 600 agents.
const AGENT: &str = "CONCAT('a-', CAST(n % 600 AS CHAR(3)))";

/// A migrated database with rows in every table that grows.
pub(super) async fn filled(database: &TestDatabase) -> Box<dyn Dialect> {
    let dialect = migrated(database).await;
    let rows = match database.kind() {
        // Its planner needs none.
        Kind::Sqlite => return dialect,
        Kind::MariaDb => format!("(SELECT seq AS n FROM seq_1_to_{}) AS s", ROWS - 1),
        Kind::Postgres => format!("generate_series(1, {}) AS s(n)", ROWS - 1),
    };
    let analyze = match database.kind() {
        Kind::Postgres => "ANALYZE",
        Kind::MariaDb | Kind::Sqlite => "ANALYZE TABLE",
    };
    for (table, columns) in tables(database.kind()) {
        let (names, values): (Vec<&str>, Vec<&str>) = columns.iter().copied().unzip();
        let (names, values) = (names.join(", "), values.join(", "));
        let text = format!("INSERT INTO {table} ({names}) SELECT {values} FROM {rows}");
        database.run(&text).await.unwrap_or_else(|error| panic!("{error:#}\n{text}"));
        database.run(&format!("{analyze} {table}")).await.expect("statistics");
    }
    dialect
}

type Columns = Vec<(&'static str, &'static str)>;

/// Every large table, with an expression for each column that it must have.
fn tables(kind: Kind) -> Vec<(&'static str, Columns)> {
    let id = ("id", KEY);
    vec![
        ("kubesvc_accounts", accounts()),
        ("swingbridge_names", vec![("name", KEY), ("generation", "1")]),
        (
            "swingbridge_secrets",
            vec![("reference", KEY), ("account", KEY), ("sealed", "'x'"), ("at", "n")],
        ),
        ("swingbridge_holdings", holdings()),
        ("swingbridge_operations", operations()),
        (
            "swingbridge_journal",
            vec![
                id,
                ("at", "n"),
                ("account", KEY),
                ("event", "'x'"),
                ("reason", "'x'"),
                ("who", "'x'"),
                ("module", "'x'"),
                ("revision", "1"),
            ],
        ),
        (
            "swingbridge_requests",
            vec![id, ("action", "'x'"), ("who", "'x'"), ("created_at", "n"), ("total", "1")],
        ),
        (
            "swingbridge_request_items",
            vec![id, ("request", KEY), ("name", KEY), ("outcome", "'done'"), ("possible", "'[]'")],
        ),
        ("swingbridge_calls", vec![id, ("at", "n")]),
        ("swingbridge_records", records(kind)),
        ("swingbridge_agents", agents()),
        (
            "swingbridge_namespaces",
            vec![id, ("account", KEY), ("agent", AGENT), ("namespaces", "'[]'")],
        ),
    ]
}

fn accounts() -> Columns {
    vec![
        ("name", KEY),
        ("name_folded", KEY),
        ("last_updated", "n"),
        ("props", "'{}'"),
        (
            "zone_id",
            "CASE WHEN n % 600 = 0 THEN NULL ELSE CONCAT('z-', CAST(n % 600 AS CHAR(3))) END",
        ),
        ("dynamic", "1"),
        ("status", "'ACTIVE'"),
        ("definition", "'{\"kubeconfigFile\":\"/etc/kubeconfig\"}'"),
        ("failed_count", "0"),
        ("connections", "1"),
        ("revision", "n"),
        ("state_revision", "n"),
        ("definition_revision", "n"),
        ("state_since", "n"),
        ("due_at", "CASE WHEN n % 20 = 0 THEN n ELSE NULL END"),
        ("requests", "'[]'"),
        ("attributes", "'{}'"),
        ("source", "'api'"),
        ("source_fingerprint", "''"),
        ("slot_generation", "1"),
    ]
}

fn holdings() -> Columns {
    vec![
        ("id", "CONCAT('n-', LPAD(CAST(n AS CHAR(5)), 5, '0'), '/a')"),
        ("account", KEY),
        ("agent", AGENT),
        ("revision", "1"),
        ("instance", "'i'"),
        ("observed", "'held'"),
        ("configured", "0"),
        ("detail", "'{}'"),
        ("last_updated", "n"),
    ]
}

fn operations() -> Columns {
    vec![
        ("id", KEY),
        ("parent", KEY),
        ("account", KEY),
        ("agent", AGENT),
        ("instance", "'i'"),
        ("kind", "'add'"),
        ("definition_revision", "1"),
        ("generation", "1"),
        ("state", "CASE WHEN n % 100 = 0 THEN 'pending' ELSE 'done' END"),
        ("context", "'{}'"),
        ("module", "'x'"),
        ("data_version", "1"),
        ("created_at", "n"),
        ("attempts", "n % 3"),
        ("slot_generation", "1"),
    ]
}

fn records(kind: Kind) -> Columns {
    let bytes = if kind == Kind::Postgres { "CAST('x' AS bytea)" } else { "'x'" };
    vec![
        ("id", KEY),
        ("at", "n"),
        ("slot", "'lifecycle'"),
        ("module", "'x'"),
        ("export", "'handle'"),
        ("outcome", "'ok'"),
        ("took_us", "n"),
        ("size", "1"),
        ("accounts", "'[]'"),
        ("body", bytes),
    ]
}

fn agents() -> Columns {
    vec![
        ("id", KEY),
        ("instance", "'i'"),
        ("zone", "'z'"),
        ("session", "'s'"),
        ("presence", "'connected'"),
        ("presence_since", "n"),
        ("last_seen", "n"),
        ("settled", "'gone'"),
        ("version", "'1'"),
        ("replica", "'r'"),
        ("changed", "n"),
    ]
}
