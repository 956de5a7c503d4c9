//! `swingbridge new`: writes a policy project that builds and passes its own scenarios at once.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;
use clap::Args;
use host::project::{self, Language, New, Question};

use super::output::write;

/// What the project is to be.
#[derive(Debug, Args)]
pub(crate) struct NewArguments {
    /// What the policy is written in
    #[arg(long, value_name = "LANGUAGE")]
    lang: Language,
    /// The question that it answers
    #[arg(long, default_value_t = Question::Admission)]
    question: Question,
    /// The folder to make; its last part is the policy's name
    #[arg(value_name = "NAME")]
    folder: PathBuf,
}

/// Writes the project, with the JSON Schema of scenarios beside them, and says what to do with it.
///
/// # Errors
/// As of [`project::create`].
pub(crate) fn perform(arguments: &NewArguments, schema: &str) -> Result<ExitCode> {
    let NewArguments { lang: language, question, ref folder } = *arguments;
    let name = project::create(&New { folder, language, question, schema })?;
    let shown = folder.display();
    write(&format!(
        "{name} is a policy in {language} that answers the question `{question}`.\n\n\
         Build it, and ask it what stands in {shown}/scenarios:\n  swingbridge test {shown}\n\n\
         {shown}/README.md says how to go on.\n"
    ))?;
    Ok(ExitCode::SUCCESS)
}
