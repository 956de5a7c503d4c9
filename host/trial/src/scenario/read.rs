//! From a file's tree to what it says. Every fault has its place and says what would be right.

mod agents;
mod expect;
mod given;
mod policies;
mod table;

use crate::yaml::{self, Fault, Fields, Node};

use super::words::{Action, AgentAction, Given, Scenario, Step, Written};

/// The keys of a scenario's file.
pub(super) const SCENARIO: &[&str] = &["name", "given", "steps"];
/// The keys of a step.
pub(super) const STEP: &[&str] = &[
    "request",
    "body",
    "headers",
    "agent",
    "joins",
    "zone",
    "instance",
    "holds",
    "configured",
    "sees",
    "leaves",
    "silent",
    "answers",
    "operation",
    "repeats",
    "reports",
    "adopt",
    "rows",
    "advance",
    "restart",
    "sources",
    "settings",
    "policies",
    "expect",
];
/// The keys that say what a step is, with those that belong to each.
const KINDS: &[(&str, &[&str])] = &[
    ("request", &["body", "headers"]),
    (
        "agent",
        &[
            "joins",
            "zone",
            "instance",
            "holds",
            "configured",
            "sees",
            "leaves",
            "silent",
            "answers",
            "operation",
            "repeats",
            "reports",
        ],
    ),
    ("adopt", &["zone"]),
    ("rows", &[]),
    ("advance", &[]),
    ("restart", &[]),
    ("sources", &["settings", "policies"]),
    ("settings", &["sources", "policies"]),
    ("policies", &["sources", "settings"]),
];

/// Reads a file.
///
/// # Errors
/// The first thing that is wrong with it.
pub fn read(text: &str) -> Result<Written, Fault> {
    let file = yaml::read(text)?;
    let is_table = file.map()?.iter().any(|(key, _)| key.text == "policy" || key.text == "cases");
    if is_table { table::read(&file).map(Written::Table) } else { scenario(&file) }
}

/// Reads what is given: of a whole scenario, or of a file that says nothing else.
///
/// # Errors
/// The first thing that is wrong with it.
pub fn given(text: &str) -> Result<Given, Fault> {
    let file = yaml::read(text)?;
    match file.map()?.iter().find(|(key, _)| key.text == "given") {
        Some((_, node)) => given::given(node),
        None if file.map()?.iter().any(|(key, _)| key.text == "steps") => Ok(Given::default()),
        None => given::given(&file),
    }
}

fn scenario(file: &Node) -> Result<Written, Fault> {
    let fields = file.fields("a scenario", SCENARIO)?;
    let name = fields.needed("a scenario", "name")?;
    let given = fields.get("given").map(given::given).transpose()?.unwrap_or_default();
    let Some(steps) = fields.get("steps") else {
        return Err(Fault::at(file.place, "a scenario needs `steps`"));
    };
    let steps = steps.list()?;
    if steps.is_empty() {
        return Err(Fault::at(file.place, "a scenario needs a step"));
    }
    let steps = steps.iter().map(step).collect::<Result<_, _>>()?;
    Ok(Written::Scenario(Scenario { name, given, steps }))
}

fn step(node: &Node) -> Result<Step, Fault> {
    let fields = node.fields("a step", STEP)?;
    let expect = fields.get("expect").map(expect::expect).transpose()?;
    let action = action(node, &fields)?;
    if let (Some(expected), false) =
        (fields.get("expect"), matches!(action, Action::Request { .. }))
    {
        let of_requests = ["status", "body", "refused"];
        let found =
            expected.map()?.iter().find(|(key, _)| of_requests.contains(&key.text.as_str()));
        if let Some((key, _)) = found {
            let text = format!("`{}` is expected of the answer to a request", key.text);
            return Err(Fault::at(key.place, text));
        }
    }
    Ok(Step { place: node.place, action, expect })
}

