//! What stands in a new project, by language and question. A template is a text with words in double braces.

use super::language::{Language, Question};
use super::name::Name;
use super::python;

/// The contract that a project is built against: that of this very program.
const CONTRACT: &str = include_str!("../../../wit/policy/policy.wit");

/// A file of a project.
#[derive(Debug)]
pub(super) struct Filled {
    /// Below the project's folder.
    pub(super) path: String,
    pub(super) text: String,
    pub(super) executable: bool,
}

/// A file's path and its text, with words to fill in in both.
type Template = (&'static str, &'static str);

macro_rules! template {
    ($path:literal) => {
        include_str!(concat!("templates/", $path, ".in"))
    };
}

/// Every file of a project.
pub(super) fn filled(
    name: &Name,
    language: Language,
    question: Question,
    schema: &str,
) -> Vec<Filled> {
    let words = Words::new(name, language, question);
    let mut files: Vec<Filled> = everybodys(question)
        .into_iter()
        .chain(of(language, question))
        .map(|(path, text)| Filled {
            path: words.fill(path),
            text: words.fill(text),
            executable: path.ends_with(".sh"),
        })
        .collect();
    for (path, text) in [("wit/policy.wit", CONTRACT), ("scenario.schema.json", schema)] {
        let (path, text) = (path.to_owned(), text.to_owned());
        files.push(Filled { path, text, executable: false });
    }
    files
}

/// What is the same in every language.
fn everybodys(question: Question) -> [Template; 4] {
    let scenarios = match question {
        Question::Admission => template!("common/scenarios/admission.yaml"),
        Question::Placement => template!("common/scenarios/placement.yaml"),
        Question::Retry => template!("common/scenarios/retry.yaml"),
    };
    [
        ("README.md", template!("common/README.md")),
        ("ci.sh", template!("common/ci.sh")),
        (".github/workflows/test.yml", template!("common/workflow.yml")),
        ("scenarios/{{name}}.yaml", scenarios),
    ]
}

/// What is a language's own.
fn of(language: Language, question: Question) -> Vec<Template> {
    match language {
        Language::Rust => {
            let (rule, component) = match question {
                Question::Admission => {
                    (template!("rust/admission/rule.rs"), template!("rust/admission/component.rs"))
                }
                Question::Placement => {
                    (template!("rust/placement/rule.rs"), template!("rust/placement/component.rs"))
                }
                Question::Retry => {
                    (template!("rust/retry/rule.rs"), template!("rust/retry/component.rs"))
                }
            };
            vec![
                ("Cargo.toml", template!("rust/Cargo.toml")),
                (".cargo/config.toml", template!("rust/cargo-config.toml")),
                (".gitignore", template!("rust/gitignore")),
                ("src/lib.rs", template!("rust/lib.rs")),
                ("src/rule.rs", rule),
                ("src/component.rs", component),
            ]
        }
        Language::Python => {
            let policy = match question {
                Question::Admission => template!("python/admission.py"),
                Question::Placement => template!("python/placement.py"),
                Question::Retry => template!("python/retry.py"),
            };
            vec![
                ("pyproject.toml", template!("python/pyproject.toml")),
                (".gitignore", template!("python/gitignore")),
                ("src/policy.py", policy),
            ]
        }
        Language::JavaScript => {
            let policy = match question {
                Question::Admission => template!("javascript/admission.js"),
                Question::Placement => template!("javascript/placement.js"),
                Question::Retry => template!("javascript/retry.js"),
            };
            vec![
                ("package.json", template!("javascript/package.json")),
                ("package-lock.json", template!("javascript/package-lock.json")),
                ("build.js", template!("javascript/build.js")),
                (".gitignore", template!("javascript/gitignore")),
                ("src/policy.js", policy),
            ]
        }
    }
}

