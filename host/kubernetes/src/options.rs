//! What an operator decides about reaching clusters: which files and commands a kubeconfig may name, which networks it
//! may point at, and how often what is held is looked at.

use std::net::IpAddr;
use std::path::PathBuf;

use ipnet::IpNet;

/// Networks where no API server and no proxy is, unless `agent.networks.refuse` says otherwise: where machines keep what
/// only they may read. Link-local addresses, with the metadata services of most clouds; the metadata services of AWS
/// (IPv6), Alibaba and Azure elsewhere; addresses without a host, which lead to the agent's own machine.
pub const REFUSED_NETWORKS: &str = "169.254.0.0/16,fe80::/10,fd00:ec2::254/128,100.100.100.200/32,168.63.129.16/32,0.0.0.0/8,::/128";

/// Where IPv6 networks have their way to IPv4 (NAT64): the last four bytes are the address at the other end.
const NAT64: [u16; 6] = [0x64, 0xff9b, 0, 0, 0, 0];

/// All of it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct KubernetesOptions {
    /// `agent.files.root`: files that a definition or a kubeconfig names are read under it only; none: no file is.
    pub files_root: Option<PathBuf>,
    /// `agent.exec.*`.
    pub exec: ExecRules,
    /// `agent.networks.refuse`.
    pub networks: Networks,
    /// The pod that the agent runs in, for accounts with `serviceAccount: true`; none: it runs in none.
    pub pod: Option<Pod>,
    /// How long things may take, and how many there may be at once.
    pub bounds: Bounds,
    /// How often what is held is looked at.
    pub rhythm: Rhythm,
}

/// Which commands kubeconfigs may have run for credentials.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ExecRules {
    /// `agent.exec.allow`: the commands, exactly as a kubeconfig writes them. Whoever writes definitions chooses their
    /// arguments.
    pub allow: Vec<String>,
    /// `agent.exec.env`: the variables that a kubeconfig may set for them.
    pub env: Vec<String>,
}

/// Networks that are never connected to, whatever name leads there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Networks(pub Vec<IpNet>);

impl Default for Networks {
    fn default() -> Self {
        let net = |text: &str| text.parse().expect("the list above has networks only");
        Self(REFUSED_NETWORKS.split(',').map(net).collect())
    }
}

impl Networks {
    /// Whether an address is in one of them. An IPv4 address in IPv6's clothes is the same address, and so is one that a
    /// network translates.
    #[must_use]
    pub fn contain(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        let contains = |address: IpAddr| self.0.iter().any(|network| network.contains(&address));
        contains(address) || translated(address).is_some_and(contains)
    }
}

/// The IPv4 address that an IPv6 address leads to.
fn translated(address: IpAddr) -> Option<IpAddr> {
    let IpAddr::V6(address) = address else { return None };
    let [a, b, c, d] = address.octets()[12..] else { return None };
    address.segments().starts_with(&NAT64).then(|| [a, b, c, d].into())
}

/// What Kubernetes gives a pod: where its API server is, and a folder with `token` and `ca.crt`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pod {
    /// `KUBERNETES_SERVICE_HOST`.
    pub host: String,
    /// `KUBERNETES_SERVICE_PORT`.
    pub port: u16,
    /// The pod's namespace.
    pub namespace: String,
    /// `/var/run/secrets/kubernetes.io/serviceaccount`.
    pub folder: PathBuf,
}

/// How long things may take, and how many there may be at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// How long a look may take, in milliseconds, from its first step to its last answer.
    pub look_ms: u64,
    /// How long it may take to be connected (name, TCP, proxy and TLS), in milliseconds.
    pub connect_ms: u64,
    /// `agent.health.at_once`: how many held accounts are looked at at once. One that is silent for a second is not counted
    /// any more; of those there may be four times as many. Behind one address at most a quarter of either.
    pub checks_at_once: usize,
    /// `agent.watches.max`: how many accounts' namespaces are watched over an open connection; the rest is polled.
    pub watches: usize,
}

impl Default for Bounds {
    fn default() -> Self {
        Self { look_ms: 30_000, connect_ms: 10_000, checks_at_once: 32, watches: 200 }
    }
}

/// How often what is held is looked at. Each time is moved by up to a fifth, by chance.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rhythm {
    /// Whether it answers, and with which identity, in milliseconds.
    pub health_ms: u64,
    /// Which namespaces it has, in milliseconds, where they are not watched.
    pub namespaces_ms: u64,
}

impl Default for Rhythm {
    fn default() -> Self {
        Self { health_ms: 30_000, namespaces_ms: 300_000 }
    }
}

#[cfg(test)]
mod tests {
    use super::Networks;

    #[test]
    fn metadata_services_are_refused_in_either_clothes_and_clusters_are_not() {
        let networks = Networks::default();
        for refused in [
            "169.254.169.254",
            "::ffff:169.254.169.254",
            "64:ff9b::169.254.169.254",
            "fe80::1",
            "0.0.0.0",
            "::",
        ] {
            assert!(networks.contain(refused.parse().unwrap()), "{refused}");
        }
        for allowed in ["127.0.0.1", "10.0.0.1", "64:ff9b::10.0.0.1", "2001:db8::1", "::1"] {
            assert!(!networks.contain(allowed.parse().unwrap()), "{allowed}");
        }
    }
}
