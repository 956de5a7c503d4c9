//! The floor of an activation: the least set-wise statements that leave the rows which the bridge leaves.
//!
//! It knows everything beforehand: no module decides, no agent is asked, nothing is read back, and no value is made
//! twice. What it may not leave out: the transactions of a batch are those of the bridge (asked, sent, answered), with
//! the call's row and its fences first, every change compares the revision, and the rows affected are counted. Each
//! database gets the texts that suit it best (`text.rs`). On a server the three transactions of different batches run
//! beside each other, each on a connection of its own, as the bridge's do; SQLite has one writer.
//!
//! What the agent says of its clusters when it has answered (the namespaces) is no part of an activation: here it is
//! written when the watch has stopped, while the bridge takes most of it in before the last account is `ACTIVE`.

mod line;
mod rows;
mod steps;
mod text;

use std::sync::Arc;

use anyhow::{Context as _, Result, ensure};
use tests_harness::{Kind, TestDatabase};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use self::line::Line;
pub(crate) use self::rows::Created;
use self::rows::{Batch, Rows};
use self::steps::{Step, Steps};

/// Accounts of one transaction, as the bridge's.
const BATCH: usize = 500;
/// Batches that wait for their next transaction at most.
const AHEAD: usize = 64;

/// The statements of one run, and the connections that they run on.
#[derive(Debug)]
pub(crate) struct Floor {
    kind: Kind,
    rows: Arc<Rows>,
    steps: Arc<Steps>,
    lines: Vec<Line>,
}

impl Floor {
    /// Connects, and writes the texts. Prepared are they when they run first, as the bridge's are.
    pub(crate) async fn open(database: &TestDatabase, created: Created) -> Result<Self> {
        let kind = database.kind();
        let connections = if kind == Kind::Sqlite { 1 } else { Step::ACTIVATION.len() };
        let mut lines = Vec::new();
        for _ in 0..connections {
            lines.push(Line::open(kind, database.url()).await?);
        }
        let rows = Arc::new(Rows::new(created));
        let steps = Arc::new(Steps::new(kind, &rows, BATCH));
        Ok(Self { kind, rows, steps, lines })
    }

    /// Brings accounts from `INACTIVE` to `ACTIVE`.
    pub(crate) async fn activate(mut self, names: &[String]) -> Result<Self> {
        ensure!(names.len().is_multiple_of(BATCH), "the floor has texts for whole batches only");
        let mut first = self.lines.pop().context("a connection")?;
        first.alone(&self.steps.request(names.len())).await?;
        self.lines.push(first);
        let batches = self.batches(names);
        if self.kind == Kind::Sqlite {
            self.in_turn(batches).await
        } else {
            self.beside(batches).await
        }
    }

    fn batches(&self, names: &[String]) -> Vec<Batch> {
        names.chunks(BATCH).map(|names| self.rows.batch(names)).collect()
    }

    /// Writes what the agent sees after its answers.
    pub(crate) async fn see(&mut self, names: &[String]) -> Result<()> {
        let batches = self.batches(names);
        let line = self.lines.first_mut().context("a connection")?;
        for batch in &batches {
            self.steps.run(Step::Seen, line, &self.rows, batch).await?;
        }
        Ok(())
    }

    /// One transaction after the other.
    async fn in_turn(mut self, batches: Vec<Batch>) -> Result<Self> {
        let line = self.lines.first_mut().context("a connection")?;
        for batch in &batches {
            for step in Step::ACTIVATION {
                self.steps.run(step, line, &self.rows, batch).await?;
            }
        }
        Ok(self)
    }

    /// The transactions of different batches beside each other, those of one batch in their order.
    async fn beside(mut self, batches: Vec<Batch>) -> Result<Self> {
        let (first, mut from) = mpsc::channel(batches.len().max(1));
        for batch in batches {
            first.send(batch).await.context("the channel has room for all")?;
        }
        drop(first);
        let mut stages = Vec::new();
        for step in Step::ACTIVATION {
            let line = self.lines.pop().context("a connection for each")?;
            let (to, next) = mpsc::channel(AHEAD);
            stages.push(self.stage(step, line, from, to));
            from = next;
        }
        while from.recv().await.is_some() {}
        for stage in stages {
            self.lines.push(stage.await??);
        }
        Ok(self)
    }

    /// One transaction for each batch that comes, and on with the batch to the next.
    fn stage(
        &self,
        step: Step,
        mut line: Line,
        mut from: mpsc::Receiver<Batch>,
        to: mpsc::Sender<Batch>,
    ) -> JoinHandle<Result<Line>> {
        let (rows, steps) = (Arc::clone(&self.rows), Arc::clone(&self.steps));
        tokio::spawn(async move {
            while let Some(batch) = from.recv().await {
                steps.run(step, &mut line, &rows, &batch).await?;
                if to.send(batch).await.is_err() {
                    // The next has failed, and says why itself.
                    break;
                }
            }
            Ok(line)
        })
    }

    /// Closes the connections.
    pub(crate) async fn close(self) -> Result<()> {
        for line in self.lines {
            line.close().await?;
        }
        Ok(())
    }
}
