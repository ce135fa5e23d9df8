//! Metrics source `{{name}}`: reads numbers from a JSON page. A query is the JSON pointer of a number, e.g. `/queue/length`.

use runner_sdk::metrics::{Query, Reading, Snapshot};
use runner_sdk::{Context, Error, Host, Metrics, Request};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;

/// What a profile says under `config`. Its JSON Schema is checked by the host and shown to users.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Config {
    /// The page.
    url: String,
}

/// The source.
pub struct {{type}};

impl Metrics for {{type}} {
    type Config = Config;

    // A source that is down is an error, a number that is not there is `NoData`: neither is a breach.
    fn sample(
        host: &impl Host,
        context: &Context<Config>,
        queries: &[Query],
        _memory: Option<&str>,
    ) -> Result<Snapshot, Error> {
        let at = host.now();
        let response = host.send(&Request::get(&context.config.url))?.require_success("reading the page")?;
        let page: Value = response.json("the page")?;
        let reading = |query: &Query| match page.pointer(&query.expression) {
            None => Ok(Reading::NoData),
            Some(value) => match value.as_f64() {
                Some(number) => Ok(Reading::Value(number)),
                None => Err(Error::failed(format!("`{}` is {value}, and no number", query.expression))),
            },
        };
        Ok(Snapshot { at, readings: queries.iter().map(reading).collect(), memory: None })
    }
}

runner_sdk::export! { metrics: {{type}} }

#[cfg(test)]
mod tests {
    use runner_sdk::testing::{ScriptedHost, context};
    use serde_json::json;

    use super::*;

    const PAGE: &str = "http://127.0.0.1:8080/status.json";

    #[test]
    fn reads_what_is_there() {
        let host = ScriptedHost::new().get(PAGE).answers_json(200, &json!({"queue": {"length": 7, "name": "mail"}}));
        let queries = ["/queue/length", "/queue/age", "/queue/name"].map(|expression| Query {
            name: expression.to_owned(),
            expression: expression.to_owned(),
            window_ms: 60_000,
        });
        let snapshot = {{type}}::sample(&host, &context(json!({"url": PAGE})), &queries, None).expect("answers");
        assert_eq!(snapshot.readings[0], Ok(Reading::Value(7.0)));
        assert_eq!(snapshot.readings[1], Ok(Reading::NoData));
        assert!(snapshot.readings[2].is_err());
    }
}
