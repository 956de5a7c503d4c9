//! What a definition says against its kubeconfig, or against the pod: `insecure` and `noProxy`.

use hyper_util::client::proxy::matcher::Matcher;
use serde_json::{Map, Value};

use crate::access::{Access, Trust};
use crate::faults::{Outcome, invalid};
use crate::server::Server;

/// The exceptions of an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Exceptions {
    /// `insecure: true`: nobody has to vouch for the server, as if its kubeconfig said so.
    pub(crate) insecure: bool,
    /// `noProxy`.
    pub(crate) direct: Direct,
}

/// Which servers are reached directly, though the kubeconfig has a `proxy-url`. The proxy variables of the agent's
/// environment count for no account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Direct {
    /// None.
    None,
    /// Whichever it is.
    All,
    /// If it is one of these, as the variable `NO_PROXY` has them.
    Of(String),
}

impl Exceptions {
    /// Makes them.
    pub(crate) fn apply(&self, access: &mut Access) {
        if self.insecure {
            access.trust = Trust::Nobody;
        }
        if self.direct.holds_for(&access.server) {
            access.proxy = None;
        }
    }
}

impl Direct {
    /// Reads `noProxy`: a flag, or hosts.
    ///
    /// # Errors
    /// It is neither.
    pub(crate) fn read(map: &Map<String, Value>) -> Outcome<Self> {
        let of = |hosts: String| match hosts.trim() {
            "" | "false" => Self::None,
            "true" | "*" => Self::All,
            _ => Self::Of(hosts),
        };
        let wrong = || {
            invalid(
                "noProxy of the definition is neither true nor false, nor a list of hosts as NO_PROXY has them",
            )
        };
        match map.get("noProxy") {
            None | Some(Value::Null | Value::Bool(false)) => Ok(Self::None),
            Some(Value::Bool(true)) => Ok(Self::All),
            Some(Value::String(hosts)) => Ok(of(hosts.clone())),
            Some(Value::Array(hosts)) => {
                let hosts: Option<Vec<&str>> = hosts.iter().map(Value::as_str).collect();
                hosts.map(|hosts| of(hosts.join(","))).ok_or_else(wrong)
            }
            Some(Value::Number(_) | Value::Object(_)) => Err(wrong()),
        }
    }

    fn holds_for(&self, server: &Server) -> bool {
        match self {
            Self::None => false,
            Self::All => true,
            // A proxy for everything, were it not for these.
            Self::Of(hosts) => {
                let matcher = Matcher::builder().all("http://proxy").no(hosts.as_str()).build();
                matcher.intercept(&server.uri).is_none()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{Direct, Exceptions};
    use crate::access::{Trust, choose};
    use crate::files::Files;
    use crate::kubeconfig;
    use crate::options::ExecRules;

    fn direct(value: &Value) -> Result<Direct, String> {
        let map = json!({ "noProxy": value });
        Direct::read(map.as_object().unwrap()).map_err(|refusal| refusal.text)
    }

    /// Whether a proxy is left.
    fn through_the_proxy(server: &str, direct: Direct) -> bool {
        let config = format!(
            "{{current-context: a, contexts: [{{name: a, context: {{cluster: a}}}}], clusters: [{{name: a, cluster: \
             {{server: '{server}', proxy-url: 'http://p'}}}}]}}"
        );
        let config = kubeconfig::read(&config).unwrap();
        let mut access = choose(config, None, &Files::under(None), &ExecRules::default()).unwrap();
        assert!(matches!(access.trust, Trust::System));
        Exceptions { insecure: true, direct }.apply(&mut access);
        assert!(matches!(access.trust, Trust::Nobody), "insecure");
        access.proxy.is_some()
    }

    #[test]
    fn no_proxy_is_a_flag_or_a_list_of_hosts() {
        for none in [json!(null), json!(false), json!("false"), json!(" "), json!([])] {
            assert_eq!(direct(&none), Ok(Direct::None), "{none}");
        }
        for all in [json!(true), json!("true"), json!("*"), json!(["*"])] {
            assert_eq!(direct(&all), Ok(Direct::All), "{all}");
        }
        assert_eq!(direct(&json!(["a", "b"])), Ok(Direct::Of("a,b".into())));
        for wrong in [json!(1), json!({}), json!([1])] {
            assert!(direct(&wrong).unwrap_err().contains("neither true nor false"), "{wrong}");
        }
    }

    #[test]
    fn servers_that_no_proxy_names_are_reached_directly_and_others_are_not() {
        assert!(through_the_proxy("https://api", Direct::None));
        assert!(!through_the_proxy("https://api", Direct::All));
        let of = |hosts: &str| Direct::Of(hosts.into());
        for (server, hosts) in [
            ("https://api.example.com:6443", "localhost, .example.com"),
            ("https://api.example.com", "example.com"),
            ("https://10.1.2.3:6443", "10.0.0.0/8"),
            ("https://[2001:db8::1]:6443", "2001:db8::/32"),
        ] {
            assert!(!through_the_proxy(server, of(hosts)), "{server}");
        }
        for other in ["https://example.org", "https://11.1.2.3", "https://notexample.com"] {
            assert!(through_the_proxy(other, of("example.com,10.0.0.0/8")), "{other}");
        }
    }
}
