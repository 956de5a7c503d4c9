//! From a kubeconfig to the one way that is used: its context, cluster and user, with everything refused that a
//! kubeconfig may not have done here (`spec/agent-link.md`). Nothing is read or connected to yet.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use secrecy::{ExposeSecret, SecretString};
use zeroize::Zeroizing;

use crate::exec;
use crate::faults::{Outcome, invalid, shown, some_of};
use crate::files::Files;
use crate::kubeconfig::{Cluster, Context, Exec, Kubeconfig, User};
use crate::options::ExecRules;
use crate::proxy::Proxy;
use crate::server::Server;

/// Something that stands in the kubeconfig, or in a file.
#[derive(Clone)]
pub(crate) enum Place {
    /// PEM, decoded.
    Here(Zeroizing<Vec<u8>>),
    /// A file's path.
    File(String),
}

impl std::fmt::Debug for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Here(data) => write!(f, "Here({} bytes)", data.len()),
            Self::File(path) => write!(f, "File({path:?})"),
        }
    }
}

/// Who vouches for the server.
#[derive(Debug, Clone)]
pub(crate) enum Trust {
    /// Whom this machine trusts.
    System,
    /// The kubeconfig's `certificate-authority`.
    Given(Place),
    /// Nobody: `insecure-skip-tls-verify`.
    Nobody,
}

/// How one shows who asks.
#[derive(Debug, Clone, Default)]
pub(crate) struct Login {
    pub(crate) token: Option<SecretString>,
    pub(crate) token_file: Option<String>,
    pub(crate) basic: Option<(String, SecretString)>,
    pub(crate) certificate: Option<(Place, Place)>,
    pub(crate) exec: Option<Exec>,
    pub(crate) act_as: ActAs,
}

/// Whom one acts as.
#[derive(Debug, Clone, Default)]
pub(crate) struct ActAs {
    pub(crate) user: Option<String>,
    pub(crate) uid: Option<String>,
    pub(crate) groups: Option<Vec<String>>,
    pub(crate) extra: Option<std::collections::HashMap<String, Vec<String>>>,
}

/// A way to a cluster.
#[derive(Debug, Clone)]
pub(crate) struct Access {
    pub(crate) server: Server,
    pub(crate) trust: Trust,
    /// `tls-server-name`: the name in the server's certificate, if it is another than its host.
    pub(crate) server_name: Option<String>,
    pub(crate) proxy: Option<Proxy>,
    pub(crate) login: Login,
    /// The namespace of the context.
    pub(crate) namespace: String,
    /// Where its files are read.
    pub(crate) files: Files,
}

/// Chooses the way. `context` is the definition's, which counts before the kubeconfig's current one.
///
/// # Errors
/// What is missing, cannot be used, or is refused.
pub(crate) fn choose(
    kubeconfig: Kubeconfig,
    context: Option<&str>,
    files: &Files,
    rules: &ExecRules,
) -> Outcome<Access> {
    let Kubeconfig { current_context, contexts, clusters, users } = kubeconfig;
    let current = current_context.filter(|name| !name.is_empty());
    let contexts: Vec<(String, Context)> =
        contexts.into_iter().map(|c| (c.name, c.context.unwrap_or_default())).collect();
    let Some(name) = context.or(current.as_deref()) else {
        return Err(invalid(format!(
            "the kubeconfig has no current-context and the definition has no context; set context to one of: {}",
            some_of(contexts.iter().map(|(name, _)| name.as_str()))
        )));
    };
    let context = named("context", name, contexts)?;
    let cluster = context.cluster.ok_or_else(|| missing(name, "cluster"))?;
    let clusters = clusters.into_iter().map(|c| (c.name, c.cluster.unwrap_or_default())).collect();
    let cluster = named("cluster", &cluster, clusters)?;
    let user = match context.user.filter(|user| !user.is_empty()) {
        None => User::default(),
        Some(user) => {
            let users = users.into_iter().map(|u| (u.name, u.user.unwrap_or_default())).collect();
            named("user", &user, users)?
        }
    };
    let server =
        cluster.server.as_deref().filter(|server| !server.trim().is_empty()).ok_or_else(|| {
            invalid("the kubeconfig's cluster has no server; give https://HOST:PORT")
        })?;
    Ok(Access {
        server: Server::read(server)?,
        trust: trust(&cluster)?,
        server_name: cluster.tls_server_name.filter(|name| !name.is_empty()),
        proxy: cluster
            .proxy_url
            .filter(|url| !url.expose_secret().is_empty())
            .map(|url| Proxy::read(&url))
            .transpose()?,
        login: login(user, rules)?,
        namespace: context
            .namespace
            .filter(|namespace| !namespace.is_empty())
            .unwrap_or_else(|| "default".to_owned()),
        files: files.clone(),
    })
}

