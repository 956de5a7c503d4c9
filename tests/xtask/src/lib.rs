//! What a developer types, as functions: the tests use some of them too.

pub mod check;
pub mod databases;
pub mod demo;
pub mod generated;
pub mod guest;
pub mod kubernetes;
pub mod leftovers;
pub mod proto;
pub mod steps;
pub mod toolchain;
pub mod workspace;
