//! Runs a table: asks a policy its questions, each alone and all at once, which must come to the same.

use std::time::Duration;

use host_core::error::CallError;
use host_core::policy::{
    Amendment, Answers, Backoff, Case, FailedTry, Placement, Question, Questions, Ruling,
};
use host_core::port::policy::Policy;
use host_core::record::{Applied, Asked, End, FORMAT, POLICY_CONTRACT, Record};
use serde_json::Value;

use super::told::{Failure, Mismatch, Told};
use super::words::{AnswerExpected, Ask, Table, TableCase};
use crate::kit::Kit;
use crate::world::BEGIN;

/// How long a policy may take for one list.
const WITHIN: Duration = Duration::from_secs(5);

/// Asks a policy everything in a table.
#[must_use]
pub fn ask(kit: &Kit, policy: &dyn Policy, table: &Table) -> Told {
    let mut told = Told { steps: table.cases.len(), ..Told::default() };
    if !policy.answers(table.question) {
        let text = format!("the module does not answer {}", table.question.as_str());
        told.failures.push(Failure { impossible: Some(text), step: 1, ..Failure::default() });
        return told;
    }
    let mut alone = Vec::new();
    for (number, case) in table.cases.iter().enumerate() {
        let asked = kit.wait(policy.ask(questions(table.question, &[case]), WITHIN));
        told.calls.push(record(policy, table, case, &asked));
        let answer = match asked {
            Ok(answers) => one(answers, 0),
            Err(error) => {
                told.failures.push(failure(number, case, Some(error.sentence), None));
                alone.push(None);
                continue;
            }
        };
        if let Some(mismatch) = mismatch(case, answer.as_ref()) {
            told.failures.push(failure(number, case, None, Some(mismatch)));
        }
        alone.push(Some(answer));
    }
    if told.is_well() {
        told.failures.extend(together(kit, policy, table, &alone));
    }
    told
}

/// The call as a bridge would have recorded it.
fn record(
    policy: &dyn Policy,
    table: &Table,
    case: &TableCase,
    asked: &Result<Answers, CallError>,
) -> Record {
    Record {
        format: FORMAT,
        id: format!("{}:{}", case.place.line, case.place.column),
        at: BEGIN,
        contract: POLICY_CONTRACT.to_owned(),
        slot: table.question.as_str().to_owned(),
        slot_generation: 0,
        module: policy.digest().to_owned(),
        settings: vec![(String::new(), table.settings.to_string())],
        asked: Asked::Questions(questions(table.question, &[case])),
        imports: Vec::new(),
        log: Vec::new(),
        end: asked.clone().map_or_else(End::Stopped, End::Answered),
        applied: Applied::Nothing,
        took_us: 0,
    }
}

/// All questions at once, as the bridge asks them.
fn together(
    kit: &Kit,
    policy: &dyn Policy,
    table: &Table,
    alone: &[Option<Option<Answer>>],
) -> Option<Failure> {
    for (cases, alone) in
        table.cases.chunks(host_core::BATCH_MAX).zip(alone.chunks(host_core::BATCH_MAX))
    {
        let all: Vec<&TableCase> = cases.iter().collect();
        let answers = match kit.wait(policy.ask(questions(table.question, &all), WITHIN)) {
            Ok(answers) => answers,
            Err(error) => {
                let why = format!("asked all at once, it fails: {}", error.sentence);
                return Some(failure(0, &cases[0], Some(why), None));
            }
        };
        for (number, (case, alone)) in cases.iter().zip(alone).enumerate() {
            let answer = one(answers.clone(), number);
            if alone.as_ref() != Some(&answer) {
                let say = |answer: Option<&Answer>| answer.map_or_else(unknown, Answer::in_words);
                let why = format!(
                    "asked together with the others, it answers {} instead of {}: a policy is asked lists, and each answer is to be of its question alone",
                    say(answer.as_ref()),
                    say(alone.as_ref().and_then(Option::as_ref)),
                );
                return Some(failure(number, case, Some(why), None));
            }
        }
    }
    None
}

/// An answer to one question.
#[derive(Debug, Clone, PartialEq)]
enum Answer {
    Ruling(Ruling),
    Placement(Placement),
    Backoff(Backoff),
}

impl Answer {
    fn in_words(&self) -> String {
        match self {
            Self::Ruling(Ruling::Allow) => "allow".to_owned(),
            Self::Ruling(Ruling::Deny(reason)) => format!("deny ({reason})"),
            Self::Ruling(Ruling::Amend(amendments)) => format!("amend {}", object(amendments)),
            Self::Placement(Placement::Keep) => "keep".to_owned(),
            Self::Placement(Placement::Zone(zone)) => format!("zone {zone}"),
            Self::Placement(Placement::Refuse(reason)) => format!("refuse ({reason})"),
            Self::Backoff(Backoff::After(millis)) => format!("after {}", duration(*millis)),
            Self::Backoff(Backoff::GiveUp) => "give-up".to_owned(),
        }
    }

    /// As it would be written.
    fn written(&self) -> String {
        match self {
            Self::Ruling(Ruling::Allow) => "allow".to_owned(),
            Self::Ruling(Ruling::Deny(_)) => "deny".to_owned(),
            Self::Ruling(Ruling::Amend(amendments)) => {
                format!("{{ amend: {} }}", object(amendments))
            }
            Self::Placement(Placement::Keep) => "keep".to_owned(),
            Self::Placement(Placement::Zone(zone)) => {
                format!("{{ zone: {} }}", Value::from(zone.as_str()))
            }
            Self::Placement(Placement::Refuse(_)) => "refuse".to_owned(),
            Self::Backoff(Backoff::After(millis)) => format!("{{ after: {} }}", duration(*millis)),
            Self::Backoff(Backoff::GiveUp) => "give-up".to_owned(),
        }
    }

