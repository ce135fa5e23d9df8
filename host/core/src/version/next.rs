//! Decides the version of the next release from tags and commits.

use std::fmt;

use semver::Version;
use serde::{Deserialize, Serialize};

use super::{Bump, Channel, Latest, Nothing, Seen, Tag, TagConflict, VersionPolicy, core, latest, tags};
use crate::commits::{Kind, Settled};

/// Is what a release is made from.
#[derive(Debug, Clone)]
pub struct Request<'a> {
    /// The full id of the commit to release.
    pub head: &'a str,
    /// Tags in the history of `head`.
    pub reachable: &'a [Tag],
    /// All tags, those of the remote included.
    pub all: &'a [Tag],
    /// The commits since the latest release of `reachable`, settled; all commits where there is none.
    pub commits: &'a Settled,
    /// Makes a pre-release of this channel.
    pub channel: Option<&'a Channel>,
    /// Makes exactly this version, e.g. to leave 0.x.
    pub exact: Option<&'a Version>,
}

/// What the decision comes to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// This is to be released.
    Release(Next),
    /// Nothing is.
    Nothing(Nothing),
}

/// Is the version to release.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Next {
    /// The version.
    pub version: Version,
    /// Its tag.
    pub tag: String,
    /// The latest release before it.
    pub previous: Option<Tag>,
    /// How far the commits move the version.
    pub bump: Bump,
    /// Why this version, for people: `minor, because of 2 feat, 1 fix since v1.2.3`.
    pub reason: String,
}

/// Says why no version could be decided.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum VersionError {
    /// The tag is taken.
    #[error(transparent)]
    TagConflict(#[from] TagConflict),
    /// Versions are tagged, but none in this history: another branch, or a shallow clone.
    #[error("{count} version tags exist, the newest is `{newest}`, but none is in the history of `{head}`")]
    NoTagInHistory {
        count: usize,
        newest: String,
        head: String,
    },
    /// The version would not follow the last one.
    #[error("version {version} is not newer than `{last}`")]
    NotNewer { version: Version, last: String },
}

impl VersionError {
    /// Says how to resolve it, one step a line.
    pub fn hints(&self) -> Vec<String> {
        match self {
            Self::TagConflict(conflict) => conflict.hints(),
            Self::NoTagInHistory { newest, .. } => vec![
                "if the clone is shallow, fetch the rest: `git fetch --unshallow --tags`".into(),
                format!("if this is another branch, bring the release in: `git merge {newest}`"),
                "if these tags are of something else, set `tag-prefix` in `[version]`".into(),
            ],
            Self::NotNewer { last, .. } => vec![format!("choose a version after `{last}`")],
        }
    }
}

impl fmt::Display for Next {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.previous {
            Some(previous) => write!(f, "{} -> {}: {}", previous.name, self.tag, self.reason),
            None => write!(f, "{}: {}", self.tag, self.reason),
        }
    }
}

/// Decides the version of the next release.
///
/// It follows the latest release in the history, never a pre-release; a pre-release that is already out for a higher
/// version keeps that version, so that versions never go back.
///
/// # Errors
/// See [`VersionError`].
pub fn next(policy: &VersionPolicy, request: &Request<'_>) -> Result<Outcome, VersionError> {
    let last = latest(policy, request.reachable);
    in_history(policy, request, &last)?;
    let since = last.release.as_ref().map(|(_, tag)| tag.clone());
    let bump = request
        .commits
        .commits
        .iter()
        .map(|c| policy.bump_of(c))
        .max()
        .unwrap_or_default();
    let version = match request.exact {
        Some(exact) => exact.clone(),
        None => {
            if let Some(nothing) = nothing(request, &last, bump) {
                return Ok(Outcome::Nothing(nothing));
            }
            match request.channel {
                Some(channel) => pre_release(policy, request, channel, &target(policy, &last, bump)),
                None => target(policy, &last, bump),
            }
        }
    };
    if let Some(nothing) = same_pre_release(request, &last) {
        return Ok(Outcome::Nothing(nothing));
    }
    // A final 1.3.0 is newer than 1.3.0-rc.2, an alpha after an rc is not.
    let newest = last.pre_release.as_ref().or(last.release.as_ref());
    if let Some((_, tag)) = newest.filter(|(newest, _)| version.cmp_precedence(newest).is_le()) {
        return Err(VersionError::NotNewer {
            version,
            last: tag.name.clone(),
        });
    }
    if let Some(taken) = tags::taken(policy, &version, request.all) {
        let (tag, commit) = (taken.name.clone(), taken.commit.clone());
        return Err(TagConflict {
            tag,
            commit,
            head: request.head.into(),
        }
        .into());
    }
    let reason = reason(policy, request, since.as_ref(), bump);
    Ok(Outcome::Release(Next {
        tag: policy.tag(&version),
        version,
        previous: since,
        bump,
        reason,
    }))
}

