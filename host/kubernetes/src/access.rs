//! From a kubeconfig to the one way that is used: its context, cluster and user, with everything refused that a
//! kubeconfig may not have done here (`spec/agent-link.md`). Nothing is read or connected to yet.

use std::collections::HashMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use secrecy::{ExposeSecret, SecretString};
use zeroize::Zeroizing;

use crate::exec;
use crate::faults::{Outcome, invalid, shown, some_of};
use crate::files::{Files, Named};
use crate::kubeconfig::{Cluster, Context, Exec, Kubeconfig, User};
use crate::namespaces::possible;
use crate::options::ExecRules;
use crate::proxy::Proxy;
use crate::server::Server;

/// Something that stands in the kubeconfig, or in a file.
#[derive(Clone)]
pub(crate) enum Place {
    /// PEM, decoded.
    Here(Zeroizing<Vec<u8>>),
    /// A file.
    File(Named),
}

impl std::fmt::Debug for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Here(data) => write!(f, "Here({} bytes)", data.len()),
            Self::File(file) => file.fmt(f),
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
    pub(crate) token_file: Option<Named>,
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
    pub(crate) extra: Option<HashMap<String, Vec<String>>>,
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
        namespace: namespace(context.namespace, name)?,
        files: files.clone(),
    })
}

/// The namespace of a context.
fn namespace(written: Option<String>, context: &str) -> Outcome<String> {
    match written.filter(|namespace| !namespace.is_empty()) {
        None => Ok("default".to_owned()),
        Some(namespace) if possible(&namespace) => Ok(namespace),
        Some(_) => Err(invalid(format!(
            "the namespace of the context {} of the kubeconfig cannot be one: 1 to 63 small letters, digits and `-`; see \
             whether there is a blank around it",
            shown(context)
        ))),
    }
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
        token_file: user
            .token_file
            .filter(|file| !file.is_empty())
            .map(|file| Named::read("tokenFile", file))
            .transpose()?,
        basic: user
            .username
            .filter(|name| !name.is_empty())
            .map(|name| (name, user.password.unwrap_or_default())),
        certificate,
        exec: user.exec,
        act_as: act_as(user.act_as, user.as_uid, user.as_groups, user.as_user_extra)?,
    })
}

/// Whom one acts as; what is empty is not there.
fn act_as(
    user: Option<String>,
    uid: Option<String>,
    groups: Option<Vec<String>>,
    extra: Option<HashMap<String, Vec<String>>>,
) -> Outcome<ActAs> {
    let user = user.filter(|user| !user.is_empty());
    let uid = uid.filter(|uid| !uid.is_empty());
    let groups = groups.filter(|groups| !groups.is_empty());
    let extra = extra.filter(|extra| !extra.is_empty());
    if user.is_none() && (uid.is_some() || groups.is_some() || extra.is_some()) {
        return Err(invalid(
            "the kubeconfig's user has as-uid, as-groups or as-user-extra, and no `as`; API servers take them together only",
        ));
    }
    Ok(ActAs { user, uid, groups, extra })
}

fn half(has: &str, lacks: &str) -> host_agent::Refusal {
    invalid(format!("the kubeconfig's user has a {has} and no {lacks}; give both"))
}

/// Data counts before a file, as for kubectl.
fn place(data: Option<&str>, file: Option<&str>, what: &'static str) -> Outcome<Option<Place>> {
    if let Some(data) = data.filter(|data| !data.trim().is_empty()) {
        let packed: Zeroizing<String> =
            Zeroizing::new(data.chars().filter(|letter| !letter.is_whitespace()).collect());
        return match STANDARD.decode(packed.as_bytes()) {
            Ok(data) => Ok(Some(Place::Here(Zeroizing::new(data)))),
            Err(_) => Err(invalid(format!("{what}-data of the kubeconfig is no Base64"))),
        };
    }
    let file = file.filter(|file| !file.is_empty());
    file.map(|file| Named::read(what, file).map(Place::File)).transpose()
}

#[cfg(test)]
mod tests;
