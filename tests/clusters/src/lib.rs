//! Kubernetes clusters for tests and people: real API servers, to be stopped, frozen, and replaced by others.
//!
//! Each is a kube-apiserver of its own, on loopback, with certificates and keys that nobody else has; all of a process keep
//! their objects in one etcd, below a prefix each. There is no node and no scheduler: nothing runs in them. Processes and
//! files are gone when the process that started them is gone, however it ends (`tests/servers`). This room knows nothing
//! of the bridge.
//!
//! The programs are built by `tests/xtask` (`kubernetes`), once. Where that cannot be, a test asks [`skipped`] first and
//! returns.

mod certificates;
mod cluster;
mod etcd;
mod kubeconfig;
mod programs;
mod tokens;

pub use cluster::{Cluster, Options, Rights, ServiceAccount};
pub use kubeconfig::{Credential, Kubeconfig};
pub use programs::skipped;
