//! The state of a rule after some samples, with all that a sentence about it needs.

use serde::{Deserialize, Serialize};

use super::{Action, Rule};
use crate::duration::Duration;

/// Is the state of one rule.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct RuleState {
    /// Name of the rule.
    pub rule: String,
    /// What its breach does.
    pub action: Action,
    /// Where it stands. A breach stays, whatever follows.
    pub state: State,
    /// The threshold.
    pub limit: Limit,
    /// How long it must last.
    pub lasting: Lasting,
    /// What the samples held.
    pub coverage: Coverage,
}

/// Where a rule stands.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "kebab-case", rename_all_fields = "kebab-case")]
pub enum State {
    /// It has not been sampled yet.
    NotSampled,
    /// The last reading is within the threshold.
    Ok { value: f64 },
    /// It is over the threshold, not yet long enough (or not rising).
    Pending { since_tick: u32, evidence: Evidence },
    /// It was breached: over the threshold since `first_tick`, long enough at `at_tick`.
    Breach {
        first_tick: u32,
        at_tick: u32,
        evidence: Evidence,
    },
    /// The source has no data.
    NoData,
    /// The source fails.
    SourceError { message: String },
    /// Too little traffic to judge: neither breach nor healthy. It goes on with a breach that began, and adds no time.
    TooFewRequests { requests: f64, needed: f64 },
}

/// What a breach rests on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Evidence {
    /// The last reading over the threshold; none where no data is a breach.
    pub value: Option<f64>,
    /// The same as (part, whole), where the source tells.
    pub share: Option<(f64, f64)>,
    /// How many readings in a row.
    pub samples: u32,
    /// The watched time that they span.
    pub held: Duration,
    /// Whether the last readings rise.
    pub rising: bool,
}

/// The threshold of a rule.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Limit {
    /// On which side a breach is.
    pub side: Side,
    /// The threshold itself, not a breach.
    pub threshold: f64,
    /// The unit of both, for people.
    pub unit: Option<String>,
    /// Whether the readings must rise as well.
    pub rising: bool,
}

/// On which side of the threshold a breach is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Side {
    /// Above it.
    Above,
    /// Below it.
    Below,
}

/// How long a rule must be over its threshold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Lasting {
    /// Once.
    Once,
    /// For this watched time.
    For(Duration),
    /// So many times in a row.
    Times(u32),
}

/// Counts what the samples of a rule held.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Coverage {
    /// Samples in all.
    pub samples: u32,
    /// Samples that were healthy or over the threshold.
    pub judged: u32,
    /// Samples without data.
    pub no_data: u32,
    /// Samples where the source failed.
    pub source_errors: u32,
    /// Samples with too few requests.
    pub too_few: u32,
    /// How many samples in a row, up to the last, were without data or failed, by a policy of `unknown`.
    pub blind_at_end: u32,
}

impl Limit {
    pub(super) fn of(rule: &Rule) -> Self {
        let (side, threshold) = match (rule.above, rule.below) {
            (Some(above), _) => (Side::Above, above),
            // A rule without a threshold does not pass `validate`; as one that is never breached it does no harm.
            (None, below) => (Side::Below, below.unwrap_or(f64::MIN)),
        };
        Self {
            side,
            threshold,
            unit: rule.unit.clone(),
            rising: rule.rising,
        }
    }

    pub(super) fn is_breached_by(&self, value: f64) -> bool {
        match self.side {
            Side::Above => value > self.threshold,
            Side::Below => value < self.threshold,
        }
    }
}

impl Lasting {
    pub(super) fn of(rule: &Rule) -> Self {
        match (rule.lasting, rule.failures) {
            (Some(lasting), _) => Self::For(lasting),
            (None, Some(failures)) if failures > 1 => Self::Times(failures),
            (None, _) => Self::Once,
        }
    }
}
