//! Who let a deploy happen, what was kept before it, and what runs after it.

use serde::Serialize;

use super::{environment::status, row::Tone};
use crate::{
    id::EnvironmentName,
    output::{Condition, Deployment, Output, ServiceState},
    release::Artifact,
    run::Run,
    step::{Action, Status},
};

/// A person's answer.
#[derive(Debug, Serialize)]
pub(in crate::report) struct Approval {
    pub(in crate::report) choice: String,
    pub(in crate::report) by: String,
    pub(in crate::report) note: String,
    pub(in crate::report) at: u64,
    pub(in crate::report) signed: bool,
}

/// What one backup kept.
#[derive(Debug, Serialize)]
pub(in crate::report) struct Backup {
    pub(in crate::report) name: String,
    pub(in crate::report) artifacts: Vec<Artifact>,
}

/// A service of the deployment.
#[derive(Debug, Serialize)]
pub(in crate::report) struct Service {
    pub(in crate::report) name: String,
    pub(in crate::report) version: Option<String>,
    pub(in crate::report) condition: Condition,
    pub(in crate::report) tone: Tone,
    pub(in crate::report) since: Option<u64>,
    pub(in crate::report) detail: String,
}

impl Approval {
    pub(super) fn of(run: &Run, name: &EnvironmentName) -> Option<Self> {
        let Some(Output::Answer(answer)) = status(run, name, "approval").output() else {
            return None;
        };
        Some(Self {
            choice: answer.choice.clone(),
            by: answer.by.clone(),
            note: answer.note.clone(),
            at: answer.at,
            signed: answer.signed,
        })
    }
}

/// Every backup that was made, in the order of the plan.
pub(super) fn backups(run: &Run, name: &EnvironmentName) -> Vec<Backup> {
    let steps = run.header.plan.steps().filter_map(|step| match &step.action {
        Action::Backup { environment, backup } if environment == name => Some((step, backup)),
        _ => None,
    });
    let made = |output: &Output| match output {
        Output::Backup(artifacts) => Some(artifacts.clone()),
        _ => None,
    };
    steps
        .filter_map(|(step, backup)| {
            Some(Backup {
                name: backup.clone(),
                artifacts: run.status(&step.id).output().and_then(made)?,
            })
        })
        .collect()
}

/// What runs, as the target said last.
#[derive(Debug, Serialize)]
pub(in crate::report) struct Running {
    /// When it said so, in words.
    pub(in crate::report) when: &'static str,
    pub(in crate::report) version: Option<String>,
    pub(in crate::report) services: Vec<Service>,
}

impl Running {
    pub(super) fn of(run: &Run, name: &EnvironmentName) -> Option<Self> {
        let deploy = status(run, name, "deploy");
        if let Status::Undone(_, Output::Undone { deployment, .. }) = deploy {
            return Some(Self::new("after going back", deployment));
        }
        let stuck = matches!(deploy, Status::Stuck(..));
        ["health", "return", "deploy"].into_iter().find_map(|what| {
            let Some(Output::Deployed(deployment)) = status(run, name, what).output() else {
                return None;
            };
            let when = match what {
                _ if stuck => "before going back was tried",
                "health" => "when it was healthy",
                _ => "right after the deploy",
            };
            Some(Self::new(when, deployment))
        })
    }

    fn new(when: &'static str, deployment: &Deployment) -> Self {
        Self {
            when,
            version: deployment.version.clone(),
            services: deployment.services.iter().map(Service::of).collect(),
        }
    }
}

impl Service {
    fn of(state: &ServiceState) -> Self {
        Self {
            name: state.name.clone(),
            version: state.version.clone(),
            condition: state.condition,
            tone: match state.condition {
                Condition::Healthy => Tone::Good,
                Condition::Unhealthy | Condition::Stopped => Tone::Bad,
                Condition::Starting | Condition::Unknown => Tone::Neutral,
            },
            since: state.since,
            detail: state.detail.clone(),
        }
    }
}
