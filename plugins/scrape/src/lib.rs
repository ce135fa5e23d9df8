//! Metrics source `scrape`: reads a `/metrics` page itself, where there is no Prometheus to ask.
//!
//! Its queries, with `SERIES` as in `http_requests_total{path="/",status=~"5.."}`, all matching series summed up:
//!
//! | query | reading |
//! |---|---|
//! | `value SERIES` | the last value |
//! | `increase SERIES` | how much a counter rose within the window |
//! | `rate SERIES` | the same, per second |
//! | `share SERIES / SERIES` | the rise of the first as a share of the rise of the second, with both numbers |
//! | `quantile 0.95 HISTOGRAM` | in the histogram's own unit, of what was observed within the window |
//!
//! All but `value` compare scrapes, so the first one of a watch has no data. A series that was not there in the scrape
//! before counts from 0: the first error has no zero to start from.

mod exposition;
mod histogram;
mod memory;
mod query;
mod selector;
mod window;

use runner_sdk::metrics::{Query, Snapshot};
use runner_sdk::{Context, Duration, Error, Host, Metrics, Request, WithContext};
use schemars::JsonSchema;
use serde::Deserialize;

use exposition::Series;
use memory::{Memory, Scrape};
use query::Expression;
use window::Window;

/// The longest page that is read, in bytes.
const LONGEST: u32 = 16 * 1024 * 1024;

/// Reads a `/metrics` page itself.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Config {
    /// The page, in the text format of Prometheus. Default: `/metrics` below the environment's `url`.
    url: Option<String>,
    /// How long it may take.
    #[serde(default = "ten_seconds")]
    timeout: Duration,
}

fn ten_seconds() -> Duration {
    Duration::from_secs(10)
}

/// The source.
pub struct ScrapeMetrics;

impl Metrics for ScrapeMetrics {
    type Config = Config;

    fn sample(
        host: &impl Host,
        context: &Context<Config>,
        queries: &[Query],
        memory: Option<&str>,
    ) -> Result<Snapshot, Error> {
        let url = url(context)?;
        let at = host.now();
        let expressions: Vec<_> = queries
            .iter()
            .map(|query| Expression::parse(&query.expression))
            .collect();
        let mut memory = Memory::read(memory)?;
        let page = match scrape(host, &url, context.config.timeout) {
            // No plugin's fault and no source's: the profile must be mended.
            Err(Error::Denied(text)) => return Err(Error::Denied(text)),
            page => page,
        };
        let series = match page {
            Ok(series) => series,
            // What is remembered stays: the next scrape goes on from there.
            Err(error) => {
                return Ok(Snapshot {
                    at,
                    readings: expressions
                        .into_iter()
                        .map(|query| query.and(Err(error.clone())))
                        .collect(),
                    memory: memory.write(),
                });
            }
        };
        let longest = queries
            .iter()
            .map(|query| query.window_ms)
            .max()
            .unwrap_or_default();
        let good = || expressions.iter().flatten();
        let kept = series
            .iter()
            .filter(|series| good().any(|query| query.compares(series)));
        memory.add(
            Scrape {
                at,
                series: kept.cloned().collect(),
            },
            longest,
        );
        let readings = expressions.iter().zip(queries).map(|(expression, query)| {
            let window = Window::of(&memory.scrapes, at.saturating_sub(query.window_ms));
            expression
                .as_ref()
                .map_err(Clone::clone)
                .map(|expression| expression.reading(&series, &window))
        });
        Ok(Snapshot {
            at,
            readings: readings.collect(),
            memory: memory.write(),
        })
    }
}

fn url(context: &Context<Config>) -> Result<String, Error> {
    if let Some(url) = &context.config.url {
        return Ok(url.clone());
    }
    let url = context
        .environment
        .as_ref()
        .and_then(|environment| environment.url.as_deref());
    url.map(|url| format!("{}/metrics", url.trim_end_matches('/')))
        .ok_or_else(|| {
            Error::invalid_config(
                "there is no `url`, and the environment has none either: say where the metrics are",
            )
        })
}

fn scrape(host: &impl Host, url: &str, timeout: Duration) -> Result<Vec<Series>, Error> {
    let request = Request::get(url)
        .header("Accept", "text/plain;version=0.0.4")
        .timeout(timeout)
        .max_response(LONGEST);
    let what = format!("reading `{url}`");
    let response = host.send(&request).context(&what)?.require_success(&what)?;
    if response.truncated {
        return Err(Error::failed(format!(
            "{what}: the page is longer than {LONGEST} bytes"
        )));
    }
    let text = String::from_utf8(response.body).context(&what)?;
    exposition::parse(&text).map_err(|error| error.context(what))
}

runner_sdk::export! { metrics: ScrapeMetrics }

#[cfg(test)]
mod tests;
