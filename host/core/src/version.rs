//! The version of the next release: the policy, how far each commit moves it, and the arithmetic.
//!
//! Tags are read in [`tags`], the decision is made by [`next`], "nothing to release" is worded in [`nothing`].
//! Versions are those of <https://semver.org/spec/v2.0.0.html>.

mod channel;
mod next;
mod nothing;
mod tags;

use std::collections::BTreeMap;
use std::fmt;

use schemars::JsonSchema;
use semver::{BuildMetadata, Prerelease, Version};
use serde::{Deserialize, Serialize};

use crate::commits::{Commit, Kind};

pub use channel::{Channel, ChannelError};
pub use next::{Next, Outcome, Request, VersionError, next};
pub use nothing::{Nothing, Seen};
pub use tags::{Latest, Tag, TagConflict, latest};

/// How versions are made.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct VersionPolicy {
    /// What stands before the version in a tag: `v`, nothing, or e.g. `shop/v`. Tags without it are ignored.
    pub tag_prefix: String,
    /// The first version, where no tag has one yet.
    #[schemars(
        with = "String",
        regex(pattern = r"^[0-9]+\.[0-9]+\.[0-9]+(-[0-9A-Za-z.-]+)?$")
    )]
    pub initial: Version,
    /// What a breaking change does while the major version is 0.
    pub zero_major: ZeroMajor,
    /// How far commits of a type move the version; adds to `fix`, `perf` (patch) and `feat` (minor), or changes them.
    pub bumps: BTreeMap<String, Bump>,
}

impl Default for VersionPolicy {
    fn default() -> Self {
        Self {
            tag_prefix: "v".into(),
            initial: Version::new(0, 1, 0),
            zero_major: ZeroMajor::default(),
            bumps: BTreeMap::new(),
        }
    }
}

/// What a breaking change does to 0.x.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ZeroMajor {
    /// 0.3.1 becomes 0.4.0: a 0.x promises nothing yet.
    #[default]
    Minor,
    /// 0.3.1 becomes 1.0.0.
    Major,
}

/// How far a release moves the version.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Bump {
    /// Not at all.
    #[default]
    None,
    /// 1.2.3 becomes 1.2.4.
    Patch,
    /// 1.2.3 becomes 1.3.0.
    Minor,
    /// 1.2.3 becomes 2.0.0.
    Major,
}

impl fmt::Display for Bump {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::None => "none",
            Self::Patch => "patch",
            Self::Minor => "minor",
            Self::Major => "major",
        })
    }
}

impl VersionPolicy {
    /// Tells how far one commit moves the version, before the rule for 0.x.
    pub fn bump_of(&self, commit: &Commit) -> Bump {
        if commit.breaking().is_some() {
            return Bump::Major;
        }
        match &commit.kind {
            Kind::Conventional(conventional) => self.bump_of_type(&conventional.type_),
            Kind::Revert(_) => Bump::Patch,
            Kind::Merge(_) | Kind::Other(_) => Bump::None,
        }
    }

    fn bump_of_type(&self, type_: &str) -> Bump {
        let configured = self.bumps.iter().find(|(name, _)| name.to_lowercase() == type_);
        match (configured, type_) {
            (Some((_, bump)), _) => *bump,
            (None, "feat") => Bump::Minor,
            (None, "fix" | "perf") => Bump::Patch,
            (None, _) => Bump::None,
        }
    }

    /// Moves a version; a pre-release or build part is dropped.
    pub fn bumped(&self, version: &Version, bump: Bump) -> Version {
        let minor_instead = version.major == 0 && self.zero_major == ZeroMajor::Minor;
        match bump {
            Bump::None => core(version),
            Bump::Patch => Version::new(version.major, version.minor, version.patch + 1),
            Bump::Major if !minor_instead => Version::new(version.major + 1, 0, 0),
            Bump::Minor | Bump::Major => Version::new(version.major, version.minor + 1, 0),
        }
    }

    /// Writes the tag of a version.
    pub fn tag(&self, version: &Version) -> String {
        format!("{}{version}", self.tag_prefix)
    }

    /// Reads the version of a tag; `None` where the prefix or the rest does not fit.
    pub fn version(&self, tag: &str) -> Option<Version> {
        Version::parse(tag.strip_prefix(&self.tag_prefix)?).ok()
    }
}

/// Returns the version without its pre-release and build parts.
fn core(version: &Version) -> Version {
    Version {
        pre: Prerelease::EMPTY,
        build: BuildMetadata::EMPTY,
        ..version.clone()
    }
}

#[cfg(test)]
mod tests;
