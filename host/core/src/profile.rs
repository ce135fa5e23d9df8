//! The profile: a project's release process, as configuration. Layers and errors are in the modules below; here is the
//! shape, from which the JSON Schema is derived.

mod backup;
mod digest;
mod environment;
mod layer;
mod machines;
mod merge;
mod origin;
mod problem;
mod references;
mod resolve;
pub mod schema;
mod show;
pub(crate) mod structure;
mod uses;

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use backup::{Backup, Keep};
pub use digest::{Digest, DigestReading};
pub use environment::{Approval, Canary, CanaryStep, Environment, FirstDeploy, Health, Restore, Watch};
pub use layer::{Layer, Source};
pub use machines::{LOCAL, Machine};
pub use merge::{Merged, is_path, merge, stack};
pub use origin::{Origin, Provenance, dotted};
pub use problem::{ProfileError, ProfileErrors};
pub use resolve::{Resolved, resolve};
pub use show::show;
pub(crate) use show::toml;
pub use uses::PlacedUse;

use crate::{duration::Duration, grant::Permissions, schedule::Schedule, version::VersionPolicy};

/// A whole process. Names (`[gate.lint]`) are the users' own.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Profile {
    /// The project.
    pub project: Project,
    /// How versions are made.
    #[serde(default)]
    pub version: VersionPolicy,
    /// The changelog.
    #[serde(default)]
    pub changelog: Changelog,
    /// The tag.
    #[serde(default)]
    pub tag: Tag,
    /// Checks that must all pass before anything else is done, by name.
    #[serde(default)]
    pub gate: BTreeMap<String, Use>,
    /// What is deployed, by name.
    #[serde(default)]
    pub artifacts: BTreeMap<String, ArtifactSource>,
    /// Environments, by name.
    #[serde(default)]
    pub environments: BTreeMap<String, Environment>,
    /// What `runner release` goes through, in order.
    #[serde(default)]
    pub release: ReleasePath,
    /// Checks of a deployed environment, by name.
    #[serde(default)]
    pub smoke: BTreeMap<String, Use>,
    /// Sources of readings, by name.
    #[serde(default)]
    pub metrics: BTreeMap<String, Use>,
    /// Who is told, by name.
    #[serde(default)]
    pub notify: BTreeMap<String, Notifier>,
    /// Backups, by name.
    #[serde(default)]
    pub backup: BTreeMap<String, Backup>,
    /// What `runner digest` tells of.
    #[serde(default, skip_serializing_if = "Digest::is_empty")]
    pub digest: Digest,
    /// What timers of machines start, by name; the set-up of its environment installs each.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub schedule: BTreeMap<String, Schedule>,
    /// Machines that are reached over SSH, by name.
    #[serde(default)]
    pub machines: BTreeMap<String, Machine>,
    /// Where secrets come from, by name.
    #[serde(default)]
    pub secrets: BTreeMap<String, SecretSource>,
    /// The reports.
    #[serde(default)]
    pub reports: Reports,
    /// What `runner ci` writes.
    #[serde(default, skip_serializing_if = "Ci::is_default")]
    pub ci: Ci,
    /// Where journal, locks and history are kept. Default: a SQLite file in the user's data folder.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub store: Option<String>,
}

/// The project.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Project {
    /// Names it in the store, in messages and in reports.
    pub name: String,
}

/// One use of a plugin.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Use {
    /// An official plugin's name, or the path of a `.wasm` file (relative to the file that says so).
    pub plugin: String,
    /// The plugin's own configuration, checked against its schema.
    #[serde(default = "empty", skip_serializing_if = "is_empty")]
    #[schemars(with = "BTreeMap<String, serde_json::Value>")]
    pub config: serde_json::Value,
    /// What it may do, beyond what its config names.
    #[serde(default, skip_serializing_if = "Permissions::is_empty")]
    pub allow: Permissions,
    /// Limit for one call of it, beside the plugin's own. Default: none but the plugin's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout: Option<Duration>,
}

