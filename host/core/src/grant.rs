//! What a plugin may do: pure policy, no sockets in it.
//!
//! A [`Grant`] is what the plugin's manifest asks for *and* what the profile allows. Entries may hold placeholders, filled
//! in by [`expand`]; [`Grant::check`] decides one request and a [`Denial`] names the line to add.

mod check;
mod denial;
mod expand;
mod http;
mod mistake;
mod need;
mod path;
mod process;

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{manifest::Manifest, profile::Use, secret};

pub use denial::Denial;
pub use expand::{Values, expand};
pub use mistake::Mistake;

/// Permissions by kind; in a plugin's manifest what it asks for, in a profile what is allowed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct Permissions {
    /// Argument patterns: exact words, `*` for any one word, a last `**` for any rest. The first word is exact. A word that
    /// starts with `\` stands for what follows it, so `\*` is an asterisk.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub process: Vec<Vec<String>>,
    /// Globs of names of environment variables that it sets for programs. In a manifest, `{{config:/env}}` stands for the
    /// keys of a table. `RUNNER_ENVIRONMENT`, `RUNNER_URL` and `RUNNER_VERSION` need none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub env: Vec<String>,
    /// `METHOD[,METHOD] URL`; a trailing `*` makes the URL's path a prefix. Scheme, host and port are exact; any query is
    /// fine unless the URL has one.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub http: Vec<String>,
    /// Globs of the workspace that it reads; `*` stays within a folder, `**` does not.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<String>,
    /// Files that it may add lines to.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub append: Vec<String>,
    /// Folders on a machine, with all below.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub machine_files: Vec<String>,
    /// Globs of names of machines that it works on. The machine that `runner` runs on needs none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub machines: Vec<String>,
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

    /// Adds what `other` permits.
    fn add(&mut self, other: Self) {
        fn put<T: PartialEq>(into: &mut Vec<T>, entries: Vec<T>) {
            for entry in entries {
                if !into.contains(&entry) {
                    into.push(entry);
                }
            }
        }
        put(&mut self.process, other.process);
        put(&mut self.env, other.env);
        put(&mut self.http, other.http);
        put(&mut self.files, other.files);
        put(&mut self.append, other.append);
        put(&mut self.machine_files, other.machine_files);
        put(&mut self.machines, other.machines);
        put(&mut self.services, other.services);
        put(&mut self.artifacts, other.artifacts);
        put(&mut self.secrets, other.secrets);
        self.reports |= other.reports;
        self.person |= other.person;
    }
}

/// What a use of a plugin is for.
#[derive(Clone, Copy, Debug)]
pub struct GrantContext<'a> {
    /// Whether `runner` brings the plugin along.
    pub official: bool,
    /// The project's name.
    pub project: &'a str,
    /// The environment, for a use that is for one.
    pub environment: Option<&'a str>,
    /// Where that answers.
    pub url: Option<&'a str>,
}

/// What one use of a plugin may do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Grant {
    /// The plugin's name, from its manifest.
    pub plugin: String,
    /// The use, e.g. `notify.telegram`.
    pub path: String,
    /// What the manifest asks for.
    pub asked: Permissions,
    /// What the profile allows.
    pub allowed: Permissions,
    /// Names of the secrets that may be filled in for it.
    pub secrets: BTreeSet<String>,
    /// What the profile's `allow` says, as written: a denial shows it with the missing line.
    pub written: Permissions,
}

impl Grant {
    /// The grant of a use.
    ///
    /// The profile allows what its `allow` says, and what it wrote in the config itself: entries of the manifest that
    /// start in a placeholder of it, such as `GET {{url}}/*`. An official plugin is allowed all that it asks for. Secrets
    /// are those that the config names as `{{secret:NAME}}`, and those of `allow`.
    pub fn of(manifest: &Manifest, path: &str, of: &Use, context: &GrantContext<'_>) -> Self {
        let values = &Values {
            config: &of.config,
            project: context.project,
            environment: context.environment,
            url: context.url,
        };
        let mut asked = Permissions::default();
        let mut allowed = expand(&of.allow, values);
        for want in &manifest.wants {
            let wanted = expand(&want.permissions, values);
            let granted = if context.official {
                wanted.clone()
            } else {
                expand(&want.permissions.written_by_profile(), values)
            };
            allowed.add(granted);
            asked.add(wanted);
        }
        let mut secrets: BTreeSet<_> = allowed.secrets.iter().cloned().collect();
        secrets_of(&of.config, &mut secrets);
        Self {
            plugin: manifest.name.clone(),
            path: path.to_owned(),
            asked,
            allowed,
            secrets,
            written: of.allow.clone(),
        }
    }
}

fn secrets_of(config: &Value, into: &mut BTreeSet<String>) {
    match config {
        Value::String(text) => into.extend(secret::names(text.as_bytes()).map(str::to_owned)),
        Value::Array(values) => values.iter().for_each(|value| secrets_of(value, into)),
        Value::Object(table) => table.values().for_each(|value| secrets_of(value, into)),
        _ => {}
    }
}

#[cfg(test)]
mod tests;
