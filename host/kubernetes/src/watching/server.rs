//! What a look at an account waits for, by name: looks that wait for the same are bounded together
//! (`host_agent::Lanes`).

use host_agent::Definition;

use crate::access::Access;
use crate::definition::{self, Source, Written};
use crate::reach::Known;

impl Known {
    /// Names the server, and what else may be silent on the way there: a proxy, or the command that prints credentials.
    /// Of a kubeconfig in a file, the file and the context stand for what it says. A definition that cannot be read
    /// waits for nothing, and neither do others like it.
    pub(super) fn server(&self) -> String {
        match self {
            Self::Way(way) => named(&way.access),
            Self::Definition(definition) => in_files(definition).unwrap_or_default(),
        }
    }
}

fn named(access: &Access) -> String {
    let mut name = access.server.authority();
    if let Some(proxy) = &access.proxy {
        name.push_str(" by ");
        name.push_str(&proxy.called());
    }
    if let Some(exec) = &access.login.exec {
        name.push_str(" with ");
        name.push_str(&exec.command);
    }
    name
}

fn in_files(definition: &Definition) -> Option<String> {
    let Written { source, context, .. } = definition::read(definition).ok()?;
    match source {
        Source::Pod => Some("the pod's".to_owned()),
        Source::File(file) => {
            Some(format!("{} of {}", context.as_deref().unwrap_or_default(), file.key()))
        }
        Source::Contents(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use host_agent::Definition;
    use serde_json::json;

    use crate::options::{ExecRules, KubernetesOptions};
    use crate::reach::Reach;
    use crate::testing::Clock;

    fn server(definition: &serde_json::Value) -> String {
        let exec = ExecRules { allow: vec!["aws".to_owned()], env: Vec::new() };
        let options = KubernetesOptions { exec, ..KubernetesOptions::default() };
        let reach = Reach::new(options, Clock::new());
        reach.known(&Definition::new(definition.to_string())).server()
    }

    fn inline(cluster: &str, user: &str) -> String {
        let kubeconfig = format!(
            "current-context: it\ncontexts:\n- name: it\n  context: {{cluster: c, user: u}}\nclusters:\n- name: c\n  cluster:\n    {cluster}\n\
             users:\n- name: u\n  user:\n    {user}\n"
        );
        server(&json!({ "kubeconfigContents": kubeconfig }))
    }

    #[test]
    fn accounts_of_one_address_wait_for_the_same_whoever_asks() {
        let one = inline("server: https://API.example.com/a", "token: hunter2");
        assert_eq!(one, "api.example.com:443");
        assert_eq!(one, inline("server: https://api.example.com:443", "token: other"));
        assert_ne!(one, inline("server: https://api.example.com:6443", "token: hunter2"));
    }

    #[test]
    fn a_proxy_and_a_command_may_be_silent_where_the_server_is_not() {
        let direct = inline("server: https://api", "token: t");
        let proxied = inline(
            "{server: 'https://api', proxy-url: 'http://me:hunter2@proxy:3128'}",
            "token: t",
        );
        assert!(proxied.starts_with("api:443") && proxied != direct, "{proxied}");
        assert!(!proxied.contains("hunter2"), "{proxied}");
        let exec = "exec: {apiVersion: client.authentication.k8s.io/v1, command: aws, interactiveMode: Never}";
        let by_command = inline("server: https://api", exec);
        assert!(by_command.starts_with("api:443") && by_command != direct, "{by_command}");
    }

    #[test]
    fn what_stands_in_files_is_named_by_them_and_what_cannot_be_read_by_nothing() {
        let file = |context: &str| server(&json!({ "kubeconfigFile": "/k", "context": context }));
        assert_eq!(file("a"), "a of /k");
        assert_ne!(file("a"), file("b"));
        assert_eq!(server(&json!({ "serviceAccount": true })), "the pod's");
        assert_eq!(server(&json!([])), "");
        assert_eq!(inline("server: http://api", "token: t"), "");
    }
}
