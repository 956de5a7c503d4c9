//! What people read: a line for each scenario, and for a failure everything that is needed to understand it. Colours are
//! escape codes; whoever writes to something else than a terminal strips them.

use std::fmt::Write as _;

use anstyle::{AnsiColor, Style};

use super::{FileReport, Report, edge_in_words};
use crate::scenario::told::{Failure, Mismatch};
use crate::yaml::Place;

const GOOD: Style = AnsiColor::Green.on_default();
const BAD: Style = AnsiColor::Red.on_default().bold();
const FAINT: Style = Style::new().dimmed();

/// The most lines of a journal or a log that are shown.
const LINES: usize = 30;

/// One file.
#[must_use]
pub fn file(file: &FileReport, command: &str) -> String {
    let mut text = String::new();
    let took = file.took.as_micros() / 100;
    let took = format!("{}.{} ms", took / 10, took % 10);
    let path = file.path.display();
    match &file.told {
        Err(fault) => {
            put(&mut text, format_args!("{BAD}FAIL{BAD:#}  {}\n", file.name));
            put(&mut text, format_args!("      {path}{}: {}\n", at(fault.place), fault.text));
        }
        Ok(told) if told.is_well() => {
            let steps = counted(told.steps, "step");
            put(
                &mut text,
                format_args!(
                    "{GOOD}ok{GOOD:#}    {}  {FAINT}({steps}, {took}){FAINT:#}\n",
                    file.name
                ),
            );
        }
        Ok(told) => {
            put(&mut text, format_args!("{BAD}FAIL{BAD:#}  {}\n", file.name));
            for failure in &told.failures {
                self::failure(&mut text, &path.to_string(), failure);
            }
            let name = file.name.replace('\'', "'\\''");
            put(
                &mut text,
                format_args!(
                    "      {FAINT}just this one:{FAINT:#} {command} {path} --filter '{name}'\n"
                ),
            );
        }
    }
    text
}

/// The end of it all.
#[must_use]
pub fn summary(report: &Report) -> String {
    let mut text = String::new();
    let (well, bad) = report.counts();
    let style = if bad == 0 { GOOD } else { BAD };
    let took = report.took.as_secs_f64();
    put(&mut text, format_args!("\n{style}{well} passed, {bad} failed{style:#} in {took:.2} s\n"));
    match &report.untaken {
        None => {}
        Some(untaken) if untaken.is_empty() => {
            text.push_str("every edge of the lifecycle was taken\n");
        }
        Some(untaken) => {
            put(
                &mut text,
                format_args!("{} that no scenario took:\n", counted(untaken.len(), "edge")),
            );
            for edge in untaken {
                put(&mut text, format_args!("  {}\n", edge_in_words(edge)));
            }
        }
    }
    text
}

fn failure(text: &mut String, path: &str, failure: &Failure) {
    let Failure { step, what, .. } = failure;
    put(text, format_args!("      {path}{}  step {step}: {what}\n", at(failure.place)));
    if let Some(why) = &failure.impossible {
        put(text, format_args!("        {why}\n"));
    }
    for Mismatch { about, expected, came, place, .. } in &failure.mismatches {
        put(text, format_args!("        {about}  {FAINT}line {}{FAINT:#}\n", place.line));
        put(text, format_args!("          expected  {GOOD}{expected}{GOOD:#}\n"));
        put(text, format_args!("          came      {BAD}{came}{BAD:#}\n"));
    }
    block(text, "what had happened", &failure.journal);
    block(text, "what modules said in this step", &failure.log);
}

/// The last lines of something long.
fn block(text: &mut String, heading: &str, lines: &[String]) {
    if lines.is_empty() {
        return;
    }
    let left_out = lines.len().saturating_sub(LINES);
    let more = if left_out > 0 { format!(" ({left_out} lines before)") } else { String::new() };
    put(text, format_args!("        {FAINT}{heading}{more}:{FAINT:#}\n"));
    for line in &lines[left_out..] {
        let line: String = line.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
        put(text, format_args!("          {line}\n"));
    }
}

fn at(place: Place) -> String {
    match place.line {
        0 => String::new(),
        line => format!(":{line}:{}", place.column),
    }
}

fn counted(number: usize, what: &str) -> String {
    if number == 1 { format!("1 {what}") } else { format!("{number} {what}s") }
}

fn put(text: &mut String, what: std::fmt::Arguments<'_>) {
    text.write_fmt(what).expect("a String can always be written to");
}
