//! Machines of a profile: what they are, and whether a name of one is a machine's.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::merge::Merged;
use super::origin::entry;
use super::problem::ProfileError;
use super::references;
use super::uses::PlacedUse;
use crate::{duration::Duration, manifest::Manifest};

/// The name of the machine that `runner` runs on.
pub const LOCAL: &str = "local";

/// A machine that is reached with the user's own `ssh` program: its configuration, agent and known hosts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Machine {
    /// Where it is, as `ssh` takes it: `ann@example.org`, `ssh://ann@example.org:2222`, or a `Host` of its configuration.
    #[schemars(regex(pattern = r"^[^-\s][^\s]*$"))]
    pub ssh: String,
    /// A configuration for `ssh` in place of the user's own, relative to the workspace.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ssh_config: Option<String>,
    /// How long connecting may take.
    #[serde(default = "Machine::connect_timeout")]
    pub connect_timeout: Duration,
}

impl Machine {
    fn connect_timeout() -> Duration {
        Duration::from_millis(10_000)
    }
}

/// What is wrong with the name of a machine at `pointer`. Globs and placeholders are not judged.
pub(super) fn unknown(merged: &Merged, pointer: &str, name: &str) -> Option<ProfileError> {
    let judged = name != LOCAL && !name.contains(['*', '?', '[', '{']);
    judged
        .then(|| references::unknown(merged, pointer, name, "machines"))
        .flatten()
}

/// The names of machines in a use's config that the profile does not have. Which values of it name machines is what the
/// plugin's manifest says: `machines = ["{{config:/machine}}"]`.
pub(super) fn check_config(merged: &Merged, used: &PlacedUse, manifest: &Manifest) -> Vec<ProfileError> {
    let wanted = manifest.wants.iter().flat_map(|want| &want.permissions.machines);
    let places = wanted.filter_map(|entry| entry.strip_prefix("{{config:")?.strip_suffix("}}"));
    let mut errors = Vec::new();
    for place in places {
        let pointer = format!("{}/config{place}", used.pointer);
        match used.of.config.pointer(place) {
            Some(Value::String(name)) => errors.extend(unknown(merged, &pointer, name)),
            Some(Value::Array(names)) => {
                let names = names.iter().enumerate();
                let named = names.filter_map(|(index, name)| Some((index, name.as_str()?)));
                errors.extend(
                    named.filter_map(|(index, name)| {
                        unknown(merged, &entry(&pointer, &index.to_string()), name)
                    }),
                );
            }
            _ => {}
        }
    }
    errors
}
