//! A length of time as people write it in a profile: `500ms`, `5s`, `2m`, `1h30m`.
//!
//! Whole milliseconds, so that what is written back is what was read. Main type: [`Duration`].

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

/// Units from the largest to the smallest: how it is written, how it is said, milliseconds in one.
const UNITS: [(&str, &str, u64); 5] = [
    ("d", "d", 86_400_000),
    ("h", "h", 3_600_000),
    ("m", "min", 60_000),
    ("s", "s", 1000),
    ("ms", "ms", 1),
];

/// Is a length of time in whole milliseconds, written as `1h30m` in a profile.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Duration(u64);

/// Says why a text is not a [`Duration`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DurationError {
    /// Nothing, or only spaces, was written.
    #[error("a duration is empty: write a number and a unit, e.g. `30s`, `2m`, `1h30m`")]
    Empty,
    /// A number has no unit, e.g. `30`.
    #[error("duration `{text}` has no unit: write `{text}s` for seconds, `{text}m` for minutes")]
    NoUnit { text: String },
    /// A unit is none of d, h, m, s, ms.
    #[error("duration `{text}` has the unknown unit `{unit}`: use `d`, `h`, `m`, `s` or `ms`")]
    UnknownUnit { text: String, unit: String },
    /// There is no number where one must stand, e.g. `s` or `1.5h` or `-3s`.
    #[error(
        "duration `{text}` has no whole number before `{rest}`: write e.g. `1h30m` for one and a half hours"
    )]
    NoNumber { text: String, rest: String },
    /// A unit stands twice, or a smaller one before a larger one.
    #[error(
        "duration `{text}` has `{unit}` in the wrong place: each unit once, the largest first, e.g. `1h30m`"
    )]
    Order { text: String, unit: String },
    /// It is more than 2^64 milliseconds.
    #[error("duration `{text}` is too long")]
    TooLong { text: String },
}

impl Duration {
    /// No time at all.
    pub const ZERO: Self = Self(0);

    /// Makes a duration of so many milliseconds.
    pub const fn from_millis(millis: u64) -> Self {
        Self(millis)
    }

    /// Makes a duration of so many seconds, at most what fits.
    pub const fn from_secs(seconds: u64) -> Self {
        Self(seconds.saturating_mul(1000))
    }

    /// Returns the length in milliseconds.
    pub const fn as_millis(self) -> u64 {
        self.0
    }

    /// Tells whether it is no time at all.
    pub const fn is_zero(self) -> bool {
        self.0 == 0
    }

    /// Returns the duration `times` over, at most what fits.
    #[must_use]
    pub const fn times(self, times: u64) -> Self {
        Self(self.0.saturating_mul(times))
    }

    /// Writes the duration for a sentence: `10 s`, `1 h 30 min`.
    pub fn spoken(self) -> String {
        let parts: Vec<String> = self
            .parts()
            .map(|(count, unit)| format!("{count} {}", unit.1))
            .collect();
        if parts.is_empty() {
            "0 s".into()
        } else {
            parts.join(" ")
        }
    }

    fn parts(self) -> impl Iterator<Item = (u64, &'static (&'static str, &'static str, u64))> {
        let mut rest = self.0;
        UNITS.iter().filter_map(move |unit| {
            let count = rest / unit.2;
            rest %= unit.2;
            (count > 0).then_some((count, unit))
        })
    }
}

impl From<Duration> for std::time::Duration {
    fn from(duration: Duration) -> Self {
        Self::from_millis(duration.0)
    }
}

impl FromStr for Duration {
    type Err = DurationError;

    fn from_str(written: &str) -> Result<Self, DurationError> {
        let text = written.trim();
        if text.is_empty() {
            return Err(DurationError::Empty);
        }
        let owned = || text.to_string();
        let (mut rest, mut total, mut next_unit) = (text, 0_u64, 0);
        while !rest.is_empty() {
            let (digits, after) = split_while(rest, |c| c.is_ascii_digit());
            if digits.is_empty() {
                return Err(DurationError::NoNumber {
                    text: owned(),
                    rest: rest.into(),
                });
            }
            let (unit, after) = split_while(after, char::is_alphabetic);
            if unit.is_empty() {
                return Err(match after.is_empty() && digits == text {
                    true => DurationError::NoUnit { text: owned() },
                    false => DurationError::NoNumber {
                        text: owned(),
                        rest: rest.into(),
                    },
                });
            }
            let index =
                UNITS
                    .iter()
                    .position(|known| known.0 == unit)
                    .ok_or_else(|| DurationError::UnknownUnit {
                        text: owned(),
                        unit: unit.into(),
                    })?;
            if index < next_unit {
                return Err(DurationError::Order {
                    text: owned(),
                    unit: unit.into(),
                });
            }
            next_unit = index + 1;
            let millis = digits
                .parse::<u64>()
                .ok()
                .and_then(|count| count.checked_mul(UNITS[index].2));
            total = millis
                .and_then(|millis| total.checked_add(millis))
                .ok_or_else(|| DurationError::TooLong { text: owned() })?;
            rest = after;
        }
        Ok(Self(total))
    }
}

