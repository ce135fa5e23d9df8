//! Checks the plugins of a profile before anything is begun: they are there, trusted, can serve as what they are used
//! for, and their configs follow their schemas.

mod objection;

use std::collections::BTreeMap;

use runner_core::effect::{Outcome, Request};
use runner_core::event::Level;
use runner_core::fault::Fault;
use runner_core::manifest::Role;
use runner_core::profile::schema::check_config;
use runner_core::profile::{PlacedUse, ProfileError, ProfileErrors, Resolved};
use runner_engine::effects::Halt;
use runner_engine::plugin::{Calls, Plugin, PluginHost};
use runner_engine::plugins::PluginError;
use serde_json::Value;

use crate::error::{CommandError, Done, Exit};
use crate::settings::Project;
use crate::trust::Lock;

/// Answers no call: what a plugin says of itself depends on nothing.
struct Alone;

impl Calls for Alone {
    fn perform(&mut self, request: Request) -> Result<Outcome, Halt> {
        let message = format!(
            "a plugin that is asked for its schema asks for nothing: {}",
            request.summary()
        );
        Ok(Err(Fault::Denied { message }))
    }

    fn log(&mut self, _: Level, _: &str) {}

    fn progress(&mut self, _: u64, _: Option<u64>, _: &str) {}
}

/// The JSON Schema of a plugin's config for a role.
pub(crate) fn schema(plugin: &Plugin, role: Role) -> Done<Value> {
    let text = plugin
        .schema(Box::new(Alone), role.name())
        .map_err(|error| CommandError::of(Exit::Config, &error))?;
    let schema: Value = serde_json::from_str(&text).map_err(|error| {
        CommandError::config(format!(
            "plugin `{}` gives a schema for {role} that is not JSON: {error}",
            plugin.title()
        ))
    })?;
    jsonschema::meta::validate(&schema).map_err(|error| {
        CommandError::config(format!(
            "plugin `{}` gives a schema for {role} that is none: {error}",
            plugin.title()
        ))
    })?;
    Ok(schema)
}

/// An engine for plugins; compiled ones are kept.
pub(crate) fn host() -> Done<PluginHost> {
    PluginHost::new(Some(crate::settings::cache()?))
        .map_err(|error| CommandError::internal(format!("cannot start the plugin host: {error:#}")))
}

/// Checks every use of a plugin in the profile; tells everything that is wrong at once.
pub(crate) fn plugins(project: &Project, resolved: &Resolved) -> Done<()> {
    every_use(project, resolved, false)
}

/// The same for what leads to a deploy: the targets themselves are asked too. Not for the way back, which nothing may close.
pub(crate) fn plugins_to_deploy(project: &Project, resolved: &Resolved) -> Done<()> {
    every_use(project, resolved, true)
}

fn every_use(project: &Project, resolved: &Resolved, to_deploy: bool) -> Done<()> {
    let source = project.source();
    let lock = Lock::read(&project.lock_file())?;
    let mut known: BTreeMap<String, Plugin> = BTreeMap::new();
    let mut host = None;
    let mut errors = Vec::new();
    for used in resolved.profile.uses() {
        let reference = &used.of.plugin;
        if !known.contains_key(reference) {
            let (inspection, bytes) = source
                .inspect(reference)
                .map_err(|error| missing(&error, &used, resolved))?;
            if (source.official)(reference).is_none() {
                lock.check(reference, &inspection)?;
            }
            let host = match &mut host {
                Some(host) => host,
                none => none.insert(self::host()?),
            };
            let plugin = host
                .load(reference, &bytes)
                .map_err(|error| CommandError::of(Exit::Config, &error))?;
            known.insert(reference.clone(), plugin);
        }
        let plugin = &known[reference];
        let wrong = one(resolved, &used, plugin)?;
        if to_deploy && wrong.is_empty() && used.role == Role::Target {
            errors.extend(objection::of_target(resolved, &used, plugin));
        }
        errors.extend(wrong);
    }
    match errors.is_empty() {
        true => Ok(()),
        false => Err(ProfileErrors(errors).into()),
    }
}

fn one(resolved: &Resolved, used: &PlacedUse, plugin: &Plugin) -> Done<Vec<ProfileError>> {
    let wrong = |message: String, hint: String| ProfileError {
        origin: resolved
            .provenance()
            .get(&format!("{}/plugin", used.pointer))
            .cloned(),
        path: used.path.clone(),
        message,
        hint,
    };
    if !plugin.serves(used.role) {
        let roles: Vec<_> = plugin.roles.iter().map(|role| role.name()).collect();
        let message = format!("plugin `{}` cannot serve as a {}", used.of.plugin, used.role);
        return Ok(vec![wrong(
            message,
            format!("it can serve as {}", roles.join(", ")),
        )]);
    }
    let mut errors = check_config(used, &schema(plugin, used.role)?, resolved.provenance());
    errors.extend(resolved.unknown_machines(used, &plugin.manifest));
    Ok(errors)
}

fn missing(error: &PluginError, used: &PlacedUse, resolved: &Resolved) -> CommandError {
    match error {
        PluginError::Unknown { .. } | PluginError::Unreadable { .. } => ProfileErrors(vec![ProfileError {
            origin: resolved
                .provenance()
                .get(&format!("{}/plugin", used.pointer))
                .cloned(),
            path: used.path.clone(),
            message: error.to_string(),
            hint: "runner plugin list".to_owned(),
        }])
        .into(),
        other => CommandError::of(Exit::Config, other),
    }
}
