//! The gate `ai-review` as it is shipped: the real command in a scratch repository, over real HTTP, against stand-ins for the
//! models' APIs and GitHub's that keep state and refuse what the real ones refuse, and against a mock made from a document.

mod built_in;
mod client;
mod crashed;
mod errors;
mod found;
mod models;
mod money;
mod posted;
mod prism;
mod pulls;
#[path = "../../engine/tests/promises/server.rs"]
mod server;
mod shop;
mod strict;
