//! `[backup.NAME]`: what is kept before a deploy and when somebody asks for it, and for how long.

use std::num::NonZeroU32;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Use, empty, is_empty};
use crate::{duration::Duration, grant::Permissions};

/// A backup.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Backup {
    /// An official plugin's name, or the path of a `.wasm` file (relative to the file that says so).
    pub plugin: String,
    /// The plugin's own configuration, checked against its schema.
    #[serde(default = "empty", skip_serializing_if = "is_empty")]
    #[schemars(with = "std::collections::BTreeMap<String, serde_json::Value>")]
    pub config: serde_json::Value,
    /// What it may do, beyond what its config names.
    #[serde(default, skip_serializing_if = "Permissions::is_empty")]
    pub allow: Permissions,
    /// Limit for one call of it, beside the plugin's own. Default: none but the plugin's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout: Option<Duration>,
    /// Which older ones of an environment stay in the store once a new one is there. Default: all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub keep: Option<Keep>,
}

impl Backup {
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

/// Which backups stay: those that either of the two keeps. The words are restic's `--keep-last` and `--keep-within`
/// (<https://restic.readthedocs.io/en/stable/060_forget.html>).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[schemars(extend("minProperties" = 1))]
pub struct Keep {
    /// So many of the newest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last: Option<NonZeroU32>,
    /// All that are not older, e.g. `30d`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub within: Option<Duration>,
}
