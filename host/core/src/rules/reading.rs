//! What a source answered.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Is one answer of a source to one rule's query.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reading {
    /// A number. NaN and infinity are kept as they came, and count as no data.
    Value(#[serde(with = "number")] f64),
    /// So many of so many, e.g. errors of requests: the evidence can be weighed.
    Share {
        #[serde(with = "number")]
        part: f64,
        #[serde(with = "number")]
        whole: f64,
    },
    /// The source answered, and has nothing.
    NoData,
    /// The source did not answer, or not with a reading: why.
    Error(String),
}

/// Is the answers of one tick of a watch.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Sample {
    /// Counts what was watched, across crashes and resumes. Tick 0 only primes the sources and is not judged.
    pub tick: u32,
    /// When it was taken, in milliseconds since 1970.
    pub at: u64,
    /// Readings by the name of the rule. A rule without one has no data.
    pub readings: BTreeMap<String, Reading>,
}

/// Numbers in JSON, which has no NaN: what is not finite is written as text.
mod number {
    use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

    #[derive(Serialize, Deserialize)]
    #[serde(untagged, expecting = "expected a number, or `NaN`, `inf` or `-inf` as text")]
    enum Written {
        Number(f64),
        Text(String),
    }

    pub(super) fn serialize<S: Serializer>(number: &f64, serializer: S) -> Result<S::Ok, S::Error> {
        let written = if number.is_finite() {
            Written::Number(*number)
        } else {
            Written::Text(number.to_string())
        };
        written.serialize(serializer)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
        match Written::deserialize(deserializer)? {
            Written::Number(number) => Ok(number),
            Written::Text(text) => text.parse().map_err(D::Error::custom),
        }
    }
}
