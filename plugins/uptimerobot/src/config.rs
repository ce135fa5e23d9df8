//! What the profile says.

use std::collections::BTreeMap;

use runner_sdk::{Duration, Error};
use schemars::JsonSchema;
use serde::Deserialize;

/// Reads what UptimeRobot sees of a site from outside.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Config {
    /// The version of its API. v2 gets no updates any more, but alone has response times and more than a day of uptime.
    #[serde(default)]
    pub(crate) api: Api,
    /// Where its API is.
    #[serde(default = "official")]
    pub(crate) url: String,
    /// The key, as `{{secret:NAME}}`; a read-only one is enough.
    pub(crate) key: String,
    /// Numbers of the monitors by the names that queries use. With the environments' names, one query is good for all:
    /// `up {{environment}}`.
    #[schemars(extend("minProperties" = 1))]
    pub(crate) monitors: BTreeMap<String, u64>,
    /// How long one request may take.
    #[serde(default = "ten_seconds")]
    pub(crate) timeout: Duration,
}

/// A version of the API.
#[derive(Clone, Copy, Debug, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Api {
    /// `POST /v2/getMonitors`.
    V2,
    /// `GET /v3/monitors`.
    #[default]
    V3,
}

fn official() -> String {
    "https://api.uptimerobot.com".to_owned()
}

fn ten_seconds() -> Duration {
    Duration::from_secs(10)
}

impl Config {
    /// Checks what the schema cannot say.
    pub(crate) fn check(&self) -> Result<(), Error> {
        let secret = self
            .key
            .strip_prefix("{{secret:")
            .and_then(|rest| rest.strip_suffix("}}"));
        if secret.is_none_or(|name| name.is_empty() || name.contains(['{', '}'])) {
            return Err(Error::invalid_config(
                "`key` is not `{{secret:NAME}}`: put the key into [secrets], and its name here",
            ));
        }
        Ok(())
    }
}
