//! A watch on the namespaces of one account: a connection that stays open, on which the server tells what changes.
//! Whether the account is well, and which cluster it is, is seen by the looks, which go on; a watch that breaks calls for one
//! at once.

use std::collections::BTreeSet;
use std::sync::Arc;

use http::{Response, StatusCode};
use http_body_util::BodyExt as _;
use kube::client::Body;

use super::Shared;
use super::book::{Check, WatchEnd, Watched};
use crate::answer;
use crate::faults::Outcome;
use crate::namespaces::{self, Event, Listing, MOST};
use crate::reach::Reached;
use crate::step::{Progress, Step};

/// How long the server is asked to keep one request open, in seconds; a part is chance.
const LASTS_S: u32 = 240;
const LASTS_MORE_S: f64 = 60.0;

/// How much later than it was asked the server may end it, in milliseconds.
const LATER_MS: u64 = 60_000;

/// A request that ends sooner than this did not end as it was asked to, in milliseconds.
const SHORTEST_MS: u64 = 5_000;

/// The longest line of a watch, in bytes: one namespace's metadata.
const LONGEST_LINE: usize = 256 << 10;

/// How long changes are gathered before they are told, in milliseconds.
const GATHERED_MS: u64 = 1_000;

/// Keeps a watch until it breaks.
pub(super) async fn keep(shared: Arc<Shared>, check: Check) {
    let mut watch =
        Watch { shared: &shared, check: &check, names: BTreeSet::new(), version: String::new() };
    let end = watch.go_on().await.unwrap_or(WatchEnd::Broken);
    let now = shared.surroundings().now();
    if shared.book().watch_ended((&check.name, check.serial), end, now) {
        shared.sooner.notify_one();
    }
}

struct Watch<'a> {
    shared: &'a Shared,
    check: &'a Check,
    names: BTreeSet<String>,
    /// Of the cluster, up to which everything was seen.
    version: String,
}

impl Watch<'_> {
    async fn go_on(&mut self) -> Outcome<WatchEnd> {
        let (reach, limit) = (&self.shared.reach, self.shared.reach.options.bounds.look_ms);
        let progress = Progress::default();
        let begin = async {
            let reached = reach.open(&self.check.known, &progress).await?;
            progress.begins(Step::Namespaces);
            let listing = namespaces::list(&reached.line).await?;
            Ok((reached, listing))
        };
        let (reached, listing) = reach.within(limit, &progress, begin).await?;
        let listed = match listing {
            Listing::Listed(listed) => listed,
            Listing::Refused(status) => return Ok(ended_by(status)),
        };
        (self.names, self.version) = (listed.names, listed.version);
        if !self.tell(&reached) {
            return Ok(WatchEnd::Broken);
        }
        loop {
            let more = self.shared.surroundings().chance() * LASTS_MORE_S;
            // Far below what either can hold.
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to 60")]
            let seconds = LASTS_S + more as u32;
            let request = namespaces::watch(&reached.line, &self.version, seconds)?;
            let response =
                reach.within(limit, &progress, answer::send(&reached.line, request)).await?;
            if !response.status().is_success() {
                return Ok(ended_by(response.status()));
            }
            if !self.listen(&reached, response, u64::from(seconds) * 1_000 + LATER_MS).await {
                return Ok(WatchEnd::Broken);
            }
        }
    }

    /// Listens to one request. Whether it ended as it was asked to.
    async fn listen(&mut self, reached: &Reached, response: Response<Body>, lasts_ms: u64) -> bool {
        let surroundings = self.shared.surroundings();
        let begun = surroundings.now();
        let until = begun.saturating_add(lasts_ms);
        let mut body = response.into_body();
        let mut line = Vec::new();
        let mut tell_at = None;
        loop {
            let wake = tell_at.unwrap_or(until);
            tokio::select! {
                frame = body.frame() => match frame {
                    None => {
                        let lasted = surroundings.now().saturating_sub(begun) >= SHORTEST_MS;
                        return self.tell(reached) && lasted;
                    }
                    Some(Ok(frame)) => {
                        let Ok(data) = frame.into_data() else { continue };
                        if !self.take_in(&mut line, &data) {
                            return false;
                        }
                        tell_at = tell_at.or(Some(surroundings.now() + GATHERED_MS));
                    }
                    Some(Err(_)) => return false,
                },
                () = surroundings.sleep_until(wake) => {
                    if surroundings.now() >= until || !self.tell(reached) {
                        return false;
                    }
                    tell_at = None;
                }
            }
        }
    }

    /// Takes in what came, line by line. Whether the watch can go on.
    fn take_in(&mut self, line: &mut Vec<u8>, data: &[u8]) -> bool {
        let mut parts = data.split(|byte| *byte == b'\n').peekable();
        while let Some(part) = parts.next() {
            line.extend_from_slice(part);
            if line.len() > LONGEST_LINE {
                return false;
            }
            if parts.peek().is_some() && !line.is_empty() {
                if !self.happened(line) {
                    return false;
                }
                line.clear();
            }
        }
        true
    }

    fn happened(&mut self, line: &[u8]) -> bool {
        let version = match namespaces::event(line) {
            Ok(Event::Is(name, version)) => {
                self.names.insert(name);
                version
            }
            Ok(Event::Gone(name, version)) => {
                self.names.remove(&name);
                version
            }
            Ok(Event::Bookmark(version)) => version,
            Ok(Event::Over) | Err(()) => return false,
        };
        self.version = version.unwrap_or_else(|| std::mem::take(&mut self.version));
        // A server may tell more and more names; no more are told on than there may be.
        self.names.len() <= 2 * MOST
    }

    /// Tells which namespaces there are. Whether the watch can go on: it is a connection of its own, and counts only while
    /// the account is known by whoever keeps it.
    fn tell(&self, reached: &Reached) -> bool {
        let told = namespaces::told(&self.names, &reached.way.wanted.omitted);
        let check = (self.check.name.as_str(), self.check.serial);
        let by = (reached.line.host.as_str(), reached.line.fingerprint.as_str());
        match self.shared.book().watched(check, by, told) {
            Watched::News => self.shared.news.notify_one(),
            Watched::Nothing => {}
            Watched::Another => return false,
        }
        true
    }
}

/// What a status means that is no list and no watch. Only one of them says that it may not be; whatever else is wrong will
/// pass.
fn ended_by(status: StatusCode) -> WatchEnd {
    match status {
        StatusCode::FORBIDDEN | StatusCode::METHOD_NOT_ALLOWED => WatchEnd::Refused,
        _ => WatchEnd::Broken,
    }
}

#[cfg(test)]
mod tests {
    use http::StatusCode;

    use super::{WatchEnd, ended_by};

    #[test]
    fn only_a_server_that_says_so_forbids_to_watch() {
        for status in [403, 405] {
            assert_eq!(ended_by(StatusCode::from_u16(status).unwrap()), WatchEnd::Refused);
        }
        for status in [400, 401, 404, 410, 429, 500, 503] {
            assert_eq!(ended_by(StatusCode::from_u16(status).unwrap()), WatchEnd::Broken);
        }
    }
}
