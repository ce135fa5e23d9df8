//! The manifest of a plugin, its `plugin.toml`: who it is, what it serves as, and what it asks for, with a reason each. A
//! custom section of the component holds it, so it is read without running anything.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    grant::Permissions,
    profile::{Layer, ProfileError, ProfileErrors, Source, structure},
};

/// What a plugin can serve as.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// Checks: `[gate.*]` and `[smoke.*]`.
    Gate,
    /// What is deployed to: `[environments.*.target]`.
    Target,
    /// A lock that lies on the target.
    Lock,
    /// A target's new release that gets the traffic little by little.
    Traffic,
    /// A target's environment from nothing: `runner env setup`.
    Setup,
    /// What a target's programs wrote down: `runner logs`.
    Logs,
    /// A source of readings: `[metrics.*]`.
    Metrics,
    /// Tells people or services: `[notify.*]`.
    Notifier,
    /// Makes and verifies backups: `[backup.*]`.
    Backup,
}

impl Role {
    /// As a manifest and `configuration.schema` name it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Gate => "gate",
            Self::Target => "target",
            Self::Lock => "lock",
            Self::Traffic => "traffic",
            Self::Setup => "setup",
            Self::Logs => "logs",
            Self::Metrics => "metrics",
            Self::Notifier => "notifier",
            Self::Backup => "backup",
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// One thing that a plugin asks for. Entries may hold placeholders, see [`crate::grant::expand`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
// Serde has no `deny_unknown_fields` beside `flatten`; the schema says it, and is checked first.
#[schemars(extend("additionalProperties" = false))]
pub struct Want {
    /// Why, for the person who is asked to trust the plugin.
    #[schemars(length(min = 1))]
    pub reason: String,
    /// What.
    #[serde(flatten)]
    pub permissions: Permissions,
}

/// Who a plugin is and what it asks for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Manifest {
    /// Lower-case letters, digits and `-`.
    #[schemars(regex(pattern = r"^[a-z0-9][a-z0-9-]*$"))]
    pub name: String,
    /// A version of <https://semver.org>, e.g. `0.1.0`.
    #[schemars(with = "String")]
    pub version: semver::Version,
    /// One line for people.
    pub description: String,
    /// What it serves as; at least one.
    #[schemars(length(min = 1))]
    pub roles: Vec<Role>,
    /// What it asks for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub wants: Vec<Want>,
}

