//! Reads one value as what its key says it is. It does not know where the value came from.

use std::collections::BTreeMap;
use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use bytesize::ByteSize;
use figment::value::Value as Given;
use ipnet::IpNet;

use super::key::Kind;

/// A value that its key allows.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Value {
    /// See [`Kind::Duration`].
    Duration(Duration),
    /// See [`Kind::Size`]; bytes.
    Size(u64),
    /// See [`Kind::Number`].
    Number(u64),
    /// See [`Kind::Factor`].
    Factor(f64),
    /// See [`Kind::Flag`].
    Flag(bool),
    /// See [`Kind::Address`].
    Address(SocketAddr),
    /// See [`Kind::Word`], [`Kind::Text`] and [`Kind::File`].
    Text(String),
    /// See [`Kind::Url`].
    Url(String),
    /// See [`Kind::Labels`].
    Labels(BTreeMap<String, String>),
    /// See [`Kind::Accounts`]: a name each, with what else is said of it.
    Accounts(Vec<serde_json::Map<String, serde_json::Value>>),
    /// See [`Kind::Names`].
    Names(Vec<String>),
    /// See [`Kind::Networks`].
    Networks(Vec<IpNet>),
}

/// Reads a value; the error says what would be right.
pub(crate) fn read(kind: Kind, given: &Given) -> Result<Value, String> {
    match kind {
        Kind::Duration { min, max } => duration(given, min, max).map(Value::Duration),
        Kind::Size { min, max } => bytes(given, min, max).map(Value::Size),
        Kind::Number { min, max } => number(given, min, max).map(Value::Number),
        Kind::Factor { min, max } => factor(given, min, max).map(Value::Factor),
        Kind::Flag => flag(given).map(Value::Flag),
        Kind::Address => text(given)?.parse().map(Value::Address).map_err(|_| {
            "an IP address and a port are wanted, like 127.0.0.1:7102 or [::1]:7102".to_owned()
        }),
        Kind::Word(words) => {
            let word = text(given)?;
            if words.contains(&word) {
                Ok(Value::Text(word.to_owned()))
            } else {
                Err(format!("it may be {}", words.join(" or ")))
            }
        }
        Kind::Text | Kind::File => text(given).map(|text| Value::Text(text.to_owned())),
        Kind::Url(schemes) => url(given, schemes).map(Value::Url),
        Kind::Labels => labels(given).map(Value::Labels),
        Kind::Accounts => accounts(given).map(Value::Accounts),
        Kind::Names => names(given).map(Value::Names),
        Kind::Networks => networks(given).map(Value::Networks),
    }
}

/// A number of bytes, in the largest unit that it is a whole number of.
pub(crate) fn size(bytes: u64) -> String {
    const UNITS: [(u64, &str); 3] = [(1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB")];
    UNITS
        .iter()
        .find(|(unit, _)| bytes >= *unit && bytes.is_multiple_of(*unit))
        .map_or_else(|| format!("{bytes}B"), |(unit, name)| format!("{}{name}", bytes / unit))
}

impl fmt::Display for Value {
    /// As one would write it, without what must not be seen.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Duration(duration) => write!(f, "{}", humantime::format_duration(*duration)),
            Self::Size(bytes) => f.write_str(&size(*bytes)),
            Self::Number(number) => write!(f, "{number}"),
            Self::Factor(factor) => write!(f, "{factor}"),
            Self::Flag(flag) => write!(f, "{flag}"),
            Self::Address(address) => write!(f, "{address}"),
            Self::Text(text) => f.write_str(text),
            Self::Url(url) => f.write_str(&without_credentials(url)),
            Self::Labels(labels) => {
                let pairs: Vec<String> =
                    labels.iter().map(|(name, value)| format!("{name}={value}")).collect();
                f.write_str(&pairs.join(","))
            }
            Self::Accounts(accounts) => {
                let names: Vec<&str> =
                    accounts.iter().filter_map(|account| account.get("name")?.as_str()).collect();
                f.write_str(&names.join(","))
            }
            Self::Names(names) => f.write_str(&names.join(",")),
            Self::Networks(networks) => {
                let networks: Vec<String> = networks.iter().map(ToString::to_string).collect();
                f.write_str(&networks.join(","))
            }
        }
    }
}

/// A URL without user, password and query, any of which may carry a secret.
fn without_credentials(url: &str) -> String {
    let (url, query) = url.split_once('?').map_or((url, ""), |(url, _)| (url, "?…"));
    match (url.split_once("://"), url.rsplit_once('@')) {
        (Some((scheme, _)), Some((_, place))) => format!("{scheme}://…@{place}{query}"),
        (Some(_) | None, Some(_) | None) => format!("{url}{query}"),
    }
}

