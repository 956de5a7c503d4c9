//! The plans that the databases make for what runs often: along an index, never through the whole table.

use host_core::account::{Account, Failure};
use host_core::holding::{Health, Holding, Observed};
use host_core::operation::{OperationKind, OperationState};
use host_core::request::ItemOutcome;
use host_core::unit::{
    GenerationWrite, HoldingWrite, ItemWrite, OperationEnd, RowRemoval, RowUpdate, Unit,
};
use tests_databases::{Kind, TestDatabase};

use super::filled::{ROWS, filled};
use super::{account, changing, inserting, migrated};
use crate::dialect::Dialect;
use crate::plan::plan;
use crate::sealer::Sealer;
use crate::sql;
use crate::statement::Statement;
use crate::value::{Row, Value};

/// What the statements call a page inside them.
const PAGES: [&str; 4] = ["page_1", "page_2", "page_3", "pages"];

/// The fewest values that one of the databases takes: SQLite.
const VALUES: usize = 32_766;

fn names(count: usize) -> Vec<String> {
    (1..=count).map(|n| format!("n-{:05}", n * (ROWS / (count + 1)))).collect()
}

fn text(row: &Row, place: usize) -> String {
    match row.0.get(place) {
        Some(Value::Text(Some(text))) => text.clone(),
        _ => String::new(),
    }
}

/// The lines of a plan that go through a whole table or index of the schema.
async fn walks(kind: Kind, dialect: &dyn Dialect, statement: Statement) -> Vec<String> {
    let explain = match kind {
        Kind::Sqlite => "EXPLAIN QUERY PLAN",
        Kind::MariaDb | Kind::Postgres => "EXPLAIN",
    };
    let asked = format!("{explain} {}", statement.text);
    let mut link = dialect.reader().await.expect("a reader");
    let rows = link.rows(Statement::made(asked, statement.values, false)).await;
    let rows = rows.unwrap_or_else(|failure| panic!("{failure:?}\n{}", statement.text));
    assert!(!rows.is_empty(), "no plan");
    let line = |row: &Row| match kind {
        Kind::Sqlite => {
            let line = row.0.last().map(|_| text(row, row.0.len() - 1))?;
            let walked = line.strip_prefix("SCAN ").map(str::to_owned)?;
            (!PAGES.contains(&walked.as_str())).then_some(line)
        }
        // The table, and how it is gone through.
        Kind::MariaDb => {
            let (table, how) = (text(row, 2), text(row, 3));
            let ours = !table.starts_with('<') && !PAGES.contains(&table.as_str());
            (ours && ["ALL", "index"].contains(&how.as_str())).then(|| format!("{table}: {how}"))
        }
        Kind::Postgres => Some(text(row, 0)).filter(|line| line.contains("Seq Scan on")),
    };
    rows.iter().filter_map(line).collect()
}

/// A statement with texts and numbers bound as the letters say.
fn bound(text: &'static str, kinds: &str) -> Statement {
    kinds.chars().fold(Statement::new(text), |statement, kind| match kind {
        'n' => statement.bind(100_u64),
        _ => statement.bind("n-00100"),
    })
}

