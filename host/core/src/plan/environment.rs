//! The steps of one environment: a deploy, going back, setting up.

use super::Planner;
use crate::{
    id::EnvironmentName,
    profile::Environment,
    step::{Action, Notice, When},
};

impl Planner<'_> {
    pub(super) fn deploy(&mut self, name: &EnvironmentName, settings: &Environment) {
        self.before(name, settings);
        if settings.approval.is_some() {
            self.notices(Notice::ApprovalWanted, Some(name), When::Forward);
            self.one(name, "approval", |environment| Action::Approval { environment });
        }
        self.lock(name);
        self.backups(name, settings);
        self.notices(Notice::DeployStarted, Some(name), When::Forward);
        self.one(name, "deploy", |environment| Action::Deploy { environment });
        self.one(name, "health", |environment| Action::Health { environment });
        // Before the smoke checks: they ask the environment's own address.
        self.canary(name, settings);
        let smoke = settings.smoke.iter().map(|check| {
            let action = Action::Smoke {
                environment: name.clone(),
                check: check.clone(),
            };
            (format!("{name}/smoke/{check}"), action)
        });
        self.stage(Some(name), smoke, When::Forward);
        if settings.watch.is_some() {
            self.one(name, "watch", |environment| Action::Watch { environment });
        }
        // Until here, what ran before was there to go back to at once.
        if settings.canary.is_some() {
            self.one(name, "settle", |environment| Action::Settle { environment });
        }
        self.one(name, "record", |environment| Action::Record { environment });
        self.prune(name, settings);
        self.notices(Notice::DeployFailed, Some(name), When::Failed);
        self.notices(Notice::RolledBack, Some(name), When::Undone);
        self.restore_after_undo(name, settings);
        self.unlock(name);
        self.notices(Notice::DeploySucceeded, Some(name), When::Forward);
    }

    /// The traffic comes in parts, the last one is all of it.
    fn canary(&mut self, name: &EnvironmentName, settings: &Environment) {
        let Some(canary) = &settings.canary else { return };
        for percent in canary.steps.iter().map(|step| step.percent).chain([100]) {
            let what = format!("canary/{percent}");
            self.one(name, &what, |environment| Action::Shift { environment, percent });
        }
    }

    pub(super) fn setup(&mut self, name: &EnvironmentName) {
        self.lock(name);
        self.one(name, "setup", |environment| Action::Setup { environment });
        // Also where this environment has none any more: what it had is removed.
        if !self.profile.schedule.is_empty() {
            self.one(name, "schedule", |environment| Action::Schedule { environment });
        }
        self.unlock(name);
    }

    pub(super) fn rollback(&mut self, name: &EnvironmentName, settings: &Environment) {
        self.lock(name);
        self.one(name, "return", |environment| Action::Return { environment });
        self.restore_after_return(name, settings);
        self.one(name, "health", |environment| Action::Health { environment });
        self.restored_after_return(name, settings);
        self.one(name, "record", |environment| Action::Record { environment });
        self.unlock(name);
        self.notices(Notice::RolledBack, Some(name), When::Forward);
    }
}