fn text(given: &Given) -> Result<&str, String> {
    match given.as_str() {
        Some(text) if text.trim().is_empty() => {
            Err("it is empty; leave it out to have the default".to_owned())
        }
        Some(text) if text.chars().any(char::is_control) => Err("it must be one line".to_owned()),
        Some(text) => Ok(text.trim()),
        None => Err("a text is wanted; put it in quotes".to_owned()),
    }
}

fn duration(given: &Given, min: Duration, max: Duration) -> Result<Duration, String> {
    let with_unit = "a time with its unit is wanted, like 30s or 10m";
    let text = given.as_str().ok_or(with_unit)?;
    let duration = humantime::parse_duration(text.trim()).map_err(|_| with_unit)?;
    if (min..=max).contains(&duration) {
        return Ok(duration);
    }
    Err(format!(
        "it may be {} to {}",
        humantime::format_duration(min),
        humantime::format_duration(max)
    ))
}

fn bytes(given: &Given, min: u64, max: u64) -> Result<u64, String> {
    let with_unit = "a size with its unit is wanted, like 4MiB";
    let text = given.as_str().ok_or(with_unit)?.trim();
    if !text.ends_with(['B', 'b']) {
        return Err(with_unit.to_owned());
    }
    let bytes = text.parse::<ByteSize>().map_err(|_| with_unit)?.as_u64();
    if (min..=max).contains(&bytes) {
        return Ok(bytes);
    }
    Err(format!("it may be {} to {}", size(min), size(max)))
}

/// A whole number that is not negative, as a text or as a file types it.
pub(crate) fn whole(given: &Given) -> Option<u64> {
    match given.as_str() {
        Some(text) => text.trim().parse().ok(),
        None => given
            .to_u128()
            .and_then(|number| u64::try_from(number).ok())
            .or_else(|| given.to_i128().and_then(|number| u64::try_from(number).ok())),
    }
}

fn number(given: &Given, min: u64, max: u64) -> Result<u64, String> {
    whole(given)
        .filter(|number| (min..=max).contains(number))
        .ok_or_else(|| format!("a whole number from {min} to {max} is wanted"))
}

fn factor(given: &Given, min: f64, max: f64) -> Result<f64, String> {
    let factor = match given.as_str() {
        Some(text) => text.trim().parse().ok(),
        None => given
            .to_f64()
            .or_else(|| whole(given).and_then(|whole| u32::try_from(whole).ok()).map(f64::from)),
    };
    factor
        .filter(|factor| (min..=max).contains(factor))
        .ok_or_else(|| format!("a number from {min} to {max} is wanted"))
}

fn flag(given: &Given) -> Result<bool, String> {
    match given.as_str().map(str::trim) {
        Some("true") => Ok(true),
        Some("false") => Ok(false),
        Some(_) => Err("it may be true or false".to_owned()),
        None => given.to_bool().ok_or_else(|| "it may be true or false".to_owned()),
    }
}

fn url(given: &Given, schemes: &[&str]) -> Result<String, String> {
    let text = text(given)?;
    let wanted =
        || schemes.iter().map(|scheme| format!("{scheme}://…")).collect::<Vec<_>>().join(" or ");
    match text.split_once(':') {
        Some((scheme, rest)) if schemes.contains(&scheme) && !rest.trim_matches('/').is_empty() => {
            Ok(text.to_owned())
        }
        Some(_) | None => Err(format!("it must begin like {}", wanted())),
    }
}

fn labels(given: &Given) -> Result<BTreeMap<String, String>, String> {
    let wanted = "names and texts are wanted, like region=eu,tier=prod";
    if let Some(map) = given.as_dict() {
        return map
            .iter()
            .map(|(name, value)| Ok((name.clone(), text(value).map_err(|_| wanted)?.to_owned())))
            .collect();
    }
    let text = given.as_str().ok_or(wanted)?;
    text.split(',')
        .map(|pair| match pair.split_once('=') {
            Some((name, value)) if !name.trim().is_empty() => {
                Ok((name.trim().to_owned(), value.trim().to_owned()))
            }
            Some(_) | None => Err(wanted.to_owned()),
        })
        .collect()
}

