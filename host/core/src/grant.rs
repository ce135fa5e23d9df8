//! What a plugin may do: pure policy, no sockets in it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Permissions by kind; in a plugin's manifest what it asks for, in a profile what is allowed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct Permissions {
    /// Argument patterns: exact words, `*` for any one word, a last `**` for any rest.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub process: Vec<Vec<String>>,
    /// `METHOD[,METHOD] URL`; a trailing `*` makes the URL's path a prefix.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub http: Vec<String>,
    /// Globs of the workspace that it reads.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<String>,
    /// Files that it may add lines to.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub append: Vec<String>,
    /// Folders on a machine, with all below.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub machine_files: Vec<String>,
    /// Globs of names of supervised processes.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub services: Vec<String>,
    /// Globs of names of artifacts.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub artifacts: Vec<String>,
    /// Names of secrets, beyond those that the config names.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub secrets: Vec<String>,
    /// Whether it writes files of its own into the run's folder.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub reports: bool,
    /// Whether it asks people.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub person: bool,
}

impl Permissions {
    /// Whether nothing is permitted.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}
