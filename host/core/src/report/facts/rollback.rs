//! Going back: why, on which data, and how long it took.

use serde::Serialize;

use super::{
    environment::status,
    watch::{Point, WatchFacts},
};
use crate::{id::EnvironmentName, output::Output, rules::Action, run::Run, step::Status};

/// What going back may take in all, in milliseconds.
const BUDGET_MS: u64 = 120_000;

/// How many samples of a breach are listed.
const SHOWN_SAMPLES: usize = 24;

/// An environment that went back, or tried to.
#[derive(Debug, Serialize)]
pub(in crate::report) struct Rollback {
    /// Whether `runner` decided it, not a person.
    pub(in crate::report) automatic: bool,
    pub(in crate::report) reason: String,
    pub(in crate::report) breaches: Vec<Breach>,
    /// When that was seen which led to it.
    pub(in crate::report) seen: Option<u64>,
    /// When it began.
    pub(in crate::report) decided: u64,
    /// From what was seen to the decision.
    pub(in crate::report) reaction_ms: Option<u64>,
    /// When the earlier release was healthy again.
    pub(in crate::report) healthy: Option<u64>,
    /// From the decision to healthy.
    pub(in crate::report) took_ms: Option<u64>,
    pub(in crate::report) budget_ms: u64,
    pub(in crate::report) within: Option<bool>,
    /// The version it went back to, without the prefix.
    pub(in crate::report) to: Option<String>,
    /// Why it failed.
    pub(in crate::report) failed: Option<String>,
}

/// A rule whose breach leads to going back.
#[derive(Debug, Serialize)]
pub(in crate::report) struct Breach {
    pub(in crate::report) rule: String,
    pub(in crate::report) sentence: String,
    pub(in crate::report) since: u64,
    pub(in crate::report) at: u64,
    /// The readings it rests on, the last ones.
    pub(in crate::report) samples: Vec<Point>,
    /// How many more there are before them.
    pub(in crate::report) earlier: usize,
}

impl Rollback {
    pub(super) fn of(run: &Run, name: &EnvironmentName, watch: Option<&WatchFacts>) -> Option<Self> {
        match status(run, name, "return") {
            Status::New => Self::undone(run, name, watch),
            returned => Self::returned(run, name, returned),
        }
    }

    /// The undoing of a deploy.
    fn undone(run: &Run, name: &EnvironmentName, watch: Option<&WatchFacts>) -> Option<Self> {
        let deploy = status(run, name, "deploy");
        let (reason, took_ms, to, failed) = match deploy {
            Status::Undone(reason, Output::Undone { to, took_ms, .. }) => {
                (reason, Some(*took_ms), Some(to.clone()), None)
            }
            Status::Undone(reason, _) => (reason, None, None, None),
            Status::Stuck(reason, error) => (reason, None, None, Some(error.message.clone())),
            _ => return None,
        };
        let rows = super::row::of(run, Some(name));
        let row = rows.iter().find(|row| row.undo)?;
        let decided = row.start;
        let breaches = watch.map(Breach::all).unwrap_or_default();
        let broken = rows
            .iter()
            .filter(|row| row.outcome == "failed")
            .filter_map(|row| row.end)
            .max();
        let seen = breaches.iter().map(|breach| breach.at).min().or(broken);
        Some(Self {
            automatic: run.cancelled_by.is_none(),
            reason: reason.clone(),
            breaches,
            seen,
            decided,
            reaction_ms: took_ms.and(seen).map(|seen| decided.saturating_sub(seen)),
            healthy: took_ms.and(row.end),
            took_ms,
            budget_ms: BUDGET_MS,
            within: took_ms.map(|took| took <= BUDGET_MS),
            to,
            failed,
        })
    }

    /// Going back because a person said so.
    fn returned(run: &Run, name: &EnvironmentName, returned: &Status) -> Option<Self> {
        let (decided, _) = *run.times.get(&format!("{name}/return").into())?;
        let health = status(run, name, "health");
        let healthy = match health {
            Status::Done(_) => run
                .times
                .get(&format!("{name}/health").into())
                .and_then(|(_, end)| *end),
            _ => None,
        };
        let took_ms = healthy.map(|healthy| healthy.saturating_sub(decided));
        let failed = [returned, health].into_iter().find_map(|status| match status {
            Status::Failed(error, _) => Some(error.message.clone()),
            _ => None,
        });
        let to = super::release::preflight(run).and_then(|found| found.release.as_ref());
        let running = super::deployment::Running::of(run, name).and_then(|running| running.version);
        Some(Self {
            automatic: false,
            reason: format!("asked for by {}", run.header.by),
            breaches: Vec::new(),
            seen: None,
            decided,
            reaction_ms: None,
            healthy,
            took_ms,
            budget_ms: BUDGET_MS,
            within: took_ms.map(|took| took <= BUDGET_MS),
            to: to.map(|release| release.version.clone()).or(running),
            failed,
        })
    }
}

impl Breach {
    fn all(watch: &WatchFacts) -> Vec<Self> {
        let rules = watch.rules.iter().filter(|rule| rule.action == Action::Rollback);
        rules
            .filter_map(|rule| {
                let span = rule.breach?;
                let ticks = span.first_tick..=span.at_tick;
                let all: Vec<&Point> = rule
                    .points
                    .iter()
                    .filter(|point| ticks.contains(&point.tick))
                    .collect();
                let earlier = all.len().saturating_sub(SHOWN_SAMPLES);
                Some(Self {
                    rule: rule.name.clone(),
                    sentence: rule.sentence.clone(),
                    since: span.since,
                    at: span.at,
                    samples: all[earlier..].iter().copied().cloned().collect(),
                    earlier,
                })
            })
            .collect()
    }
}
