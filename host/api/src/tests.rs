//! What the API promises, asked of the whole router over a scripted intake and a store in memory.

mod answers;
mod bad_input;
mod contract;
mod health;
mod keys;
mod metrics;
mod names;
mod operations;
mod reads;
mod records;
mod requests;
mod seen;
mod store;
mod streams;
mod world;
