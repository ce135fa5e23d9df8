//! Metrics source `prometheus`: asks the HTTP API of a Prometheus server (`/api/v1/query`), or of one that has it too
//! (Thanos, Mimir, VictoriaMetrics).
//!
//! A query is PromQL that comes to one number: a scalar, or a vector of one series. `share A ;; B` asks two, the part and
//! the whole, e.g. errors and requests: then the evidence can be weighed, and a part that is not there is none of them.
//! `{{window}}` stands for the window of the rule, e.g. `60s`.

mod answer;
mod query;

use std::collections::BTreeMap;

use runner_sdk::metrics::{Query, Reading, Snapshot};
use runner_sdk::{Context, Duration, Error, Host, Instant, Level, Metrics, Request, WithContext};
use schemars::JsonSchema;
use serde::Deserialize;

use query::Expression;

/// The longest answer that is read, in bytes: it should be one number.
const LONGEST: u32 = 1024 * 1024;

/// Asks a Prometheus server.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Config {
    /// Where its API is, without `/api/v1`.
    #[schemars(length(min = 1))]
    url: String,
    /// Further headers, e.g. `Authorization` or `X-Scope-OrgID`; `{{secret:name}}` in a value is filled in by the host.
    #[serde(default)]
    headers: BTreeMap<String, String>,
    /// How long one query may take.
    #[serde(default = "ten_seconds")]
    timeout: Duration,
}

fn ten_seconds() -> Duration {
    Duration::from_secs(10)
}

/// The source.
pub struct PrometheusMetrics;

impl Metrics for PrometheusMetrics {
    type Config = Config;

    fn sample(
        host: &impl Host,
        context: &Context<Config>,
        queries: &[Query],
        _memory: Option<&str>,
    ) -> Result<Snapshot, Error> {
        let at = host.now();
        let mut readings = Vec::new();
        for query in queries {
            match read(host, &context.config, query, at) {
                Err(Error::Denied(text)) => return Err(Error::Denied(text)),
                reading => readings.push(reading),
            }
        }
        Ok(Snapshot {
            at,
            readings,
            memory: None,
        })
    }
}

fn read(host: &impl Host, config: &Config, query: &Query, at: Instant) -> Result<Reading, Error> {
    match query::parse(&query.expression, query.window_ms)? {
        Expression::Value(text) => {
            let value = ask(host, config, &text, at)?;
            Ok(value.map_or(Reading::NoData, Reading::Value))
        }
        Expression::Share { part, whole } => match ask(host, config, &whole, at)? {
            // A counter that is there only once it counts: so far there is none of them.
            Some(all) if all > 0.0 => Ok(Reading::Share((
                ask(host, config, &part, at)?.unwrap_or(0.0),
                all,
            ))),
            _ => Ok(Reading::NoData),
        },
    }
}

/// The number that a query comes to; none where there is no series, or it is not a number.
fn ask(host: &impl Host, config: &Config, text: &str, at: Instant) -> Result<Option<f64>, Error> {
    let url = format!("{}/api/v1/query", config.url.trim_end_matches('/'));
    let time = format!("{}.{:03}", at / 1000, at % 1000);
    let timeout = format!("{}ms", config.timeout.as_millis());
    let form = [("query", text), ("time", &time), ("timeout", &timeout)];
    // In the body, since a query can be longer than a URL may be; it changes nothing there.
    let mut request = Request::post(url)
        .read()
        .header("Content-Type", "application/x-www-form-urlencoded")
        .header("Accept", "application/json")
        .body(query::form(&form))
        .timeout(config.timeout)
        .max_response(LONGEST);
    for (name, value) in &config.headers {
        request = request.header(name, value);
    }
    let what = || format!("asking Prometheus for `{text}`");
    let response = host.send(&request).context(what())?;
    let answer = answer::read(&response).map_err(|error| error.context(what()))?;
    for warning in &answer.warnings {
        host.log(Level::Warn, &format!("Prometheus says of `{text}`: {warning}"));
    }
    Ok(answer.number)
}

runner_sdk::export! { metrics: PrometheusMetrics }

#[cfg(test)]
mod tests;
