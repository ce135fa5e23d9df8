//! The steps that tell people, and what a profile calls their occasions.

use crate::{
    id::EnvironmentName,
    profile::NoticeName,
    step::{Action, Notice, When},
};

use super::Planner;

impl Planner<'_> {
    /// One step per notifier that wants to know, side by side.
    pub(super) fn notices(&mut self, notice: Notice, environment: Option<&EnvironmentName>, when: When) {
        let wanted = |events: &Option<Vec<NoticeName>>| {
            events.as_ref().is_none_or(|names| names.contains(&notice.name()))
        };
        let steps: Vec<_> = self
            .profile
            .notify
            .iter()
            .filter(|(_, notifier)| wanted(&notifier.events))
            .map(|(notifier, _)| {
                let place = environment.map(|name| format!("{name}/")).unwrap_or_default();
                let action = Action::Notify {
                    notifier: notifier.clone(),
                    notice,
                    environment: environment.cloned(),
                };
                (format!("{place}notify/{}/{notifier}", notice.word()), action)
            })
            .collect();
        self.stage(environment, steps, when);
    }
}

impl Notice {
    /// As a profile names it.
    pub fn name(self) -> NoticeName {
        match self {
            Self::Gate => NoticeName::Gate,
            Self::Digest => NoticeName::Digest,
            Self::ApprovalWanted => NoticeName::Approval,
            Self::DeployStarted | Self::DeploySucceeded | Self::DeployFailed => NoticeName::Deploy,
            Self::RolledBack => NoticeName::Rollback,
            Self::Released => NoticeName::Released,
            Self::RestoreWanted => NoticeName::Approval,
            Self::BackupFailed | Self::Restored | Self::RestoreFailed => NoticeName::Alert,
        }
    }

    /// As in a step's id.
    pub fn word(self) -> &'static str {
        match self {
            Self::Gate => "gate",
            Self::Digest => "digest",
            Self::ApprovalWanted => "approval",
            Self::DeployStarted => "start",
            Self::DeploySucceeded => "success",
            Self::DeployFailed => "failure",
            Self::RolledBack => "rollback",
            Self::Released => "released",
            Self::BackupFailed => "backup-failure",
            Self::RestoreWanted => "restore",
            Self::Restored => "restored",
            Self::RestoreFailed => "restore-failure",
        }
    }
}
