//! Reverts: what a revert takes back, and which commits of a range cancel out.

use serde::{Deserialize, Serialize};

use super::footers::Footer;
use super::header::split_pull_request;
use super::{Commit, Kind, Revert, breaking, footers};

/// Is what a revert takes back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Target {
    /// A commit by its id, possibly shortened.
    Id(String),
    /// All that a pull request brought as one commit: `Reverts owner/repo#45`.
    PullRequest(u64),
    /// A commit by its subject; used only where the message names neither id nor number.
    Subject(String),
}

/// Is the commits of a range that count, and those that do not because they were taken back.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Settled {
    /// The commits that count, in the order they came.
    pub commits: Vec<Commit>,
    /// The commits that were taken back within the range, and the reverts that did it.
    pub cancelled: Vec<Cancelled>,
}

/// Is a commit that does not count, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Cancelled {
    /// The commit.
    pub commit: Commit,
    /// The id of the revert that took it back; a revert that is spent names itself.
    pub by: String,
}

/// Reads a revert as git or a forge writes it; `None` if it is not one.
pub(super) fn read_git(subject: &str, rest: &str) -> Option<Revert> {
    let (subject, pull_request) = split_pull_request(subject);
    let quoted = ["Revert \"", "Reapply \""]
        .iter()
        .find_map(|word| subject.strip_prefix(word))?;
    let reverted = quoted.strip_suffix('"')?;
    let (_, footers) = footers::split(rest);
    let mut targets = named_targets(rest, &footers);
    if targets.is_empty() {
        // `Reapply "x"` is what git calls the revert of `Revert "x"`.
        let reapplied = subject
            .starts_with("Reapply")
            .then(|| format!("Revert \"{reverted}\""));
        targets.push(Target::Subject(reapplied.unwrap_or_else(|| reverted.to_string())));
    }
    let description = match subject.strip_prefix("Reapply ") {
        Some(again) => format!("Reapply {again}"),
        None => reverted.to_string(),
    };
    let breaking = breaking(false, &footers);
    Some(Revert {
        targets,
        scope: None,
        breaking,
        description,
        pull_request,
    })
}

/// Finds what a commit of type `revert` takes back: its `Refs` footers, or git's sentence, or the subject it repeats.
pub(super) fn conventional_targets(description: &str, rest: &str, footers: &[Footer]) -> Vec<Target> {
    let targets = named_targets(rest, footers);
    if !targets.is_empty() {
        return targets;
    }
    vec![Target::Subject(description.trim_matches('"').to_string())]
}

fn named_targets(rest: &str, footers: &[Footer]) -> Vec<Target> {
    let mut targets: Vec<Target> = Vec::new();
    for line in rest.lines().map(str::trim) {
        if let Some(ids) = line.strip_prefix("This reverts commit") {
            // After "reversing" git names the parent of a merge, which was not taken back.
            let ids = ids.split("reversing").next().unwrap_or(ids);
            targets.extend(
                ids.strip_prefix('s')
                    .unwrap_or(ids)
                    .split([' ', ',', '.', ':'])
                    .filter_map(id),
            );
        } else if let Some(place) = line.strip_prefix("Reverts ") {
            let number = place
                .rsplit_once('#')
                .map(|(_, number)| number.trim_end_matches('.'));
            targets.extend(
                number
                    .and_then(|number| number.parse().ok())
                    .map(Target::PullRequest),
            );
        }
    }
    for footer in footers
        .iter()
        .filter(|footer| footer.is("Refs") || footer.is("Reverts"))
    {
        targets.extend(footer.value.split([' ', ',', '\n']).filter_map(id));
    }
    let mut unique = Vec::with_capacity(targets.len());
    for target in targets {
        if !unique.contains(&target) {
            unique.push(target);
        }
    }
    unique
}

fn id(word: &str) -> Option<Target> {
    let word = word.trim();
    let hex = (7..=64).contains(&word.len()) && word.bytes().all(|b| b.is_ascii_hexdigit());
    hex.then(|| Target::Id(word.to_ascii_lowercase()))
}

/// Takes out the commits of a range that a later commit of the same range reverts, and the reverts that did only that.
///
/// `commits` come newest first, as `git log` gives them. A revert that is itself reverted does nothing. A revert
/// that takes back something older than the range stays: it is news.
pub fn settle(commits: Vec<Commit>) -> Settled {
    let mut by: Vec<Option<String>> = vec![None; commits.len()];
    for at in 0..commits.len() {
        let Kind::Revert(revert) = &commits[at].kind else {
            continue;
        };
        if by[at].is_some() {
            continue;
        }
        let mut all_here = true;
        for target in &revert.targets {
            match find(target, &commits, at + 1, &by) {
                Some(found) => by[found] = Some(commits[at].id.clone()),
                None => all_here = false,
            }
        }
        if all_here && !revert.targets.is_empty() {
            by[at] = Some(commits[at].id.clone());
        }
    }
    let mut settled = Settled::default();
    for (commit, by) in commits.into_iter().zip(by) {
        match by {
            Some(by) => settled.cancelled.push(Cancelled { commit, by }),
            None => settled.commits.push(commit),
        }
    }
    settled
}

fn find(target: &Target, commits: &[Commit], from: usize, by: &[Option<String>]) -> Option<usize> {
    let hit = |commit: &Commit| match (target, &commit.kind) {
        // A merge brought commits that cannot be told from here, so taking it back takes none of them out.
        (_, Kind::Merge(_)) => false,
        (Target::Id(id), _) => commit.id.to_ascii_lowercase().starts_with(id.as_str()),
        (Target::PullRequest(number), Kind::Conventional(c)) => c.pull_request == Some(*number),
        (Target::PullRequest(number), Kind::Revert(r)) => r.pull_request == Some(*number),
        (Target::PullRequest(number), Kind::Other(_)) => {
            split_pull_request(&commit.subject).1 == Some(*number)
        }
        (Target::Subject(subject), _) => {
            commit.subject == *subject || split_pull_request(&commit.subject).0 == subject
        }
    };
    (from..commits.len()).find(|&n| by[n].is_none() && hit(&commits[n]))
}
