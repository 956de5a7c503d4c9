//! `JUnit` XML, as CI systems read it.

use quick_junit::{NonSuccessKind, Report as Junit, TestCase, TestCaseStatus, TestSuite};

use super::{FileReport, Report, human};

/// The report as XML.
///
/// # Errors
/// It cannot be written as XML.
pub fn junit(report: &Report) -> Result<String, String> {
    let mut junit = Junit::new("swingbridge test");
    junit.set_time(report.took);
    let mut suite = TestSuite::new("scenarios");
    suite.set_time(report.took);
    for file in &report.files {
        suite.add_test_case(case(file, &report.command));
    }
    junit.add_test_suite(suite);
    junit.to_string().map_err(|error| error.to_string())
}

fn case(file: &FileReport, command: &str) -> TestCase {
    let (kind, message) = match &file.told {
        Ok(told) if told.is_well() => {
            return with(file, TestCaseStatus::success());
        }
        Ok(told) => {
            let first = told.failures.first();
            let about = first.map(|failure| format!("step {}: {}", failure.step, failure.what));
            (NonSuccessKind::Failure, about.unwrap_or_default())
        }
        Err(fault) => (NonSuccessKind::Error, fault.text.clone()),
    };
    let mut status = TestCaseStatus::non_success(kind);
    status.set_message(message);
    status.set_description(plain(&human::file(file, command)));
    with(file, status)
}

fn with(file: &FileReport, status: TestCaseStatus) -> TestCase {
    let mut case = TestCase::new(file.name.clone(), status);
    case.set_classname(file.path.display().to_string());
    case.set_time(file.took);
    case
}

/// A text without escape codes.
pub(super) fn plain(text: &str) -> String {
    let mut plain = String::new();
    let mut rest = text.chars();
    while let Some(character) = rest.next() {
        match character {
            '\u{1b}' => {
                let _code = rest.by_ref().find(char::is_ascii_alphabetic);
            }
            other => plain.push(other),
        }
    }
    plain
}
