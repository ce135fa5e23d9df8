//! The steps that make, read back and restore backups: of a command of their own, before a deploy, and after going back.

use crate::{
    backup::Kept,
    id::EnvironmentName,
    profile::{Environment, Restore},
    step::{Action, Notice, When},
};

use super::{PlanError, Planner};

impl Planner<'_> {
    /// Every backup of the environment, side by side.
    pub(super) fn backups(&mut self, name: &EnvironmentName, settings: &Environment) {
        let steps = settings.backup.iter().map(|backup| made(name, "backup", backup));
        self.stage(Some(name), steps, When::Forward);
    }

    /// The older ones of those that the profile does not keep for ever, once all that must be good is.
    pub(super) fn prune(&mut self, name: &EnvironmentName, settings: &Environment) {
        let limited = settings.backup.iter().filter(|backup| {
            let of = self.profile.backup.get(*backup);
            of.is_some_and(|of| of.keep.is_some())
        });
        let steps: Vec<_> = limited
            .map(|backup| {
                let action = Action::Prune {
                    environment: name.clone(),
                    backup: backup.clone(),
                };
                (format!("{name}/prune/{backup}"), action)
            })
            .collect();
        self.stage(Some(name), steps, When::Forward);
    }

    /// `runner backup create`.
    pub(super) fn backup(&mut self, name: &EnvironmentName, settings: &Environment) -> Result<(), PlanError> {
        if settings.backup.is_empty() {
            return Err(PlanError::NoBackup(name.clone()));
        }
        self.lock(name);
        self.backups(name, settings);
        self.prune(name, settings);
        self.notices(Notice::BackupFailed, Some(name), When::Failed);
        self.unlock(name);
        Ok(())
    }

    /// Whether the profile still says how to read and restore the backup.
    pub(super) fn known(&self, kept: &Kept) -> Result<(), PlanError> {
        self.profile.environment(&kept.environment)?;
        match self.profile.backup.contains_key(&kept.backup) {
            true => Ok(()),
            false => Err(PlanError::UnknownBackup {
                backup: kept.backup.clone(),
                id: kept.id.clone(),
                environment: kept.environment.clone(),
            }),
        }
    }

    /// `runner backup verify`. It changes nothing of the environment, so it takes no lock.
    pub(super) fn read_back(&mut self, kept: &Kept) {
        let what = format!("verify/{}", kept.backup);
        let backup = kept.backup.clone();
        self.one(&kept.environment, &what, |environment| Action::VerifyBackup {
            environment,
            backup,
        });
    }

    /// `runner backup restore`.
    pub(super) fn restore(&mut self, kept: &Kept) {
        let name = &kept.environment;
        self.lock(name);
        // Before anybody is asked for it.
        self.read_back(kept);
        self.restoring(name, std::slice::from_ref(&kept.backup), When::Forward);
        self.one(name, "health", |environment| Action::Health { environment });
        self.notices(Notice::RestoreFailed, Some(name), When::Failed);
        self.unlock(name);
        self.notices(Notice::Restored, Some(name), When::Forward);
    }

    /// After a deploy was undone: what the environment's data may need. The code has gone back before.
    pub(super) fn restore_after_undo(&mut self, name: &EnvironmentName, settings: &Environment) {
        if !asks(settings) {
            return;
        }
        self.restoring(name, &settings.backup, When::Restore);
        self.stage(
            Some(name),
            [(format!("{name}/restore-health"), health(name))],
            When::Restore,
        );
        self.notices(Notice::Restored, Some(name), When::Restore);
        self.notices(Notice::RestoreFailed, Some(name), When::Unrestored);
    }

    /// The same after `runner rollback` has gone back; its own steps ask for health afterwards.
    pub(super) fn restore_after_return(&mut self, name: &EnvironmentName, settings: &Environment) {
        if !asks(settings) {
            return;
        }
        self.restoring(name, &settings.backup, When::Restore);
        self.notices(Notice::RestoreFailed, Some(name), When::Unrestored);
    }

    /// Its news, once it is healthy.
    pub(super) fn restored_after_return(&mut self, name: &EnvironmentName, settings: &Environment) {
        if asks(settings) {
            self.notices(Notice::Restored, Some(name), When::Restore);
        }
    }

    /// A person, what is there now, and only then what was there before.
    fn restoring(&mut self, name: &EnvironmentName, backups: &[String], when: When) {
        self.notices(Notice::RestoreWanted, Some(name), when);
        let environment = name.clone();
        self.stage(
            Some(name),
            [(
                format!("{name}/restore-approval"),
                Action::ApproveRestore { environment },
            )],
            when,
        );
        let safety = backups.iter().map(|backup| made(name, "safety", backup));
        self.stage(Some(name), safety, when);
        let restores = backups.iter().map(|backup| {
            let action = Action::Restore {
                environment: name.clone(),
                backup: backup.clone(),
            };
            (format!("{name}/restore/{backup}"), action)
        });
        self.stage(Some(name), restores, when);
    }
}

fn asks(settings: &Environment) -> bool {
    settings.restore == Restore::Ask && !settings.backup.is_empty()
}

fn made(name: &EnvironmentName, what: &str, backup: &str) -> (String, Action) {
    let action = Action::Backup {
        environment: name.clone(),
        backup: backup.to_owned(),
    };
    (format!("{name}/{what}/{backup}"), action)
}

fn health(name: &EnvironmentName) -> Action {
    let environment = name.clone();
    Action::Health { environment }
}
