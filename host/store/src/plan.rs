//! A unit of work as statements: pure, and made before the transaction begins, so that no lock is held meanwhile.
//!
//! Tables come in one fixed order (names, secrets, holdings, accounts, operations, journal, items) and rows by key, so
//! that two units seldom wait for each other. Holdings come before accounts, whose `connections` are counted from them.

use host_core::unit::{GenerationWrite, HoldingWrite, RowUpdate, Unit};

use crate::sealer::Sealer;
use crate::setwise::{self, Doing, Guarded, Swap, Table};
use crate::sql;
use crate::statement::Statement;
use crate::tables::{self, account, holding, item, journal, operation};
use crate::value::Value;

/// Every change of a row moves its revision by one; last in a SET, behind what reads the old one.
const NEXT: &str = "revision = revision + 1";

/// One statement of a unit, and what it must have done.
#[derive(Debug)]
pub(crate) struct Planned {
    /// The statement.
    pub(crate) statement: Statement,
    /// The table and how many rows it must affect; absent: any number.
    pub(crate) expected: Option<(&'static str, u64)>,
}

/// Every statement of a unit but the first, in order. `branches` is the most that one statement may have.
pub(crate) fn plan(unit: &Unit, sealer: &Sealer, branches: usize) -> Vec<Planned> {
    let mut plan = Plan { steps: Vec::new(), branches };
    plan.names(&unit.generations);
    plan.secrets(unit, sealer);
    plan.holdings(unit);
    plan.accounts(unit);
    let slot = unit.slot_generation;
    plan.insert(operation::TABLE, unit.operations.iter().map(|o| operation::inserted(o, slot)));
    let ended = unit.ended.iter().map(|end| operation::ended(end, unit.at)).collect();
    plan.change(operation::GUARDED, Doing::Set(operation::ENDING, ""), ended);
    plan.insert(journal::TABLE, unit.journal.iter().map(journal::inserted));
    plan.insert(item::TABLE, unit.new_items.iter().map(item::inserted));
    let finished = unit.finished_items.iter().map(item::ended).collect();
    plan.change(item::GUARDED, Doing::Set(item::ENDING, item::PENDING), finished);
    plan.steps
}

struct Plan {
    steps: Vec<Planned>,
    branches: usize,
}

impl Plan {
    fn any(&mut self, statement: Statement) {
        self.steps.push(Planned { statement, expected: None });
    }

    fn insert(&mut self, table: Table, rows: impl Iterator<Item = Vec<Value>>) {
        for statement in setwise::insert(table, rows.collect()) {
            self.any(statement);
        }
    }

    fn change(&mut self, of: Guarded, doing: Doing<'_>, rows: Vec<Swap>) {
        let guarded = !matches!(doing, Doing::Set(..));
        for piece in setwise::change(of, doing, rows, self.branches) {
            let expected = guarded.then_some((of.table, piece.rows));
            self.steps.push(Planned { statement: piece.statement, expected });
        }
    }

    fn names(&mut self, generations: &[GenerationWrite]) {
        let of = Guarded { table: tables::NAMES.name, key: "name", guard: "generation" };
        let new = generations.iter().filter(|write| write.expected.is_none());
        let new = new.map(|write| {
            let removed_at = write.removed_at.unwrap_or_default();
            vec![Value::from(&write.name), Value::from(write.generation), Value::from(removed_at)]
        });
        self.insert(tables::NAMES, new);
        for (removed, columns) in
            [(false, &["generation"][..]), (true, &["generation", "removed_at"])]
        {
            let known = generations.iter().filter(|write| write.removed_at.is_some() == removed);
            let counted = known.filter_map(|write| {
                let mut values = vec![Value::from(write.generation)];
                values.extend(write.removed_at.map(Value::from));
                Some(Swap { key: write.name.clone(), expected: write.expected?, values })
            });
            self.change(of, Doing::Swap(columns, &[]), counted.collect());
        }
    }

    /// Secrets of accounts that end, with the namespaces that agents saw for them, and references that no definition holds any more go; a value that is there already
    /// is written again.
    fn secrets(&mut self, unit: &Unit, sealer: &Sealer) {
        if !unit.removals.is_empty() {
            let ended: Vec<&String> = unit.removals.iter().map(|removal| &removal.name).collect();
            self.any(Statement::new(sql::DELETE_SECRETS_OF).list(ended.clone()));
            self.any(Statement::new(sql::DELETE_NAMESPACES_OF).list(ended));
        }
        let mut kept: Vec<_> = unit.secrets.iter().collect();
        kept.sort_by(|one, other| one.reference.cmp(&other.reference));
        kept.dedup_by(|one, other| one.reference == other.reference);
        let written = kept.iter().map(|secret| &secret.reference);
        let gone: Vec<&String> = unit.dropped_secrets.iter().chain(written).collect();
        if !gone.is_empty() {
            self.any(Statement::new(sql::DELETE_SECRETS).list(gone));
        }
        let rows = kept.into_iter().map(|secret| {
            vec![
                Value::from(&secret.reference),
                Value::from(&secret.account),
                Value::from(sealer.seal(&secret.reference, &secret.account, &secret.value)),
                Value::from(unit.at),
            ]
        });
        self.insert(tables::SECRETS, rows);
    }

    fn holdings(&mut self, unit: &Unit) {
        let mut writes: Vec<&HoldingWrite> = unit.holdings.iter().collect();
        writes.sort_by_key(|write| (&write.holding.account, &write.holding.agent));
        let new = writes.iter().filter(|write| write.expected.is_none());
        self.insert(holding::TABLE, new.map(|write| holding::inserted(write, unit.at)));
        let known = writes.iter().filter_map(|write| {
            write.expected.map(|expected| holding::updated(write, expected, unit.at))
        });
        let doing = Doing::Swap(holding::CHANGING, &[NEXT]);
        self.change(holding::GUARDED, doing, known.collect());
    }

    fn accounts(&mut self, unit: &Unit) {
        let (at, slot) = (unit.at, unit.slot_generation);
        let mut new: Vec<_> = unit.inserts.iter().collect();
        new.sort_by_key(|row| &row.account.name);
        self.insert(account::TABLE, new.into_iter().map(|row| account::inserted(row, at, slot)));
        for defines in [false, true] {
            for moves in [false, true] {
                let of = |row: &&RowUpdate| {
                    row.definition.is_some() == defines && account::moves(row) == moves
                };
                let rows: Vec<&RowUpdate> = unit.updates.iter().filter(of).collect();
                self.changes(&rows, defines, moves, at, slot);
            }
        }
        let ended = unit.removals.iter().map(|removal| Swap {
            key: removal.name.clone(),
            expected: removal.expected,
            values: Vec::new(),
        });
        self.change(account::GUARDED, Doing::Remove, ended.collect());
    }

    /// Changes of one kind: whether the definition changes, and whether the state does.
    fn changes(&mut self, rows: &[&RowUpdate], defines: bool, moves: bool, at: u64, slot: u64) {
        let defining = if defines { account::DEFINING } else { &[] };
        let columns = [account::CHANGING, defining].concat();
        let mut beside = vec![sql::CONNECTIONS];
        beside.extend(moves.then_some(account::MOVED));
        beside.push(NEXT);
        let swaps = rows.iter().map(|row| account::updated(row, at, slot)).collect();
        self.change(account::GUARDED, Doing::Swap(&columns, &beside), swaps);
    }
}
