//! Server-sent events as they come: read line by line, whatever pieces they arrive in.

use std::time::Duration;

use anyhow::{Context, Result, bail};
use reqwest::Response;
use serde_json::Value as Json;

/// The most bytes of one event.
const EVENT_MAX: usize = 64 << 20;

/// The longest that a bridge says nothing: it sends a heartbeat each quarter of a minute.
const QUIET_MAX: Duration = Duration::from_secs(60);

/// One event.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Event {
    /// What it is.
    pub(crate) name: String,
    /// Its body.
    pub(crate) body: Json,
}

/// What has been received and not been understood yet, and the id to resume from.
#[derive(Debug, Default)]
pub(crate) struct Parser {
    bytes: Vec<u8>,
    /// The id of the last event, or of a comment that moved it on.
    pub(crate) last: Option<String>,
}

impl Parser {
    /// Takes a piece in.
    pub(crate) fn take(&mut self, piece: &[u8]) -> Result<()> {
        self.bytes.extend_from_slice(piece);
        if self.bytes.len() > EVENT_MAX {
            bail!("an event has more than {EVENT_MAX} bytes: is that a bridge?");
        }
        Ok(())
    }

    /// The next whole event that has a name; comments are passed over.
    pub(crate) fn next(&mut self) -> Result<Option<Event>> {
        while let Some(end) = self.bytes.windows(2).position(|pair| pair == b"\n\n") {
            let block: Vec<u8> = self.bytes.drain(..end + 2).collect();
            let text = String::from_utf8(block).context("an event is no text")?;
            let mut name = None;
            let mut data: Option<String> = None;
            for line in text.lines() {
                let (field, value) = line.split_once(':').unwrap_or((line, ""));
                let value = value.strip_prefix(' ').unwrap_or(value);
                match field {
                    "event" => name = Some(value.to_owned()),
                    "id" => self.last = Some(value.to_owned()),
                    "data" => match &mut data {
                        Some(data) => {
                            data.push('\n');
                            data.push_str(value);
                        }
                        None => data = Some(value.to_owned()),
                    },
                    _ => {}
                }
            }
            if let (Some(name), Some(data)) = (name, data) {
                let body = serde_json::from_str(&data).context("an event's body is no JSON")?;
                return Ok(Some(Event { name, body }));
            }
        }
        Ok(None)
    }
}

/// An answer that is a stream of events.
#[derive(Debug)]
pub(crate) struct Events {
    response: Response,
    parser: Parser,
}

impl Events {
    /// Of an answer. `last` is the id to resume from, if it was resumed.
    pub(crate) fn of(response: Response, last: Option<String>) -> Self {
        Self { response, parser: Parser { last, ..Parser::default() } }
    }

    /// The id to resume from.
    pub(crate) fn last(&self) -> Option<String> {
        self.parser.last.clone()
    }

    /// The next event; nothing when the stream has ended.
    pub(crate) async fn next(&mut self) -> Result<Option<Event>> {
        loop {
            if let Some(event) = self.parser.next()? {
                return Ok(Some(event));
            }
            let piece = tokio::time::timeout(QUIET_MAX, self.response.chunk()).await;
            let piece =
                piece.context("nothing was heard for a minute, not even that all is quiet")?;
            match piece.context("the stream broke off")? {
                Some(piece) => self.parser.take(&piece)?,
                None => return Ok(None),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::Parser;

    #[test]
    fn events_are_read_in_whatever_pieces_they_come() {
        let text = ": nothing new\nid: 01A\n\nevent: transition\ndata: {\"a\":1}\nid: 01B\n\nevent: done\ndata: {}\n\n";
        for size in [1, 7, 1_000] {
            let mut parser = Parser::default();
            let mut seen = Vec::new();
            for piece in text.as_bytes().chunks(size) {
                parser.take(piece).expect("small");
                while let Some(event) = parser.next().expect("well formed") {
                    seen.push((event.name, event.body, parser.last.clone()));
                }
            }
            let last = Some("01B".to_owned());
            assert_eq!(
                seen,
                [
                    ("transition".to_owned(), json!({"a": 1}), last.clone()),
                    ("done".to_owned(), json!({}), last)
                ]
            );
        }
    }

    #[test]
    fn a_comment_moves_the_point_of_resumption_and_is_no_event() {
        let mut parser = Parser::default();
        parser.take(b": nothing new\nid: 01A\n\n").expect("small");
        assert_eq!(parser.next().expect("well formed"), None);
        assert_eq!(parser.last.as_deref(), Some("01A"));
    }
}
