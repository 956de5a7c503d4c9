//! Scenarios (`spec/trial.md`): what people write is read ([`read`]) into [`words`], and held against a world ([`run`]),
//! or against a policy ([`ask`]). What came of it ([`told`]) can be written into the file ([`bless`]).

pub mod ask;
pub mod bless;
mod chain;
mod check;
pub mod read;
pub mod run;
pub mod told;
pub mod words;

/// The JSON Schema of scenarios and tables, for editors.
pub const SCHEMA: &str = include_str!("scenario/schema.json");
