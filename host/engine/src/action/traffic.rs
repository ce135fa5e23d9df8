//! Sending the traffic to a new release bit by bit, each part watched before the next.

use runner_core::{id::EnvironmentName, manifest::Role, output::Output, profile::Watch};

use super::{Here, context::Used, only_reads, watch};
use crate::conductor::{Done, unknown};

/// Sends `percent` of the traffic to the release, then watches it there for as long as the profile says.
pub(super) fn shift(here: &Here<'_>, name: &EnvironmentName, percent: u8) -> Done {
    let used = traffic(here, name)?;
    let context = here.call_context(&used, Some(name));
    here.said(&used, used.plugin.shift(here.calls(&used), context, percent))?;
    match part(here, name, percent)? {
        None => Ok(Output::Done),
        Some(_) if here.plan() => Ok(only_reads(&format!("the metrics of {name}"))),
        Some(part) => watch::over(here, name, &part),
    }
}

/// What ran before is drained and stopped.
pub(super) fn settle(here: &Here<'_>, name: &EnvironmentName) -> Done {
    let used = traffic(here, name)?;
    let context = here.call_context(&used, Some(name));
    here.said(&used, used.plugin.finish(here.calls(&used), context))?;
    Ok(Output::Done)
}

/// The watch of a part: the rules of the environment, for the time of the step. None for all of the traffic, which the
/// watch after the deploy is for.
fn part(here: &Here<'_>, name: &EnvironmentName, percent: u8) -> Done<Option<Watch>> {
    let environment = here.environment(name)?;
    let steps = environment.canary.iter().flat_map(|canary| &canary.steps);
    let Some(step) = steps.into_iter().find(|step| step.percent == percent) else {
        return Ok(None);
    };
    let watch = environment.watch.clone();
    let watch = watch.ok_or_else(|| unknown(&here.step.action, "watch"))?;
    Ok(Some(Watch {
        duration: step.watch,
        ..watch
    }))
}

fn traffic(here: &Here<'_>, name: &EnvironmentName) -> Done<Used> {
    let target = &here.environment(name)?.target;
    let path = format!("environments.{name}.target");
    here.plugin(&path, Role::Traffic, target, Some(name))
}
