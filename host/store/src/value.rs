//! Values as all three databases have them: whole numbers and texts, each of which may be absent, and bytes.
//!
//! Absent values keep their kind, since PostgreSQL wants to know the type of a NULL.

use host_core::error::StoreError;
use serde::de::DeserializeOwned;

/// What is bound to a placeholder, or stands in a column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Value {
    /// A BIGINT.
    Number(Option<i64>),
    /// A VARCHAR or TEXT.
    Text(Option<String>),
    /// A BLOB, as some call it. In a column also a text that is not UTF-8: MySQL does not say which it is.
    Bytes(Vec<u8>),
    /// In a column: something else, which no statement of ours writes. The word says what.
    Odd(&'static str),
}

impl Value {
    /// How many bytes it takes in a statement, near enough.
    pub(crate) fn bytes(&self) -> usize {
        match self {
            Self::Number(_) | Self::Odd(_) | Self::Text(None) => size_of::<i64>(),
            Self::Text(Some(text)) => size_of::<i64>() + text.len(),
            Self::Bytes(bytes) => size_of::<i64>() + bytes.len(),
        }
    }
}

impl From<u64> for Value {
    fn from(number: u64) -> Self {
        Self::Number(Some(i64::try_from(number).unwrap_or(i64::MAX)))
    }
}

impl From<Option<u64>> for Value {
    fn from(number: Option<u64>) -> Self {
        number.map_or(Self::Number(None), Self::from)
    }
}

impl From<u32> for Value {
    fn from(number: u32) -> Self {
        Self::Number(Some(number.into()))
    }
}

impl From<bool> for Value {
    fn from(flag: bool) -> Self {
        Self::Number(Some(flag.into()))
    }
}

impl From<Option<bool>> for Value {
    fn from(flag: Option<bool>) -> Self {
        Self::Number(flag.map(i64::from))
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(Some(text.to_owned()))
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(Some(text))
    }
}

impl From<&String> for Value {
    fn from(text: &String) -> Self {
        Self::Text(Some(text.clone()))
    }
}

impl From<Vec<u8>> for Value {
    fn from(bytes: Vec<u8>) -> Self {
        Self::Bytes(bytes)
    }
}

impl From<Option<String>> for Value {
    fn from(text: Option<String>) -> Self {
        Self::Text(text)
    }
}

impl From<&Option<String>> for Value {
    fn from(text: &Option<String>) -> Self {
        Self::Text(text.clone())
    }
}

impl From<Option<&str>> for Value {
    fn from(text: Option<&str>) -> Self {
        Self::Text(text.map(str::to_owned))
    }
}

/// A count as a LIMIT or OFFSET.
pub(crate) fn count(number: usize) -> Value {
    Value::Number(Some(i64::try_from(number).unwrap_or(i64::MAX)))
}

/// JSON text of something that always is JSON.
pub(crate) fn json(value: &impl serde::Serialize) -> Value {
    Value::from(serde_json::to_string(value).expect("lists and maps of texts are JSON"))
}

/// Why a row cannot be.
pub(crate) type Wrong = String;

/// A row as it came, its cells in the order of the statement's columns. The first one is its key.
#[derive(Debug, Clone)]
pub(crate) struct Row(pub(crate) Vec<Value>);

impl Row {
    /// Reads the row, or says what is wrong with it and where.
    pub(crate) fn read<T>(
        self,
        table: &'static str,
        read: impl FnOnce(&mut Cells) -> Result<T, Wrong>,
    ) -> Result<T, StoreError> {
        let key = match self.0.first() {
            Some(Value::Text(Some(text))) => text.clone(),
            Some(Value::Number(Some(number))) => number.to_string(),
            _ => "(no key)".to_owned(),
        };
        let mut cells = Cells(self.0.into_iter());
        read(&mut cells).map_err(|what| StoreError::Inconsistent { table, key, what })
    }
}

/// The cells of a row, taken one after the other.
pub(crate) struct Cells(std::vec::IntoIter<Value>);

impl Cells {
    fn next(&mut self) -> Value {
        self.0.next().unwrap_or(Value::Odd("nothing"))
    }

    pub(crate) fn maybe_text(&mut self) -> Result<Option<String>, Wrong> {
        match self.next() {
            Value::Text(text) => Ok(text),
            Value::Number(None) => Ok(None),
            Value::Number(Some(_)) => Err("a number stands where a text should".to_owned()),
            Value::Bytes(_) => Err("bytes that are no text stand where a text should".to_owned()),
            Value::Odd(what) => Err(format!("{what} stands where a text should")),
        }
    }

    pub(crate) fn text(&mut self) -> Result<String, Wrong> {
        self.maybe_text()?.ok_or_else(|| "a text is missing".to_owned())
    }

    pub(crate) fn maybe_number(&mut self) -> Result<Option<u64>, Wrong> {
        match self.next() {
            Value::Number(None) | Value::Text(None) => Ok(None),
            Value::Number(Some(number)) => {
                u64::try_from(number).map(Some).map_err(|_| format!("{number} is negative"))
            }
            Value::Text(Some(_)) | Value::Bytes(_) => {
                Err("a text stands where a number should".to_owned())
            }
            Value::Odd(what) => Err(format!("{what} stands where a number should")),
        }
    }

    pub(crate) fn number(&mut self) -> Result<u64, Wrong> {
        self.maybe_number()?.ok_or_else(|| "a number is missing".to_owned())
    }

    pub(crate) fn small(&mut self) -> Result<u32, Wrong> {
        let number = self.number()?;
        u32::try_from(number).map_err(|_| format!("{number} is too large"))
    }

    pub(crate) fn maybe_flag(&mut self) -> Result<Option<bool>, Wrong> {
        Ok(self.maybe_number()?.map(|number| number != 0))
    }

    pub(crate) fn flag(&mut self) -> Result<bool, Wrong> {
        Ok(self.number()? != 0)
    }

    /// Bytes; those that are UTF-8 may come as a text.
    pub(crate) fn bytes(&mut self) -> Result<Vec<u8>, Wrong> {
        match self.next() {
            Value::Bytes(bytes) => Ok(bytes),
            Value::Text(Some(text)) => Ok(text.into_bytes()),
            Value::Text(None) | Value::Number(None) => Err("bytes are missing".to_owned()),
            Value::Number(Some(_)) => Err("a number stands where bytes should".to_owned()),
            Value::Odd(what) => Err(format!("{what} stands where bytes should")),
        }
    }

    /// One of the words of a closed list.
    pub(crate) fn word<T: std::str::FromStr>(&mut self) -> Result<T, Wrong> {
        let text = self.text()?;
        text.parse().map_err(|_| format!("{text:?} is no word that belongs there"))
    }

    pub(crate) fn maybe_json<T: DeserializeOwned>(&mut self) -> Result<Option<T>, Wrong> {
        let Some(text) = self.maybe_text()? else { return Ok(None) };
        serde_json::from_str(&text)
            .map(Some)
            .map_err(|error| format!("JSON of another shape: {error}"))
    }

    pub(crate) fn json<T: DeserializeOwned>(&mut self) -> Result<T, Wrong> {
        let text = self.text()?;
        serde_json::from_str(&text).map_err(|error| format!("JSON of another shape: {error}"))
    }
}
