//! What becomes of steps and undos: which fail, and what the others give.

use super::*;
use crate::{
    output::{Condition, Deployment, Preflight, ServiceState},
    step::{FailureKind, StepError},
};

/// Which steps and undos fail, and after how many events somebody cancels.
#[derive(Clone, Debug, Default)]
pub(super) struct Fate {
    pub(super) failing: BTreeSet<String>,
    pub(super) failing_undo: BTreeSet<String>,
    pub(super) cancel_at: Option<usize>,
    /// What a rollback says of the data.
    pub(super) newer: Option<String>,
    /// Whether what runs after going back is healthy.
    pub(super) sick: bool,
}

impl Fate {
    /// What runs after going back.
    fn there(&self) -> Deployment {
        let condition = if self.sick {
            Condition::Unhealthy
        } else {
            Condition::Healthy
        };
        let web = ServiceState {
            name: "web".to_owned(),
            version: None,
            condition,
            since: None,
            detail: String::new(),
        };
        Deployment {
            version: Some("1.0.0".to_owned()),
            services: vec![web],
            newer_data: self.newer.clone(),
        }
    }
}

fn kind_of(step: &Step) -> FailureKind {
    match step.action {
        Action::Approval { .. } | Action::ApproveRestore { .. } => FailureKind::Rejected,
        Action::Watch { .. } | Action::Shift { .. } => FailureKind::Breach,
        Action::Preflight | Action::Check { .. } => FailureKind::Blocked,
        _ => FailureKind::Failed,
    }
}

pub(super) fn result(step: &Step, fate: &Fate) -> Transition {
    match fate.failing.contains(step.id.as_str()) {
        true => Transition::Failed {
            error: StepError::new(kind_of(step), "it broke"),
            output: None,
        },
        false => Transition::Succeeded {
            output: output(step, fate),
        },
    }
}

fn output(step: &Step, fate: &Fate) -> Output {
    match &step.action {
        Action::Preflight => Output::Preflight(Preflight {
            head: "c0ffee".to_owned(),
            branch: None,
            release: None,
            previous: Vec::new(),
            backups: vec![kept()],
        }),
        Action::Backup { .. } => Output::Backup(vec![dump()]),
        Action::Return { .. } => Output::Deployed(fate.there()),
        _ => Output::Done,
    }
}

pub(super) fn undone(step: &Step, fate: &Fate) -> Transition {
    match fate.failing_undo.contains(step.id.as_str()) {
        true => Transition::UndoFailed {
            error: StepError::failed("it would not go back"),
        },
        false => Transition::UndoFinished {
            output: Output::Undone {
                to: "1.0.0".to_owned(),
                took_ms: 5,
                deployment: fate.there(),
            },
        },
    }
}
