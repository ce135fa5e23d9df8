//! The plan of a run: the fixed life of a release over the profile's environments.

mod backups;
mod before;
mod environment;
mod notices;

use serde::{Deserialize, Serialize};

use crate::{
    event::Command,
    id::{EnvironmentName, StepId},
    profile::{Environment, Profile},
    step::{Action, Notice, Step, When},
};

/// Steps that run side by side.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stage {
    /// The environment that it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub environment: Option<EnvironmentName>,
    /// At least one.
    pub steps: Vec<Step>,
}

/// Stages, one after the other.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    /// In order.
    pub stages: Vec<Stage>,
}

/// A command that the profile has no answer to.
#[derive(Debug, PartialEq, thiserror::Error)]
pub enum PlanError {
    /// No such environment.
    #[error("the profile has no environment `{name}`; it has {known}")]
    UnknownEnvironment {
        /// What was asked for.
        name: String,
        /// What there is, or `none`.
        known: String,
    },
    /// No such check.
    #[error("the profile has no [gate.{name}]; it has {known}")]
    UnknownCheck {
        /// What was asked for.
        name: String,
        /// What there is, or `none`.
        known: String,
    },
    /// It has nothing to back up by.
    #[error(
        "{0} has no backup: name some in the profile, e.g. [environments.{0}] backup = [\"database\"] and \
         [backup.database] plugin = \"backup-postgres\""
    )]
    NoBackup(EnvironmentName),
    /// The profile no longer says how the backup was made.
    #[error("the profile has no [backup.{backup}] any more, by which {id} of {environment} was made")]
    UnknownBackup {
        /// Its name.
        backup: String,
        /// The backup's id.
        id: String,
        /// What it is of.
        environment: EnvironmentName,
    },
}

impl Plan {
    /// The plan of a command.
    pub fn of(profile: &Profile, command: &Command) -> Result<Self, PlanError> {
        let mut plan = Planner {
            profile,
            stages: Vec::new(),
        };
        // Setting up and telling are about no release, and backups are about none in particular: nothing is reported of one.
        let of_a_release = !matches!(
            command,
            Command::Setup { .. }
                | Command::Digest { .. }
                | Command::Backup { .. }
                | Command::VerifyBackup { .. }
                | Command::Restore { .. }
        );
        if of_a_release || matches!(command, Command::Backup { .. } | Command::Restore { .. }) {
            plan.stage(None, [("preflight".to_owned(), Action::Preflight)], When::Forward);
        }
        match command {
            Command::QualityGate { checks } if checks.is_empty() => plan.gate(None),
            Command::QualityGate { checks } => plan.only(checks)?,
            Command::Digest { news } => {
                profile.environment(&news.environment)?;
                plan.notices(Notice::Digest, Some(&news.environment), When::Forward);
            }
            Command::Release { .. } => {
                plan.gate(None);
                plan.version();
                for name in &profile.release.environments {
                    let name = EnvironmentName::from(name.as_str());
                    plan.deploy(&name, profile.environment(&name)?);
                }
                plan.notices(Notice::Released, None, When::Forward);
            }
            Command::Deploy { environment, .. } => {
                let settings = profile.environment(environment)?;
                plan.gate(settings.gate.as_deref());
                if profile.environment_before(environment).is_none() {
                    plan.package();
                }
                plan.deploy(environment, settings);
            }
            Command::Rollback { environment, .. } => {
                let settings = profile.environment(environment)?;
                plan.rollback(environment, settings);
            }
            Command::Setup { environment } => {
                profile.environment(environment)?;
                plan.setup(environment);
            }
            Command::Backup { environment } => {
                let settings = profile.environment(environment)?;
                plan.backup(environment, settings)?;
            }
            Command::VerifyBackup { backup } => {
                plan.known(backup)?;
                plan.read_back(backup);
            }
            Command::Restore { backup } => {
                plan.known(backup)?;
                plan.restore(backup);
            }
        }
        if of_a_release {
            plan.stage(None, [("report".to_owned(), Action::Report)], When::Always);
        }
        Ok(Self { stages: plan.stages })
    }

    /// Every step, in order.
    pub fn steps(&self) -> impl Iterator<Item = &Step> {
        self.stages.iter().flat_map(|stage| &stage.steps)
    }

