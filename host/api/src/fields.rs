//! The members of a body's objects: read without regard to case, a wrong type named by its place (`[3].zoneId`).

use host_core::definition::{Definition, FILE};
use host_core::event::Refused;
use serde_json::{Map, Value, json};

use crate::problem::Problem;
use crate::refusal::{DEFINITION, ZONE_NAME};

/// The only type of account that is served.
pub(crate) const ACCOUNT_TYPE: &str = "kubernetes";
/// The longest zone id, in characters.
const ZONE_MAX: usize = 255;

/// An object of a body.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Fields<'a> {
    object: &'a Map<String, Value>,
    place: Option<usize>,
}

impl<'a> Fields<'a> {
    /// Takes the objects of a body that is a list of them.
    ///
    /// # Errors
    /// A problem if the body is no list, an empty one, or holds something else.
    pub(crate) fn list(body: &'a Value) -> Result<Vec<Self>, Problem> {
        let list = body
            .as_array()
            .ok_or_else(|| Problem::body("the body must be a list of accounts: [{\"name\": …}]"))?;
        if list.is_empty() {
            return Err(Problem::body("the list is empty; name at least one account"));
        }
        let element = |(at, value): (usize, &'a Value)| match value.as_object() {
            Some(object) => Ok(Self { object, place: Some(at) }),
            None => Err(Problem::body(format!("[{at}] must be an object"))),
        };
        list.iter().enumerate().map(element).collect()
    }

    /// Takes the object of a body that is one.
    ///
    /// # Errors
    /// A problem if it is something else, or empty.
    pub(crate) fn one(body: &'a Value) -> Result<Self, Problem> {
        let object =
            body.as_object().ok_or_else(|| Problem::body("the body must be one object"))?;
        if object.is_empty() {
            return Err(Problem::body("the object is empty; give a name and what is to change"));
        }
        Ok(Self { object, place: None })
    }

    /// Where a member stands in the body.
    pub(crate) fn place(&self, key: &str) -> String {
        self.place.map_or_else(|| key.to_owned(), |at| format!("[{at}].{key}"))
    }

    /// A text; nothing if it is left out, null or empty.
    ///
    /// # Errors
    /// A problem that names the member if it is something else.
    pub(crate) fn text(&self, key: &str) -> Result<Option<&'a str>, Problem> {
        let found = self.object.iter().find(|(member, _)| member.eq_ignore_ascii_case(key));
        match found.map(|(_, value)| value) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.as_str()).filter(|text| !text.is_empty())),
            Some(_) => Err(Problem::body(format!("{} must be a string", self.place(key)))),
        }
    }

    /// The account's name, unchecked.
    ///
    /// # Errors
    /// A problem if it is left out or no text.
    pub(crate) fn name(&self) -> Result<&'a str, Problem> {
        let missing = || Problem::body(format!("{} is missing", self.place("name")));
        self.text("name")?.ok_or_else(missing)
    }

    /// The zone that is asked for, and whether it can be one.
    ///
    /// # Errors
    /// A problem if it is no text.
    pub(crate) fn zone(&self) -> Result<Result<Option<String>, Refused>, Problem> {
        let zone = self.text("zoneId")?;
        let bad = zone.is_some_and(|zone| {
            zone.trim() != zone
                || zone.chars().count() > ZONE_MAX
                || zone.chars().any(char::is_control)
        });
        Ok(if bad {
            Err(refused(
                ZONE_NAME,
                "zoneId has at most 255 characters, no control characters, and no blanks around it",
            ))
        } else {
            Ok(zone.map(str::to_owned))
        })
    }

    /// The overrides of a migration or an activation: another kubeconfig.
    ///
    /// # Errors
    /// A problem if it is no text.
    pub(crate) fn overrides(&self) -> Result<Option<Definition>, Problem> {
        let Some(file) = self.text(FILE)? else {
            return Ok(None);
        };
        let made = Definition::from_json(json!({ FILE: file }));
        made.map(Some).map_err(|bad| Problem::body(format!("{}: {bad}", self.place(FILE))))
    }

    /// The definition that the object is, and whether it can be one.
    ///
    /// # Errors
    /// A problem that names the attribute if one has the wrong type.
    pub(crate) fn definition(&self) -> Result<Result<Definition, Refused>, Problem> {
        use host_core::definition::BadDefinition as Bad;
        if self.text("type")?.is_some_and(|kind| kind != ACCOUNT_TYPE) {
            return Ok(Err(refused(DEFINITION, "type must be kubernetes, or left out")));
        }
        match Definition::from_json(Value::Object(self.object.clone())) {
            Ok(definition) => Ok(Ok(definition)),
            Err(Bad::WrongType { key, expected }) => {
                Err(Problem::body(format!("{} must be {expected}", self.place(&key))))
            }
            Err(
                bad @ (Bad::NotAnObject
                | Bad::BlankRole { .. }
                | Bad::Kubeconfig(_)
                | Bad::Exclusive(..)
                | Bad::TooLarge(_)),
            ) => Ok(Err(refused(DEFINITION, &bad.to_string()))),
        }
    }
}

/// The refusal of an item before anyone was asked about it.
pub(crate) fn refused(code: &str, reason: &str) -> Refused {
    Refused { code: code.to_owned(), reason: reason.to_owned(), possible: Vec::new() }
}
