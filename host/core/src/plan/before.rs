//! The checks that an environment has of its own, e.g. a go/no-go checklist.

use super::Planner;
use crate::{
    id::EnvironmentName,
    profile::{Environment, Profile},
    step::{Action, Notice, When},
};

impl Profile {
    /// Whether a check is made before an environment, and not with the gate.
    pub fn is_late(&self, check: &str) -> bool {
        let environments = self.environments.values();
        environments
            .flat_map(|settings| &settings.before)
            .any(|late| late == check)
    }
}

impl Planner<'_> {
    /// The environment's own checks, once all that comes earlier is good, and before anything of it is touched.
    pub(super) fn before(&mut self, name: &EnvironmentName, settings: &Environment) {
        if settings.before.is_empty() {
            return;
        }
        let checks = settings.before.iter().map(|check| {
            let action = Action::Check {
                check: check.clone(),
                environment: Some(name.clone()),
            };
            (format!("{name}/gate/{check}"), action)
        });
        self.stage(Some(name), checks, When::Forward);
        self.notices(Notice::Gate, Some(name), When::Forward);
    }
}
