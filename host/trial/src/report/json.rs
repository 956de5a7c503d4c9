//! JSON, for programs.

use serde_json::{Value, json};

use super::{FileReport, Report, edge_in_words};
use crate::scenario::told::{Failure, Mismatch};

/// The report as JSON.
#[must_use]
pub fn json(report: &Report) -> Value {
    let (passed, failed) = report.counts();
    let files: Vec<Value> = report.files.iter().map(file).collect();
    let untaken = report.untaken.as_ref();
    let untaken = untaken.map(|edges| edges.iter().map(edge_in_words).collect::<Vec<_>>());
    json!({
        "passed": passed,
        "failed": failed,
        "tookMs": millis(report.took),
        "scenarios": files,
        "untakenEdges": untaken,
    })
}

fn millis(took: std::time::Duration) -> f64 {
    took.as_secs_f64() * 1_000.0
}

fn file(file: &FileReport) -> Value {
    let (steps, failures, fault) = match &file.told {
        Ok(told) => (told.steps, told.failures.iter().map(failure).collect(), Value::Null),
        Err(fault) => {
            let place = fault.place;
            let fault = json!({"line": place.line, "column": place.column, "text": fault.text});
            (0, Vec::new(), fault)
        }
    };
    json!({
        "file": file.path.display().to_string(),
        "name": file.name,
        "passed": file.is_well(),
        "steps": steps,
        "tookMs": millis(file.took),
        "failures": failures,
        "fault": fault,
    })
}

fn failure(failure: &Failure) -> Value {
    let mismatch = |mismatch: &Mismatch| {
        json!({
            "about": mismatch.about,
            "expected": mismatch.expected,
            "came": mismatch.came,
            "line": mismatch.place.line,
        })
    };
    json!({
        "step": failure.step,
        "line": failure.place.line,
        "what": failure.what,
        "impossible": failure.impossible,
        "mismatches": failure.mismatches.iter().map(mismatch).collect::<Vec<_>>(),
        "journal": failure.journal,
        "log": failure.log,
    })
}
