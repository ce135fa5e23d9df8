//! The plan of a run: the fixed life of a release over the profile's environments.

mod before;

use serde::{Deserialize, Serialize};

use crate::{
    event::Command,
    id::{EnvironmentName, StepId},
    profile::{Environment, NoticeName, Profile},
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
}

impl Plan {
    /// The plan of a command.
    pub fn of(profile: &Profile, command: &Command) -> Result<Self, PlanError> {
        let mut plan = Planner {
            profile,
            stages: Vec::new(),
        };
        // Setting up and telling are about no release: they neither look for one nor report of one.
        let of_a_release = !matches!(command, Command::Setup { .. } | Command::Digest { .. });
        if of_a_release {
            plan.stage(None, [("preflight".to_owned(), Action::Preflight)], When::Forward);
        }
        match command {
            Command::QualityGate => plan.gate(None),
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
                profile.environment(environment)?;
                plan.rollback(environment);
            }
            Command::Setup { environment } => {
                profile.environment(environment)?;
                plan.setup(environment);
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
                known: match self
                    .environments
                    .keys()
                    .map(|k| format!("`{k}`"))
                    .collect::<Vec<_>>()
                {
                    names if names.is_empty() => "none".to_owned(),
                    names => names.join(", "),
                },
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
            |name: &String| only.is_none_or(|names| names.contains(name)) && !self.profile.is_late(name);
        let step = |check: &String| {
            let action = Action::Check {
                check: check.clone(),
                environment: None,
            };
            (format!("gate/{check}"), action)
        };
        let checks = self.profile.gate.keys().filter(|name| wanted(name)).map(step);
        self.stage(None, checks.collect::<Vec<_>>(), When::Forward);
        self.notices(Notice::Gate, None, When::Forward);
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

    fn deploy(&mut self, name: &EnvironmentName, settings: &Environment) {
        let environment = || name.clone();
        self.before(name, settings);
        if settings.approval.is_some() {
            self.notices(Notice::ApprovalWanted, Some(name), When::Forward);
            self.one(
                name,
                "approval",
                Action::Approval {
                    environment: environment(),
                },
            );
        }
        self.one(
            name,
            "lock",
            Action::Lock {
                environment: environment(),
            },
        );
        let backups = settings.backup.iter().map(|backup| {
            let action = Action::Backup {
                environment: environment(),
                backup: backup.clone(),
            };
            (format!("{name}/backup/{backup}"), action)
        });
        self.stage(Some(name), backups, When::Forward);
        self.notices(Notice::DeployStarted, Some(name), When::Forward);
        self.one(
            name,
            "deploy",
            Action::Deploy {
                environment: environment(),
            },
        );
        self.one(
            name,
            "health",
            Action::Health {
                environment: environment(),
            },
        );
        // Before the smoke checks: they ask the environment's own address.
        self.canary(name, settings);
        let smoke = settings.smoke.iter().map(|check| {
            let action = Action::Smoke {
                environment: environment(),
                check: check.clone(),
            };
            (format!("{name}/smoke/{check}"), action)
        });
        self.stage(Some(name), smoke, When::Forward);
        if settings.watch.is_some() {
            self.one(
                name,
                "watch",
                Action::Watch {
                    environment: environment(),
                },
            );
        }
        // Until here, what ran before was there to go back to at once.
        if settings.canary.is_some() {
            self.one(
                name,
                "settle",
                Action::Settle {
                    environment: environment(),
                },
            );
        }
        self.one(
            name,
            "record",
            Action::Record {
                environment: environment(),
            },
        );
        self.notices(Notice::DeployFailed, Some(name), When::Failed);
        self.notices(Notice::RolledBack, Some(name), When::Undone);
        self.unlock(name);
        self.notices(Notice::DeploySucceeded, Some(name), When::Forward);
    }

    /// The traffic comes in parts, the last one is all of it.
    fn canary(&mut self, name: &EnvironmentName, settings: &Environment) {
        let Some(canary) = &settings.canary else { return };
        for percent in canary.steps.iter().map(|step| step.percent).chain([100]) {
            let action = Action::Shift {
                environment: name.clone(),
                percent,
            };
            self.one(name, &format!("canary/{percent}"), action);
        }
    }

    fn setup(&mut self, name: &EnvironmentName) {
        let environment = || name.clone();
        self.one(
            name,
            "lock",
            Action::Lock {
                environment: environment(),
            },
        );
        self.one(
            name,
            "setup",
            Action::Setup {
                environment: environment(),
            },
        );
        // Also where this environment has none any more: what it had is removed.
        if !self.profile.schedule.is_empty() {
            self.one(
                name,
                "schedule",
                Action::Schedule {
                    environment: environment(),
                },
            );
        }
        self.unlock(name);
    }

    fn rollback(&mut self, name: &EnvironmentName) {
        let environment = || name.clone();
        self.one(
            name,
            "lock",
            Action::Lock {
                environment: environment(),
            },
        );
        self.one(
            name,
            "return",
            Action::Return {
                environment: environment(),
            },
        );
        self.one(
            name,
            "health",
            Action::Health {
                environment: environment(),
            },
        );
        self.one(
            name,
            "record",
            Action::Record {
                environment: environment(),
            },
        );
        self.unlock(name);
        self.notices(Notice::RolledBack, Some(name), When::Forward);
    }

    /// A stage of one step of an environment.
    fn one(&mut self, name: &EnvironmentName, what: &str, action: Action) {
        self.stage(Some(name), [(format!("{name}/{what}"), action)], When::Forward);
    }

    fn unlock(&mut self, name: &EnvironmentName) {
        let action = Action::Unlock {
            environment: name.clone(),
        };
        self.stage(Some(name), [(format!("{name}/unlock"), action)], When::Locked);
    }

    /// One step per notifier that wants to know, side by side.
    fn notices(&mut self, notice: Notice, environment: Option<&EnvironmentName>, when: When) {
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
        }
    }
}
