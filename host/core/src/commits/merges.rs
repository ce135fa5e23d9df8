//! Merge commits: those with two parents, and those whose subject git or a forge wrote for a merge.

use super::Merge;
use super::header::split_pull_request;

/// Reads a merge commit; `None` if it is not one.
pub(super) fn read(subject: &str, parents: usize) -> Option<Merge> {
    by_subject(subject).or_else(|| {
        let pull_request = split_pull_request(subject).1;
        (parents >= 2).then_some(Merge {
            pull_request,
            from: None,
        })
    })
}

fn by_subject(subject: &str) -> Option<Merge> {
    if let Some(rest) = subject.strip_prefix("Merge pull request #") {
        let (number, rest) = rest.split_once(' ').unwrap_or((rest, ""));
        let from = rest.strip_prefix("from ").map(|from| from.trim().to_string());
        return Some(Merge {
            pull_request: Some(number.parse().ok()?),
            from,
        });
    }
    let rest = subject.strip_prefix("Merge ")?;
    let kinds = [
        "branch '",
        "branches '",
        "remote-tracking branch '",
        "tag '",
        "commit '",
    ];
    let rest = kinds.iter().find_map(|kind| rest.strip_prefix(kind))?;
    let (from, _) = rest.split_once('\'')?;
    Some(Merge {
        pull_request: None,
        from: Some(from.to_string()),
    })
}
