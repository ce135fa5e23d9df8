//! Tags as versions: which is the last release, and whether a new tag would clash.

use semver::Version;
use serde::{Deserialize, Serialize};

use super::VersionPolicy;

/// Is a tag of the repository.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Tag {
    /// Its name, e.g. `v1.2.3`.
    pub name: String,
    /// The full id of the commit it names (of an annotated tag: what that points to).
    pub commit: String,
}

/// Is the newest versions among some tags.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Latest {
    /// The newest release.
    pub release: Option<(Version, Tag)>,
    /// The newest pre-release, if it is newer than that.
    pub pre_release: Option<(Version, Tag)>,
}

/// Says that the tag of the next release is already taken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("tag `{tag}` already exists at `{commit}`, which is not in the history of `{head}`")]
#[serde(rename_all = "kebab-case")]
pub struct TagConflict {
    /// The tag that is taken.
    pub tag: String,
    /// The commit that it names.
    pub commit: String,
    /// The commit that was to be released.
    pub head: String,
}

impl TagConflict {
    /// Says how to resolve it, one step a line, as commands that can be pasted.
    pub fn hints(&self) -> Vec<String> {
        let Self { tag, .. } = self;
        vec![
            format!("look at it: `git log -1 {tag}`"),
            format!(
                "if it was released, bring it into this branch, so that the next version follows it: `git merge {tag}`"
            ),
            format!(
                "if it is left over and was never deployed, remove it: `git push --delete origin {tag}; git tag --delete {tag}`"
            ),
            "then run the release again".into(),
        ]
    }
}

/// Chooses the newest versions among tags by semver precedence; tags that are no versions are ignored.
pub fn latest(policy: &VersionPolicy, tags: &[Tag]) -> Latest {
    let newest = |pre: bool| {
        let versions = tags
            .iter()
            .filter_map(|tag| Some((policy.version(&tag.name)?, tag.clone())));
        versions
            .filter(|(version, _)| version.pre.is_empty() != pre)
            .max_by(|a, b| a.0.cmp(&b.0))
    };
    let release = newest(false);
    let pre_release =
        newest(true).filter(|(pre, _)| release.as_ref().is_none_or(|(version, _)| pre > version));
    Latest { release, pre_release }
}

/// Finds a tag that already stands for `version`; build metadata makes no other version.
pub(super) fn taken<'a>(policy: &VersionPolicy, version: &Version, tags: &'a [Tag]) -> Option<&'a Tag> {
    let same = |tag: &&Tag| {
        policy
            .version(&tag.name)
            .is_some_and(|v| v.cmp_precedence(version).is_eq())
    };
    tags.iter().find(same)
}
