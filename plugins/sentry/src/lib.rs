//! Plugin `sentry`: a gate, a metrics source and a notifier over the API of Sentry, sentry.io or self-hosted.
//!
//! As a **gate** it counts the issues that match `query` (default: `level:fatal`), are unresolved, and had an event in the
//! environment within `window`. More than `max` of them fail; an organization, project or environment that Sentry does not
//! know is an error, since nothing was found out.
//!
//! As a **metrics source** it has two queries; `FILTER` is Sentry's own search, e.g. `level:fatal` or `!handled:yes`:
//!
//! | query | reading |
//! |---|---|
//! | `errors [FILTER...]` | events of errors within the window of the rule |
//! | `issues [FILTER...]` | issues with such events; unresolved ones, unless a filter begins with `is:` |
//!
//! `{{release}}` stands for the release as Sentry knows it, so `errors release:{{release}}` counts those of the new version
//! only. An event arrives a minute or two after it happened (`lag`): the window is longer by it, and a 0 of the first `lag`
//! of a watch is no data. What Sentry does not know is no data either.
//!
//! As a **notifier** it creates the release when a deploy starts, a deploy when one succeeds or is rolled back, and finalises
//! the release when it is out. Other events are none of its business.

mod answer;
mod api;
mod config;
mod gate;
mod issues;
mod metrics;
mod notifier;
mod query;

pub use config::Config;
pub use gate::SentryGate;
pub use metrics::SentryMetrics;
pub use notifier::SentryNotifier;

runner_sdk::export! { gate: SentryGate, metrics: SentryMetrics, notifier: SentryNotifier }

#[cfg(test)]
mod tests;
