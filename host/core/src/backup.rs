//! What is known of backups: which ones the runs have made, from their journals alone, and which one a run would restore.

mod retention;

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

pub use retention::{in_use, stale};

use crate::{
    digest::Digest,
    effect::Request,
    event::Command,
    id::{EnvironmentName, RunId},
    output::Output,
    release::Artifact,
    run::Run,
    step::{Action, Step, When},
};

/// How many hex digits an id has: enough to be typed, and to tell the backups of a project apart.
const ID_DIGITS: usize = 8;

/// What a backup was made for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Purpose {
    /// `runner backup create`: a person's or a timer's.
    Asked,
    /// Before the deploy of this version.
    Deploy(String),
    /// Before another backup was restored over what was there.
    Restore,
}

/// A backup that a run made and read back whole.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kept {
    /// What a person types: hex digits, the same on every machine.
    pub id: String,
    /// Of what.
    pub environment: EnvironmentName,
    /// Name of `[backup.*]`.
    pub backup: String,
    /// The run that made it.
    pub run: RunId,
    /// When it was there, milliseconds since the epoch.
    pub at: u64,
    /// What for.
    pub purpose: Purpose,
    /// Version of the release that ran, or was there last, when it was made.
    pub ran: Option<String>,
    /// Where its bytes are; at least one.
    pub artifacts: Vec<Artifact>,
}

impl Kept {
    /// Every backup that the run has made, in the order of its plan.
    pub fn of(run: &Run) -> Vec<Self> {
        run.header
            .plan
            .steps()
            .filter_map(|step| Self::of_step(run, step))
            .collect()
    }

    fn of_step(run: &Run, step: &Step) -> Option<Self> {
        let Action::Backup { environment, backup } = &step.action else {
            return None;
        };
        let Some(Output::Backup(artifacts)) = run.output(step.id.as_str()) else {
            return None;
        };
        let (began, ended) = *run.times.get(&step.id)?;
        let purpose = purpose(run, step);
        let id = Digest::of(format!("{} {}", run.id, step.id).as_bytes());
        Some(Self {
            id: id.hex().chars().take(ID_DIGITS).collect(),
            environment: environment.clone(),
            backup: backup.clone(),
            run: run.id.clone(),
            at: ended.unwrap_or(began),
            ran: ran(run, environment, &purpose),
            purpose,
            artifacts: artifacts.clone(),
        })
    }

    /// The ids of the backups that the run has deleted.
    pub fn deleted(run: &Run) -> BTreeSet<String> {
        let done = run.effects.values().flatten();
        done.filter_map(|recorded| match (&recorded.request, &recorded.result) {
            (Request::DeleteBackup { backup }, Some(Ok(_))) => Some(backup.id.clone()),
            _ => None,
        })
        .collect()
    }

    /// When it was there, for people: `2026-03-15 10:00:00 UTC`.
    pub fn made(&self) -> String {
        instant(self.at)
    }

    /// Bytes of it all.
    pub fn size(&self) -> u64 {
        self.artifacts.iter().map(|artifact| artifact.size).sum()
    }

    /// What an approval is bound to: the digest of its artifact, or of the list of them.
    pub fn digest(&self) -> Digest {
        match self.artifacts.as_slice() {
            [artifact] => artifact.digest.clone(),
            several => Digest::of_json(&several.iter().map(|a| (&a.name, &a.digest)).collect::<Vec<_>>()),
        }
    }

    /// The command that restores it.
    pub fn restore_command(&self) -> String {
        format!("runner backup restore {} {}", self.environment, self.id)
    }
}

/// A time in milliseconds since the epoch, for people.
pub fn instant(at: u64) -> String {
    let at = i64::try_from(at)
        .ok()
        .and_then(|at| Timestamp::from_millisecond(at).ok());
    at.unwrap_or(Timestamp::UNIX_EPOCH)
        .strftime("%Y-%m-%d %H:%M:%S UTC")
        .to_string()
}

fn purpose(run: &Run, step: &Step) -> Purpose {
    match (&run.header.command, step.when) {
        (_, When::Restore) | (Command::Restore { .. }, _) => Purpose::Restore,
        (Command::Backup { .. }, _) => Purpose::Asked,
        _ => Purpose::Deploy(run.version().unwrap_or_default().to_owned()),
    }
}

/// What the backup holds the data of. Where a release was just taken back, its data is what is kept.
fn ran(run: &Run, environment: &EnvironmentName, purpose: &Purpose) -> Option<String> {
    match (&run.header.command, purpose) {
        (Command::Release { .. } | Command::Deploy { .. }, Purpose::Restore) => {
            run.version().map(str::to_owned)
        }
        _ => Some(run.previous(environment)?.version.clone()),
    }
}

/// What a restore in the environment would bring back: the backup that the command names, or those from before the release
/// that is taken back; empty where there is none.
pub fn to_restore(run: &Run, environment: &EnvironmentName) -> Vec<Kept> {
    match &run.header.command {
        Command::Restore { backup } => vec![(**backup).clone()],
        Command::Rollback { .. } => run
            .preflight()
            .map(|found| found.backups.clone())
            .unwrap_or_default(),
        _ => {
            let mut made = Kept::of(run);
            made.retain(|kept| kept.environment == *environment && kept.purpose != Purpose::Restore);
            made
        }
    }
}

#[cfg(test)]
mod tests;