/// What the words in double braces stand for. Those whose text has words of its own come first.
struct Words(Vec<(&'static str, String)>);

impl Words {
    fn new(name: &Name, language: Language, question: Question) -> Self {
        let about = match question {
            Question::Admission => template!("common/about/admission.md"),
            Question::Placement => template!("common/about/placement.md"),
            Question::Retry => template!("common/about/retry.md"),
        };
        let (files, by_hand, needs) = match language {
            Language::Rust => (
                template!("rust/files.md"),
                template!("rust/by-hand.md"),
                "Rust 1.88, with the target `wasm32-unknown-unknown`",
            ),
            Language::Python => {
                (template!("python/files.md"), template!("python/by-hand.md"), "Python 3.10")
            }
            Language::JavaScript => {
                (template!("javascript/files.md"), template!("javascript/by-hand.md"), "Node.js 20")
            }
        };
        let (checks, setup) = match language {
            Language::Rust => (
                "cargo test --quiet --manifest-path \"$here/Cargo.toml\"\n",
                "      - run: rustup target add wasm32-unknown-unknown\n",
            ),
            Language::Python | Language::JavaScript => ("", ""),
        };
        Self(vec![
            ("{{about}}", about.to_owned()),
            ("{{files}}", files.to_owned()),
            ("{{by-hand}}", by_hand.to_owned()),
            ("{{needs}}", needs.to_owned()),
            ("{{checks}}", checks.to_owned()),
            ("{{setup}}", setup.to_owned()),
            ("{{language}}", language.to_string()),
            ("{{question}}", question.to_string()),
            ("{{componentize-py}}", python::COMPONENTIZE.to_owned()),
            ("{{artifact}}", name.artifact()),
            ("{{name}}", name.to_string()),
        ])
    }

    fn fill(&self, text: &str) -> String {
        self.0.iter().fold(text.to_owned(), |text, (word, meaning)| text.replace(word, meaning))
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use clap::ValueEnum as _;
    use serde_json::Value as Json;

    use super::*;

    fn every_project() -> impl Iterator<Item = (Language, Question, Vec<Filled>)> {
        let name = Name::of(Path::new("team-names")).unwrap();
        let kinds = Language::value_variants().iter().flat_map(|language| {
            Question::value_variants().iter().map(move |question| (*language, *question))
        });
        kinds.map(move |(language, question)| {
            (language, question, filled(&name, language, question, "{}"))
        })
    }

    fn text<'a>(files: &'a [Filled], path: &str) -> &'a str {
        let found = files.iter().find(|file| file.path == path);
        &found.unwrap_or_else(|| panic!("{path} is missing")).text
    }

    #[test]
    fn no_word_stays_unfilled() {
        for (language, question, files) in every_project() {
            for file in files {
                for part in [&file.path, &file.text] {
                    assert!(!part.contains("{{"), "{language} {question} {}: {part}", file.path);
                }
            }
        }
    }

    #[test]
    fn every_project_has_the_contract_of_this_program_and_the_schema_that_was_given() {
        for (_, _, files) in every_project() {
            assert_eq!(text(&files, "wit/policy.wit"), CONTRACT);
            assert_eq!(text(&files, "scenario.schema.json"), "{}");
        }
    }

    #[test]
    fn scenarios_ask_what_the_policy_answers() {
        for (_, question, files) in every_project() {
            let scenarios = text(&files, "scenarios/team-names.yaml");
            assert!(
                scenarios.starts_with(
                    "# yaml-language-server: $schema=../scenario.schema.json\npolicy: "
                )
            );
            let read: Json = serde_saphyr::from_str(scenarios).unwrap();
            assert_eq!(read["policy"], question.to_string());
            let cases = read["cases"].as_array().unwrap();
            assert!(cases.len() > 3);
            for case in cases {
                assert!(case["name"].is_string() && case["ask"]["name"].is_string(), "{case}");
                assert!(!case["answer"].is_null(), "{case}");
            }
        }
    }

    #[test]
    fn the_world_that_is_built_is_the_question() {
        for (language, question, files) in every_project() {
            let world = match language {
                Language::Rust => {
                    let source = text(&files, "src/component.rs");
                    assert!(source.contains(&format!("world: \"{question}\"")), "{source}");
                    continue;
                }
                Language::Python => {
                    let read: Json = toml::from_str(text(&files, "pyproject.toml")).unwrap();
                    read["tool"]["swingbridge"]["world"].clone()
                }
                Language::JavaScript => {
                    let read: Json = serde_json::from_str(text(&files, "package.json")).unwrap();
                    read["swingbridge"]["world"].clone()
                }
            };
            assert_eq!(world, question.to_string());
        }
    }

    #[test]
    fn the_lock_of_a_javascript_project_is_that_of_its_package_and_names_no_registry() {
        for (language, _, files) in every_project() {
            if language != Language::JavaScript {
                continue;
            }
            let lock: Json = serde_json::from_str(text(&files, "package-lock.json")).unwrap();
            let package: Json = serde_json::from_str(text(&files, "package.json")).unwrap();
            let root = &lock["packages"][""];
            for key in ["name", "version", "devDependencies"] {
                assert_eq!(root[key], package[key], "{key}");
            }
            for (tool, version) in package["devDependencies"].as_object().unwrap() {
                assert_eq!(&lock["packages"][format!("node_modules/{tool}")]["version"], version);
            }
            assert!(!text(&files, "package-lock.json").contains("\"resolved\""));
        }
    }

    #[test]
    fn the_manifest_of_a_rust_project_stands_alone() {
        for (language, _, files) in every_project() {
            if language == Language::Rust {
                let read: Json = toml::from_str(text(&files, "Cargo.toml")).unwrap();
                assert_eq!(read["workspace"], serde_json::json!({}));
                assert_eq!(read["lib"]["crate-type"][0], "cdylib");
                toml::from_str::<Json>(text(&files, ".cargo/config.toml")).unwrap();
            }
        }
    }
}
