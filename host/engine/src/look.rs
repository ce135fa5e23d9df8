//! Looks without a run: what the next version is, what runs in an environment, what its metrics and its logs say. Reads
//! only, through the same actions and grants as a run; nothing is kept, not even in memory from one look to the next.

use std::{collections::BTreeMap, sync::Arc};

use runner_core::{
    event::Command,
    id::{EnvironmentName, Scope},
    logs::LogPage,
    output::{Deployment, Output, VersionOutput},
    profile::Profile,
    rules::Reading,
    step::{Action, Step, StepError, When},
};

use crate::{
    action,
    conductor::{Broken, Done},
    effects::{Effects, Halt},
    session::{Session, SessionError, Setup},
};

/// Why a look gave no answer.
#[derive(Debug, thiserror::Error)]
pub enum LookError {
    /// Looking could not begin.
    #[error(transparent)]
    Session(#[from] SessionError),
    /// It was tried and failed, or there is nothing to release.
    #[error("{}", .0.message)]
    Step(StepError),
    /// It was stopped.
    #[error(transparent)]
    Halt(Halt),
}

impl From<Broken> for LookError {
    fn from(broken: Broken) -> Self {
        match broken {
            Broken::Halt(halt) => Self::Halt(halt),
            Broken::Failed(error, _) => Self::Step(error),
            Broken::Planned(what) => Self::Step(StepError::failed(format!("it would have to write: {what}"))),
        }
    }
}

/// Which lines of logs are wanted.
#[derive(Clone, Copy, Debug)]
pub enum Reach<'a> {
    /// The newest.
    Newest {
        /// Milliseconds since the epoch: none that says it is older.
        since: Option<u64>,
        /// So many of each source at most.
        max: u32,
    },
    /// What was written after a page.
    After {
        /// That page's.
        cursor: &'a str,
    },
}

/// Looks at a project by one profile.
pub struct Look {
    session: Session,
}

impl Setup {
    /// Gets ready to look, on behalf of `command`.
    pub fn look(&self, profile: Profile, command: Command) -> Result<Look, SessionError> {
        let session = self.begin(profile, "", command, true, Box::new(|_| {}))?;
        Ok(Look { session })
    }

    /// The next version, with its changelog.
    pub fn next_version(&self, profile: Profile, command: Command) -> Result<VersionOutput, LookError> {
        let look = self.look(profile, command)?;
        match look.at(Action::Version, action::perform)? {
            Output::Version(version) => Ok(version),
            _ => Err(LookError::Step(StepError::failed(
                "the next version is no version",
            ))),
        }
    }
}

impl Look {
    /// What runs in an environment, as its target says.
    pub fn deployment(&self, environment: &EnvironmentName) -> Result<Deployment, LookError> {
        let action = Action::Health {
            environment: environment.clone(),
        };
        self.at(action, |conductor, step, effects| {
            action::inspect(conductor, step, effects, environment)
        })
    }

    /// The readings of the profile's digest in an environment, over the last so many milliseconds, by name.
    pub fn asked(
        &self,
        environment: &EnvironmentName,
        window_ms: u64,
    ) -> Result<BTreeMap<String, Reading>, LookError> {
        let action = Action::Watch {
            environment: environment.clone(),
        };
        self.at(action, |conductor, step, effects| {
            action::asked(conductor, step, effects, environment, window_ms)
        })
    }

    /// The readings of an environment's watch of `version`, by rule. Where a source counts between two samples there is a second one,
    /// a second later.
    pub fn readings(
        &self,
        environment: &EnvironmentName,
        version: &str,
    ) -> Result<BTreeMap<String, Reading>, LookError> {
        let action = Action::Watch {
            environment: environment.clone(),
        };
        self.at(action, |conductor, step, effects| {
            action::readings(conductor, step, effects, environment, version)
        })
    }

    /// What of an environment's logs can be read.
    pub fn log_sources(&self, environment: &EnvironmentName) -> Result<Vec<String>, LookError> {
        let action = Action::Health {
            environment: environment.clone(),
        };
        self.at(action, |conductor, step, effects| {
            action::log_sources(conductor, step, effects, environment)
        })
    }

    /// Lines of an environment's logs, of each source in the order in which it wrote them.
    pub fn log_page(
        &self,
        environment: &EnvironmentName,
        sources: &[String],
        reach: &Reach<'_>,
    ) -> Result<LogPage, LookError> {
        let action = Action::Health {
            environment: environment.clone(),
        };
        self.at(action, |conductor, step, effects| {
            action::log_page(conductor, step, effects, environment, sources, reach)
        })
    }

    fn at<T>(
        &self,
        action: Action,
        look: impl FnOnce(&crate::conductor::Conductor, &Step, &Effects) -> Done<T>,
    ) -> Result<T, LookError> {
        let conductor = &self.session.conductor_of_a_look()?;
        let id = format!("look/{action:?}");
        let effects = Effects::begin(
            Scope(id.clone()),
            Arc::clone(&conductor.journal),
            Arc::clone(&conductor.world),
        );
        let step = Step {
            id: id.into(),
            action,
            when: When::Forward,
        };
        Ok(look(conductor, &step, &effects)?)
    }
}
