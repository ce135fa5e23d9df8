//! Rules of a watch: what is measured after a deploy, when it is a breach, and what then happens.
//!
//! Pure: readings go in, states and a verdict come out. [`Rule`] is the configuration, [`reading`] what a source
//! answered, [`evaluate`] the state of each rule, [`verdict`] what they come to together. A breach, no data and a
//! failing source are three things with a policy each: an outage of a source alone never breaches and never passes.

mod evaluate;
mod reading;
mod sentence;
mod state;
mod verdict;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::duration::Duration;

pub use evaluate::evaluate;
pub use reading::{Reading, Sample};
pub use state::{Coverage, Evidence, Lasting, Limit, RuleState, Side, State};
pub use verdict::{Judgement, Verdict, judge, ticks};

/// How many readings at least a trend is seen in.
const TREND: usize = 3;

/// What is measured, when it is a breach, and what then happens.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Rule {
    /// Name of the `[metrics.*]` that is asked.
    pub source: String,
    /// What it is asked, in its own language.
    pub query: String,
    /// A reading above this is a breach. Exactly one of `above` and `below` is set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub above: Option<f64>,
    /// A reading below this is a breach.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub below: Option<f64>,
    /// How long it must last, in time that was watched; time without readings does not count.
    #[serde(rename = "for", default, skip_serializing_if = "Option::is_none")]
    pub lasting: Option<Duration>,
    /// How many times in a row it must be seen. Default, without `for`: once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1))]
    pub failures: Option<u32>,
    /// Wants the last readings (3 or more) to rise as well: none falls, and the last is higher than the first.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub rising: bool,
    /// The time that one reading looks back over; told to the source.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub window: Option<Duration>,
    /// A share of fewer requests than this is neither a breach nor healthy.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0))]
    pub min_requests: Option<f64>,
    /// What a breach does.
    pub action: Action,
    /// What it means that the source has no data.
    #[serde(default)]
    pub no_data: NoData,
    /// What it means that the source fails.
    #[serde(default)]
    pub source_error: SourceError,
    /// The unit of the reading, for people: `ms`, `%`, `messages`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit: Option<String>,
}

/// What a breach does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Action {
    /// Goes back to the last good release.
    Rollback,
    /// Is told, and changes nothing.
    Warn,
    /// Asks a person, who decides.
    Alert,
}

/// What it means that a source has no data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum NoData {
    /// It is not known how things are; a watch that ends so has not passed.
    #[default]
    Unknown,
    /// Nothing, e.g. for a counter that is there only once it counts.
    Ignore,
    /// A breach, e.g. for a heartbeat.
    Breach,
}

/// What it means that a source fails. Never a breach.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum SourceError {
    /// It is not known how things are; a watch that ends so has not passed.
    #[default]
    Unknown,
    /// Nothing.
    Ignore,
    /// A warning.
    Warn,
}

/// Says what is wrong with a rule.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum RuleError {
    /// There is no threshold.
    #[error("the rule has no threshold: set `above` or `below`")]
    NoThreshold,
    /// There are two.
    #[error("the rule has both `above` and `below`: make it two rules")]
    TwoThresholds,
    /// A number is NaN or infinite, or negative where it counts something.
    #[error("`{field}` is {value}, it must be {wanted}")]
    BadNumber {
        field: &'static str,
        value: f64,
        wanted: &'static str,
    },
    /// It says in two ways how long it must last.
    #[error("the rule has both `for` and `failures`: keep the one that you mean")]
    TwoLengths,
    /// A field is there and empty or zero.
    #[error("`{0}` is empty or zero: give it a value or leave it out")]
    Empty(&'static str),
    /// Only what must not grow can be watched for rising.
    #[error("`rising` goes with `above` only")]
    RisingBelow,
    /// It can never be a breach: the watch is over before.
    #[error("the rule can never be breached: it needs {needed} readings and the watch takes {ticks}")]
    TooLong { needed: u64, ticks: u32 },
}

impl Rule {
    /// Checks what the types cannot say.
    ///
    /// # Errors
    /// The first thing that is wrong.
    pub fn validate(&self) -> Result<(), RuleError> {
        match (self.above, self.below) {
            (None, None) => return Err(RuleError::NoThreshold),
            (Some(_), Some(_)) => return Err(RuleError::TwoThresholds),
            (None, Some(_)) if self.rising => return Err(RuleError::RisingBelow),
            _ => {}
        }
        let numbers = [
            ("above", self.above),
            ("below", self.below),
            ("min-requests", self.min_requests),
        ];
        for (field, value) in numbers
            .into_iter()
            .filter_map(|(field, value)| Some((field, value?)))
        {
            if !value.is_finite() {
                return Err(RuleError::BadNumber {
                    field,
                    value,
                    wanted: "a finite number",
                });
            }
            if field == "min-requests" && value < 0.0 {
                return Err(RuleError::BadNumber {
                    field,
                    value,
                    wanted: "0 or more",
                });
            }
        }
        let empty = [
            ("source", self.source.trim().is_empty()),
            ("query", self.query.trim().is_empty()),
            ("for", self.lasting == Some(Duration::ZERO)),
            ("failures", self.failures == Some(0)),
            ("window", self.window == Some(Duration::ZERO)),
        ];
        if let Some((field, _)) = empty.into_iter().find(|(_, empty)| *empty) {
            return Err(RuleError::Empty(field));
        }
        if self.lasting.is_some() && self.failures.is_some() {
            return Err(RuleError::TwoLengths);
        }
        Ok(())
    }

    /// Checks that the rule can be breached within a watch of so many ticks.
    ///
    /// # Errors
    /// [`RuleError::TooLong`].
    pub fn fits(&self, interval: Duration, ticks: u32) -> Result<(), RuleError> {
        let trend = if self.rising { TREND as u64 } else { 0 };
        let needed = self.needed(interval).max(trend);
        if needed > u64::from(ticks) {
            Err(RuleError::TooLong { needed, ticks })
        } else {
            Ok(())
        }
    }

    /// Returns how many readings over the threshold make a breach. Two readings span one interval.
    fn needed(&self, interval: Duration) -> u64 {
        match self.lasting {
            Some(lasting) => lasting
                .as_millis()
                .div_ceil(interval.as_millis().max(1))
                .saturating_add(1),
            None => u64::from(self.failures.unwrap_or(1).max(1)),
        }
    }
}

#[cfg(test)]
mod tests;
