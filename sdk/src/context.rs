//! What a call is about.

use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::bindings::host::runner::plugin::types;
use crate::{Environment, Error, Mode, Release};

/// What a call is about, with the plugin's own config in it.
#[derive(Clone, Debug)]
pub struct Context<C> {
    pub run_id: String,
    /// Name of the step, e.g. `gate/unit-tests`.
    pub step: String,
    pub mode: Mode,
    pub project: String,
    pub release: Option<Release>,
    /// The good release that runs, or last ran, in `environment`.
    pub previous: Option<Release>,
    pub environment: Option<Environment>,
    pub config: C,
}

impl<C> Context<C> {
    /// The release, which this call cannot do without.
    pub fn require_release(&self) -> Result<&Release, Error> {
        self.release
            .as_ref()
            .ok_or_else(|| Error::failed(format!("step `{}` has no release", self.step)))
    }

    /// The environment, which this call cannot do without.
    pub fn require_environment(&self) -> Result<&Environment, Error> {
        self.environment
            .as_ref()
            .ok_or_else(|| Error::failed(format!("step `{}` has no environment", self.step)))
    }

    /// What a program may want to know of the call: `RUNNER_ENVIRONMENT`, `RUNNER_URL`, `RUNNER_VERSION`, as far as there
    /// are such.
    pub fn variables(&self) -> Vec<(&'static str, String)> {
        let environment = self.environment.as_ref();
        let all = [
            ("RUNNER_ENVIRONMENT", environment.map(|e| e.name.clone())),
            ("RUNNER_URL", environment.and_then(|e| e.url.clone())),
            (
                "RUNNER_VERSION",
                self.release.as_ref().map(|release| release.version.clone()),
            ),
        ];
        all.into_iter()
            .filter_map(|(name, value)| Some((name, value?)))
            .collect()
    }

    /// Whether writes are listed instead of done.
    pub fn is_plan(&self) -> bool {
        self.mode == Mode::Plan
    }
}

impl<C: DeserializeOwned> Context<C> {
    /// Reads the config; one that does not fit is [`Error::InvalidConfig`] with the path to the value, e.g. `run[1]`.
    pub(crate) fn parse(raw: types::Context) -> Result<Self, Error> {
        // Through a value, since a line and a column of this text would tell nobody anything.
        let value: Value =
            serde_json::from_str(&raw.config).map_err(|error| Error::InvalidConfig(error.to_string()))?;
        let config = serde_path_to_error::deserialize(value).map_err(|error| {
            let at = error.path().to_string();
            Error::InvalidConfig(match at.as_str() {
                "." => error.into_inner().to_string(),
                _ => format!("`{at}`: {}", error.into_inner()),
            })
        })?;
        Ok(Self {
            run_id: raw.run_id,
            step: raw.step,
            mode: raw.mode,
            project: raw.project,
            release: raw.release,
            previous: raw.previous,
            environment: raw.environment,
            config,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(serde::Deserialize, Debug)]
    #[serde(deny_unknown_fields)]
    struct Config {
        run: Vec<String>,
    }

    fn parse(config: &str) -> Result<Context<Config>, Error> {
        Context::parse(types::Context {
            run_id: "r".into(),
            step: "gate/x".into(),
            mode: Mode::Run,
            project: "shop".into(),
            release: None,
            previous: None,
            environment: None,
            config: config.into(),
        })
    }

    #[test]
    fn an_invalid_config_names_the_path() {
        insta::assert_snapshot!(parse(r#"{"run":["a",1]}"#).unwrap_err().message(),
            @"`run[1]`: invalid type: integer `1`, expected a string");
        insta::assert_snapshot!(parse(r#"{"runs":["a"]}"#).unwrap_err().message(),
            @"`runs`: unknown field `runs`, expected `run`");
        insta::assert_snapshot!(parse("{").unwrap_err().message(), @"EOF while parsing an object at line 1 column 1");
    }

    #[test]
    fn what_a_call_lacks_is_named() {
        let context = parse(r#"{"run":["a"]}"#).unwrap();
        assert_eq!(context.config.run, ["a"]);
        assert_eq!(
            context.require_release().unwrap_err().message(),
            "step `gate/x` has no release"
        );
        assert_eq!(
            context.require_environment().unwrap_err().message(),
            "step `gate/x` has no environment"
        );
    }
}
