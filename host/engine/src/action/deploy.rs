//! Deploying, going back, and waiting for health. Whether a step is done is asked of the target, never taken from a mark.

use runner_core::{
    event::{Command, Level},
    id::EnvironmentName,
    lifecycle,
    manifest::Role,
    output::{Deployment, Output},
    profile::FirstDeploy,
    release::Release,
    step::{StepError, When},
};

use super::{Here, context::Used};
use crate::conductor::{Broken, Done};

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
    let used = target(here, name)?;
    if let Command::Restore { .. } = here.run.header.command {
        return Ok(Output::Deployed(wait(here, name, &used, None)??));
    }
    let wanted = match here.step.when {
        When::Restore => here.previous(name),
        _ => here.release(),
    };
    let wanted = wanted.ok_or_else(|| StepError::failed("there is no release to look for"))?;
    Ok(Output::Deployed(wait(here, name, &used, Some(&wanted))??))
}

/// The rollback of a deploy that went wrong: back to the release that was good there, health included.
pub(super) fn undo(here: &Here<'_>, name: &EnvironmentName) -> Done {
    let began = here.now()?;
    let Some(to) = here.previous(name) else {
        return Err(nothing_to_go_back_to(here, name)?.into());
    };
    let used = target(here, name)?;
    let context = here.call_context(&used, Some(name));
    let mut there = here.said(
        &used,
        used.plugin.rollback(here.calls(&used), context, to.clone()),
    )?;
    let newer_data = there.newer_data.take();
    let deployment = match wait(here, name, &used, Some(&to))? {
        Ok(healthy) => healthy,
        // It may need the data of its own time to be healthy, which is asked for next.
        Err(sick) if newer_data.is_some() && lifecycle::can_restore(&here.run, name) => {
            here.effects.log(Level::Warn, &sick.error.message)?;
            sick.last.unwrap_or(there)
        }
        Err(sick) => return Err(sick.into()),
    };
    let deployment = Deployment {
        newer_data,
        ..deployment
    };
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

/// What did not become healthy.
struct Sick {
    error: StepError,
    /// What the target said last.
    last: Option<Deployment>,
}

impl From<Sick> for Broken {
    fn from(sick: Sick) -> Self {
        sick.error.into()
    }
}

/// Looks again and again, as often as the profile allows. Looks are counted, not timed, so that a resumed wait is the
/// same as one that was not broken off. Without a release, whatever runs there is looked at; nothing may be, too.
fn wait(
    here: &Here<'_>,
    name: &EnvironmentName,
    used: &Used,
    release: Option<&Release>,
) -> Done<Result<Deployment, Sick>> {
    let health = here.environment(name)?.health;
    let looks = health
        .timeout
        .as_millis()
        .div_ceil(health.interval.as_millis().max(1))
        .max(1);
    let wanted = |there: &Deployment| match release {
        Some(release) => Some(release.version.clone()),
        None => there.version.clone(),
    };
    let good = |there: &Deployment| wanted(there).is_none_or(|version| there.healthy(&version));
    let (mut last, mut said) = (None, None);
    for look in 0..looks {
        if look > 0 {
            here.effects.sleep(health.interval.as_millis())?;
        }
        let context = here.call_context(used, Some(name));
        match used.plugin.inspect(here.calls(used), context) {
            Ok(Ok(there)) if good(&there) => return Ok(Ok(there)),
            Ok(Ok(there)) => {
                said = Some(words(&there, &wanted(&there).unwrap_or_default()));
                last = Some(there);
            }
            // It may not answer yet; what it said is told if it never does.
            Ok(Err(fault)) => said = Some(fault.to_string()),
            Err(error) => return here.said(used, Err(error)),
        }
    }
    let with = match (release, last.as_ref().and_then(&wanted)) {
        (Some(release), _) => format!(" with {}", release.version),
        (None, Some(version)) => format!(" with {version}"),
        (None, None) => String::new(),
    };
    let said = said.unwrap_or_else(|| "it was never asked".to_owned());
    let message = format!(
        "{name} did not become healthy{with} within {}: {said}",
        health.timeout
    );
    let error = StepError::failed(message);
    Ok(Err(Sick { error, last }))
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
