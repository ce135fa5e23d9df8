//! Making an environment what the profile says of it.

use runner_core::{id::EnvironmentName, manifest::Role, output::Output};

use super::Here;
use crate::conductor::Done;

pub(super) fn setup(here: &Here<'_>, name: &EnvironmentName) -> Done {
    let target = &here.environment(name)?.target;
    let path = format!("environments.{name}.target");
    let used = here.plugin(&path, Role::Setup, target, Some(name))?;
    let context = here.call_context(&used, Some(name));
    let changes = here.said(&used, used.plugin.apply(here.calls(&used), context))?;
    Ok(Output::Setup(changes))
}