fn split_while(text: &str, keep: impl Fn(char) -> bool) -> (&str, &str) {
    text.split_at(text.find(|c| !keep(c)).unwrap_or(text.len()))
}

impl fmt::Display for Duration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_zero() {
            return f.write_str("0s");
        }
        self.parts()
            .try_for_each(|(count, unit)| write!(f, "{count}{}", unit.0))
    }
}

impl Serialize for Duration {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Duration {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        /// Accepts a number only to say what is wrong with it.
        #[derive(Deserialize)]
        #[serde(untagged, expecting = "expected a duration as text, e.g. `30s` or `1h30m`")]
        enum Written<'a> {
            Borrowed(&'a str),
            Owned(String),
            Number(u64),
        }
        let parsed = match Written::deserialize(deserializer)? {
            Written::Borrowed(text) => text.parse(),
            Written::Owned(text) => text.parse(),
            Written::Number(number) => Err(DurationError::NoUnit {
                text: number.to_string(),
            }),
        };
        parsed.map_err(D::Error::custom)
    }
}

impl JsonSchema for Duration {
    fn schema_name() -> Cow<'static, str> {
        "Duration".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "description": "A length of time: `500ms`, `5s`, `2m`, `1h30m`, `1d`.",
            "pattern": "^([0-9]+d)?([0-9]+h)?([0-9]+m)?([0-9]+s)?([0-9]+ms)?$",
            "minLength": 2,
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn reads_what_people_write() {
        let millis = |text: &str| text.parse::<Duration>().map(Duration::as_millis);
        assert_eq!(millis("500ms"), Ok(500));
        assert_eq!(millis("5s"), Ok(5000));
        assert_eq!(millis(" 2m "), Ok(120_000));
        assert_eq!(millis("15m"), Ok(900_000));
        assert_eq!(millis("1h30m"), Ok(5_400_000));
        assert_eq!(millis("1d2h3m4s5ms"), Ok(93_784_005));
        assert_eq!(millis("90s"), Ok(90_000));
        assert_eq!(millis("0s"), Ok(0));
    }

    #[test]
    fn says_what_is_wrong() {
        let error = |text: &str| text.parse::<Duration>().expect_err(text).to_string();
        insta::assert_snapshot!(
            ["", "30", "5x", "1.5h", "-3s", "s", "30m1h", "5s5s", "1h 30m", "1h30", "5 минут", "99999999999999999999s"]
                .map(error).join("\n"), @r"
        a duration is empty: write a number and a unit, e.g. `30s`, `2m`, `1h30m`
        duration `30` has no unit: write `30s` for seconds, `30m` for minutes
        duration `5x` has the unknown unit `x`: use `d`, `h`, `m`, `s` or `ms`
        duration `1.5h` has no whole number before `1.5h`: write e.g. `1h30m` for one and a half hours
        duration `-3s` has no whole number before `-3s`: write e.g. `1h30m` for one and a half hours
        duration `s` has no whole number before `s`: write e.g. `1h30m` for one and a half hours
        duration `30m1h` has `h` in the wrong place: each unit once, the largest first, e.g. `1h30m`
        duration `5s5s` has `s` in the wrong place: each unit once, the largest first, e.g. `1h30m`
        duration `1h 30m` has no whole number before ` 30m`: write e.g. `1h30m` for one and a half hours
        duration `1h30` has no whole number before `30`: write e.g. `1h30m` for one and a half hours
        duration `5 минут` has no whole number before `5 минут`: write e.g. `1h30m` for one and a half hours
        duration `99999999999999999999s` is too long
        ");
    }

    #[test]
    fn json_is_the_written_form() {
        assert_eq!(
            serde_json::to_string(&Duration::from_secs(5400)).unwrap(),
            "\"1h30m\""
        );
        assert_eq!(
            serde_json::from_str::<Duration>("\"90s\"").unwrap().to_string(),
            "1m30s"
        );
        let number = serde_json::from_str::<Duration>("30").unwrap_err().to_string();
        assert!(number.starts_with("duration `30` has no unit"), "{number}");
        let list = serde_json::from_str::<Duration>("[1]").unwrap_err().to_string();
        assert!(list.starts_with("expected a duration as text"), "{list}");
    }

    #[test]
    fn speaks() {
        assert_eq!(Duration::from_secs(10).spoken(), "10 s");
        assert_eq!(Duration::from_secs(5400).spoken(), "1 h 30 min");
        assert_eq!(Duration::ZERO.spoken(), "0 s");
    }

    proptest! {
        #[test]
        fn reads_back_what_it_writes(millis in any::<u64>()) {
            let duration = Duration::from_millis(millis);
            prop_assert_eq!(duration.to_string().parse(), Ok(duration));
        }

        #[test]
        fn schema_accepts_exactly_what_is_read(text in "([0-9]{1,3}(d|h|m|s|ms|x)?){0,4}") {
            let schema = schemars::schema_for!(Duration);
            let valid = jsonschema::is_valid(schema.as_value(), &serde_json::Value::from(text.as_str()));
            prop_assert_eq!(valid, text.parse::<Duration>().is_ok(), "{}", text);
        }
    }
}
