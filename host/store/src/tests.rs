//! What the store promises where only its inside can be tried: lost answers, the plans of the databases, and how a
//! connection of a server is used.

mod filled;
mod lost_commits;
mod plans;
mod reserved;
mod servers;

use host_core::account::Account;
use host_core::definition::Definition;
use host_core::unit::{RowInsert, RowUpdate, Unit};
use tests_databases::TestDatabase;
use zeroize::Zeroizing;

use crate::dialect::{self, Dialect};
use crate::migrate;
use crate::sealer::Sealer;
use crate::sql;
use crate::statement::Statement;
use crate::store::Store;

async fn migrated(database: &TestDatabase) -> Box<dyn Dialect> {
    let dialect = dialect::open(database.url()).await.expect("a fresh database");
    migrate::run(dialect.as_ref(), 1).await.expect("the migrations");
    let mut transaction = dialect.begin().await.expect("a transaction");
    let slot = Statement::new(sql::INSERT_SLOT)
        .bind("lifecycle")
        .bind("d")
        .bind(1_u64)
        .bind(1_u64)
        .bind(1_u64);
    transaction.run(slot).await.expect("the slot");
    transaction.commit().await.expect("a commit");
    dialect
}

fn store(dialect: Box<dyn Dialect>) -> Store {
    Store::new(dialect, Sealer::new(&Zeroizing::new([7; 32])), None)
}

fn account(name: &str) -> Account {
    Account {
        name: name.into(),
        state: "INACTIVE".into(),
        revision: 1,
        state_revision: 1,
        definition_revision: 1,
        zone: None,
        declared_by: None,
        identity: None,
        failed_count: 0,
        error: None,
        state_since: 1,
        due_at: None,
        requests: Vec::new(),
        attributes: Vec::new(),
        generation: None,
    }
}

fn inserting(call: &str, names: &[String]) -> Unit {
    let inserts = names.iter().map(|name| RowInsert {
        account: account(name),
        definition: Definition::default(),
        source: "api".into(),
        source_fingerprint: String::new(),
    });
    Unit {
        call: call.into(),
        at: 1,
        slot_generation: 1,
        inserts: inserts.collect(),
        ..Unit::default()
    }
}

fn changing(call: &str, names: &[String]) -> Unit {
    let updates = names.iter().map(|name| RowUpdate {
        expected: 1,
        account: Account { revision: 2, due_at: Some(name.len() as u64), ..account(name) },
        definition: None,
    });
    Unit {
        call: call.into(),
        at: 2,
        slot_generation: 1,
        updates: updates.collect(),
        ..Unit::default()
    }
}