/// The entry of this name.
fn named<T>(what: &str, name: &str, entries: Vec<(String, T)>) -> Outcome<T> {
    let names: Vec<String> = entries.iter().map(|(name, _)| name.clone()).collect();
    entries.into_iter().find(|(entry, _)| entry == name).map(|(_, entry)| entry).ok_or_else(|| {
        invalid(format!(
            "the kubeconfig has no {what} {}; it has: {}",
            shown(name),
            some_of(names.iter().map(String::as_str))
        ))
    })
}

fn missing(context: &str, what: &str) -> host_agent::Refusal {
    invalid(format!("the context {} of the kubeconfig names no {what}", shown(context)))
}

fn trust(cluster: &Cluster) -> Outcome<Trust> {
    let data = cluster.certificate_authority_data.as_deref();
    let given = place(data, cluster.certificate_authority.as_deref(), "certificate-authority")?;
    match (cluster.insecure_skip_tls_verify.unwrap_or(false), given) {
        (true, Some(_)) => Err(invalid(
            "the kubeconfig's cluster has insecure-skip-tls-verify and a certificate-authority; keep the latter",
        )),
        (true, None) => Ok(Trust::Nobody),
        (false, Some(place)) => Ok(Trust::Given(place)),
        (false, None) => Ok(Trust::System),
    }
}

fn login(user: User, rules: &ExecRules) -> Outcome<Login> {
    if let Some(provider) = user.auth_provider {
        return Err(invalid(format!(
            "the kubeconfig's user has the auth-provider {}, and no auth-provider is used here; give a token, a \
             certificate, or a command that agent.exec.allow names",
            shown(&provider.name)
        )));
    }
    if let Some(exec) = &user.exec {
        exec::allowed(exec, rules)?;
    }
    let certificate = place(
        user.client_certificate_data.as_deref(),
        user.client_certificate.as_deref(),
        "client-certificate",
    )?;
    let key_data = user.client_key_data.as_ref().map(ExposeSecret::expose_secret);
    let key = place(key_data, user.client_key.as_deref(), "client-key")?;
    let certificate = match (certificate, key) {
        (Some(certificate), Some(key)) => Some((certificate, key)),
        (None, None) => None,
        (Some(_), None) => return Err(half("client-certificate", "client-key")),
        (None, Some(_)) => return Err(half("client-key", "client-certificate")),
    };
    Ok(Login {
        token: user.token.filter(|token| !token.expose_secret().trim().is_empty()),
        token_file: user.token_file.filter(|file| !file.is_empty()),
        basic: user
            .username
            .filter(|name| !name.is_empty())
            .map(|name| (name, user.password.unwrap_or_default())),
        certificate,
        exec: user.exec,
        act_as: ActAs {
            user: user.act_as,
            uid: user.as_uid,
            groups: user.as_groups,
            extra: user.as_user_extra,
        },
    })
}

fn half(has: &str, lacks: &str) -> host_agent::Refusal {
    invalid(format!("the kubeconfig's user has a {has} and no {lacks}; give both"))
}

/// Data counts before a file, as for kubectl.
fn place(data: Option<&str>, file: Option<&str>, what: &str) -> Outcome<Option<Place>> {
    if let Some(data) = data.filter(|data| !data.trim().is_empty()) {
        let packed: Zeroizing<String> =
            Zeroizing::new(data.chars().filter(|letter| !letter.is_whitespace()).collect());
        return match STANDARD.decode(packed.as_bytes()) {
            Ok(data) => Ok(Some(Place::Here(Zeroizing::new(data)))),
            Err(_) => Err(invalid(format!("{what}-data of the kubeconfig is no Base64"))),
        };
    }
    Ok(file.filter(|file| !file.is_empty()).map(|file| Place::File(file.to_owned())))
}

#[cfg(test)]
mod tests {
    use host_agent::Code;

