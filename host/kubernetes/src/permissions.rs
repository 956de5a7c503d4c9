//! What credentials may see, asked of the API server itself: `SelfSubjectAccessReview` for listing namespaces, and
//! `SelfSubjectRulesReview` for what else there is in one. Both are allowed to everybody whom the server knows.

use host_agent::Refusal;
use http::{Request, StatusCode};
use kube::core::params::PostParams;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::answer::{Answer, LARGE, SMALL, ask, no_api_server};
use crate::faults::{Outcome, unreachable};
use crate::line::Line;

/// What was answered.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Allowed {
    /// They may.
    Yes,
    /// They may not.
    No,
    /// The server does not even say.
    Refused(StatusCode),
}

#[derive(Debug, Deserialize)]
struct AccessReview {
    status: AccessStatus,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct AccessStatus {
    allowed: bool,
    /// What went wrong while it was decided; the server's own words, which are not told.
    evaluation_error: Option<String>,
}

impl AccessStatus {
    /// What was decided; none: the authorizer failed, and would perhaps have allowed it.
    fn decided(&self) -> Option<Allowed> {
        let failed = self.evaluation_error.as_deref().is_some_and(|error| !error.is_empty());
        match (self.allowed, failed) {
            (true, _) => Some(Allowed::Yes),
            (false, false) => Some(Allowed::No),
            (false, true) => None,
        }
    }
}

#[derive(Debug, Deserialize)]
struct RulesReview {
    status: RulesStatus,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct RulesStatus {
    resource_rules: Option<Vec<Rule>>,
    /// The authorizer cannot list its rules: nothing is known. With a webhook it is always so, and no failure.
    incomplete: bool,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Rule {
    verbs: Option<Vec<String>>,
}

/// Whether namespaces may be listed.
///
/// # Errors
/// There is no answer that one could read, or nothing could be decided: the next look may find another.
pub(crate) async fn may_list_namespaces(line: &Line) -> Outcome<Allowed> {
    let attributes = json!({ "verb": "list", "group": "", "resource": "namespaces" });
    let review = review(
        line,
        "selfsubjectaccessreviews",
        "SelfSubjectAccessReview",
        &json!({ "resourceAttributes": attributes }),
    )?;
    match ask::<AccessReview>(line, review, SMALL).await? {
        Answer::Done(review) => review.status.decided().ok_or_else(|| undecided(&line.host)),
        Answer::Refused(status) => Ok(Allowed::Refused(status)),
    }
}

/// Whether anything in a namespace may be seen.
///
/// # Errors
/// As for [`may_list_namespaces`].
pub(crate) async fn may_see_in(line: &Line, namespace: &str) -> Outcome<Allowed> {
    let spec = json!({ "namespace": namespace });
    let review = review(line, "selfsubjectrulesreviews", "SelfSubjectRulesReview", &spec)?;
    let sees = |rule: &Rule| {
        let verbs = rule.verbs.as_deref().unwrap_or_default();
        verbs.iter().any(|verb| matches!(verb.as_str(), "get" | "list" | "watch" | "*"))
    };
    match ask::<RulesReview>(line, review, LARGE).await? {
        Answer::Done(review) => {
            let rules = review.status.resource_rules.unwrap_or_default();
            let yes = review.status.incomplete || rules.iter().any(sees);
            Ok(if yes { Allowed::Yes } else { Allowed::No })
        }
        Answer::Refused(status) => Ok(Allowed::Refused(status)),
    }
}

fn undecided(host: &str) -> Refusal {
    unreachable(format!(
        "{host} could not decide what the credentials may see: its authorizer failed; see its authorization webhook, and the \
         log of the API server"
    ))
}

fn review(line: &Line, resource: &str, kind: &str, spec: &Value) -> Outcome<Request<Vec<u8>>> {
    let body = json!({ "apiVersion": "authorization.k8s.io/v1", "kind": kind, "spec": spec });
    kube::core::Request::new(format!("/apis/authorization.k8s.io/v1/{resource}"))
        .create(&PostParams::default(), body.to_string().into_bytes())
        .map_err(|_| no_api_server(&line.host, "it cannot be asked what the credentials may see"))
}

#[cfg(test)]
mod tests {
    use super::{AccessReview, Allowed};

    #[test]
    fn an_authorizer_that_failed_has_not_said_no() {
        let decided = |status: &str| {
            let review = format!(r#"{{"status":{status}}}"#);
            serde_json::from_str::<AccessReview>(&review).unwrap().status.decided()
        };
        assert_eq!(decided(r#"{"allowed":true}"#), Some(Allowed::Yes));
        assert_eq!(decided(r#"{"allowed":true,"evaluationError":"a"}"#), Some(Allowed::Yes));
        for no in ["{}", r#"{"allowed":false}"#, r#"{"allowed":false,"evaluationError":""}"#] {
            assert_eq!(decided(no), Some(Allowed::No), "{no}");
        }
        assert_eq!(decided(r#"{"allowed":false,"evaluationError":"webhook"}"#), None);
    }
}
