//! What a run has to tell, read from its steps once. Every file is made from this alone; templates see it as it is here.

mod deployment;
mod environment;
mod gate;
mod release;
mod rollback;
mod row;
mod watch;

use serde::Serialize;

use crate::{
    event::{Command, End},
    profile::Reports,
    run::Run,
    step::Action,
};

use super::Ending;

pub(super) use environment::Environment;
pub(super) use gate::{Check, CheckStatus, Gate};
pub(super) use release::ReleaseFacts;
pub(super) use row::{Row, Tone};
pub(super) use watch::{Point, RuleRow};

/// Everything that the files tell.
#[derive(Debug, Serialize)]
pub(super) struct Facts {
    pub(super) run: String,
    pub(super) project: String,
    pub(super) profile: String,
    pub(super) runner: String,
    /// As typed: `release`.
    pub(super) command: &'static str,
    pub(super) by: String,
    pub(super) host: String,
    /// Milliseconds since the epoch, as all times here.
    pub(super) started: u64,
    pub(super) at: u64,
    pub(super) end: EndFacts,
    pub(super) gate: Gate,
    pub(super) release: Option<ReleaseFacts>,
    /// Those that were touched, in the order of the plan.
    pub(super) environments: Vec<Environment>,
    /// Steps before and after all environments, in the order of the plan.
    pub(super) rows: Vec<Row>,
    #[serde(skip)]
    pub(super) reports: Reports,
}

/// How the run ended.
#[derive(Debug, Serialize)]
pub(super) struct EndFacts {
    /// As `_summary.json` has it: `completed`.
    pub(super) status: &'static str,
    /// As `runner` has it: `released`.
    pub(super) word: &'static str,
    pub(super) tone: Tone,
    pub(super) sentence: String,
    pub(super) by_hand: Vec<String>,
}

impl Facts {
    pub(super) fn of(run: &Run, ending: &Ending, at: u64) -> Self {
        let header = &run.header;
        let names = header.plan.environments();
        Self {
            run: run.id.to_string(),
            project: header.profile.project.name.clone(),
            profile: header.profile_name.clone(),
            runner: header.runner.clone(),
            command: header.command.name(),
            by: header.by.clone(),
            host: header.host.clone(),
            started: run.started,
            at,
            end: EndFacts::of(ending, &header.command),
            gate: Gate::of(run),
            release: ReleaseFacts::of(run),
            environments: names
                .iter()
                .filter_map(|name| Environment::of(run, name, ending))
                .collect(),
            rows: row::of(run, None),
            reports: header.profile.reports.clone(),
        }
    }

    /// The environment that the run speaks of: the last one that is good or went back, else the last one that was touched.
    pub(super) fn environment(&self) -> Option<&Environment> {
        let good = self
            .environments
            .iter()
            .rfind(|environment| environment.good.is_some() || environment.rollback.is_some());
        good.or(self.environments.last())
    }
}

impl EndFacts {
    fn of(ending: &Ending, command: &Command) -> Self {
        let (status, tone) = match ending.end {
            End::Released => ("completed", Tone::Good),
            End::NothingToRelease => ("nothing-to-release", Tone::Neutral),
            End::Cancelled => ("cancelled", Tone::Neutral),
            End::RolledBack => ("rolled-back", Tone::Undone),
            other => (other.word(), Tone::Bad),
        };
        Self {
            status,
            word: word(ending.end, command),
            tone,
            sentence: ending.summary.clone(),
            by_hand: ending.by_hand.clone(),
        }
    }
}

fn word(end: End, command: &Command) -> &'static str {
    match (end, command) {
        (End::Released, Command::Release { .. }) => "released",
        (End::Released, Command::QualityGate { checks }) if checks.is_empty() => "gate passed",
        (End::Released, Command::QualityGate { .. }) => "passed",
        (End::Released, Command::Digest { .. }) => "told",
        (End::Released, Command::Deploy { .. }) => "deployed",
        (End::Released, Command::Rollback { .. }) => "went back",
        (End::Released, Command::Setup { .. }) => "set up",
        (End::Released, Command::Backup { .. } | Command::VerifyBackup { .. } | Command::Restore { .. }) => {
            "done"
        }
        (End::RolledBack, _) => "rolled back",
        (End::NothingToRelease, _) => "nothing to release",
        (end, _) => end.word(),
    }
}

/// Whether the files tell of the step: the one that writes them is left out.
fn told(action: &Action) -> bool {
    *action != Action::Report
}
