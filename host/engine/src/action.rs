//! What each step does: one file per kind. An action asks the world only through its effects, so that it is played back
//! after a crash.

mod approval;
mod asking;
mod backup;
mod check;
mod context;
mod deploy;
mod lock;
mod logs;
mod notify;
mod preflight;
mod record;
mod release;
mod report;
mod restore;
mod schedule;
mod setup;
mod traffic;
mod watch;

use std::collections::BTreeMap;

use runner_core::{
    id::EnvironmentName,
    logs::LogPage,
    output::{Deployment, Output},
    rules::Reading,
    step::{Action, Step, StepError},
};

use crate::{
    conductor::{Broken, Conductor, Done},
    effects::Effects,
    look::Reach,
};

pub(crate) use context::Here;

/// Does what the step says.
pub(crate) fn perform(conductor: &Conductor, step: &Step, effects: &Effects) -> Done {
    let here = Here::new(conductor, step, effects);
    match &step.action {
        Action::Preflight => preflight::preflight(&here),
        Action::Check { check, environment } => check::gate(&here, check, environment.as_ref()),
        Action::Version => release::version(&here),
        Action::Changelog => release::commit_changelog(&here),
        Action::Tag => release::tag(&here),
        Action::Package => release::package(&here),
        Action::Approval { environment } => approval::approval(&here, environment),
        Action::Lock { environment } => lock::take(&here, environment),
        Action::Backup { environment, backup } => backup::backup(&here, environment, backup),
        Action::VerifyBackup { environment, backup } => restore::verify(&here, environment, backup),
        Action::ApproveRestore { environment } => restore::approve(&here, environment),
        Action::Restore { environment, backup } => restore::restore(&here, environment, backup),
        Action::Prune { environment, backup } => backup::prune(&here, environment, backup),
        Action::Deploy { environment } => deploy::deploy(&here, environment),
        Action::Return { environment } => deploy::go_back(&here, environment),
        Action::Health { environment } if here.plan() => {
            Ok(only_reads(&format!("the health of {environment}")))
        }
        Action::Health { environment } => deploy::health(&here, environment),
        Action::Smoke { environment, check } => check::smoke(&here, environment, check),
        Action::Shift { environment, percent } => traffic::shift(&here, environment, *percent),
        Action::Settle { environment } => traffic::settle(&here, environment),
        Action::Watch { environment } if here.plan() => {
            Ok(only_reads(&format!("the metrics of {environment}")))
        }
        Action::Watch { environment } => watch::watch(&here, environment),
        Action::Setup { environment } => setup::setup(&here, environment),
        Action::Schedule { environment } => schedule::schedule(&here, environment),
        Action::Record { environment } => record::record(&here, environment),
        Action::Unlock { environment } => lock::give(&here, environment),
        Action::Notify {
            notifier,
            notice,
            environment,
        } => notify::notify(&here, notifier, *notice, environment.as_ref()),
        Action::Report => report::report(&here),
    }
}

/// Undoes a deploy: the rollback.
pub(crate) fn undo(conductor: &Conductor, step: &Step, effects: &Effects) -> Done {
    let here = Here::new(conductor, step, effects);
    match &step.action {
        Action::Deploy { environment } => deploy::undo(&here, environment),
        other => Err(Broken::Failed(
            StepError::failed(format!("{other:?} has no undo")),
            None,
        )),
    }
}

/// What runs in an environment, asked outside of a run's plan.
pub(crate) fn inspect(
    conductor: &Conductor,
    step: &Step,
    effects: &Effects,
    environment: &EnvironmentName,
) -> Done<Deployment> {
    deploy::inspect(&Here::new(conductor, step, effects), environment)
}

/// What the metrics sources say of the readings of a digest, asked outside of a run's plan.
pub(crate) fn asked(
    conductor: &Conductor,
    step: &Step,
    effects: &Effects,
    environment: &EnvironmentName,
    window_ms: u64,
) -> Done<BTreeMap<String, Reading>> {
    let here = Here::new(conductor, step, effects);
    let readings = here.profile().digest.readings.clone();
    watch::asked(&here, environment, &readings, window_ms)
}

/// What the metrics say of a version in an environment, asked outside of a run's plan.
pub(crate) fn readings(
    conductor: &Conductor,
    step: &Step,
    effects: &Effects,
    environment: &EnvironmentName,
    version: &str,
) -> Done<BTreeMap<String, Reading>> {
    watch::readings(&Here::new(conductor, step, effects), environment, version)
}

/// What of an environment's logs can be read.
pub(crate) fn log_sources(
    conductor: &Conductor,
    step: &Step,
    effects: &Effects,
    environment: &EnvironmentName,
) -> Done<Vec<String>> {
    logs::sources(&Here::new(conductor, step, effects), environment)
}

/// Lines of an environment's logs, in no order.
pub(crate) fn log_page(
    conductor: &Conductor,
    step: &Step,
    effects: &Effects,
    environment: &EnvironmentName,
    sources: &[String],
    reach: &Reach<'_>,
) -> Done<LogPage> {
    logs::page(&Here::new(conductor, step, effects), environment, sources, reach)
}

/// A step of a plan that would look at what is not deployed yet.
fn only_reads(what: &str) -> Output {
    Output::Skipped(format!("would read {what} once the release is there"))
}
