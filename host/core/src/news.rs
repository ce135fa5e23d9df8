//! What `runner digest` tells: what happened in an environment lately, in a few lines.

use std::{collections::BTreeSet, fmt, str::FromStr};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    duration::Duration,
    event::{Command, End},
    id::EnvironmentName,
    output::{Output, WatchReport},
    profile::DigestReading,
    rules::{Action, Reading, State},
    run::Run,
    step::Status,
};

/// How urgent something is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Level {
    /// Good to know.
    Info,
    /// Should be looked at.
    Warning,
    /// Must be looked at now.
    Critical,
}

impl Level {
    /// In one word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Critical => "critical",
        }
    }
}

/// No such level.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a level is `info`, `warning` or `critical`")]
pub struct NoLevel;

impl FromStr for Level {
    type Err = NoLevel;

    fn from_str(text: &str) -> Result<Self, NoLevel> {
        let all = [Self::Info, Self::Warning, Self::Critical];
        all.into_iter().find(|level| level.word() == text).ok_or(NoLevel)
    }
}

/// One thing that happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Item {
    /// How urgent it is.
    pub level: Level,
    /// One line.
    pub text: String,
}

impl Item {
    fn new(level: Level, text: impl Into<String>) -> Self {
        let text: String = text.into();
        Self {
            level,
            text: text.split_whitespace().collect::<Vec<_>>().join(" "),
        }
    }
}

/// What happened in an environment lately.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct News {
    /// The environment.
    pub environment: EnvironmentName,
    /// How long ago it begins.
    pub since: Duration,
    /// The most urgent first.
    pub items: Vec<Item>,
}

impl News {
    /// The items of at least this level, the most urgent first.
    pub fn of(environment: EnvironmentName, since: Duration, level: Level, mut items: Vec<Item>) -> Self {
        items.retain(|item| item.level >= level);
        items.sort_by_key(|item| std::cmp::Reverse(item.level));
        Self {
            environment,
            since,
            items,
        }
    }

    /// Without what was told before.
    #[must_use]
    pub fn without(mut self, told: &BTreeSet<Item>) -> Self {
        self.items.retain(|item| !told.contains(item));
        self
    }

    /// How much there is of what, e.g. `1 critical, 2 warnings`; then a line for each.
    pub fn text(&self) -> String {
        let lines = self.items.iter().map(|item| match item.level {
            Level::Info => format!("\n- {}", item.text),
            level => format!("\n- {}: {}", level.word(), item.text),
        });
        std::iter::once(self.heading()).chain(lines).collect()
    }

    fn heading(&self) -> String {
        let count = |level| self.items.iter().filter(|item| item.level == level).count();
        let told = |count: usize, one: &str, more: &str| match count {
            0 => None,
            1 => Some(format!("1 {one}")),
            count => Some(format!("{count} {more}")),
        };
        let parts = [
            told(count(Level::Critical), "critical", "critical"),
            told(count(Level::Warning), "warning", "warnings"),
            told(count(Level::Info), "other", "others"),
        ];
        let parts: Vec<_> = parts.into_iter().flatten().collect();
        let what = match parts.is_empty() {
            true => "nothing to tell".to_owned(),
            false => parts.join(", "),
        };
        format!("{}, last {}: {what}", self.environment, self.since.spoken())
    }
}

impl PartialOrd for Item {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Item {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (self.level, &self.text).cmp(&(other.level, &other.text))
    }
}

/// Whether the run was about the environment, and is to be told of. A digest is not.
pub fn is_told(run: &Run, environment: &EnvironmentName) -> bool {
    let of_a_step = run
        .header
        .plan
        .stages
        .iter()
        .any(|stage| stage.environment.as_ref() == Some(environment));
    of_a_step && !matches!(run.header.command, Command::Digest { .. })
}

/// A run that ended, or went on last, at or after `from`: how it ended and which rules were breached. `title` and `state` are as
/// `runner history` has them.
pub fn of_run(run: &Run, environment: &EnvironmentName, from: u64, title: &str, state: &str) -> Vec<Item> {
    let last = run
        .times
        .values()
        .map(|(began, ended)| ended.unwrap_or(*began))
        .max();
    let last = run.ended.or(last).unwrap_or(run.started);
    if last < from || !is_told(run, environment) {
        return Vec::new();
    }
    let (id, by) = (&run.id, &run.header.by);
    let level = match &run.end {
        Some((End::RolledBack | End::Stuck, ..)) => Level::Critical,
        Some((End::Blocked | End::Rejected | End::Cancelled, ..)) => Level::Warning,
        Some((End::Released | End::NothingToRelease, ..)) => Level::Info,
        None if state == "stopped" => Level::Warning,
        None => Level::Info,
    };
    let why = match &run.end {
        Some((_, summary, _)) if level > Level::Info => format!(": {summary}"),
        _ => String::new(),
    };
    let mut items = vec![Item::new(
        level,
        format!("{title}: {state}{why} (run {id} by {by})"),
    )];
    for stage in run
        .header
        .plan
        .stages
        .iter()
        .filter(|stage| stage.environment.as_ref() == Some(environment))
    {
        for step in &stage.steps {
            items.extend(
                watched(run.status(&step.id))
                    .into_iter()
                    .flat_map(|report| breaches(report, title)),
            );
        }
    }
    items
}

fn watched(status: &Status) -> Option<&WatchReport> {
    match status {
        Status::Done(Output::Watched(report)) | Status::Failed(_, Some(Output::Watched(report))) => {
            Some(report)
        }
        _ => None,
    }
}