fn in_history(policy: &VersionPolicy, request: &Request<'_>, last: &Latest) -> Result<(), VersionError> {
    let anywhere = latest(policy, request.all);
    match (
        last.release.is_some() || last.pre_release.is_some(),
        anywhere.release,
    ) {
        (false, Some((_, newest))) => Err(VersionError::NoTagInHistory {
            count: request
                .all
                .iter()
                .filter(|tag| policy.version(&tag.name).is_some())
                .count(),
            newest: newest.name,
            head: request.head.into(),
        }),
        _ => Ok(()),
    }
}

fn nothing(request: &Request<'_>, last: &Latest, bump: Bump) -> Option<Nothing> {
    let Settled { commits, cancelled } = request.commits;
    let since = last.release.as_ref().map(|(_, tag)| tag.name.clone());
    if commits.is_empty() && cancelled.is_empty() {
        return Some(Nothing::NoCommits { since });
    }
    // The first release is of all that is there; a pre-release that is out was worth a version already.
    let since = since.filter(|_| bump == Bump::None && last.pre_release.is_none())?;
    Some(Nothing::NoneBumps {
        since,
        seen: Seen::all(commits, cancelled),
    })
}

fn same_pre_release(request: &Request<'_>, last: &Latest) -> Option<Nothing> {
    let channel = request.channel.filter(|_| request.exact.is_none())?;
    let (version, tag) = last.pre_release.as_ref()?;
    let same = channel.number(version).is_some() && tag.commit == request.head;
    same.then(|| Nothing::SamePreRelease {
        tag: tag.name.clone(),
    })
}

/// Returns the final version that the commits lead to.
fn target(policy: &VersionPolicy, last: &Latest, bump: Bump) -> Version {
    let computed = match &last.release {
        Some((version, _)) => policy.bumped(version, bump),
        None => policy.initial.clone(),
    };
    match &last.pre_release {
        Some((pre, _)) => computed.max(core(pre)),
        None => computed,
    }
}

fn pre_release(
    policy: &VersionPolicy,
    request: &Request<'_>,
    channel: &Channel,
    target: &Version,
) -> Version {
    let numbers = request.all.iter().chain(request.reachable).filter_map(|tag| {
        let version = policy.version(&tag.name)?;
        (core(&version) == core(target)).then(|| channel.number(&version))?
    });
    channel.of(&core(target), numbers.max().map_or(1, |number| number + 1))
}

fn reason(policy: &VersionPolicy, request: &Request<'_>, since: Option<&Tag>, bump: Bump) -> String {
    let (mut breaking, mut kinds) = (0, std::collections::BTreeMap::<&str, usize>::new());
    for commit in &request.commits.commits {
        match &commit.kind {
            _ if policy.bump_of(commit) == Bump::None => {}
            _ if commit.breaking().is_some() => breaking += 1,
            Kind::Conventional(conventional) => *kinds.entry(&conventional.type_).or_default() += 1,
            _ => *kinds.entry("revert").or_default() += 1,
        }
    }
    let breaking = (breaking > 0).then(|| format!("{breaking} breaking"));
    let counts: Vec<String> = breaking
        .into_iter()
        .chain(kinds.iter().map(|(kind, count)| format!("{count} {kind}")))
        .collect();
    let because = if counts.is_empty() {
        String::new()
    } else {
        format!(", because of {}", counts.join(", "))
    };
    match (request.exact, since) {
        (Some(_), Some(since)) => format!("chosen by hand, after {}", since.name),
        (Some(_), None) => "chosen by hand".into(),
        (None, Some(since)) if bump == Bump::None => {
            format!("a pre-release after {} becomes final", since.name)
        }
        (None, Some(since)) => format!("{bump}{because} since {}", since.name),
        (None, None) => "the first version".into(),
    }
}
