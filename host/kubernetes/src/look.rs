//! A look: which cluster answers, with which version, and what the credentials may see of it.

use std::collections::BTreeSet;

use host_agent::{Identity, Refusal, Seen};
use http::{Request, StatusCode};
use serde::Deserialize;

use crate::answer::{Answer, SMALL, ask, no_api_server};
use crate::credentials::Credentials;
use crate::definition::Wanted;
use crate::faults::{Outcome, some_of, unauthorized, unreachable};
use crate::line::Line;
use crate::namespaces::{self, Listing};
use crate::permissions::{Allowed, may_list_namespaces, may_see_in};
use crate::step::{Progress, Step};

/// How many declared namespaces are tried for something to see.
const TRIED: usize = 10;

/// What a look showed, and what may be done next.
#[derive(Debug)]
pub(crate) struct Looked {
    pub(crate) seen: Seen,
    /// The namespaces are the cluster's own, and may be watched.
    pub(crate) watchable: bool,
}

/// One look over one connection.
pub(crate) struct Look<'a> {
    pub(crate) line: &'a Line,
    pub(crate) credentials: &'a Credentials,
    pub(crate) wanted: &'a Wanted,
    /// The namespace of the context, which is told if no other may be seen.
    pub(crate) namespace: &'a str,
    pub(crate) progress: &'a Progress,
    pub(crate) now: u64,
}

impl Look<'_> {
    /// Looks. `listing`: also at which namespaces there are, unless the definition says so; without it the answer has them
    /// only where they are declared.
    ///
    /// # Errors
    /// Why the account cannot be held, or is not healthy.
    pub(crate) async fn at(&self, listing: bool) -> Outcome<Looked> {
        self.progress.begins(Step::Version);
        let identity = Identity {
            host: self.line.host.clone(),
            fingerprint: self.line.fingerprint.clone(),
            version: self.version().await?,
        };
        self.progress.begins(Step::Permissions);
        let all = match may_list_namespaces(self.line).await? {
            Allowed::Yes => true,
            Allowed::No => false,
            Allowed::Refused(status) => return Err(self.refused(status)),
        };
        let watchable = all && self.wanted.declared.is_empty();
        let namespaces = self.namespaces(all, listing).await?;
        Ok(Looked { seen: Seen { identity, namespaces }, watchable })
    }

    async fn version(&self) -> Outcome<String> {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Version {
            git_version: String,
        }
        let request = Request::get("/version").body(Vec::new());
        let request = request.map_err(|_| no_api_server(&self.line.host, "it cannot be asked"))?;
        match ask::<Version>(self.line, request, SMALL).await? {
            Answer::Done(version) if is_version(&version.git_version) => Ok(version.git_version),
            Answer::Done(_) => Err(no_api_server(&self.line.host, "it has no version")),
            Answer::Refused(status) => Err(self.refused(status)),
        }
    }

    async fn namespaces(&self, all: bool, listing: bool) -> Outcome<Option<Vec<String>>> {
        let declared = &self.wanted.declared;
        if all && !declared.is_empty() {
            return Ok(Some(declared.iter().take(namespaces::MOST).cloned().collect()));
        }
        if all && !listing {
            return Ok(None);
        }
        if all {
            self.progress.begins(Step::Namespaces);
            return match namespaces::list(self.line).await? {
                Listing::Listed(listed) => {
                    Ok(Some(namespaces::told(&listed.names, &self.wanted.omitted)))
                }
                Listing::Refused(status) => Err(self.refused(status)),
            };
        }
        // A look that does not list tells no list: what is known would take the place of what was listed before.
        self.hidden().await.map(|known| listing.then_some(known))
    }

    /// The namespaces cannot be listed: those that are known by name are told, if anything may be seen in one.
    async fn hidden(&self) -> Outcome<Vec<String>> {
        let known: Vec<String> = if self.wanted.declared.is_empty() {
            vec![self.namespace.to_owned()]
        } else {
            self.wanted.declared.iter().take(namespaces::MOST).cloned().collect()
        };
        for namespace in known.iter().take(TRIED) {
            match may_see_in(self.line, namespace).await? {
                Allowed::Yes => return Ok(without(known, self.wanted)),
                Allowed::No => {}
                Allowed::Refused(status) => return Err(self.refused(status)),
            }
        }
        if !self.wanted.must_see {
            return Ok(without(known, self.wanted));
        }
        Err(unauthorized(format!(
            "{} takes {}, and lets nothing be seen with it: neither the list of namespaces nor anything in {}; {}",
            self.line.host,
            self.credentials.called.unwrap_or("whoever asks"),
            some_of(known.iter().take(TRIED).map(String::as_str)),
            advice(known.len())
        )))
    }

    /// What a status means that is no answer.
    fn refused(&self, status: StatusCode) -> Refusal {
        let (host, called) = (&self.line.host, self.credentials.called);
        let shown = called.unwrap_or_default();
        match status {
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN if called.is_none() => {
                unauthorized(format!(
                    "{host} wants to know who asks ({}), and the kubeconfig's user has no credentials; give it a token or a \
                     client certificate",
                    status.as_u16()
                ))
            }
            StatusCode::UNAUTHORIZED => {
                let expired = self.credentials.expires.filter(|expires| *expires <= self.now);
                let why = expired
                    .map_or_else(String::new, |at| format!(": it expired at {}", rfc3339(at)));
                unauthorized(format!(
                    "{host} does not know who asks: it does not take {shown} (401){why}; give the account new credentials, or \
                     see whether they are of another cluster"
                ))
            }
            StatusCode::FORBIDDEN => unauthorized(format!(
                "{host} takes {shown}, and lets nothing be done with it, not even ask what may be (403); see the roles of the kubeconfig's user"
            )),
            StatusCode::TOO_MANY_REQUESTS => {
                unreachable(format!("{host} has too much to do (429); it is asked again later"))
            }
            status if status.is_server_error() => unreachable(format!(
                "{host} answers with {}, which is a fault of its own; see its log",
                status.as_u16()
            )),
            status => no_api_server(host, &format!("it answers with {}", status.as_u16())),
        }
    }
}

