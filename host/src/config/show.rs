//! `swingbridge config`: every key with what is in force and why. What a reference or a URL hides stays hidden.

use serde_json::{Value as Json, json};

use super::settings::{InForce, Setting, Settings};

/// For people: the keys by section, each with its value, where it was set, its type, default, unit and meaning.
pub(crate) fn text(settings: &Settings) -> String {
    let width =
        settings.entries.iter().map(|setting| setting.key.name.len()).max().unwrap_or_default();
    let mut text = String::new();
    let mut section = "";
    for setting in &settings.entries {
        if setting.key.section() != section {
            section = setting.key.section();
            text.push_str(&format!("{}# {section}\n", if text.is_empty() { "" } else { "\n" }));
        }
        let default = setting.key.default.unwrap_or("none");
        text.push_str(&format!(
            "{:width$} = {}\n    {} (from: {}; {}; default: {default})\n",
            setting.key.name,
            shown(setting),
            sentence(setting.key.meaning),
            setting.place,
            setting.key.kind.words(),
        ));
    }
    for note in &settings.notes {
        text.push_str(&format!("\nnote: {note}"));
    }
    if !settings.notes.is_empty() {
        text.push('\n');
    }
    text
}

/// For programs: a list of the same.
pub(crate) fn json(settings: &Settings) -> Json {
    settings
        .entries
        .iter()
        .map(|setting| {
            json!({
                "key": setting.key.name,
                "value": (!matches!(setting.value, InForce::Nothing)).then(|| shown(setting)),
                "from": setting.place,
                "type": setting.key.kind.words(),
                "unit": setting.key.kind.unit(),
                "default": setting.key.default,
                "meaning": setting.key.meaning,
                "variable": setting.key.variable(),
                "flag": format!("--{}", setting.key.flag()),
            })
        })
        .collect()
}

fn shown(setting: &Setting) -> String {
    match &setting.value {
        InForce::Nothing => "(not set)".to_owned(),
        InForce::Value(value) => value.to_string(),
        InForce::Reference(reference) => reference_shown(reference),
        InForce::Resolved(_) => "(a secret)".to_owned(),
    }
}

/// The `noop` engine keeps the value in the reference itself, so only its beginning is shown.
fn reference_shown(reference: &str) -> String {
    match reference.split_once('!') {
        Some((engine, _)) => format!("{engine}!…"),
        None => reference.to_owned(),
    }
}

fn sentence(meaning: &str) -> String {
    let mut letters = meaning.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::super::Surroundings;
    use super::super::table::KEYS;
    use super::*;

    fn settings(variables: &[(&str, &str)]) -> Settings {
        let variables = variables
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        Settings::load(&Surroundings { variables, ..Surroundings::default() }).expect("right")
    }

    #[test]
    fn every_key_is_shown_with_its_place() {
        let shown = text(&settings(&[("SWINGBRIDGE_AGENTS_GRACE", "5s")]));
        for key in KEYS {
            assert!(shown.contains(key.name), "{} is missing", key.name);
        }
        assert!(shown.contains(" = 5s\n"), "{shown}");
        assert!(shown.contains("from: SWINGBRIDGE_AGENTS_GRACE"), "{shown}");
    }

    #[test]
    fn passwords_and_values_in_references_are_not_shown() {
        let settings = settings(&[
            ("SWINGBRIDGE_DATABASE_URL", "mysql://me:hunter2@db/x"),
            ("SWINGBRIDGE_CLOUDDRIVER_DATABASE_URL", "encrypted:noop!v:sqlite://hunter3.db"),
        ]);
        for shown in [text(&settings), json(&settings).to_string()] {
            assert!(!shown.contains("hunter"), "{shown}");
        }
    }
}
