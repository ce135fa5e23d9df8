//! `[environments.NAME]`: where a release goes, and what must hold before, while and after it gets there.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Use;
use crate::{duration::Duration, rules::Rule};

/// An environment.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Environment {
    /// Where it answers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// How it is deployed to.
    pub target: Use,
    /// Whether a person must approve first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approval: Option<Approval>,
    /// Names of `[backup.*]`, made and verified before a deploy.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub backup: Vec<String>,
    /// What to do when a rollback leaves data that only the newer release can read.
    #[serde(default, skip_serializing_if = "Restore::is_default")]
    pub restore: Restore,
    /// Names of `[gate.*]` that are checked right before it is deployed to, once the environments before it are good, and
    /// not with the rest of the gate: e.g. a go/no-go checklist.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub before: Vec<String>,
    /// Names of `[gate.*]` that `runner deploy` wants passed. Default: all that no environment has in `before`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gate: Option<Vec<String>>,
    /// Names of `[smoke.*]`, run once it is healthy.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub smoke: Vec<String>,
    /// How long it may take to become healthy.
    #[serde(default)]
    pub health: Health,
    /// Whether the traffic comes to a new release bit by bit; the target must be able to. Default: all at once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub canary: Option<Canary>,
    /// The metrics after a deploy; none watches nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub watch: Option<Watch>,
    /// What to do when no earlier release is recorded as good there, so that there is nothing to roll back to.
    #[serde(default)]
    pub first_deploy: FirstDeploy,
}

/// A person's approval.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct Approval {
    /// Who may approve; anyone (but who started it) when empty.
    pub approvers: Vec<String>,
    /// Whether who started the run may approve it.
    pub own: bool,
    /// File in the format of ssh-keygen(1), ALLOWED SIGNERS, relative to the workspace: the approval must then carry an SSH
    /// signature that it knows.
    pub allowed_signers: Option<String>,
    /// How long to wait. Default: without end.
    pub timeout: Option<Duration>,
}

/// How long an environment may take to become healthy.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct Health {
    /// In all.
    pub timeout: Duration,
    /// Between two looks.
    pub interval: Duration,
}

impl Default for Health {
    fn default() -> Self {
        Self {
            timeout: Duration::from_millis(60_000),
            interval: Duration::from_millis(1_000),
        }
    }
}

/// Bringing the traffic to a new release bit by bit. Each step is watched by the rules of the environment's `watch`; a
/// breach goes back as after a deploy. After the last one the release gets everything.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Canary {
    /// In order, each a larger part than the one before.
    #[schemars(length(min = 1))]
    pub steps: Vec<CanaryStep>,
}

/// One part of the traffic.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct CanaryStep {
    /// Of all requests, the part that the new release gets.
    #[schemars(range(min = 1, max = 99))]
    pub percent: u8,
    /// For how long it is watched there.
    pub watch: Duration,
}

/// Watching the metrics after a deploy.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Watch {
    /// For how long.
    pub duration: Duration,
    /// Between two samples.
    #[serde(default = "Watch::interval")]
    pub interval: Duration,
    /// Rules, by name.
    #[serde(default)]
    pub rules: BTreeMap<String, Rule>,
}

impl Watch {
    pub(super) fn interval() -> Duration {
        Duration::from_millis(15_000)
    }
}

/// Whether a deploy is made where there is nothing to roll back to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum FirstDeploy {
    /// Refuse, with the reason, before anything is done.
    #[default]
    Refuse,
    /// Go on; a failure is then *stuck*.
    Allow,
}

/// What to do when a rollback leaves data that only the newer release can read, and there is a backup from before it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Restore {
    /// Ask a person whether to restore the backup, after a fresh one.
    #[default]
    Ask,
    /// Leave the data as it is.
    Never,
}

impl Restore {
    fn is_default(&self) -> bool {
        *self == Self::default()
    }
}
