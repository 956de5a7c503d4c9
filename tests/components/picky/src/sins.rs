//! The sins.

use crate::bindings::{admit, backoff, module, place};

pub(crate) struct Policy;

impl module::Guest for Policy {
    fn describe() -> module::Description {
        module::Description {
            name: "picky".into(),
            version: "1.0.0".into(),
            settings_schema: "{}".into(),
        }
    }

    fn validate_settings(settings: String) -> Result<(), String> {
        if settings.contains("refuse-me") { Err("it was asked to refuse".into()) } else { Ok(()) }
    }
}

/// What ends a call, by the name that asks for it.
fn sin(name: &str) {
    match name {
        "loops-for-ever" => loop {
            std::hint::black_box(name);
        },
        "panics" => core::arch::wasm32::unreachable(),
        "wants-all-memory" => {
            std::hint::black_box(vec![1_u8; 1 << 30]);
        }
        _ => {}
    }
}

impl admit::Guest for Policy {
    fn ask(subjects: Vec<admit::Subject>) -> Vec<admit::Verdict> {
        let few = subjects.iter().any(|subject| subject.name == "answers-too-little");
        let answer = |subject: &admit::Subject| {
            sin(&subject.name);
            let amend = |key: &str, value: &str| {
                let value = Some(value.to_owned());
                admit::Verdict::Amend(vec![admit::Amendment { key: key.into(), value }])
            };
            match subject.name.as_str() {
                "says-no-json" => amend("namespaces", "[default"),
                "takes-the-credentials" => amend("kubeconfigFile", "\"/etc/other\""),
                "speaks-of-tomorrow" => admit::Verdict::Other(admit::Other {
                    name: "postpone".into(),
                    value: "1d".into(),
                }),
                "talks-much" => admit::Verdict::Deny("x".repeat(100_000)),
                _ => admit::Verdict::Allow,
            }
        };
        subjects.iter().skip(usize::from(few)).map(answer).collect()
    }
}

impl place::Guest for Policy {
    fn ask(subjects: Vec<place::Subject>) -> Vec<place::Placement> {
        subjects.iter().map(|subject| sin(&subject.name)).map(|()| place::Placement::Keep).collect()
    }
}

impl backoff::Guest for Policy {
    fn ask(questions: Vec<backoff::Failed>) -> Vec<backoff::Decision> {
        let after = |question: &backoff::Failed| {
            sin(&question.name);
            backoff::Decision::After(1_000)
        };
        questions.iter().map(after).collect()
    }
}