/// The manifest makes no sense.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the manifest of the plugin cannot be used\n{0}")]
pub struct ManifestError(#[from] ProfileErrors);

impl Manifest {
    /// Reads the text of a `plugin.toml`.
    ///
    /// # Errors
    /// Everything that is wrong with it, each with its line.
    pub fn parse(text: &str) -> Result<Self, ManifestError> {
        let layer = Layer::of_toml(Source::File("plugin.toml".to_owned()), text)?;
        let schema = structure::schema_of::<Self>();
        ProfileErrors::unless_none(structure::check(&layer.tree, &schema, "", &layer.provenance))?;
        let manifest: Self = structure::read(&layer.tree, "", &layer.provenance)?;
        ProfileErrors::unless_none(manifest.mistakes(&layer))?;
        Ok(manifest)
    }

    /// Entries that could never match anything.
    fn mistakes(&self, layer: &Layer) -> Vec<ProfileError> {
        let wants = self.wants.iter().enumerate();
        wants
            .flat_map(|(index, want)| {
                let pointer = format!("/wants/{index}");
                want.permissions
                    .mistakes()
                    .into_iter()
                    .map(move |mistake| mistake.located(&pointer, &layer.provenance))
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_a_plugin_is() {
        let manifest = Manifest::parse(
            r#"
            name = "slack"
            version = "0.1.0"
            description = "Tells a Slack channel"
            roles = ["notifier"]

            [[wants]]
            reason = "to post messages"
            http = ["POST {{config:/url}}"]

            [[wants]]
            reason = "to keep them too"
            reports = true
            process = [["git", "log", "**"]]
            "#,
        )
        .expect("good");
        assert_eq!(manifest.roles, [Role::Notifier]);
        assert_eq!(manifest.wants[0].permissions.http, ["POST {{config:/url}}"]);
        assert!(manifest.wants[1].permissions.reports);
        let json = serde_json::to_string(&manifest).expect("serialises");
        assert_eq!(
            serde_json::from_str::<Manifest>(&json).expect("reads back"),
            manifest
        );
    }

    #[test]
    fn says_everything_that_is_wrong() {
        let text = r#"
name = "My Plugin"
version = "1"
roles = ["notifer"]
licence = "MIT"

[[wants]]
reason = "to post"
htpp = ["POST https://x.example/*"]

[[wants]]
process = ["ls"]
"#;
        insta::assert_snapshot!(Manifest::parse(text).expect_err("bad"), @r"
        the manifest of the plugin cannot be used
        plugin.toml: `description` is missing
          hint: add `description = ...`: One line for people
        plugin.toml:2: name: `My Plugin` does not match `^[a-z0-9][a-z0-9-]*$`
          hint: Lower-case letters, digits and `-`
        plugin.toml:4: roles[0]: `notifer` is not allowed here
          hint: did you mean `notifier`? known here: `gate`, `target`, `lock`, `traffic`, `setup`, `logs`, `metrics`, `notifier`, `backup`
        plugin.toml:5: licence: unknown key `licence`
          hint: known here: `description`, `name`, `roles`, `version`, `wants`
        plugin.toml:9: wants[0].htpp: unknown key `htpp`
          hint: did you mean `http`? known here: `append`, `artifacts`, `env`, `files`, `http`, `machine-files`, `machines`, `person`, `process`, `reason`, `reports`, `secrets`, `services`
        plugin.toml:11: wants[1]: `reason` is missing
          hint: add `reason = ...`: Why, for the person who is asked to trust the plugin
        plugin.toml:12: wants[1].process[0]: `ls` is text, a list is wanted
        ");
        let text = r#"
name = "wiki"
version = "one"
description = ""
roles = ["notifier"]
"#;
        insta::assert_snapshot!(Manifest::parse(text).expect_err("bad"), @r"
        the manifest of the plugin cannot be used
        plugin.toml:3: version: `one` cannot be read: unexpected character 'o' while parsing major version number
        ");
        let text = r#"
name = "wiki"
version = "1.0.0"
description = ""
roles = ["notifier"]
[[wants]]
reason = "everything"
http = ["POST wiki.example", "GET https://*/x"]
process = [["*", "x"], ["a", "**", "b"]]
machine-files = ["/srv/../etc", "{{config:/folder}}"]
"#;
        insta::assert_snapshot!(Manifest::parse(text).expect_err("bad"), @r"
        the manifest of the plugin cannot be used
        plugin.toml:8: wants[0].http[0]: `POST wiki.example` covers nothing: the URL has no scheme: write `https://...`
          hint: write `METHOD[,METHOD] URL`, with `*` at the end for any rest of the path
        plugin.toml:8: wants[0].http[1]: `GET https://*/x` covers nothing: a host is exact: `*` goes to the end of the path
          hint: write `METHOD[,METHOD] URL`, with `*` at the end for any rest of the path
        plugin.toml:9: wants[0].process[0]: the program must be named, not `*`
          hint: a pattern is words, `*` for any one, and `**` at the end for any rest
        plugin.toml:9: wants[0].process[1]: `**` is for the end only
          hint: a pattern is words, `*` for any one, and `**` at the end for any rest
        plugin.toml:10: wants[0].machine-files[0]: `/srv/../etc` covers nothing: `/srv/../etc` holds `..`
          hint: write a folder, e.g. `/srv/shop`; all below it is meant
        ");
    }
}