/// What to do if nothing may be seen in those of so many namespaces that were tried.
fn advice(known: usize) -> String {
    if known > TRIED {
        return format!(
            "the first {TRIED} of {known} in `namespaces` were tried, and no others: begin them with one that it may see, \
             or grant it a role such as `view` in one of those"
        );
    }
    "grant it a role such as `view`, or name namespaces that it may see in `namespaces`".to_owned()
}

fn without(mut names: Vec<String>, wanted: &Wanted) -> Vec<String> {
    names.retain(|name| !wanted.omitted.contains(name));
    let names: BTreeSet<String> = names.into_iter().collect();
    names.into_iter().collect()
}

/// Whether a text is a version, and nothing else that a server would like to have told.
fn is_version(text: &str) -> bool {
    let numbers = text.strip_prefix('v').unwrap_or(text);
    let inside = |byte: u8| byte.is_ascii_alphanumeric() || b".+-_".contains(&byte);
    text.len() <= 64
        && numbers.starts_with(|first: char| first.is_ascii_digit())
        && numbers.bytes().all(inside)
}

fn rfc3339(at_ms: u64) -> String {
    let at = std::time::UNIX_EPOCH.checked_add(std::time::Duration::from_secs(at_ms / 1_000));
    at.map_or_else(String::new, |at| humantime::format_rfc3339_seconds(at).to_string())
}

#[cfg(test)]
mod tests {
    use super::{TRIED, advice, is_version};

    #[test]
    fn of_many_namespaces_it_is_said_how_many_were_tried() {
        assert!(advice(TRIED + 1).starts_with("the first 10 of 11 in `namespaces` were tried"));
        assert!(advice(TRIED).starts_with("grant it a role"));
    }

    #[test]
    fn a_version_is_a_version_and_not_what_a_server_wants_told() {
        for version in ["v1.34.4", "v1.29.3-eks-adc7111", "v1.30.5+k3s1", "1.20"] {
            assert!(is_version(version), "{version}");
        }
        for odd in ["", "v", "eyJhbGciOiJ", "v1 2", "v1\n", &format!("v1{}", "0".repeat(70))] {
            assert!(!is_version(odd), "{odd}");
        }
    }
}
