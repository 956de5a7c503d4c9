//! The languages that a policy is written in here, and the questions that it answers.

use std::fmt::{self, Display, Formatter};

use clap::ValueEnum;

/// The language of a policy project.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Language {
    /// The smallest and fastest: tens of kilobytes
    Rust,
    /// By way of componentize-py: 18 MB
    Python,
    /// By way of componentize-js: 12 MB
    #[value(name = "javascript")]
    JavaScript,
}

impl Display for Language {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Rust => "Rust",
            Self::Python => "Python",
            Self::JavaScript => "JavaScript",
        })
    }
}

/// A question that policies answer, by the name of its world in `wit/policy`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Question {
    /// May this account exist, and like this?
    Admission,
    /// Where should it live?
    Placement,
    /// When to try again?
    Retry,
}

impl Display for Question {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Admission => "admission",
            Self::Placement => "placement",
            Self::Retry => "retry",
        })
    }
}
