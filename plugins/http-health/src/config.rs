//! What the profile says, the same for both roles.

use std::collections::BTreeMap;

use runner_sdk::{Context, Duration, Error};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;

/// Asks health endpoints.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Config {
    /// What the paths are below. Default: the environment's `url`.
    #[schemars(length(min = 1))]
    pub(crate) url: Option<String>,
    /// The endpoints by name.
    #[schemars(extend("minProperties" = 1))]
    pub(crate) endpoints: BTreeMap<String, Endpoint>,
    /// Further headers; `{{secret:name}}` in a value is filled in by the host.
    #[serde(default)]
    pub(crate) headers: BTreeMap<String, String>,
    /// How long one request may take.
    #[serde(default = "five_seconds")]
    pub(crate) timeout: Duration,
    /// For the gate: how often it looks before it says no.
    #[serde(default = "one")]
    #[schemars(range(min = 1, max = 1000))]
    pub(crate) tries: u32,
    /// For the gate: the time between two looks.
    #[serde(default = "two_seconds")]
    pub(crate) pause: Duration,
}

/// An endpoint, and what it must answer.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct Endpoint {
    /// Its path, with a query where it needs one.
    #[schemars(regex(pattern = "^/"))]
    pub(crate) path: String,
    /// The status that it must answer with.
    #[serde(default = "ok")]
    #[schemars(range(min = 100, max = 599))]
    pub(crate) status: u16,
    /// Fields that its JSON must have: `a.b` is the field `b` of `a`, a list means any of its values. In a text,
    /// `{{environment}}` and `{{version}}` stand for those of the release.
    #[serde(default)]
    pub(crate) json: BTreeMap<String, Value>,
}

fn five_seconds() -> Duration {
    Duration::from_secs(5)
}

fn two_seconds() -> Duration {
    Duration::from_secs(2)
}

fn one() -> u32 {
    1
}

fn ok() -> u16 {
    200
}

/// Where the endpoints are, without a slash at the end.
pub(crate) fn base(context: &Context<Config>) -> Result<&str, Error> {
    if context.config.endpoints.is_empty() {
        return Err(Error::invalid_config("`endpoints` is empty: say what is asked"));
    }
    let own = context
        .environment
        .as_ref()
        .and_then(|environment| environment.url.as_ref());
    match context.config.url.as_ref().or(own) {
        Some(url) => Ok(url.trim_end_matches('/')),
        None => Err(Error::invalid_config(
            "there is no `url`, and the environment has none either: say where the endpoints are",
        )),
    }
}
