//! The metrics source: how many errors and issues.

use runner_sdk::metrics::{Query, Reading, Snapshot};
use runner_sdk::{Context, Error, Host, Instant, Level, Metrics};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::answer::Answer;
use crate::api::{Api, json};
use crate::config::{Config, environment};
use crate::issues;
use crate::query::Expression;

/// How often a request is sent at most: the next sample comes anyway.
const TRIES: u32 = 2;

/// What is handed from sample to sample of a watch.
#[derive(Deserialize, Serialize)]
struct Memory {
    /// When the first one was taken.
    since: Instant,
}

/// The source.
pub struct SentryMetrics;

impl Metrics for SentryMetrics {
    type Config = Config;

    fn sample(
        host: &impl Host,
        context: &Context<Config>,
        queries: &[Query],
        memory: Option<&str>,
    ) -> Result<Snapshot, Error> {
        let config = &context.config;
        config.check()?;
        let environment = environment(context)?;
        let at = host.now();
        let memory: Option<Memory> = memory.and_then(|text| serde_json::from_str(text).ok());
        // The first sample stands alone: nothing is known of a deploy before it.
        let too_early = memory
            .as_ref()
            .is_some_and(|memory| at.saturating_sub(memory.since) < config.lag.as_millis());
        let api = Api {
            host,
            context,
            tries: TRIES,
        };
        let mut readings = Vec::with_capacity(queries.len());
        for query in queries {
            match read(&api, &environment, query) {
                // No plugin's fault and no source's: the profile must be mended.
                Err(Error::Denied(text)) => return Err(Error::Denied(text)),
                // What happened since the deploy has not arrived yet.
                Ok(Reading::Value(0.0)) if too_early => readings.push(Ok(Reading::NoData)),
                reading => readings.push(reading),
            }
        }
        let memory = memory.unwrap_or(Memory { since: at });
        Ok(Snapshot {
            at,
            readings,
            memory: Some(serde_json::to_string(&memory)?),
        })
    }
}

fn read(api: &Api<'_, impl Host>, environment: &str, query: &Query) -> Result<Reading, Error> {
    let context = api.context;
    let config = &context.config;
    let release = context
        .release
        .as_ref()
        .map(|release| config.release_of(&context.project, &release.version));
    // What arrives late would else be older than the window when it is there.
    let seconds = query
        .window_ms
        .saturating_add(config.lag.as_millis())
        .div_ceil(1000);
    let answer = match Expression::parse(&query.expression, release.as_deref())? {
        Expression::Errors(filters) => errors(api, &filters, environment, seconds)?,
        Expression::Issues(filters) => match issues::find(api, &filters, environment, seconds)? {
            Answer::Found(found) => Answer::Found(Some(found.all.len() as f64)),
            Answer::NotFound(said) => Answer::NotFound(said),
        },
    };
    match answer {
        Answer::Found(number) => Ok(number.map_or(Reading::NoData, Reading::Value)),
        Answer::NotFound(said) => {
            api.host.log(Level::Warn, &said);
            Ok(Reading::NoData)
        }
    }
}

/// How many events of errors there were: docs.sentry.io, "Query Explore Events in Table Format".
fn errors(
    api: &Api<'_, impl Host>,
    filters: &str,
    environment: &str,
    seconds: u64,
) -> Result<Answer<Option<f64>>, Error> {
    let with = if filters.is_empty() {
        String::new()
    } else {
        format!(" with `{filters}`")
    };
    let what = format!("asking Sentry for errors{with} in `{environment}`");
    let period = format!("{seconds}s");
    let parameters = [
        ("dataset", "errors"),
        ("field", "count()"),
        ("environment", environment),
        ("query", filters),
        ("statsPeriod", &period),
        ("per_page", "1"),
    ];
    let response = match api.get("events/", &parameters, &what)? {
        Answer::Found(response) => response,
        Answer::NotFound(said) => return Ok(Answer::NotFound(said)),
    };
    let body = json(&response, &what)?;
    let Some(rows) = body["data"].as_array() else {
        return Err(Error::failed(format!("{what}: the answer has no `data`")));
    };
    let Some(row) = rows.first() else {
        return Ok(Answer::Found(None));
    };
    match number(&row["count()"]) {
        Some(count) => Ok(Answer::Found(Some(count))),
        None => Err(Error::failed(format!("{what}: the answer has no `count()`"))),
    }
}

fn number(value: &Value) -> Option<f64> {
    let number = match value {
        Value::String(text) => text.parse().ok()?,
        value => value.as_f64()?,
    };
    (number >= 0.0).then_some(number)
}