    use super::{Access, Place, Trust, choose};
    use crate::files::Files;
    use crate::kubeconfig::read;
    use crate::options::ExecRules;

    fn chosen(text: &str, context: Option<&str>) -> Result<Access, String> {
        let rules = ExecRules { allow: vec!["aws".into()], env: vec!["AWS_PROFILE".into()] };
        choose(read(text).unwrap(), context, &Files::under(None), &rules).map_err(|refusal| {
            assert_eq!(refusal.code, Code::InvalidKubeconfig);
            refusal.text
        })
    }

    /// A kubeconfig with one of everything, and what is said of its cluster and its user.
    fn one(cluster: &str, user: &str) -> String {
        format!(
            "current-context: a\ncontexts: [{{name: a, context: {{cluster: c, user: u}}}}, {{name: b, context: {{}}}}]\n\
             clusters: [{{name: c, cluster: {{server: 'https://api:6443'{cluster}}}}}]\n\
             users: [{{name: u, user: {{{user}}}}}]\n"
        )
    }

    #[test]
    fn the_definitions_context_counts_before_the_current_one() {
        assert_eq!(chosen(&one("", ""), None).unwrap().server.identity(), "https://api:6443");
        let text = chosen(&one("", ""), Some("b")).unwrap_err();
        assert_eq!(text, "the context b of the kubeconfig names no cluster");
        let text = chosen(&one("", ""), Some("prod")).unwrap_err();
        assert_eq!(text, "the kubeconfig has no context prod; it has: a, b");
        let text = chosen("contexts: [{name: x}]", None).unwrap_err();
        assert!(text.contains("set context to one of: x"), "{text}");
        let text =
            chosen("contexts: [{name: x, context: {cluster: gone}}]", Some("x")).unwrap_err();
        assert_eq!(text, "the kubeconfig has no cluster gone; it has: none");
    }

    #[test]
    fn exec_is_refused_unless_allowed_by_name_and_auth_providers_always() {
        let text = chosen(&one("", "exec: {command: /bin/sh, args: [-c, hunter2]}"), None);
        let text = text.unwrap_err();
        assert!(text.contains("/bin/sh") && text.contains("agent.exec.allow"), "{text}");
        assert!(!text.contains("hunter2"), "{text}");
        assert!(chosen(&one("", "exec: {command: aws, args: [eks]}"), None).is_ok());
        let text = chosen(&one("", "auth-provider: {name: gcp, config: {cmd-path: /x}}"), None);
        assert!(text.unwrap_err().contains("the auth-provider gcp"));
    }

    #[test]
    fn who_vouches_for_the_server_is_said_once() {
        let trust = |cluster: &str| chosen(&one(cluster, ""), None).map(|access| access.trust);
        assert!(matches!(trust("").unwrap(), Trust::System));
        assert!(matches!(trust(", insecure-skip-tls-verify: true").unwrap(), Trust::Nobody));
        let Trust::Given(Place::File(file)) = trust(", certificate-authority: /ca").unwrap() else {
            panic!("no file")
        };
        assert_eq!(file, "/ca");
        let data = trust(", certificate-authority: /ca, certificate-authority-data: Y2E=").unwrap();
        assert!(matches!(data, Trust::Given(Place::Here(data)) if **data == *b"ca"));
        let both = trust(", insecure-skip-tls-verify: true, certificate-authority: /ca");
        assert!(both.unwrap_err().contains("keep the latter"));
        assert!(trust(", certificate-authority-data: '%%'").unwrap_err().contains("no Base64"));
    }

    #[test]
    fn a_certificate_without_its_key_is_refused() {
        let text = chosen(&one("", "client-certificate-data: Y2E="), None).unwrap_err();
        assert!(text.contains("no client-key"), "{text}");
        let text = chosen(&one("", "client-key: /k"), None).unwrap_err();
        assert!(text.contains("no client-certificate"), "{text}");
    }

    #[test]
    fn an_access_does_not_print_its_secrets() {
        let user = "token: hunter2, username: me, password: hunter2, client-key-data: aHVudGVyMg==, \
                    client-certificate-data: aHVudGVyMg==";
        let access = chosen(&one(", proxy-url: 'http://me:hunter2@p'", user), None).unwrap();
        let printed = format!("{access:?}");
        assert!(!printed.contains("hunter2") && !printed.contains("104, 117"), "{printed}");
    }
}
