//! The transactions of a batch, and their statements.

use anyhow::Result;
use tests_harness::Kind;

use super::line::Line;
use super::rows::{ADDED, Batch, CREATED, Rows, cluster};
use super::text::Cell::{self, Each, Same};
use super::text::{Insert, Text, Update};
use crate::scene::AGENT;

/// How long an agent may take: the due time of the account meanwhile.
const DEADLINE_MS: u64 = 60_000;

/// One transaction.
#[derive(Debug, Clone, Copy)]
pub(super) enum Step {
    /// Decided: the accounts are `ACTIVATING`, and the operations are in the outbox.
    Asked,
    /// The operations were put on the agent's stream.
    Sent,
    /// The agent's answers were taken in: the accounts are `ACTIVE`.
    Answered,
    /// What the agent saw at the clusters, which it says after its answers.
    Seen,
}

impl Step {
    /// Until the accounts are `ACTIVE`.
    pub(super) const ACTIVATION: [Self; 3] = [Self::Asked, Self::Sent, Self::Answered];
}

/// The values of a statement, column by column.
type Columns = Vec<Vec<String>>;

/// A statement, and where its values come from.
#[derive(Debug)]
struct Statement {
    text: Text,
    values: fn(&Rows, &Batch) -> Columns,
}

/// The statements of all of them.
#[derive(Debug)]
pub(super) struct Steps {
    request: String,
    asked: Vec<Statement>,
    sent: Vec<Statement>,
    answered: Vec<Statement>,
    seen: Vec<Statement>,
}

impl Steps {
    /// Writes the texts for batches of this size.
    pub(super) fn new(kind: Kind, rows: &Rows, batch: usize) -> Self {
        let to = To { kind, rows, batch };
        let (id, now) = (&rows.request, rows.created.now);
        let request = format!(
            "INSERT INTO swingbridge_requests (id, action, who, created_at, total, replica) \
             VALUES ('{id}', 'activate', 'anonymous', {now}, TOTAL, 'test')"
        );
        Self {
            request,
            asked: to.asked(),
            sent: to.sent(),
            answered: to.answered(),
            seen: vec![to.namespaces()],
        }
    }

    /// The row of the request, which stands before all batches.
    pub(super) fn request(&self, total: usize) -> String {
        self.request.replace("TOTAL", &total.to_string())
    }

    /// One transaction of one batch.
    pub(super) async fn run(
        &self,
        step: Step,
        line: &mut Line,
        rows: &Rows,
        batch: &Batch,
    ) -> Result<()> {
        let statements = match step {
            Step::Asked => &self.asked,
            Step::Sent => &self.sent,
            Step::Answered => &self.answered,
            Step::Seen => &self.seen,
        };
        line.begin().await?;
        for statement in statements {
            line.run(&statement.text, (statement.values)(rows, batch)).await?;
        }
        line.commit().await
    }
}

fn word(text: &str) -> Cell {
    Same(format!("'{text}'"))
}

fn number(number: u64) -> Cell {
    Same(number.to_string())
}

fn null() -> Cell {
    Same("NULL".to_owned())
}

/// What the texts are written for.
#[derive(Debug, Clone, Copy)]
struct To<'r> {
    kind: Kind,
    rows: &'r Rows,
    batch: usize,
}

