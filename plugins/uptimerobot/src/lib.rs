//! Metrics source `uptimerobot`: what UptimeRobot sees of a site from outside.
//!
//! | query | reading |
//! |---|---|
//! | `up MONITOR` | 1 where its status is up, 0 where it is anything else |
//! | `response-time MONITOR` | milliseconds, of the last check (API v2 only) |
//! | `uptime MONITOR [DAYS]` | percent of the last day, or of so many, e.g. `uptime prod 7d` (API v3: one day at most) |
//!
//! A monitor that is paused, was not checked yet, or is not there is no data. UptimeRobot looks every few minutes, so what
//! it says may be older than the deploy: in a watch, a status or a response time counts once it is known to be younger than
//! the first sample (the state changed since, the last check was since, or the monitor's interval is over). Until then it is
//! no data.

mod config;
mod monitor;
mod query;
mod v2;
mod v3;

use std::collections::BTreeMap;

use runner_sdk::metrics::{Query, Reading, Snapshot};
use runner_sdk::{Context, Error, Host, Instant, Level, Metrics};
use serde::{Deserialize, Serialize};

use crate::config::Api;
pub use crate::config::Config;
use crate::monitor::{Monitor, Status};
use crate::query::{Asked, Expression};

/// How often a request is sent at most: the next sample comes anyway.
const TRIES: u32 = 2;

/// What is handed from sample to sample of a watch.
#[derive(Deserialize, Serialize)]
struct Memory {
    /// When the first one was taken.
    since: Instant,
}

/// The source.
pub struct UptimeRobotMetrics;

impl Metrics for UptimeRobotMetrics {
    type Config = Config;

    fn sample(
        host: &impl Host,
        context: &Context<Config>,
        queries: &[Query],
        memory: Option<&str>,
    ) -> Result<Snapshot, Error> {
        let config = &context.config;
        config.check()?;
        let at = host.now();
        let memory: Option<Memory> = memory.and_then(|text| serde_json::from_str(text).ok());
        let asked: Vec<_> = queries
            .iter()
            .map(|query| Expression::parse(&query.expression, config))
            .collect();
        let monitors = match monitors(host, config, &asked, at) {
            // No plugin's fault and no source's: the profile must be mended.
            Err(Error::Denied(text)) => return Err(Error::Denied(text)),
            monitors => monitors,
        };
        // The first sample stands alone: nothing is known of a deploy before it.
        let since = memory.as_ref().map(|memory| memory.since);
        let readings = asked.into_iter().map(|expression| {
            let expression = expression?;
            let monitors = monitors.as_ref().map_err(Clone::clone)?;
            Ok(reading(&expression, monitors.get(&expression.id), at, since))
        });
        let readings = readings.collect();
        let memory = memory.unwrap_or(Memory { since: at });
        Ok(Snapshot {
            at,
            readings,
            memory: Some(serde_json::to_string(&memory)?),
        })
    }
}

/// The monitors that are asked for, as far as there are such.
fn monitors(
    host: &impl Host,
    config: &Config,
    asked: &[Result<Expression, Error>],
    at: Instant,
) -> Result<BTreeMap<u64, Monitor>, Error> {
    let good: Vec<&Expression> = asked.iter().flatten().collect();
    let mut ids: Vec<u64> = good.iter().map(|expression| expression.id).collect();
    ids.sort_unstable();
    ids.dedup();
    if ids.is_empty() {
        return Ok(BTreeMap::new());
    }
    let found = match config.api {
        Api::V2 => v2::read(host, config, &ids, &query::days(&good), at)?,
        Api::V3 => v3::read(host, config, &ids, at)?,
    };
    for (name, id) in &config.monitors {
        match found.get(id) {
            None if ids.contains(id) => {
                host.log(
                    Level::Warn,
                    &format!("UptimeRobot has no monitor {id} for this key (`{name}`)"),
                );
            }
            Some(Monitor {
                status: Status::Other(status),
                ..
            }) => {
                host.log(
                    Level::Warn,
                    &format!(
                        "UptimeRobot says `{status}` of `{name}`, which is not known: it counts as not up"
                    ),
                );
            }
            _ => {}
        }
    }
    Ok(found)
}

fn reading(
    expression: &Expression,
    monitor: Option<&Monitor>,
    at: Instant,
    since: Option<Instant>,
) -> Reading {
    let Some(monitor) = monitor else {
        return Reading::NoData;
    };
    let number = |number: Option<f64>| number.map_or(Reading::NoData, Reading::Value);
    match expression.asked {
        Asked::Up => match monitor.status {
            Status::NotChecked => Reading::NoData,
            _ if !monitor.is_younger(at, since) => Reading::NoData,
            Status::Up => Reading::Value(1.0),
            Status::Down | Status::Other(_) => Reading::Value(0.0),
        },
        Asked::ResponseTime => {
            let last = monitor.response.filter(|_| monitor.status == Status::Up);
            number(
                last.filter(|(of, _)| since.is_none_or(|since| *of >= since))
                    .map(|(_, ms)| ms),
            )
        }
        Asked::Uptime(days) => number(monitor.uptime.get(&days).copied()),
    }
}

runner_sdk::export! { metrics: UptimeRobotMetrics }

#[cfg(test)]
mod tests;
