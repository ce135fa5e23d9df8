//! An environment that a run touched.

use serde::Serialize;

use super::{
    deployment::{Approval, Backup, Running, backups},
    gate::Check,
    release::preflight,
    rollback::Rollback,
    row::{self, Row, Tone},
    watch::WatchFacts,
};
use crate::{
    event::End,
    id::EnvironmentName,
    output::Output,
    report::Ending,
    run::Run,
    step::{Action, FailureKind, Status, Step},
};

/// What was done in an environment.
#[derive(Debug, Serialize)]
pub(in crate::report) struct Environment {
    pub(in crate::report) name: String,
    pub(in crate::report) url: Option<String>,
    /// The target's plugin.
    pub(in crate::report) target: String,
    /// In words: `good`, `rolled back`.
    pub(in crate::report) outcome: &'static str,
    pub(in crate::report) tone: Tone,
    /// When its first step began.
    pub(in crate::report) first: u64,
    /// In the order of the plan.
    pub(in crate::report) rows: Vec<Row>,
    pub(in crate::report) approval: Option<Approval>,
    pub(in crate::report) backups: Vec<Backup>,
    pub(in crate::report) running: Option<Running>,
    pub(in crate::report) smoke: Vec<Check>,
    pub(in crate::report) watch: Option<WatchFacts>,
    pub(in crate::report) rollback: Option<Rollback>,
    /// The tag of the release that this run recorded as good here.
    pub(in crate::report) good: Option<String>,
    /// The tag of the good release that a rollback would have gone to when the run began.
    pub(in crate::report) previous: Option<String>,
    /// What a person must do.
    pub(in crate::report) by_hand: Vec<String>,
}

impl Environment {
    /// None when no step of it has begun.
    pub(super) fn of(run: &Run, name: &EnvironmentName, ending: &Ending) -> Option<Self> {
        let rows = row::of(run, Some(name));
        let first = rows.iter().map(|row| row.start).min()?;
        let settings = run.header.profile.environments.get(name.as_str());
        let (outcome, tone) = outcome(run, name, ending);
        let watch = WatchFacts::of(run, name);
        Some(Self {
            name: name.to_string(),
            url: settings.and_then(|settings| settings.url.clone()),
            target: settings
                .map(|settings| settings.target.plugin.clone())
                .unwrap_or_default(),
            outcome,
            tone,
            first,
            approval: Approval::of(run, name),
            backups: backups(run, name),
            running: Running::of(run, name),
            smoke: smoke(run, name),
            rollback: Rollback::of(run, name, watch.as_ref()),
            watch,
            good: good(run, name),
            previous: previous(run, name),
            by_hand: if outcome == "stuck" {
                ending.by_hand.clone()
            } else {
                Vec::new()
            },
            rows,
        })
    }

    /// The tag of the good release that runs now: the one found good by this run, or the one gone back to.
    pub(in crate::report) fn runs(&self) -> Option<&str> {
        let back = self
            .rollback
            .as_ref()
            .filter(|rollback| rollback.failed.is_none());
        self.good.as_deref().or(back.and(self.previous.as_deref()))
    }

    /// Whether there is a good release, other than the one that runs now, to go back to.
    pub(in crate::report) fn rollback_available(&self) -> bool {
        self.previous.is_some() && self.previous.as_deref() != self.runs()
    }
}

/// A step of an environment, by the part of its id after the name.
pub(super) fn status<'a>(run: &'a Run, name: &EnvironmentName, what: &str) -> &'a Status {
    run.status(&format!("{name}/{what}").into())
}

fn outcome(run: &Run, name: &EnvironmentName, ending: &Ending) -> (&'static str, Tone) {
    let failed = |what: &str| matches!(status(run, name, what), Status::Failed(..));
    match (
        status(run, name, "deploy"),
        status(run, name, "record"),
        status(run, name, "approval"),
    ) {
        (Status::Undone(..), _, _) => ("rolled back", Tone::Undone),
        (Status::Stuck(..), _, _) => ("stuck", Tone::Bad),
        (_, Status::Done(_), _) => ("good", Tone::Good),
        (_, _, Status::Failed(error, _)) if error.kind == FailureKind::Rejected => ("rejected", Tone::Bad),
        _ if ending.end == End::Stuck && (failed("return") || failed("health")) => ("stuck", Tone::Bad),
        _ if ending.end == End::Cancelled => ("cancelled", Tone::Neutral),
        _ if row::of(run, Some(name)).iter().any(|row| row.tone == Tone::Bad) => ("failed", Tone::Bad),
        _ => ("not finished", Tone::Neutral),
    }
}

fn good(run: &Run, name: &EnvironmentName) -> Option<String> {
    match status(run, name, "record") {
        Status::Done(Output::Good(good)) => Some(good.release.tag.clone()),
        _ => None,
    }
}

fn previous(run: &Run, name: &EnvironmentName) -> Option<String> {
    let found = preflight(run)?
        .previous
        .iter()
        .find(|(place, _)| place == name.as_str());
    found
        .and_then(|(_, release)| release.as_ref())
        .map(|release| release.tag.clone())
}

fn smoke(run: &Run, name: &EnvironmentName) -> Vec<Check> {
    let check = |step: &Step| match &step.action {
        Action::Smoke { environment, check } if environment == name => {
            let plugin = run
                .header
                .profile
                .smoke
                .get(check)
                .map(|used| used.plugin.clone());
            Some(Check::of(run, step, check, plugin))
        }
        _ => None,
    };
    run.header.plan.steps().filter_map(check).collect()
}