fn empty() -> serde_json::Value {
    serde_json::Value::Object(serde_json::Map::new())
}

fn is_empty(value: &serde_json::Value) -> bool {
    value.as_object().is_some_and(serde_json::Map::is_empty)
}

/// A use of a notifier.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Notifier {
    /// An official plugin's name, or the path of a `.wasm` file.
    pub plugin: String,
    /// The plugin's own configuration.
    #[serde(default = "empty", skip_serializing_if = "is_empty")]
    #[schemars(with = "BTreeMap<String, serde_json::Value>")]
    pub config: serde_json::Value,
    /// What it may do, beyond what its config names.
    #[serde(default, skip_serializing_if = "Permissions::is_empty")]
    pub allow: Permissions,
    /// Limit for one call of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout: Option<Duration>,
    /// What it is told of. Default: everything.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub events: Option<Vec<NoticeName>>,
}

impl Notifier {
    /// The plugin's use, without what only the host needs.
    pub fn as_use(&self) -> Use {
        Use {
            plugin: self.plugin.clone(),
            config: self.config.clone(),
            allow: self.allow.clone(),
            timeout: self.timeout,
        }
    }
}

/// What a notifier can be told of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum NoticeName {
    /// How the gate went.
    Gate,
    /// A deploy starts, ends well, or fails.
    Deploy,
    /// A person is waited for.
    Approval,
    /// An environment was rolled back.
    Rollback,
    /// A rule, a backup that failed or a restore asks for attention.
    Alert,
    /// The release is out.
    Released,
    /// What happened lately: `runner digest --send`.
    Digest,
}

/// The changelog.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct Changelog {
    /// File of the repository that each release's section is put on top of, in a commit of its own; none makes no commit.
    pub file: Option<String>,
    /// A minijinja template; the default is in the manual.
    pub template: Option<String>,
}

impl Default for Changelog {
    fn default() -> Self {
        Self {
            file: Some("CHANGELOG.md".to_owned()),
            template: None,
        }
    }
}

/// The tag.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct Tag {
    /// Remote to push the branch and the tag to; none pushes nothing.
    pub push: Option<String>,
}

/// Something that is deployed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct ArtifactSource {
    /// File or folder in the workspace, there once the gate has passed.
    pub path: String,
}

/// What a release goes through.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct ReleasePath {
    /// Environments, in order.
    pub environments: Vec<String>,
}

/// The workflows of a CI service, as `runner ci` writes them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct Ci {
    /// The shell line by which a job installs `runner`, e.g. `cargo install --locked --git URL --tag TAG runner-cli`.
    pub install: Option<String>,
    /// What is pushed to this branch is deployed to the first environment of a release.
    pub branch: String,
    /// Variables that are no secrets and that the CI service holds for the jobs, e.g. `AWS_REGION`.
    pub variables: Vec<String>,
}

impl Default for Ci {
    fn default() -> Self {
        Self {
            install: None,
            branch: "main".to_owned(),
            variables: Vec::new(),
        }
    }
}

impl Ci {
    fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

/// Where a secret comes from; exactly one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum SecretSource {
    /// A variable of `runner`'s environment.
    Env(String),
    /// A file; a trailing line end is not part of the secret.
    File(String),
    /// A program's output, e.g. `["op", "read", "op://vault/item/field"]`.
    Command(Vec<String>),
}

/// The reports. The defaults give the file names of the requirements.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct Reports {
    /// Folder, relative to the workspace; `{run}` stands for the run's id.
    pub folder: String,
    /// `agent` of `_summary.json`.
    pub agent: String,
    /// `fmVersion` of `_summary.json`.
    pub fm_version: String,
    /// `project` of `_summary.json`; none is the project's name.
    pub project: Option<String>,
}

impl Default for Reports {
    fn default() -> Self {
        Self {
            folder: ".runner/reports/{run}".to_owned(),
            agent: "Agent16_ReleaseEngineer".to_owned(),
            fm_version: "1.0.5".to_owned(),
            project: None,
        }
    }
}
