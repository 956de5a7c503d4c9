//! What an agent sees of a cluster, as cells.

use serde_json::Value as Json;

use super::super::output::cell;

/// The headings of [`cells`].
pub(super) const HEADINGS: [&str; 4] = ["VERSION", "HOST", "FINGERPRINT", "NAMESPACES"];

/// How much of a fingerprint is shown: enough to tell two apart, by people too.
const SHOWN: usize = "27:5E:01:AB".len();

/// The member `cluster` of an answer of the API, and how many namespaces were seen there.
pub(super) fn cells(of: &Json) -> [String; 4] {
    let cluster = of.get("cluster").unwrap_or(&Json::Null);
    let namespaces = match of.get("namespaces") {
        Some(counted @ Json::Object(_)) => cell(counted, "count"),
        _ => cell(of, "namespaces"),
    };
    [
        cell(cluster, "kubeVersion"),
        cell(cluster, "kubeHost"),
        short(&cell(cluster, "certFingerprint")),
        namespaces,
    ]
}

fn short(fingerprint: &str) -> String {
    match fingerprint.char_indices().nth(SHOWN) {
        None => fingerprint.to_owned(),
        Some((end, _)) => format!("{}…", &fingerprint[..end]),
    }
}

/// Code and text of a member that says why something is not well.
pub(super) fn why(of: &Json, member: &str) -> String {
    match of.get(member) {
        Some(error @ Json::Object(_)) => {
            format!("{}: {}", cell(error, "code"), cell(error, "text"))
        }
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::cells;

    #[test]
    fn a_cluster_is_shown_with_the_beginning_of_its_fingerprint() {
        let seen = json!({
            "cluster": { "kubeVersion": "v1.34.4", "kubeHost": "https://a:6443", "certFingerprint": "27:5E:01:AB:CD" },
            "namespaces": { "count": 512, "first": ["default"] },
        });
        assert_eq!(cells(&seen), ["v1.34.4", "https://a:6443", "27:5E:01:AB…", "512"]);
        let short = json!({ "cluster": { "certFingerprint": "27:5E:01:AB" }, "namespaces": 3 });
        assert_eq!(cells(&short), ["", "", "27:5E:01:AB", "3"]);
        assert_eq!(cells(&json!({ "cluster": null })), ["", "", "", ""]);
    }
}
