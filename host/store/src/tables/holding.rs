//! Rows of `swingbridge_holdings`.

use host_core::account::{Failure, Identity};
use host_core::clock::Millis;
use host_core::holding::{Health, Holding, Observed, Refusal, Unanswered};
use host_core::operation::OperationKind;
use host_core::unit::HoldingWrite;
use serde::{Deserialize, Serialize};

use super::{failure_values, read_failure};
use crate::setwise::{Guarded, Swap, Table};
use crate::value::{self, Cells, Value, Wrong};

/// The name in errors.
pub(crate) const NAME: &str = "swingbridge_holdings";

/// For compare-and-swap.
pub(crate) const GUARDED: Guarded = Guarded { table: NAME, key: "id", guard: "revision" };

/// Every column. What only the bridge reads is one JSON text, so that a batch that changes differs in few columns.
pub(crate) const TABLE: Table = Table {
    name: NAME,
    columns: &[
        "id",
        "account",
        "agent",
        "revision",
        "instance",
        "observed",
        "configured",
        "healthy",
        "health_code",
        "health_text",
        "health_since",
        "detail",
        "last_updated",
    ],
};

/// The columns that a change writes; the revision beside them, as an expression.
pub(crate) const CHANGING: &[&str] = &[
    "instance",
    "observed",
    "configured",
    "healthy",
    "health_code",
    "health_text",
    "health_since",
    "detail",
    "last_updated",
];

/// The column `detail`.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
struct Detail {
    held_revision: u64,
    answered_generation: u64,
    asked_revision: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    identity: Option<Identity>,
    #[serde(skip_serializing_if = "Option::is_none")]
    operation: Option<Asked>,
    #[serde(skip_serializing_if = "Option::is_none")]
    refusal: Option<Refused>,
}

/// An operation without an answer.
#[derive(Debug, Serialize, Deserialize)]
struct Asked {
    id: String,
    kind: String,
    definition_revision: u64,
    generation: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    not_before: Option<Millis>,
}

/// The last refusal.
#[derive(Debug, Serialize, Deserialize)]
struct Refused {
    code: String,
    text: String,
    kind: String,
    definition_revision: u64,
    at: Millis,
    times: u32,
}

/// The key: names of accounts hold no slash.
pub(crate) fn id(account: &str, agent: &str) -> String {
    format!("{account}/{agent}")
}

/// The values of [`TABLE`].
pub(crate) fn inserted(write: &HoldingWrite, at: Millis) -> Vec<Value> {
    let holding = &write.holding;
    let mut values = vec![
        Value::from(id(&holding.account, &holding.agent)),
        Value::from(&holding.account),
        Value::from(&holding.agent),
        Value::from(holding.revision),
    ];
    values.extend(changing(holding, at));
    values
}

/// A change as a compare-and-swap over [`CHANGING`].
pub(crate) fn updated(write: &HoldingWrite, expected: u64, at: Millis) -> Swap {
    let holding = &write.holding;
    Swap { key: id(&holding.account, &holding.agent), expected, values: changing(holding, at) }
}

fn changing(holding: &Holding, at: Millis) -> Vec<Value> {
    let mut values = vec![
        Value::from(&holding.instance),
        Value::from(match holding.observed {
            Observed::Unknown => "unknown",
            Observed::NotHeld => "not-held",
            Observed::Held(_) => "held",
        }),
        Value::from(holding.configured),
    ];
    values.extend(health_values(holding.health.as_ref()));
    values.extend([value::json(&detail(holding)), Value::from(at)]);
    values
}

/// The four columns of a health: whether it is well, if not the code and the sentence, and since when.
fn health_values(health: Option<&Health>) -> [Value; 4] {
    let [code, text] = failure_values(health.and_then(|health| health.failure.as_ref()));
    [
        Value::from(health.map(|health| health.failure.is_none())),
        code,
        text,
        Value::from(health.map(|health| health.since)),
    ]
}

/// A row that an earlier version wrote has a health without a code and a time: it is read as of when it was written.
fn read_health(cells: &mut Cells) -> Result<Option<Health>, Wrong> {
    let healthy = cells.maybe_flag()?;
    let (failure, since) = (read_failure(cells)?, cells.maybe_number()?);
    let Some(healthy) = healthy else { return Ok(None) };
    let silent = || Failure {
        code: "unreachable".to_owned(),
        text: "the agent said that the cluster does not answer, and not why".to_owned(),
    };
    let failure = (!healthy).then(|| failure.unwrap_or_else(silent));
    Ok(Some(Health { failure, since: since.unwrap_or_default() }))
}

fn detail(holding: &Holding) -> Detail {
    Detail {
        held_revision: match holding.observed {
            Observed::Held(revision) => revision,
            Observed::Unknown | Observed::NotHeld => 0,
        },
        answered_generation: holding.answered_generation,
        asked_revision: holding.asked_revision,
        identity: holding.identity.clone(),
        operation: holding.operation.as_ref().map(|operation| Asked {
            id: operation.id.clone(),
            kind: operation.kind.as_str().to_owned(),
            definition_revision: operation.definition_revision,
            generation: operation.generation,
            not_before: operation.not_before,
        }),
        refusal: holding.refusal.as_ref().map(|refusal| Refused {
            code: refusal.failure.code.clone(),
            text: refusal.failure.text.clone(),
            kind: refusal.kind.as_str().to_owned(),
            definition_revision: refusal.definition_revision,
            at: refusal.at,
            times: refusal.times,
        }),
    }
}

/// Reads the columns of `holding!()`.
pub(crate) fn read(cells: &mut Cells) -> Result<Holding, Wrong> {
    let _id = cells.text()?;
    let (account, agent, revision) = (cells.text()?, cells.text()?, cells.number()?);
    let (instance, observed) = (cells.text()?, cells.text()?);
    let (configured, health) = (cells.flag()?, read_health(cells)?);
    let detail: Detail = cells.json()?;
    let generation = cells.maybe_number()?;
    Ok(Holding {
        account,
        agent,
        instance,
        revision,
        observed: match observed.as_str() {
            "unknown" => Observed::Unknown,
            "not-held" => Observed::NotHeld,
            "held" => Observed::Held(detail.held_revision),
            other => return Err(format!("{other:?} cannot be observed")),
        },
        configured,
        health,
        answered_generation: detail.answered_generation,
        asked_revision: detail.asked_revision,
        identity: detail.identity,
        operation: detail.operation.map(unanswered).transpose()?,
        refusal: detail.refusal.map(refusal).transpose()?,
        generation,
    })
}

fn unanswered(asked: Asked) -> Result<Unanswered, Wrong> {
    Ok(Unanswered {
        kind: kind(&asked.kind)?,
        id: asked.id,
        definition_revision: asked.definition_revision,
        generation: asked.generation,
        not_before: asked.not_before,
    })
}

fn refusal(refused: Refused) -> Result<Refusal, Wrong> {
    Ok(Refusal {
        kind: kind(&refused.kind)?,
        failure: Failure { code: refused.code, text: refused.text },
        definition_revision: refused.definition_revision,
        at: refused.at,
        times: refused.times,
    })
}

fn kind(word: &str) -> Result<OperationKind, Wrong> {
    word.parse().map_err(|()| format!("{word:?} is no kind of operation"))
}
