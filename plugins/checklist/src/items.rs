//! The built-in list: requirement A7's, whole. A profile that has machines for more of it writes its own.

use crate::config::{Group, Item};

/// Group, id, text. The two that any repository can check by itself are made so below.
const DEFAULT: [(Group, &str, &str); 17] = [
    (Group::Code, "tests-passed", "All tests have passed"),
    (
        Group::Code,
        "ai-review-approved",
        "The AI review found nothing critical",
    ),
    (Group::Code, NO_CONFLICTS, "There are no merge conflicts"),
    (Group::Code, NO_CLAUDE_MD, "`CLAUDE.md` is not committed"),
    (Group::Staging, "qa-done", "The QA checklist is done"),
    (Group::Staging, "features-tested", "The new features are tested"),
    (Group::Staging, "regression-done", "The regression tests are done"),
    (
        Group::Staging,
        "performance-acceptable",
        "The performance is acceptable",
    ),
    (
        Group::Staging,
        "sentry-quiet",
        "Sentry has no critical error of the last hour",
    ),
    (
        Group::Production,
        "backup-created",
        "A backup of the database is made",
    ),
    (
        Group::Production,
        "rollback-ready",
        "The way back is known: the commit to go back to, and how",
    ),
    (
        Group::Production,
        "monitoring-active",
        "Monitoring is on: Sentry and UptimeRobot",
    ),
    (Group::Production, "team-available", "The team is there"),
    (
        Group::Production,
        "no-other-deploy",
        "No other deploy is under way",
    ),
    (
        Group::Communication,
        "changelog-prepared",
        "The changelog is written",
    ),
    (
        Group::Communication,
        "breaking-documented",
        "Breaking changes are documented",
    ),
    (
        Group::Communication,
        "users-notified",
        "Users are told, if they need to know",
    ),
];

const NO_CONFLICTS: &str = "no-merge-conflicts";
const NO_CLAUDE_MD: &str = "no-claude-md";

/// The built-in list.
pub(crate) fn default_items() -> Vec<Item> {
    DEFAULT
        .iter()
        .map(|&(group, id, text)| item(group, id, text))
        .collect()
}

fn item(group: Group, id: &str, text: &str) -> Item {
    Item {
        id: id.to_owned(),
        group,
        text: text.to_owned(),
        people: None,
        run: None,
        cwd: None,
        timeout: None,
        exit: None,
        committed: None,
        not_committed: (id == NO_CLAUDE_MD).then(|| "CLAUDE.md".to_owned()),
        no_merge_markers: id == NO_CONFLICTS,
        because: None,
    }
}
