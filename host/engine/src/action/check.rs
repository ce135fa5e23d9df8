//! Checks: of the gate, and of a deployed environment.

use runner_core::{
    id::EnvironmentName,
    manifest::Role,
    output::Output,
    profile::Use,
    step::{FailureKind, StepError},
};

use super::Here;
use crate::conductor::{Broken, Done, unknown};

pub(super) fn gate(here: &Here<'_>, check: &str, environment: Option<&EnvironmentName>) -> Done {
    let used = here
        .profile()
        .gate
        .get(check)
        .ok_or_else(|| unknown(&here.step.action, "check"))?;
    run(
        here,
        &format!("gate.{check}"),
        used,
        environment,
        FailureKind::Blocked,
    )
}

pub(super) fn smoke(here: &Here<'_>, environment: &EnvironmentName, check: &str) -> Done {
    let used = here
        .profile()
        .smoke
        .get(check)
        .ok_or_else(|| unknown(&here.step.action, "smoke check"))?;
    run(
        here,
        &format!("smoke.{check}"),
        used,
        Some(environment),
        FailureKind::Failed,
    )
}

fn run(
    here: &Here<'_>,
    path: &str,
    used: &Use,
    environment: Option<&EnvironmentName>,
    kind: FailureKind,
) -> Done {
    let used = here.plugin(path, Role::Gate, used, environment)?;
    let said = used
        .plugin
        .check(here.calls(&used), here.call_context(&used, environment));
    match here.said(&used, said) {
        Ok(verdict) if verdict.passed => Ok(Output::Verdict(verdict)),
        Ok(verdict) => {
            let error = StepError::new(kind, verdict.summary.clone());
            Err(Broken::Failed(error, Some(Output::Verdict(verdict))))
        }
        // Could not find out: never passed.
        Err(Broken::Failed(error, output)) => Err(Broken::Failed(StepError { kind, ..error }, output)),
        Err(other) => Err(other),
    }
}