fn reads() -> Vec<Statement> {
    vec![
        Statement::new(sql::ACCOUNTS).list(names(500)),
        bound(sql::ACCOUNTS_PAGE, "tn"),
        bound(sql::DUE, "nn"),
        Statement::new(sql::NEXT_DUE),
        Statement::new(sql::DEFINITIONS).list(names(500)),
        bound(sql::NAMES_CONCERNING, "ttntnttnn"),
        bound(sql::ACCOUNT_RECORD, "t"),
        Statement::new(sql::HOLDINGS).list(names(500)),
        Statement::new(sql::NAMES).list(names(500)),
        Statement::new(sql::AGENTS_SINCE).bind(ROWS as u64 - 100),
        bound(sql::UNSENT, "nn"),
        Statement::new(sql::HELD_BY).list(names(5)),
        bound(sql::NAMESPACES, "t"),
        bound(sql::TO_SEND, "ttntn"),
        bound(sql::NEXT_TO_SEND, "ttn"),
        Statement::new(sql::OPERATIONS).list(names(500)),
        bound(sql::OPERATIONS_NEWEST, "tnn"),
        bound(sql::OPERATIONS_OF_REQUEST, "tn"),
        bound(sql::JOURNAL, "ttn"),
        bound(sql::REQUEST, "t"),
        bound(sql::ITEMS, "t"),
        bound(sql::PENDING_ITEMS, "t"),
        Statement::new(sql::ITEMS_THERE).list(names(500)),
        bound(sql::OLD_CALLS, "nn"),
        Statement::new(sql::SECRETS).list(names(500)),
        bound(sql::COUNT_IN_ZONE, "t"),
        bound(sql::KEY, "t"),
        bound(sql::JOURNAL_UP_TO, "t"),
        bound(sql::JOURNAL_IDS, "tn"),
        bound(sql::JOURNAL_STEP, "tt"),
        Statement::new(sql::TRANSITIONS).list(names(500)),
        bound(sql::TRANSITIONS_BEHIND, "tn"),
        bound(sql::TRANSITIONS_OF, "ttn"),
        bound(sql::WALK_JOURNAL, "tn"),
        Statement::new(sql::JOURNAL_LAST_STEPS).list(names(500)),
        bound(sql::WALK_OPERATIONS, "tn"),
        bound(sql::WALK_REQUESTS, "tn"),
        Statement::new(sql::UNFINISHED_REQUESTS).list(names(500)),
        Statement::new(sql::ITEMS_OF).list(names(500)).bind(1_u64),
        bound(sql::OLD_KEYS, "nn"),
        bound(sql::RECORDS_LISTED, "t").and(sql::RECORDS_NEWEST).bind(100_u64),
        Statement::new(sql::RECORDS).list(names(500)),
        Statement::new(sql::RECORDS_THERE).list(names(500)),
        bound(sql::RECORDS_UP_TO, "tn"),
        // Not RECORDS_CUT, which adds all sizes up.
        // Not OLD_AGENTS: agents are few, and a server rightly reads them all.
        bound(sql::AGENT_MAY_HOLD, "t"),
        bound(sql::AGENT_IS_ASKED, "t"),
        bound(sql::HOLDINGS_OF_OLD, "tn"),
        bound(sql::COUNT_OVERDUE, "n"),
        Statement::new(sql::COUNT_DUE_IN).list(names(5)),
        Statement::new(sql::COUNT_PENDING),
        Statement::new(sql::COUNT_UNHEALTHY).bind(false),
    ]
}

/// A unit that changes 500 rows of every table, each in its own way.
fn everything(names: &[String]) -> Unit {
    let at = |n: usize| n as u64 + 1;
    let update = |(n, name): (usize, &String)| RowUpdate {
        expected: at(n),
        account: Account {
            state: format!("S{n}"),
            revision: at(n) + 1,
            state_revision: at(n) + 1,
            due_at: Some(at(n)),
            zone: Some(format!("z-{n}")),
            state_since: at(n),
            ..account(name)
        },
        definition: None,
    };
    let holding = |(n, name): (usize, &String)| HoldingWrite {
        expected: Some(at(n)),
        holding: Holding {
            observed: Observed::Held(at(n)),
            health: Some(Health {
                failure: (n % 2 == 0).then(|| Failure { code: "timeout".into(), text: "t".into() }),
                since: at(n),
            }),
            ..Holding::unheard_of(name, "a", &format!("i-{n}"))
        },
    };
    let item = |name: &String| ItemWrite {
        request: "r".into(),
        name: name.clone(),
        outcome: ItemOutcome::Done,
        state: Some(format!("S-{name}")),
    };
    let all = || names.iter().enumerate();
    Unit {
        updates: all().map(update).collect(),
        removals: all()
            .map(|(n, name)| RowRemoval { name: format!("{name}-x"), expected: at(n) })
            .collect(),
        holdings: all().map(holding).collect(),
        generations: all()
            .map(|(n, name)| GenerationWrite {
                name: name.clone(),
                expected: Some(at(n)),
                generation: at(n) + 1,
                removed_at: Some(at(n)),
            })
            .collect(),
        ended: all()
            .map(|(n, name)| {
                let states = [OperationState::Done, OperationState::Withdrawn];
                let (kind, state) = (OperationKind::Add, states[n % 2]);
                OperationEnd { id: name.clone(), kind, state, failure: None, sight: None }
            })
            .collect(),
        finished_items: names.iter().map(item).collect(),
        ..Unit { call: "c".into(), at: 1, slot_generation: 1, ..Unit::default() }
    }
}

