//! A small web shop: a catalogue, a checkout that keeps its orders, a health page and metrics.
//!
//! It is what the demo releases, watches and rolls back, and it uses the standard library alone.

pub mod catalogue;
pub mod http;
pub mod json;
pub mod metrics;
pub mod orders;
pub mod pages;
pub mod server;
pub mod settings;
pub mod shop;
