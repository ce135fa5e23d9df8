//! The queries, and how they are written.

use runner_sdk::Error;

use crate::config::{Api, Config};

/// The most days that are asked for.
const MOST_DAYS: u32 = 365;

/// A query, understood.
#[derive(Debug, PartialEq)]
pub(crate) struct Expression {
    /// The monitor.
    pub(crate) id: u64,
    pub(crate) asked: Asked,
}

/// What is asked of a monitor.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Asked {
    Up,
    ResponseTime,
    /// Of so many days.
    Uptime(u32),
}

impl Expression {
    pub(crate) fn parse(text: &str, config: &Config) -> Result<Self, Error> {
        let words: Vec<&str> = text.split_whitespace().collect();
        let (asked, name) = match words.as_slice() {
            ["up", name] => (Asked::Up, name),
            ["response-time", name] => (Asked::ResponseTime, name),
            ["uptime", name] => (Asked::Uptime(1), name),
            ["uptime", name, days] => (Asked::Uptime(number_of_days(text, days)?), name),
            _ => {
                return Err(Error::InvalidConfig(format!(
                    "`{text}` is no query: there are `up MONITOR`, `response-time MONITOR` and `uptime MONITOR [DAYS]`"
                )));
            }
        };
        let Some(id) = config.monitors.get(*name) else {
            let known: Vec<_> = config.monitors.keys().map(|name| format!("`{name}`")).collect();
            return Err(Error::InvalidConfig(format!(
                "`{text}` asks for `{name}`, and `monitors` has {}",
                if known.is_empty() {
                    "none".to_owned()
                } else {
                    known.join(", ")
                }
            )));
        };
        let lacking = match (config.api, asked) {
            (Api::V3, Asked::ResponseTime) => Some("no response times"),
            (Api::V3, Asked::Uptime(2..)) => Some("the uptime of one day only"),
            _ => None,
        };
        match lacking {
            Some(what) => Err(Error::InvalidConfig(format!(
                "`{text}` cannot be answered: API v3 has {what}; set `api = \"v2\"`"
            ))),
            None => Ok(Self { id: *id, asked }),
        }
    }
}

fn number_of_days(text: &str, days: &str) -> Result<u32, Error> {
    days.strip_suffix('d')
        .and_then(|days| days.parse().ok())
        .filter(|days| (1..=MOST_DAYS).contains(days))
        .ok_or_else(|| {
            Error::InvalidConfig(format!(
                "`{text}` is no query: `{days}` is no number of days from `1d` to `{MOST_DAYS}d`"
            ))
        })
}

/// All numbers of days that are asked for, sorted.
pub(crate) fn days(expressions: &[&Expression]) -> Vec<u32> {
    let of = |expression: &&Expression| match expression.asked {
        Asked::Uptime(days) => Some(days),
        _ => None,
    };
    let mut all: Vec<u32> = expressions.iter().filter_map(of).collect();
    all.sort_unstable();
    all.dedup();
    all
}
