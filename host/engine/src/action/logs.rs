//! Reading what an environment's programs wrote down. Secrets are taken out once more of what a plugin made of it: a program
//! quotes, and a plugin takes the quotes off.

use runner_core::{
    id::EnvironmentName,
    logs::{LogLine, LogPage},
    manifest::Role,
};

use super::{Here, context::Used};
use crate::{conductor::Done, look::Reach, secret::Secrets, world::World};

/// What can be read.
pub(super) fn sources(here: &Here<'_>, name: &EnvironmentName) -> Done<Vec<String>> {
    let used = logs(here, name)?;
    let context = here.call_context(&used, Some(name));
    here.said(&used, used.plugin.log_sources(here.calls(&used), context))
}

/// Lines of these sources, in no order.
pub(super) fn page(
    here: &Here<'_>,
    name: &EnvironmentName,
    sources: &[String],
    reach: &Reach<'_>,
) -> Done<LogPage> {
    let used = logs(here, name)?;
    // Once is enough: what is known stays known, and a program that knows no secret would be asked every second.
    let unknown = match reach {
        Reach::Newest { .. } => unknown_secrets(here, name)?,
        Reach::After { .. } => Vec::new(),
    };
    let context = here.call_context(&used, Some(name));
    let calls = here.calls(&used);
    let said = match *reach {
        Reach::Newest { since, max } => used.plugin.recent_logs(calls, context, sources, since, max),
        Reach::After { cursor } => used.plugin.more_logs(calls, context, sources, cursor),
    };
    let mut page = without_secrets(&here.conductor.world, here.said(&used, said)?);
    page.notes.extend(unknown);
    Ok(page)
}

fn logs(here: &Here<'_>, name: &EnvironmentName) -> Done<Used> {
    let target = &here.environment(name)?.target;
    let path = format!("environments.{name}.target");
    here.plugin(&path, Role::Logs, target, Some(name))
}

/// Has the values of the target's secrets looked up, so that they are found in its logs; tells of those that are not to be
/// had here.
fn unknown_secrets(here: &Here<'_>, name: &EnvironmentName) -> Done<Vec<String>> {
    let config = here.environment(name)?.target.config.to_string();
    let world = &here.conductor.world;
    Ok(Secrets::names_in(&config)
        .into_iter()
        .filter_map(|secret| {
            let fault = world.know_secret(&secret).err()?;
            Some(format!(
                "the secret `{secret}` could not be told from other text here, and may stand in these lines: {fault}"
            ))
        })
        .collect())
}

fn without_secrets(world: &World, page: LogPage) -> LogPage {
    let line = |line: LogLine| LogLine {
        text: world.scrub(line.text),
        source: world.scrub(line.source),
        at: line.at,
    };
    LogPage {
        lines: page.lines.into_iter().map(line).collect(),
        notes: page.notes.into_iter().map(|note| world.scrub(note)).collect(),
        cursor: page.cursor,
    }
}
