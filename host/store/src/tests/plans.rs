//! The plans that the database makes for what runs often: along an index, never through the whole table.

use super::{changing, inserting, migrated};
use crate::dialect::Dialect;
use crate::plan::plan;
use crate::sealer::Sealer;
use crate::setwise::{self, Doing, Swap};
use crate::sql;
use crate::statement::Statement;
use crate::tables::{account, holding, item, operation};
use crate::value::Value;

/// What the statements call a page inside them.
const PAGES: [&str; 4] = ["page_1", "page_2", "page_3", "pages"];

/// As SQLite has it.
const BRANCHES: usize = 2_000;

fn names(count: usize) -> Vec<String> {
    (0..count).map(|n| format!("n-{n:05}")).collect()
}

/// The lines of a plan.
async fn explained(dialect: &dyn Dialect, statement: Statement) -> Vec<String> {
    let text = format!("EXPLAIN QUERY PLAN {}", statement.text);
    let mut link = dialect.reader().await.expect("a reader");
    let rows = link.rows(Statement::made(text, statement.values, false)).await.expect("a plan");
    let line = |row: &crate::value::Row| match row.0.last() {
        Some(Value::Text(Some(text))) => text.clone(),
        other => panic!("no line of a plan: {other:?}"),
    };
    rows.iter().map(line).collect()
}

fn number(text: &'static str, values: usize) -> Statement {
    (0..values).fold(Statement::new(text), |statement, _| statement.bind(1_u64))
}

fn reads() -> Vec<Statement> {
    vec![
        Statement::new(sql::ACCOUNTS).list(names(500)),
        number(sql::ACCOUNTS_PAGE, 2),
        number(sql::DUE, 2),
        Statement::new(sql::DEFINITIONS).list(names(500)),
        number(sql::NAMES_CONCERNING, 9),
        number(sql::ACCOUNT_RECORD, 1),
        Statement::new(sql::HOLDINGS).list(names(500)),
        Statement::new(sql::NAMES).list(names(500)),
        number(sql::AGENTS_SINCE, 1),
        number(sql::UNSENT, 2),
        number(sql::HELD_BY, 1),
        number(sql::NAMESPACES, 1),
        number(sql::TO_SEND, 5),
        number(sql::NEXT_TO_SEND, 3),
        Statement::new(sql::OPERATIONS).list(names(500)),
        number(sql::OPERATIONS_NEWEST, 3),
        number(sql::OPERATIONS_OF_REQUEST, 2),
        number(sql::JOURNAL, 3),
        number(sql::REQUEST, 1),
        number(sql::ITEMS, 1),
        number(sql::PENDING_ITEMS, 1),
        Statement::new(sql::ITEMS_THERE).list(names(500)),
        number(sql::OLD_CALLS, 2),
        Statement::new(sql::SECRETS).list(names(500)),
        number(sql::COUNT_IN_ZONE, 1),
        number(sql::KEY, 1),
        number(sql::JOURNAL_UP_TO, 1),
        number(sql::JOURNAL_IDS, 2),
        number(sql::JOURNAL_STEP, 2),
        Statement::new(sql::TRANSITIONS).list(names(500)),
        number(sql::TRANSITIONS_BEHIND, 2),
        number(sql::TRANSITIONS_OF, 3),
        number(sql::WALK_JOURNAL, 2),
        Statement::new(sql::JOURNAL_LAST_STEPS).list(names(500)),
        number(sql::WALK_OPERATIONS, 2),
        number(sql::WALK_REQUESTS, 2),
        Statement::new(sql::UNFINISHED_REQUESTS).list(names(500)),
        Statement::new(sql::ITEMS_OF).list(names(500)).bind(1_u64),
        number(sql::OLD_KEYS, 2),
        number(sql::OLD_AGENTS, 2),
        number(sql::HOLDINGS_OF_OLD, 2),
        number(sql::COUNT_OVERDUE, 1),
        Statement::new(sql::COUNT_DUE_IN).list(names(5)),
        Statement::new(sql::COUNT_PENDING),
    ]
}

fn writes() -> Vec<Statement> {
    let swaps = |columns: usize| -> Vec<Swap> {
        let rows = names(500).into_iter().enumerate();
        rows.map(|(n, key)| Swap {
            key,
            expected: n as u64,
            values: vec![Value::from(n as u64); columns],
        })
        .collect()
    };
    let all = [account::CHANGING, account::DEFINING].concat();
    let beside = [sql::CONNECTIONS, account::MOVED];
    let changes = [
        (account::GUARDED, Doing::Swap(&all, &beside), all.len()),
        (holding::GUARDED, Doing::Swap(holding::CHANGING, &[]), holding::CHANGING.len()),
        (account::GUARDED, Doing::Remove, 0),
        (operation::GUARDED, Doing::Set(operation::ENDING, ""), operation::ENDING.len()),
        (item::GUARDED, Doing::Set(item::ENDING, item::PENDING), item::ENDING.len()),
    ];
    let mut writes: Vec<Statement> = changes
        .into_iter()
        .flat_map(|(of, doing, columns)| setwise::change(of, doing, swaps(columns), BRANCHES))
        .map(|piece| piece.statement)
        .collect();
    writes.extend([
        Statement::new(sql::SENT).bind(1_u64).bind("s").list(names(500)),
        Statement::new(sql::DELETE_CALLS).list(names(500)),
        Statement::new(sql::DELETE_JOURNAL).list(names(500)),
        Statement::new(sql::DELETE_OPERATIONS).list(names(500)),
        Statement::new(sql::DELETE_ITEMS).list(names(500)),
        Statement::new(sql::DELETE_REQUESTS).list(names(500)),
        Statement::new(sql::DELETE_KEYS).list(names(500)).bind(1_u64),
        Statement::new(sql::DELETE_HOLDINGS).list(names(500)),
        number(sql::DELETE_OLD_KEY, 2),
        number(sql::DELETE_AGENT, 2),
        number(sql::TAKE_UP, 4),
        Statement::new(sql::DELETE_SECRETS).list(names(500)),
        Statement::new(sql::DELETE_SECRETS_OF).list(names(500)),
    ]);
    writes
}

#[tokio::test]
async fn what_runs_often_goes_along_an_index() {
    let folder = tempfile::tempdir().expect("a folder");
    let dialect = migrated(folder.path()).await;
    for statement in reads().into_iter().chain(writes()) {
        let text: String = statement.text.chars().take(120).collect();
        for line in explained(dialect.as_ref(), statement).await {
            // A page that was read already may be walked; a table or index of the schema may not.
            let walks = line.strip_prefix("SCAN ");
            assert!(walks.is_none_or(|of| PAGES.contains(&of)), "{line}\n{text}");
        }
    }
    dialect.close().await;
}

#[tokio::test]
async fn the_widest_change_of_a_batch_fits_into_one_statement() {
    let folder = tempfile::tempdir().expect("a folder");
    let dialect = migrated(folder.path()).await;
    for statement in writes() {
        assert!(statement.values.len() < 32_766, "{} values", statement.values.len());
    }
    let sealer = Sealer::new(&zeroize::Zeroizing::new([1; 32]));
    for unit in [inserting("c", &names(1_000)), changing("d", &names(500))] {
        for planned in plan(&unit, &sealer, BRANCHES) {
            assert!(planned.statement.values.len() < 32_766);
            explained(dialect.as_ref(), planned.statement).await;
        }
    }
    dialect.close().await;
}