    /// A step by its id.
    pub fn step(&self, id: &StepId) -> Option<&Step> {
        self.steps().find(|step| &step.id == id)
    }

    /// The environments that it deploys to or goes back in, in order.
    pub fn environments(&self) -> Vec<EnvironmentName> {
        self.steps()
            .filter_map(|step| match &step.action {
                Action::Lock { environment } => Some(environment.clone()),
                _ => None,
            })
            .collect()
    }
}

impl Profile {
    /// The settings of an environment.
    pub fn environment(&self, name: &EnvironmentName) -> Result<&Environment, PlanError> {
        self.environments
            .get(name.as_str())
            .ok_or_else(|| PlanError::UnknownEnvironment {
                name: name.to_string(),
                known: listed(self.environments.keys()),
            })
    }

    /// The environment that a release must have been good in before it comes to this one; none for the first one, which gets
    /// what is checked out.
    pub fn environment_before(&self, name: &EnvironmentName) -> Option<EnvironmentName> {
        let path = &self.release.environments;
        let place = path.iter().position(|other| other == name.as_str())?;
        Some(EnvironmentName::from(path[place.checked_sub(1)?].as_str()))
    }
}

/// Names for people.
fn listed<'n>(names: impl Iterator<Item = &'n String>) -> String {
    let names: Vec<_> = names.map(|name| format!("`{name}`")).collect();
    match names.is_empty() {
        true => "none".to_owned(),
        false => names.join(", "),
    }
}

struct Planner<'a> {
    profile: &'a Profile,
    stages: Vec<Stage>,
}

impl Planner<'_> {
    fn stage(
        &mut self,
        environment: Option<&EnvironmentName>,
        steps: impl IntoIterator<Item = (String, Action)>,
        when: When,
    ) {
        let steps: Vec<_> = steps
            .into_iter()
            .map(|(id, action)| Step {
                id: StepId(id),
                action,
                when,
            })
            .collect();
        if !steps.is_empty() {
            self.stages.push(Stage {
                environment: environment.cloned(),
                steps,
            });
        }
    }

    /// Checks side by side, then the news of them.
    fn gate(&mut self, only: Option<&[String]>) {
        let wanted =
            |name: &&String| only.is_none_or(|names| names.contains(name)) && !self.profile.is_late(name);
        self.checks(self.profile.gate.keys().filter(wanted));
        self.notices(Notice::Gate, None, When::Forward);
    }

    /// Some of the checks. They are not the gate, so nobody is told of it.
    fn only(&mut self, names: &[String]) -> Result<(), PlanError> {
        let gate = &self.profile.gate;
        if let Some(name) = names.iter().find(|name| !gate.contains_key(*name)) {
            return Err(PlanError::UnknownCheck {
                name: name.clone(),
                known: listed(gate.keys()),
            });
        }
        self.checks(gate.keys().filter(|name| names.contains(name)));
        Ok(())
    }

    fn checks<'c>(&mut self, names: impl Iterator<Item = &'c String>) {
        let step = |check: &String| {
            let action = Action::Check {
                check: check.clone(),
                environment: None,
            };
            (format!("gate/{check}"), action)
        };
        self.stage(None, names.map(step).collect::<Vec<_>>(), When::Forward);
    }

    fn version(&mut self) {
        for (id, action) in [
            ("version", Action::Version),
            ("changelog", Action::Changelog),
            ("tag", Action::Tag),
        ] {
            self.stage(None, [(id.to_owned(), action)], When::Forward);
        }
        self.package();
    }

    fn package(&mut self) {
        self.stage(None, [("package".to_owned(), Action::Package)], When::Forward);
    }

    /// A stage of one step of an environment.
    fn one(&mut self, name: &EnvironmentName, what: &str, action: impl FnOnce(EnvironmentName) -> Action) {
        let step = (format!("{name}/{what}"), action(name.clone()));
        self.stage(Some(name), [step], When::Forward);
    }

    fn lock(&mut self, name: &EnvironmentName) {
        self.one(name, "lock", |environment| Action::Lock { environment });
    }

    fn unlock(&mut self, name: &EnvironmentName) {
        let action = Action::Unlock {
            environment: name.clone(),
        };
        self.stage(Some(name), [(format!("{name}/unlock"), action)], When::Locked);
    }
}
