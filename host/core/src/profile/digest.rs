//! What `runner digest` asks the metrics sources.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::news::Level;

/// What `runner digest` tells of besides runs and rules. It goes to the notifiers whose `events` include `digest`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct Digest {
    /// Readings that are asked for it, by name.
    pub readings: BTreeMap<String, DigestReading>,
}

impl Digest {
    pub(super) fn is_empty(&self) -> bool {
        self.readings.is_empty()
    }
}

/// A reading that is asked for a digest, of the time that the digest is about.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct DigestReading {
    /// Name of the `[metrics.*]` that is asked.
    pub source: String,
    /// What it is asked, in its own language.
    pub query: String,
    /// A reading above this is told. Default, without `below`: 0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub above: Option<f64>,
    /// A reading below this is told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub below: Option<f64>,
    /// How urgent it is: `warning` or `critical`.
    #[serde(default = "DigestReading::level")]
    pub level: Level,
    /// The unit of the reading, for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit: Option<String>,
}

impl DigestReading {
    /// Whether a value is to be told.
    pub(crate) fn tells(&self, value: f64) -> bool {
        match (self.above, self.below) {
            (None, None) => value > 0.0,
            (above, below) => {
                above.is_some_and(|above| value > above) || below.is_some_and(|below| value < below)
            }
        }
    }

    fn level() -> Level {
        Level::Warning
    }
}
