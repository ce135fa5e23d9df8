//! The environment's lock: a lease in the store, and where the target has one, a lock that all operators see.

use runner_core::{
    effect::{Request, Response},
    event::Command,
    id::EnvironmentName,
    manifest::Role,
    output::Output,
    step::StepError,
};

use super::{Here, context::Used};
use crate::{
    conductor::{Broken, Done},
    plugin::Holder,
};

pub(super) fn take(here: &Here<'_>, name: &EnvironmentName) -> Done {
    let reason = match here.release() {
        Some(release) => format!("{} {} to {name}", here.run.header.command.name(), release.version),
        None => format!("{} {name}", here.run.header.command.name()),
    };
    here.ask(Request::LockTake {
        environment: name.clone(),
        reason: reason.clone(),
    })
    .map_err(blocked)?;
    let Some(used) = on_target(here, name)? else {
        return Ok(Output::Done);
    };
    let holder = Holder {
        owner: here.run.header.by.clone(),
        run: here.run.id.to_string(),
        reason,
        since: here.now()?,
    };
    let acquire = |replaces: Option<&str>| {
        let context = here.call_context(&used, Some(name));
        here.said(
            &used,
            used.plugin
                .acquire(here.calls(&used), context, holder.clone(), replaces),
        )
    };
    let Some(other) = acquire(None)? else {
        return Ok(Output::Done);
    };
    let alive = Request::RunAlive {
        run: other.run.as_str().into(),
    };
    if !matches!(here.ask(alive)?, Response::Flag(false)) {
        return Err(taken(name, &other).into());
    }
    match acquire(Some(&other.run))? {
        None => Ok(Output::Done),
        Some(other) => Err(taken(name, &other).into()),
    }
}

pub(super) fn give(here: &Here<'_>, name: &EnvironmentName) -> Done {
    if let Some(used) = on_target(here, name)? {
        let context = here.call_context(&used, Some(name));
        let run = here.run.id.to_string();
        here.said(&used, used.plugin.release(here.calls(&used), context, &run))?;
    }
    here.ask(Request::LockGive {
        environment: name.clone(),
    })?;
    Ok(Output::Done)
}

/// The target as a keeper of locks, where it is one. Not of one that is being set up: there may be no place for a lock yet.
fn on_target(here: &Here<'_>, name: &EnvironmentName) -> Done<Option<Used>> {
    if matches!(here.run.header.command, Command::Setup { .. }) {
        return Ok(None);
    }
    let target = &here.environment(name)?.target;
    let used = here.plugin(
        &format!("environments.{name}.target"),
        Role::Target,
        target,
        Some(name),
    )?;
    Ok(used.plugin.serves(Role::Lock).then_some(used))
}

fn taken(name: &EnvironmentName, other: &Holder) -> StepError {
    StepError::blocked(format!(
        "{name} is locked by {} (run {}): {}",
        other.owner, other.run, other.reason
    ))
    .with_hint(format!("wait for it, or look with `runner show {}`", other.run))
}

fn blocked(broken: Broken) -> Broken {
    match broken {
        Broken::Failed(error, output) => {
            let error = StepError {
                kind: runner_core::step::FailureKind::Blocked,
                ..error
            };
            Broken::Failed(
                error.with_hint("wait for it to end, or see `runner status`"),
                output,
            )
        }
        other => other,
    }
}