/// Rules that were breached and changed nothing by themselves; what they did else is the run's end.
fn breaches<'a>(report: &'a WatchReport, title: &'a str) -> impl Iterator<Item = Item> + 'a {
    report.rules.iter().filter_map(move |state| {
        let level = match (&state.state, state.action) {
            (State::Breach { .. }, Action::Warn) => Level::Warning,
            (State::Breach { .. }, Action::Alert) => Level::Critical,
            _ => return None,
        };
        Some(Item::new(level, format!("{title}: {state}")))
    })
}

/// A reading that was asked for the digest; none where there is nothing to tell.
pub fn of_reading(name: &str, settings: &DigestReading, reading: &Reading) -> Option<Item> {
    let value = match reading {
        Reading::Value(value) => *value,
        Reading::Share { part, whole } if *whole > 0.0 => part / whole,
        Reading::Share { .. } | Reading::NoData => return None,
        // Not to be known is worth a look, not an alarm.
        Reading::Error(why) => return Some(Item::new(Level::Warning, format!("{name} is not known: {why}"))),
    };
    let unit = settings
        .unit
        .as_deref()
        .map(|unit| format!(" {unit}"))
        .unwrap_or_default();
    let text = format!("{name}: {value}{unit} ({}: {})", settings.source, settings.query);
    settings.tells(value).then(|| Item::new(settings.level, text))
}

impl fmt::Display for News {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture;

    fn reading(above: impl Into<Option<f64>>, level: Level) -> DigestReading {
        DigestReading {
            source: "sentry".into(),
            query: "issues".into(),
            above: above.into(),
            below: None,
            level,
            unit: None,
        }
    }

    fn items(story: &fixture::Story, state: &str) -> Vec<Item> {
        let mut run = story.run.clone();
        run.end = Some((story.end, story.summary.clone(), Vec::new()));
        run.ended = Some(story.at);
        of_run(&run, &"prod".into(), fixture::START, "release 1.3.0", state)
    }

    #[test]
    fn a_rollback_is_critical_and_a_release_is_not() {
        let since = Duration::from_secs(86_400);
        let all = items(&fixture::rolled_back(), "rolled-back");
        let told = News::of("prod".into(), since, Level::Info, all.clone()).text();
        insta::assert_snapshot!(told, @r"
        prod, last 1 d: 1 critical, 1 warning
        - critical: release 1.3.0: rolled-back: prod/watch: error-rate 0.079 above 0.01 for 30 s (since tick 13; 33 of 420 requests) (run r-20260315-100000-3f2a by anna)
        - warning: release 1.3.0: latency-p95 218.44 ms above 200 ms, 2 times in a row (since tick 17)
        ");
        let released = items(&fixture::released(), "released");
        insta::assert_snapshot!(News::of("prod".into(), since, Level::Info, released.clone()).text(), @r"
        prod, last 1 d: 1 other
        - release 1.3.0: released (run r-20260315-100000-3f2a by anna)
        ");
        let critical = News::of("prod".into(), since, Level::Critical, released);
        assert_eq!(critical.text(), "prod, last 1 d: nothing to tell");
        let again = News::of("prod".into(), since, Level::Info, all.clone());
        assert_eq!(again.without(&all.into_iter().collect()).items, []);
    }

    #[test]
    fn what_is_long_past_and_what_is_elsewhere_is_not_told() {
        let mut run = fixture::released().run;
        run.end = Some((End::Released, String::new(), Vec::new()));
        run.ended = Some(fixture::START + 10);
        let told =
            |environment: &str, from| of_run(&run, &environment.into(), from, "release", "released").len();
        assert_eq!(told("prod", fixture::START + 10), 1);
        assert_eq!(told("prod", fixture::START + 11), 0);
        assert_eq!(told("nowhere", fixture::START), 0);
    }

    #[test]
    fn a_reading_is_told_above_its_threshold() {
        let text = |above: f64, reading_: Reading| {
            let item = of_reading("warnings", &reading(above, Level::Warning), &reading_);
            item.map(|item| item.text)
        };
        assert_eq!(
            text(0.0, Reading::Value(3.0)).as_deref(),
            Some("warnings: 3 (sentry: issues)")
        );
        assert_eq!(text(3.0, Reading::Value(3.0)), None);
        assert_eq!(text(0.0, Reading::NoData), None);
        assert_eq!(
            text(
                0.0,
                Reading::Share {
                    part: 0.0,
                    whole: 0.0
                }
            ),
            None
        );
        assert_eq!(
            text(
                0.1,
                Reading::Share {
                    part: 1.0,
                    whole: 4.0
                }
            )
            .as_deref(),
            Some("warnings: 0.25 (sentry: issues)")
        );
        assert!(of_reading("w", &reading(None, Level::Warning), &Reading::Value(0.0)).is_none());
        assert!(of_reading("w", &reading(None, Level::Warning), &Reading::Value(0.5)).is_some());
        let health = DigestReading {
            below: Some(1.0),
            ..reading(None, Level::Critical)
        };
        let told = |value| of_reading("health", &health, &Reading::Value(value)).map(|item| item.level);
        assert_eq!((told(0.0), told(1.0)), (Some(Level::Critical), None));
        let unknown = of_reading(
            "w",
            &reading(0.0, Level::Critical),
            &Reading::Error("timed\nout".into()),
        );
        let unknown = unknown.expect("told");
        assert_eq!(
            (unknown.level, unknown.text.as_str()),
            (Level::Warning, "w is not known: timed out")
        );
    }
}