fn planned(unit: &Unit, branches: usize) -> Vec<Statement> {
    let sealer = Sealer::new(&zeroize::Zeroizing::new([1; 32]));
    plan(unit, &sealer, branches).into_iter().map(|planned| planned.statement).collect()
}

fn writes(branches: usize) -> Vec<Statement> {
    let mut writes = planned(&everything(&names(500)), branches);
    writes.extend([
        Statement::new(sql::SENT).bind(1_u64).bind("s").list(names(500)),
        Statement::new(sql::DELETE_CALLS).list(names(500)),
        Statement::new(sql::DELETE_JOURNAL).list(names(500)),
        Statement::new(sql::DELETE_OPERATIONS).list(names(500)),
        Statement::new(sql::DELETE_ITEMS).list(names(500)),
        Statement::new(sql::DELETE_REQUESTS).list(names(500)),
        Statement::new(sql::DELETE_KEYS).list(names(500)).bind(1_u64),
        Statement::new(sql::DELETE_HOLDINGS).list(names(500)),
        Statement::new(sql::DELETE_RECORDS).list(names(500)),
        bound(sql::DELETE_OLD_KEY, "tn"),
        bound(sql::DELETE_AGENT, "tn"),
        bound(sql::TAKE_UP, "nttn"),
        Statement::new(sql::DELETE_SECRETS).list(names(500)),
        Statement::new(sql::DELETE_SECRETS_OF).list(names(500)),
        Statement::new(sql::DELETE_NAMESPACES_OF).list(names(500)),
    ]);
    writes
}

async fn what_runs_often_goes_along_an_index(kind: Kind) {
    let database = TestDatabase::new(kind).await.expect("a database");
    let dialect = filled(&database).await;
    let mut walked = Vec::new();
    for statement in reads().into_iter().chain(writes(dialect.branches())) {
        let text: String = statement.text.chars().take(160).collect();
        for line in walks(kind, dialect.as_ref(), statement).await {
            walked.push(format!("{line}\n    {text}"));
        }
    }
    assert!(walked.is_empty(), "{}", walked.join("\n"));
    dialect.close().await;
}

#[tokio::test]
async fn sqlite_goes_along_an_index() {
    what_runs_often_goes_along_an_index(Kind::Sqlite).await;
}

#[tokio::test]
async fn mariadb_goes_along_an_index() {
    what_runs_often_goes_along_an_index(Kind::MariaDb).await;
}

#[tokio::test]
async fn postgresql_goes_along_an_index() {
    what_runs_often_goes_along_an_index(Kind::Postgres).await;
}

#[tokio::test]
async fn a_walk_through_a_table_is_seen() {
    for kind in Kind::ALL {
        let database = TestDatabase::new(kind).await.expect("a database");
        let dialect = migrated(&database).await;
        let walking =
            Statement::new("SELECT props FROM kubesvc_accounts WHERE props = ?").bind("x");
        let seen = walks(kind, dialect.as_ref(), walking).await;
        assert_eq!(seen.len(), 1, "{}: {seen:?}", kind.name());
        dialect.close().await;
    }
}

#[tokio::test]
async fn the_widest_change_of_a_batch_fits_into_one_statement() {
    for kind in Kind::ALL {
        let database = TestDatabase::new(kind).await.expect("a database");
        let dialect = migrated(&database).await;
        let names = names(500);
        let more: Vec<String> = (0..1_000).map(|n| format!("m-{n}")).collect();
        for unit in [inserting("c", &more), changing("d", &names), everything(&names)] {
            for statement in planned(&unit, dialect.branches()) {
                let most = if kind == Kind::Sqlite { VALUES } else { 65_535 };
                assert!(statement.values.len() <= most, "{} values", statement.values.len());
                walks(kind, dialect.as_ref(), statement).await;
            }
        }
        dialect.close().await;
    }
}