fn action(node: &Node, fields: &Fields<'_>) -> Result<Action, Fault> {
    let kind = KINDS.iter().find(|(kind, _)| fields.get(kind).is_some());
    let Some((kind, belongs)) = kind else {
        let kinds: Vec<&str> = KINDS.iter().map(|(kind, _)| *kind).collect();
        let text = format!("a step has one of {}", kinds.join(", "));
        return Err(Fault::at(node.place, text));
    };
    let stranger = fields.keys().find(|key| {
        let key = key.text.as_str();
        key != *kind && key != "expect" && !belongs.contains(&key)
    });
    if let Some(stranger) = stranger {
        let text = format!("`{}` does not belong to a step with `{kind}`", stranger.text);
        return Err(Fault::at(stranger.place, text));
    }
    let own = |key: &str| fields.get(key);
    match *kind {
        "request" => request(fields),
        "agent" => {
            let id = fields.needed("a step of an agent", "agent")?;
            Ok(Action::Agent { id, what: agent(node, fields)? })
        }
        "adopt" => Ok(Action::Adopt {
            names: own("adopt").map_or(Ok(Vec::new()), Node::texts)?,
            zone: fields.text("zone")?,
        }),
        "rows" => Ok(Action::Rows(own("rows").map_or(Ok(Vec::new()), given::accounts)?)),
        "advance" => Ok(Action::Advance(own("advance").map_or(Ok(0), Node::duration)?)),
        "restart" => match fields.flag("restart")? {
            true => Ok(Action::Restart),
            false => Err(Fault::at(node.place, "`restart` is true, or is left out")),
        },
        _ => Ok(Action::Replace {
            sources: own("sources").map(given::sources).transpose()?,
            settings: own("settings").map(given::settings).transpose()?,
            policies: own("policies").map(policies::policies).transpose()?,
        }),
    }
}

fn request(fields: &Fields<'_>) -> Result<Action, Fault> {
    let written = fields.needed("a request", "request")?;
    let Some((method, path)) = written.split_once(' ').filter(|(_, path)| path.starts_with('/'))
    else {
        let place = fields.get("request").map(|node| node.place).unwrap_or_default();
        return Err(Fault::at(
            place,
            "a request is a method and a path, as `GET /armory/accounts`",
        ));
    };
    let headers = match fields.get("headers") {
        None => Vec::new(),
        Some(node) => {
            let header = |(key, value): &(yaml::Key, Node)| Ok((key.text.clone(), value.text()?));
            node.map()?.iter().map(header).collect::<Result<_, Fault>>()?
        }
    };
    Ok(Action::Request {
        method: method.to_owned(),
        path: path.trim().to_owned(),
        headers,
        body: fields.get("body").map(Node::json),
    })
}

/// The one thing that an agent does in a step.
fn agent(node: &Node, fields: &Fields<'_>) -> Result<AgentAction, Fault> {
    const DOES: &[&str] = &["joins", "leaves", "silent", "answers", "reports"];
    let does: Vec<&str> = DOES.iter().copied().filter(|key| fields.get(key).is_some()).collect();
    let [does] = does[..] else {
        let text = format!("an agent does one of {} in a step", DOES.join(", "));
        return Err(Fault::at(node.place, text));
    };
    let allowed: &[&str] = match does {
        "joins" => &["zone", "instance", "holds", "configured", "sees"],
        "answers" => &["operation", "repeats"],
        _ => &[],
    };
    let stranger = fields.keys().find(|key| {
        let key = key.text.as_str();
        !["agent", "expect", does].contains(&key) && !allowed.contains(&key)
    });
    if let Some(stranger) = stranger {
        let text = format!("`{}` does not go with `{does}`", stranger.text);
        return Err(Fault::at(stranger.place, text));
    }
    match does {
        "answers" => agents::answers(fields),
        "reports" => {
            let reports = fields.get("reports").map(agents::seen_by_name).transpose()?;
            Ok(AgentAction::Reports(reports.unwrap_or_default()))
        }
        flag => {
            if !fields.flag(flag)? {
                return Err(Fault::at(node.place, format!("`{flag}` is true, or is left out")));
            }
            match flag {
                "joins" => agents::joining(fields).map(AgentAction::Joins),
                "leaves" => Ok(AgentAction::Leaves),
                _ => Ok(AgentAction::Silent),
            }
        }
    }
}
