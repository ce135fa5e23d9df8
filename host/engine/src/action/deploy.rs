//! Deploying, going back, and waiting for health. Whether a step is done is asked of the target, never taken from a mark.

use runner_core::{
    id::EnvironmentName,
    manifest::Role,
    output::{Deployment, Output},
    profile::FirstDeploy,
    release::Release,
    step::StepError,
};

use super::{Here, context::Used};
use crate::conductor::Done;

pub(super) fn deploy(here: &Here<'_>, name: &EnvironmentName) -> Done {
    let used = target(here, name)?;
    let there = here.said(
        &used,
        used.plugin
            .deploy(here.calls(&used), here.call_context(&used, Some(name))),
    )?;
    Ok(Output::Deployed(there))
}

/// A rollback that a person asked for.
pub(super) fn go_back(here: &Here<'_>, name: &EnvironmentName) -> Done {
    let to = here
        .release()
        .ok_or_else(|| StepError::failed("there is no release to go back to"))?;
    let used = target(here, name)?;
    let context = here.call_context(&used, Some(name));
    let there = here.said(&used, used.plugin.rollback(here.calls(&used), context, to))?;
    Ok(Output::Deployed(there))
}

/// Waits until the target says that the release runs and is healthy.
pub(super) fn health(here: &Here<'_>, name: &EnvironmentName) -> Done {
    let release = here
        .release()
        .ok_or_else(|| StepError::failed("there is no release to look for"))?;
    let used = target(here, name)?;
    Ok(Output::Deployed(wait(here, name, &used, &release)?))
}

/// The rollback of a deploy that went wrong: back to the release that was good there, health included.
pub(super) fn undo(here: &Here<'_>, name: &EnvironmentName) -> Done {
    let began = here.now()?;
    let Some(to) = here.previous(name) else {
        return Err(nothing_to_go_back_to(here, name)?.into());
    };
    let used = target(here, name)?;
    let context = here.call_context(&used, Some(name));
    here.said(
        &used,
        used.plugin.rollback(here.calls(&used), context, to.clone()),
    )?;
    let deployment = wait(here, name, &used, &to)?;
    let took_ms = here.now()?.saturating_sub(began);
    Ok(Output::Undone {
        to: to.version,
        took_ms,
        deployment,
    })
}

fn nothing_to_go_back_to(here: &Here<'_>, name: &EnvironmentName) -> Done<StepError> {
    let allowed = here.environment(name)?.first_deploy == FirstDeploy::Allow;
    let why = if allowed {
        " (the profile allows a first deploy)"
    } else {
        ""
    };
    Ok(StepError::failed(format!(
        "no release is recorded as good in {name}, so there is none to go back to{why}"
    ))
    .with_hint(format!(
        "look at what runs in {name}, mend it by hand, then release a fix"
    )))
}

/// What runs there, as the target says.
pub(super) fn inspect(here: &Here<'_>, name: &EnvironmentName) -> Done<Deployment> {
    let used = target(here, name)?;
    here.said(
        &used,
        used.plugin
            .inspect(here.calls(&used), here.call_context(&used, Some(name))),
    )
}

fn target(here: &Here<'_>, name: &EnvironmentName) -> Done<Used> {
    let target = &here.environment(name)?.target;
    here.plugin(
        &format!("environments.{name}.target"),
        Role::Target,
        target,
        Some(name),
    )
}

/// Looks again and again, as often as the profile allows. Looks are counted, not timed, so that a resumed wait is the
/// same as one that was not broken off.
fn wait(here: &Here<'_>, name: &EnvironmentName, used: &Used, release: &Release) -> Done<Deployment> {
    let health = here.environment(name)?.health;
    let looks = health
        .timeout
        .as_millis()
        .div_ceil(health.interval.as_millis().max(1))
        .max(1);
    let mut last = None;
    for look in 0..looks {
        if look > 0 {
            here.effects.sleep(health.interval.as_millis())?;
        }
        let context = here.call_context(used, Some(name));
        match used.plugin.inspect(here.calls(used), context) {
            Ok(Ok(there)) if there.healthy(&release.version) => return Ok(there),
            Ok(Ok(there)) => last = Some(words(&there, &release.version)),
            // It may not answer yet; what it said is told if it never does.
            Ok(Err(fault)) => last = Some(fault.to_string()),
            Err(error) => return here.said(used, Err(error)),
        }
    }
    let message = format!(
        "{name} did not become healthy with {} within {}: {}",
        release.version,
        health.timeout,
        last.unwrap_or_else(|| "it was never asked".to_owned())
    );
    Err(StepError::failed(message).into())
}

fn words(there: &Deployment, wanted: &str) -> String {
    let version = there.version.as_deref().unwrap_or("nothing");
    let services: Vec<_> = there
        .services
        .iter()
        .map(|s| format!("{} is {:?} ({})", s.name, s.condition, s.detail).to_lowercase())
        .collect();
    match version == wanted {
        true => services.join(", "),
        false => format!("{version} runs there; {}", services.join(", ")),
    }
}
