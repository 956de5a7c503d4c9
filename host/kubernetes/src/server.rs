//! The address of an API server, as a kubeconfig writes it.

use http::Uri;

use crate::faults::{Outcome, invalid, shown};
use crate::literal;

/// The longest host name: with scheme and port it fits where names of 255 characters do.
const LONGEST: usize = 240;

/// Where an API server is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Server {
    /// Its address with its path, which requests begin with.
    pub(crate) uri: Uri,
    /// Its name or IP address in small letters, an IPv6 address without brackets.
    pub(crate) host: String,
    /// Its port.
    pub(crate) port: u16,
}

impl Server {
    /// Reads `server` of a kubeconfig.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(crate) fn read(text: &str) -> Outcome<Self> {
        let wrong = |why: &str| {
            invalid(format!("server of the kubeconfig's cluster {why}; give https://HOST:PORT"))
        };
        let text = text.trim();
        if text.contains('@') {
            return Err(wrong("has a user in it"));
        }
        let full = if text.contains("://") { text.to_owned() } else { format!("https://{text}") };
        let uri: Uri = full.parse().map_err(|_| wrong("is no address"))?;
        if uri.scheme_str() != Some("https") {
            let scheme = shown(uri.scheme_str().unwrap_or_default());
            return Err(wrong(&format!(
                "begins with {scheme}://, and only https shows who answers"
            )));
        }
        let host = uri.host().unwrap_or_default().to_ascii_lowercase();
        let host = host.trim_start_matches('[').trim_end_matches(']').to_owned();
        if host.is_empty() || host.len() > LONGEST {
            return Err(wrong("has no host, or too long a one"));
        }
        if literal::disguised(&host) {
            return Err(wrong(
                "has an address in an unusual form, where four decimal numbers are read",
            ));
        }
        let after_host = uri
            .authority()
            .and_then(|authority| authority.as_str().strip_prefix(uri.host().unwrap_or_default()));
        let port = match uri.port() {
            None if after_host.is_some_and(str::is_empty) => 443,
            None => return Err(wrong("has no port that can be")),
            Some(port) => port.as_str().parse().map_err(|_| wrong("has no port that can be"))?,
        };
        if port == 0 {
            return Err(wrong("has no port that can be"));
        }
        Ok(Self { uri, host, port })
    }

    /// Its address as its identity has it: `https://host:port`.
    pub(crate) fn identity(&self) -> String {
        format!("https://{}", self.authority())
    }

    /// `host:port`, an IPv6 address in brackets.
    pub(crate) fn authority(&self) -> String {
        if self.host.contains(':') {
            format!("[{}]:{}", self.host, self.port)
        } else {
            format!("{}:{}", self.host, self.port)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Server;

    #[test]
    fn an_identity_is_in_small_letters_and_has_its_port() {
        let identity = |text: &str| Server::read(text).unwrap().identity();
        assert_eq!(identity("https://API.Example.com"), "https://api.example.com:443");
        assert_eq!(identity("https://api:6443/k8s/clusters/c-1"), "https://api:6443");
        assert_eq!(identity("https://[2001:DB8::1]:6443"), "https://[2001:db8::1]:6443");
        assert_eq!(identity("api.example.com:6443"), "https://api.example.com:6443");
    }

    #[test]
    fn an_address_that_cannot_be_used_is_refused_with_the_reason() {
        let fault = |text: &str| Server::read(text).unwrap_err().text;
        assert!(fault("http://127.0.0.1:8001").contains("only https"));
        assert!(fault("https://me:hunter2@api").contains("has a user"));
        assert!(!fault("https://me:hunter2@api").contains("hunter2"));
        for odd in ["", "https://", "https://a b", "https://a:99999", "https://a:0", "file:///x"] {
            assert!(fault(odd).contains("give https://HOST:PORT"), "{odd}");
        }
        assert!(fault(&format!("https://{}", "x".repeat(300))).contains("too long"));
        assert!(fault("https://0xA9FEA9FE:443").contains("unusual form"));
    }
}
