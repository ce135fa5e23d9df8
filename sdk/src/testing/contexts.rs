//! Contexts for tests.

use serde::de::DeserializeOwned;

use crate::bindings::host::runner::plugin::types;
use crate::{Context, Environment, Error, Instant, Mode, Release};

/// Where a scripted host's clock starts: 2026-01-01T00:00:00Z.
pub const START: Instant = 1_767_225_600_000;

/// A context for project `shop`, step `test`, with this config. Panics where the config does not fit.
pub fn context<C: DeserializeOwned>(config: serde_json::Value) -> Context<C> {
    raw_context(config).unwrap_or_else(|error| panic!("the config does not fit: {}", error.message()))
}

/// The same, with the error of a config that does not fit.
pub fn raw_context<C: DeserializeOwned>(config: serde_json::Value) -> Result<Context<C>, Error> {
    Context::parse(types::Context {
        run_id: "run-1".to_owned(),
        step: "test".to_owned(),
        mode: Mode::Run,
        project: "shop".to_owned(),
        release: None,
        previous: None,
        environment: None,
        config: config.to_string(),
    })
}

/// A release of this version: tag `v` and the version, a commit of forty `a`, no artifacts.
pub fn release(version: &str) -> Release {
    Release {
        version: version.to_owned(),
        tag: format!("v{version}"),
        commit: "a".repeat(40),
        notes: String::new(),
        artifacts: Vec::new(),
    }
}

impl<C> Context<C> {
    /// For tests: about a release.
    pub fn with_release(mut self, version: &str) -> Self {
        self.release = Some(release(version));
        self
    }

    /// For tests: with a good release that runs already.
    pub fn with_previous(mut self, version: &str) -> Self {
        self.previous = Some(release(version));
        self
    }

    /// For tests: about an environment.
    pub fn with_environment(mut self, name: &str, url: Option<&str>) -> Self {
        self.environment = Some(Environment {
            name: name.to_owned(),
            url: url.map(Into::into),
            gradual: false,
        });
        self
    }

    /// For tests: about an environment in which a new release gets the traffic bit by bit.
    pub fn with_gradual_environment(mut self, name: &str, url: Option<&str>) -> Self {
        self = self.with_environment(name, url);
        self.environment = self.environment.map(|environment| Environment {
            gradual: true,
            ..environment
        });
        self
    }

    /// For tests: in a plan.
    pub fn in_plan(mut self) -> Self {
        self.mode = Mode::Plan;
        self
    }
}
