//! The agent's Kubernetes clusters against API servers of our own on loopback: what a look shows, what is refused and
//! bounded, and what is told of what is held. Real API servers show the rest.

mod bounds;
mod input;
mod looks;
mod proxies;
mod rights;
mod scene;
mod watching;
