//! A monitor, as both versions of the API come to it.

use std::collections::BTreeMap;

use runner_sdk::Instant;
use serde_json::Value;

/// How the site is.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Status {
    Up,
    /// Down, or it looks so and is being looked at from elsewhere.
    Down,
    /// Paused, or not checked yet.
    NotChecked,
    /// A status that this plugin does not know.
    Other(String),
}

/// A monitor, as far as it was told.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Monitor {
    pub(crate) status: Status,
    /// Milliseconds between two checks.
    pub(crate) interval_ms: Option<u64>,
    /// Since when the status is what it is.
    pub(crate) changed: Option<Instant>,
    /// The last response: when, and how many milliseconds it took.
    pub(crate) response: Option<(Instant, f64)>,
    /// Percent by the number of days.
    pub(crate) uptime: BTreeMap<u32, f64>,
}

impl Monitor {
    /// Whether the status is known to be of a check after `since`.
    pub(crate) fn is_younger(&self, at: Instant, since: Option<Instant>) -> bool {
        let Some(since) = since else {
            return true;
        };
        let after = |instant: Option<Instant>| instant.is_some_and(|instant| instant >= since);
        let one_is_due = |interval: u64| at.saturating_sub(since) >= interval;
        after(self.changed)
            || after(self.response.map(|(of, _)| of))
            || self.interval_ms.is_some_and(one_is_due)
    }
}

/// A number, which both versions sometimes write as text; not negative.
pub(crate) fn number(value: &Value) -> Option<f64> {
    let number = match value {
        Value::String(text) => text.trim().parse().ok()?,
        value => value.as_f64()?,
    };
    (number.is_finite() && number >= 0.0).then_some(number)
}

/// A whole number, such as an id or a time in seconds.
pub(crate) fn whole(value: &Value) -> Option<u64> {
    match value {
        Value::String(text) => text.trim().parse().ok(),
        value => value.as_u64(),
    }
}

/// Milliseconds of seconds.
pub(crate) fn milliseconds(seconds: &Value) -> Option<u64> {
    whole(seconds).map(|seconds| seconds.saturating_mul(1000))
}