fn accounts(given: &Given) -> Result<Vec<serde_json::Map<String, serde_json::Value>>, String> {
    let wanted = "a list is wanted, of names or of maps with a `name`";
    let named = |name: &str| serde_json::Map::from_iter([("name".to_owned(), name.into())]);
    if let Some(text) = given.as_str() {
        return Ok(text
            .split(',')
            .map(str::trim)
            .filter(|name| !name.is_empty())
            .map(named)
            .collect());
    }
    given
        .as_array()
        .ok_or(wanted)?
        .iter()
        .map(|entry| match entry.as_str() {
            Some(name) => Ok(named(name)),
            None => match serde_json::to_value(entry) {
                Ok(serde_json::Value::Object(map))
                    if map.get("name").is_some_and(serde_json::Value::is_string) =>
                {
                    Ok(map)
                }
                Ok(_) | Err(_) => Err(wanted.to_owned()),
            },
        })
        .collect()
}

fn names(given: &Given) -> Result<Vec<String>, String> {
    let wanted = "a list of names is wanted, like one,two";
    if let Some(text) = given.as_str() {
        let names = text.split(',').map(str::trim).filter(|name| !name.is_empty());
        return Ok(names.map(str::to_owned).collect());
    }
    given
        .as_array()
        .ok_or(wanted)?
        .iter()
        .map(|entry| text(entry).map(str::to_owned).map_err(|_| wanted.to_owned()))
        .collect()
}

fn networks(given: &Given) -> Result<Vec<IpNet>, String> {
    let network = |name: String| {
        let address = || name.parse::<IpAddr>().map(IpNet::from);
        name.parse::<IpNet>()
            .or_else(|_| address())
            .map_err(|_| "networks are wanted, like 10.0.0.0/8,fd00::/8".to_owned())
    };
    names(given)?.into_iter().map(network).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_text(kind: Kind, text: &str) -> Result<Value, String> {
        read(kind, &Given::from(text))
    }

    #[test]
    fn a_time_or_a_size_without_its_unit_is_refused() {
        let time = Kind::Duration { min: Duration::ZERO, max: Duration::from_secs(100) };
        assert_eq!(read_text(time, "30s"), Ok(Value::Duration(Duration::from_secs(30))));
        assert!(read_text(time, "30").is_err());
        assert!(read(time, &Given::from(30)).is_err());
        assert_eq!(read_text(time, "2m").expect_err("too long"), "it may be 0s to 1m 40s");

        let bytes = Kind::Size { min: 1, max: 4 << 20 };
        assert_eq!(read_text(bytes, "4MiB"), Ok(Value::Size(4 << 20)));
        assert_eq!(read_text(bytes, "512KiB"), Ok(Value::Size(512 << 10)));
        assert!(read_text(bytes, "4096").is_err());
        assert!(read_text(bytes, "5MiB").is_err());
    }

    #[test]
    fn what_a_file_types_and_what_a_variable_spells_are_the_same() {
        let number = Kind::Number { min: 0, max: 10 };
        assert_eq!(read(number, &Given::from(8)), read_text(number, "8"));
        let factor = Kind::Factor { min: 1.0, max: 10.0 };
        assert_eq!(read(factor, &Given::from(2)), read_text(factor, "2"));
        assert_eq!(read(factor, &Given::from(1.5)), read_text(factor, "1.5"));
        assert_eq!(read(Kind::Flag, &Given::from(true)), read_text(Kind::Flag, "true"));
        let labels = figment::value::Dict::from([("tier".to_owned(), Given::from("prod"))]);
        assert_eq!(read(Kind::Labels, &Given::from(labels)), read_text(Kind::Labels, "tier=prod"));
        assert_eq!(
            read(Kind::Accounts, &Given::from(vec!["a", "b"])),
            read_text(Kind::Accounts, "a, b")
        );
    }

    #[test]
    fn networks_are_checked_and_one_address_is_one() {
        let read =
            |text: &str| read_text(Kind::Networks, text).map(|networks| networks.to_string());
        assert_eq!(read("10.0.0.0/8, ::1"), Ok("10.0.0.0/8,::1/128".to_owned()));
        assert!(read("10.0.0.0/99").expect_err("no network").contains("10.0.0.0/8"));
        let list = read_text(Kind::Names, "a, b");
        assert_eq!(super::read(Kind::Names, &Given::from(vec!["a", "b"])), list);
    }

    #[test]
    fn a_text_that_a_file_takes_for_a_number_asks_for_quotes() {
        assert!(read(Kind::Text, &Given::from(7)).expect_err("no text").contains("quotes"));
    }

    #[test]
    fn a_url_shows_no_password() {
        let kind = Kind::Url(&["mysql"]);
        let url = read_text(kind, "mysql://me:pa@ss@db:3306/x?password=y").expect("a url");
        assert_eq!(url.to_string(), "mysql://…@db:3306/x?…");
        assert!(read_text(kind, "oracle://db").is_err());
    }
}