impl To<'_> {
    fn insert(self, of: &Insert, values: fn(&Rows, &Batch) -> Columns) -> Statement {
        Statement { text: Text::insert(self.kind, self.batch, of), values }
    }

    fn update(self, of: &Update, values: fn(&Rows, &Batch) -> Columns) -> Statement {
        Statement { text: Text::update(self.kind, self.batch, of), values }
    }

    /// The call's row, behind the fences that the bridge has.
    fn call(self, fence: &str) -> Statement {
        let (now, slot) = (self.rows.created.now, self.rows.created.slot);
        let text = format!(
            "INSERT INTO swingbridge_calls (id, at) SELECT ?, {now} FROM swingbridge_slots \
             WHERE slot = 'lifecycle' AND generation = {slot}{fence}"
        );
        Statement { text: Text::one(self.kind, &text), values: |rows, _| vec![vec![rows.id()]] }
    }

    fn asked(self) -> Vec<Statement> {
        vec![
            self.call(""),
            self.names(),
            self.unknown(),
            self.activating(),
            self.operations(),
            self.two_steps(),
            self.items(),
        ]
    }

    fn names(self) -> Statement {
        let update = Update {
            table: "swingbridge_names",
            key: "name",
            sets: vec![("generation", number(ADDED))],
            condition: format!(" AND generation = {CREATED}"),
        };
        self.update(&update, |_, batch| vec![batch.names.clone()])
    }

    fn unknown(self) -> Statement {
        let created = &self.rows.created;
        let row = vec![
            ("id", Each(0)),
            ("account", Each(1)),
            ("agent", word(AGENT)),
            ("revision", number(1)),
            ("instance", word(&created.instance)),
            ("observed", word("unknown")),
            ("configured", number(0)),
            ("healthy", null()),
            ("detail", Each(2)),
            ("last_updated", number(created.now)),
        ];
        let insert = Insert { table: "swingbridge_holdings", rows: vec![row] };
        self.insert(&insert, |rows, batch| {
            let detail = batch.operations.iter().map(|operation| rows.asked(operation)).collect();
            vec![holdings(batch), batch.names.clone(), detail]
        })
    }

    fn activating(self) -> Statement {
        let created = &self.rows.created;
        let requests = format!(r#"[{{"id":"{}","action":"activate"}}]"#, self.rows.request);
        let update = Update {
            table: "kubesvc_accounts",
            key: "name",
            sets: vec![
                ("status", word("ACTIVATING")),
                ("state_since", number(created.now)),
                ("due_at", number(created.now + DEADLINE_MS)),
                ("requests", word(&requests)),
                ("last_updated", number(created.now)),
                ("slot_generation", number(created.slot)),
                ("state_revision", number(created.revision + 1)),
                ("revision", number(created.revision + 1)),
            ],
            condition: format!(" AND revision = {}", created.revision),
        };
        self.update(&update, |_, batch| vec![batch.names.clone()])
    }

    fn operations(self) -> Statement {
        let created = &self.rows.created;
        let row = vec![
            ("id", Each(0)),
            ("parent", word(&self.rows.request)),
            ("account", Each(1)),
            ("agent", word(AGENT)),
            ("instance", word(&created.instance)),
            ("kind", word("AddAccounts")),
            ("definition_revision", number(created.revision)),
            ("generation", number(ADDED)),
            ("state", word("pending")),
            ("deadline", number(created.now + DEADLINE_MS)),
            ("context", word("add")),
            ("module", word(&created.digest)),
            ("data_version", number(1)),
            ("created_at", number(created.now)),
            ("attempts", number(0)),
            ("slot_generation", number(created.slot)),
        ];
        let insert = Insert { table: "swingbridge_operations", rows: vec![row] };
        self.insert(&insert, |_, batch| vec![batch.operations.clone(), batch.names.clone()])
    }

    /// `INACTIVE → TO_MIGRATE → ACTIVATING`.
    fn two_steps(self) -> Statement {
        let of = |id: usize, from: &str, to: &str, event: &str, reason: &str| {
            vec![
                ("id", Each(id)),
                ("at", number(self.rows.created.now)),
                ("account", Each(2)),
                ("from_state", word(from)),
                ("to_state", word(to)),
                ("event", word(event)),
                ("reason", word(reason)),
                ("who", word("anonymous")),
                ("request", word(&self.rows.request)),
                ("module", word(&self.rows.created.digest)),
                ("revision", number(self.rows.created.revision + 1)),
            ]
        };
        let rows = vec![
            of(0, "INACTIVE", "TO_MIGRATE", "activate", "asked to activate"),
            of(1, "TO_MIGRATE", "ACTIVATING", "candidate", "one agent is asked"),
        ];
        self.insert(&Insert { table: "swingbridge_journal", rows }, |rows, batch| {
            let count = batch.names.len();
            let first = rows.ids(count);
            vec![first, rows.ids(count), batch.names.clone()]
        })
    }

    fn items(self) -> Statement {
        let row = vec![
            ("id", Each(0)),
            ("request", word(&self.rows.request)),
            ("name", Each(1)),
            ("outcome", word("pending")),
            ("state", word("ACTIVATING")),
            ("possible", word("[]")),
        ];
        let insert = Insert { table: "swingbridge_request_items", rows: vec![row] };
        self.insert(&insert, |rows, batch| vec![items(rows, batch), batch.names.clone()])
    }

    fn sent(self) -> Vec<Statement> {
        let created = &self.rows.created;
        let update = Update {
            table: "swingbridge_operations",
            key: "id",
            sets: vec![
                ("attempts", Same("attempts + 1".to_owned())),
                ("sent_at", number(created.now)),
                ("session", word(&created.session)),
            ],
            condition: String::new(),
        };
        vec![self.update(&update, |_, batch| vec![batch.operations.clone()])]
    }

    fn answered(self) -> Vec<Statement> {
        let fence = format!(
            " AND EXISTS (SELECT 1 FROM swingbridge_agents WHERE id = '{AGENT}' AND session = '{}')",
            self.rows.created.session
        );
        vec![
            self.call(&fence),
            self.held(),
            self.active(),
            self.done(),
            self.last_step(),
            self.finished(),
        ]
    }

    fn held(self) -> Statement {
        let update = Update {
            table: "swingbridge_holdings",
            key: "id",
            sets: vec![
                ("observed", word("held")),
                ("healthy", number(1)),
                ("detail", Each(1)),
                ("last_updated", number(self.rows.created.now)),
                ("revision", number(2)),
            ],
            condition: " AND revision = 1".to_owned(),
        };
        self.update(&update, |rows, batch| {
            let detail = batch.names.iter().map(|name| {
                let (host, fingerprint) = cluster(name);
                rows.held(&host, &fingerprint)
            });
            vec![holdings(batch), detail.collect()]
        })
    }

    fn namespaces(self) -> Statement {
        let row = vec![
            ("id", Each(0)),
            ("account", Each(1)),
            ("agent", word(AGENT)),
            ("namespaces", word(r#"["default","kube-system"]"#)),
        ];
        let insert = Insert { table: "swingbridge_namespaces", rows: vec![row] };
        self.insert(&insert, |_, batch| vec![holdings(batch), batch.names.clone()])
    }

    fn active(self) -> Statement {
        let created = &self.rows.created;
        let update = Update {
            table: "kubesvc_accounts",
            key: "name",
            sets: vec![
                ("status", word("ACTIVE")),
                ("kube_host", Each(1)),
                ("cert_fingerprint", Each(2)),
                ("kube_version", word("v1.34.4")),
                ("connections", number(1)),
                ("state_since", number(created.now)),
                ("due_at", null()),
                ("requests", word("[]")),
                ("last_updated", number(created.now)),
                ("slot_generation", number(created.slot)),
                ("state_revision", number(created.revision + 2)),
                ("revision", number(created.revision + 2)),
            ],
            condition: format!(" AND revision = {}", created.revision + 1),
        };
        self.update(&update, |_, batch| {
            let clusters = batch.names.iter().map(|name| cluster(name));
            let (hosts, fingerprints) = clusters.unzip();
            vec![batch.names.clone(), hosts, fingerprints]
        })
    }

    fn done(self) -> Statement {
        let update = Update {
            table: "swingbridge_operations",
            key: "id",
            sets: vec![("state", word("done")), ("ended_at", number(self.rows.created.now))],
            condition: String::new(),
        };
        self.update(&update, |_, batch| vec![batch.operations.clone()])
    }

    fn last_step(self) -> Statement {
        let row = vec![
            ("id", Each(0)),
            ("at", number(self.rows.created.now)),
            ("account", Each(1)),
            ("from_state", word("ACTIVATING")),
            ("to_state", word("ACTIVE")),
            ("event", word("held")),
            ("reason", word(&format!("agent {AGENT} holds it"))),
            ("who", word(&format!("agent {AGENT}"))),
            ("operation", Each(2)),
            ("module", word(&self.rows.created.digest)),
            ("revision", number(self.rows.created.revision + 2)),
        ];
        let insert = Insert { table: "swingbridge_journal", rows: vec![row] };
        self.insert(&insert, |rows, batch| {
            let ids = rows.ids(batch.names.len());
            vec![ids, batch.names.clone(), batch.operations.clone()]
        })
    }

    fn finished(self) -> Statement {
        let update = Update {
            table: "swingbridge_request_items",
            key: "id",
            sets: vec![("outcome", word("done")), ("state", word("ACTIVE"))],
            condition: " AND outcome = 'pending'".to_owned(),
        };
        self.update(&update, |rows, batch| vec![items(rows, batch)])
    }
}

fn holdings(batch: &Batch) -> Vec<String> {
    batch.names.iter().map(|name| format!("{name}/{AGENT}")).collect()
}

fn items(rows: &Rows, batch: &Batch) -> Vec<String> {
    batch.names.iter().map(|name| format!("{}/{name}", rows.request)).collect()
}
