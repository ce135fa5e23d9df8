//! What the profile says, the same for all roles.

use std::collections::BTreeMap;

use runner_sdk::{Context, Duration, Error};
use schemars::JsonSchema;
use serde::Deserialize;

/// Counts errors and issues in Sentry, and tells it of releases and deploys.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Config {
    /// Where Sentry is, e.g. `https://de.sentry.io`; without `/api/0`.
    #[serde(default = "official")]
    pub(crate) url: String,
    /// The organization's slug.
    #[schemars(length(min = 1))]
    pub(crate) organization: String,
    /// Slugs of the projects. An older Sentry counts only by their numbers.
    #[schemars(length(min = 1))]
    pub(crate) projects: Vec<String>,
    /// A token, as `{{secret:NAME}}`. Scopes: `event:read` and `org:read` to count, `project:releases` or `org:ci` to tell of
    /// releases.
    pub(crate) token: String,
    /// The environment as Sentry knows it, whatever the step's environment is.
    pub(crate) environment: Option<String>,
    /// Names of environments that differ in Sentry, e.g. `prod = "production"`.
    #[serde(default)]
    pub(crate) environments: BTreeMap<String, String>,
    /// The release as Sentry knows it: what the application gives as `release`.
    #[serde(default = "project_and_version")]
    pub(crate) release: String,
    /// For the gate: which unresolved issues count, in Sentry's search.
    #[serde(default = "fatal")]
    pub(crate) query: String,
    /// For the gate: issues count that had an event within this time.
    #[serde(default = "an_hour")]
    pub(crate) window: Duration,
    /// For the gate: how many may be there.
    #[serde(default)]
    pub(crate) max: u32,
    /// How long after it happened an event may arrive.
    #[serde(default = "two_minutes")]
    pub(crate) lag: Duration,
    /// For the notifier: the repository as Sentry's integration knows it, e.g. `acme/shop`; then Sentry finds the commits of
    /// a release.
    pub(crate) repository: Option<String>,
    /// How long one request may take.
    #[serde(default = "twenty_seconds")]
    pub(crate) timeout: Duration,
}

fn official() -> String {
    "https://sentry.io".to_owned()
}

fn project_and_version() -> String {
    "{{project}}@{{version}}".to_owned()
}

fn fatal() -> String {
    "level:fatal".to_owned()
}

fn an_hour() -> Duration {
    Duration::from_secs(3600)
}

fn two_minutes() -> Duration {
    Duration::from_secs(120)
}

fn twenty_seconds() -> Duration {
    Duration::from_secs(20)
}

impl Config {
    /// Checks what the schema cannot say.
    pub(crate) fn check(&self) -> Result<(), Error> {
        let secret = self
            .token
            .strip_prefix("{{secret:")
            .and_then(|rest| rest.strip_suffix("}}"));
        if secret.is_none_or(|name| name.is_empty() || name.contains(['{', '}'])) {
            return Err(Error::invalid_config(
                "`token` is not `{{secret:NAME}}`: put the token into [secrets], and its name here",
            ));
        }
        if self.projects.is_empty() {
            return Err(Error::invalid_config(
                "`projects` is empty: say which projects count",
            ));
        }
        Ok(())
    }

    /// A version as Sentry knows it.
    pub(crate) fn release_of(&self, project: &str, version: &str) -> String {
        self.release
            .replace("{{project}}", project)
            .replace("{{version}}", version)
    }
}

/// The environment of this call as Sentry knows it.
pub(crate) fn environment(context: &Context<Config>) -> Result<String, Error> {
    let config = &context.config;
    if let Some(name) = &config.environment {
        return Ok(name.clone());
    }
    match &context.environment {
        Some(own) => Ok(config.environments.get(&own.name).unwrap_or(&own.name).clone()),
        None => Err(Error::invalid_config(format!(
            "step `{}` has no environment: say in `environment` whose errors count",
            context.step
        ))),
    }
}
