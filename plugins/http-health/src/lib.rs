//! Plugin `http-health`: asks the health endpoints of an environment.
//!
//! An endpoint is healthy when it answers with the status that it must, and its JSON has the fields that it must. No answer
//! (refused, no such host, out of time, a certificate that is not good) is not healthy: that is what is measured, and no
//! trouble of the source. Redirects are not followed.
//!
//! As a **gate** it wants all endpoints to be healthy. As a **metrics source** it has these queries:
//!
//! | query | reading |
//! |---|---|
//! | `healthy [ENDPOINT]` | 1 or 0; without a name, 1 where all endpoints are healthy |
//! | `latency ENDPOINT` | milliseconds until the whole answer was there; no data without one |
//!
//! So `below = 1` with `failures = 3` is "not healthy three times in a row".

mod config;
mod endpoint;
mod gate;
mod metrics;

pub use config::Config;
pub use gate::HealthGate;
pub use metrics::HealthMetrics;

runner_sdk::export! { gate: HealthGate, metrics: HealthMetrics }

#[cfg(test)]
mod tests;
