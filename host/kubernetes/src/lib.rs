//! The agent's clusters as they are: Kubernetes API servers, looked at and watched (`spec/agent-link.md`). It stands
//! behind [`Clusters`](host_agent::Clusters) and knows neither operations nor the bridge.
//!
//! From a definition to an answer: [`definition`] says what Clouddriver's attributes mean; [`kubeconfig`] reads the
//! kubeconfig, and [`access`] decides what of it is used and what is refused; [`credentials`] fetches what may change
//! (files, commands); [`dial`] and [`tls`] open one connection, whose certificate is the identity of whoever answers on
//! it ([`mod@line`]); [`answer`] asks within bounds; [`look`] puts a look together. [`watching`] does that again for what is
//! held. Whatever goes wrong is a sentence of [`faults`].
//!
//! A look uses one connection and closes it. So the certificate that is told is the one that every answer of the look
//! came under, and ten thousand accounts keep no sockets open between looks.

mod access;
mod answer;
mod beneath;
mod credentials;
mod definition;
mod dial;
mod exceptions;
mod exec;
mod faults;
mod files;
mod kubeconfig;
mod line;
mod literal;
mod look;
mod namespaces;
mod options;
mod permissions;
mod proxy;
mod reach;
mod server;
mod step;
#[cfg(test)]
mod testing;
mod tls;
mod watching;

pub use options::{Bounds, ExecRules, KubernetesOptions, Networks, Pod, REFUSED_NETWORKS, Rhythm};
pub use watching::Kubernetes;
