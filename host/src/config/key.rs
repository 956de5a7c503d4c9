//! A key of the configuration: what it is called in a file, as a variable and as a flag, and what it may be set to.

use std::time::Duration;

/// What a key may be set to. Bounds include both ends.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Kind {
    /// A time with its unit, `30s`.
    Duration {
        /// The shortest.
        min: Duration,
        /// The longest.
        max: Duration,
    },
    /// A number of bytes with its unit, `4MiB`.
    Size {
        /// The smallest, in bytes.
        min: u64,
        /// The largest, in bytes.
        max: u64,
    },
    /// A whole number.
    Number {
        /// The smallest.
        min: u64,
        /// The largest.
        max: u64,
    },
    /// A number that something is multiplied by.
    Factor {
        /// The smallest.
        min: f64,
        /// The largest.
        max: f64,
    },
    /// `true` or `false`.
    Flag,
    /// Where to listen: an IP address and a port; port 0 takes a free one.
    Address,
    /// One of these words.
    Word(&'static [&'static str]),
    /// A text on one line, not empty.
    Text,
    /// A text with a scheme, one of these; what stands between `://` and `@` is not shown.
    Url(&'static [&'static str]),
    /// A file.
    File,
    /// Names and values: a map in a file, `name=value,name=value` elsewhere.
    Labels,
    /// Accounts of an agent's own: a list in a file, `name,name` elsewhere.
    Accounts,
    /// Names: a list in a file, `name,name` elsewhere.
    Names,
    /// Networks, `10.0.0.0/8`: a list in a file, `network,network` elsewhere.
    Networks,
}

impl Kind {
    /// The type in words, with its bounds.
    pub(crate) fn words(self) -> String {
        match self {
            Self::Duration { min, max } => {
                format!(
                    "duration, {} to {}",
                    humantime::format_duration(min),
                    humantime::format_duration(max)
                )
            }
            Self::Size { min, max } => {
                format!("size, {} to {}", super::value::size(min), super::value::size(max))
            }
            Self::Number { min, max } => format!("number, {min} to {max}"),
            Self::Factor { min, max } => format!("factor, {min} to {max}"),
            Self::Flag => "true or false".to_owned(),
            Self::Address => "address, IP:PORT".to_owned(),
            Self::Word(words) => words.join(" or "),
            Self::Text => "text".to_owned(),
            Self::Url(schemes) => schemes
                .iter()
                .map(|scheme| format!("{scheme}://…"))
                .collect::<Vec<_>>()
                .join(" or "),
            Self::File => "file".to_owned(),
            Self::Labels => "labels, NAME=VALUE,…".to_owned(),
            Self::Accounts => "accounts, NAME,…".to_owned(),
            Self::Names => "names, NAME,…".to_owned(),
            Self::Networks => "networks, ADDRESS/BITS,…".to_owned(),
        }
    }

    /// The unit that its numbers are given in, if they are.
    pub(crate) fn unit(self) -> Option<&'static str> {
        match self {
            Self::Duration { .. } => Some("ms, s, m, h, d"),
            Self::Size { .. } => Some("B, KiB, MiB, GiB"),
            Self::Number { .. }
            | Self::Factor { .. }
            | Self::Flag
            | Self::Address
            | Self::Word(_)
            | Self::Text
            | Self::Url(_)
            | Self::File
            | Self::Labels
            | Self::Accounts
            | Self::Names
            | Self::Networks => None,
        }
    }

    /// Whether a map or a list in a file is one value of this kind, not a section.
    pub(crate) fn is_structured(self) -> bool {
        matches!(self, Self::Labels | Self::Accounts | Self::Names | Self::Networks)
    }
}

/// One key.
#[derive(Debug)]
pub(crate) struct Key {
    /// In a file: `agents.max_message`.
    pub(crate) name: &'static str,
    /// What it may be set to.
    pub(crate) kind: Kind,
    /// What holds if nobody sets it, as one would write it; absent: nothing does.
    pub(crate) default: Option<&'static str>,
    /// What it does, in one line.
    pub(crate) meaning: &'static str,
}

impl Key {
    /// Every variable begins like this.
    pub(crate) const PREFIX: &'static str = "SWINGBRIDGE_";

    /// As a variable: `SWINGBRIDGE_AGENTS_MAX_MESSAGE`.
    pub(crate) fn variable(&self) -> String {
        format!("{}{}", Self::PREFIX, self.name.replace('.', "_").to_uppercase())
    }

    /// As a flag, without its dashes: `agents-max-message`.
    pub(crate) fn flag(&self) -> String {
        self.name.replace(['.', '_'], "-")
    }

    /// The part before the first dot.
    pub(crate) fn section(&self) -> &'static str {
        self.name.split('.').next().unwrap_or(self.name)
    }
}

/// The word among `known` that somebody who wrote `wrong` most likely meant, if any is near enough to be offered.
pub(crate) fn nearest<'a>(
    wrong: &str,
    known: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    let folded = wrong.to_lowercase();
    known
        .into_iter()
        .map(|candidate| {
            (strsim::normalized_damerau_levenshtein(&folded, &candidate.to_lowercase()), candidate)
        })
        .filter(|(likeness, _)| *likeness >= 0.5)
        .max_by(|(one, _), (other, _)| one.total_cmp(other))
        .map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_of_the_pen_finds_its_word_and_nonsense_finds_none() {
        let known = ["agents.grace", "agents.timeout", "server.listen"];
        assert_eq!(nearest("agents.grase", known), Some("agents.grace"));
        assert_eq!(nearest("Agents.Timeuot", known), Some("agents.timeout"));
        assert_eq!(nearest("zzz", known), None);
    }
}