    fn reason(&self) -> Option<&str> {
        match self {
            Self::Ruling(Ruling::Deny(reason)) | Self::Placement(Placement::Refuse(reason)) => {
                Some(reason)
            }
            Self::Ruling(_) | Self::Placement(_) | Self::Backoff(_) => None,
        }
    }
}

fn unknown() -> String {
    "an answer that this bridge does not know".to_owned()
}

fn object(amendments: &[Amendment]) -> Value {
    let pair = |amendment: &Amendment| {
        (amendment.key.clone(), amendment.value.clone().unwrap_or(Value::Null))
    };
    Value::Object(amendments.iter().map(pair).collect())
}

/// Whole units, as they are written: the largest that says all of it.
fn duration(millis: u64) -> String {
    match millis {
        whole if whole % 1_000 == 0 => format!("{}s", whole / 1_000),
        odd => format!("{odd}ms"),
    }
}

fn questions(question: Question, cases: &[&TableCase]) -> Questions {
    let of = |case: &&TableCase| match &case.ask {
        Ask::Case(case) => Some(case.clone()),
        Ask::Failed(_) => None,
    };
    let failed = |case: &&TableCase| match &case.ask {
        Ask::Failed(failed) => Some(failed.clone()),
        Ask::Case(_) => None,
    };
    match question {
        Question::Admission => {
            Questions::Admission(cases.iter().filter_map(of).collect::<Vec<Case>>())
        }
        Question::Placement => Questions::Placement(cases.iter().filter_map(of).collect()),
        Question::Retry => {
            Questions::Retry(cases.iter().filter_map(failed).collect::<Vec<FailedTry>>())
        }
    }
}

/// One of the answers; nothing, if it is one that is not known.
fn one(answers: Answers, number: usize) -> Option<Answer> {
    match answers {
        Answers::Admission(told) => told.into_iter().nth(number).flatten().map(Answer::Ruling),
        Answers::Placement(told) => told.into_iter().nth(number).flatten().map(Answer::Placement),
        Answers::Retry(told) => told.into_iter().nth(number).flatten().map(Answer::Backoff),
    }
}

fn mismatch(case: &TableCase, answer: Option<&Answer>) -> Option<Mismatch> {
    let (expected, place) = &case.answer;
    let came = answer.map_or_else(unknown, Answer::in_words);
    if !answer.is_some_and(|answer| fits(expected, answer)) {
        return Some(Mismatch {
            about: "answer".into(),
            expected: expectation(expected),
            came,
            place: *place,
            bless: answer.map(Answer::written),
        });
    }
    let (reason, place) = case.reason.as_ref()?;
    let said = answer.and_then(Answer::reason);
    if said.is_some_and(|said| said.contains(reason)) {
        return None;
    }
    Some(Mismatch {
        about: "reason".into(),
        expected: format!("a reason with `{reason}`"),
        came,
        place: *place,
        bless: said.map(|said| Value::from(said).to_string()),
    })
}

fn fits(expected: &AnswerExpected, answer: &Answer) -> bool {
    match (expected, answer) {
        (AnswerExpected::Allow, Answer::Ruling(Ruling::Allow))
        | (AnswerExpected::Deny, Answer::Ruling(Ruling::Deny(_)))
        | (AnswerExpected::Keep, Answer::Placement(Placement::Keep))
        | (AnswerExpected::Refuse, Answer::Placement(Placement::Refuse(_)))
        | (AnswerExpected::GiveUp, Answer::Backoff(Backoff::GiveUp))
        | (AnswerExpected::Zone(None), Answer::Placement(Placement::Zone(_)))
        | (AnswerExpected::After(None), Answer::Backoff(Backoff::After(_))) => true,
        (AnswerExpected::Amend(wanted), Answer::Ruling(Ruling::Amend(came))) => {
            wanted.iter().all(|wanted| came.contains(wanted))
        }
        (AnswerExpected::Zone(Some(wanted)), Answer::Placement(Placement::Zone(came))) => {
            wanted == came
        }
        (AnswerExpected::After(Some(wanted)), Answer::Backoff(Backoff::After(came))) => {
            wanted == came
        }
        _ => false,
    }
}

fn expectation(expected: &AnswerExpected) -> String {
    match expected {
        AnswerExpected::Allow => "allow".to_owned(),
        AnswerExpected::Deny => "deny".to_owned(),
        AnswerExpected::Amend(amendments) if amendments.is_empty() => "amend".to_owned(),
        AnswerExpected::Amend(amendments) => format!("amend {}", object(amendments)),
        AnswerExpected::Keep => "keep".to_owned(),
        AnswerExpected::Zone(Some(zone)) => format!("zone {zone}"),
        AnswerExpected::Zone(None) => "a zone".to_owned(),
        AnswerExpected::Refuse => "refuse".to_owned(),
        AnswerExpected::After(Some(millis)) => format!("after {}", duration(*millis)),
        AnswerExpected::After(None) => "a time".to_owned(),
        AnswerExpected::GiveUp => "give-up".to_owned(),
    }
}

fn failure(
    number: usize,
    case: &TableCase,
    impossible: Option<String>,
    mismatch: Option<Mismatch>,
) -> Failure {
    let name = match &case.ask {
        Ask::Case(case) => &case.name,
        Ask::Failed(failed) => &failed.name,
    };
    let what = case.name.clone().unwrap_or_else(|| format!("the question about {name}"));
    Failure {
        step: number + 1,
        place: case.place,
        what,
        impossible,
        mismatches: mismatch.into_iter().collect(),
        ..Failure::default()
    }
}
