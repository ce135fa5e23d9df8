//! `runner plugin check`: loads a plugin as a release would, and asks it for the schema of each role.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::{inspect, source, unusable};
use crate::app::App;
use crate::check;
use crate::error::{CommandError, Done, Exit};
use crate::format::count;

pub(super) fn run(app: &App, reference: &str) -> Done {
    let (inspection, bytes) = source(app)?
        .inspect(reference)
        .map_err(|error| unusable(&error))?;
    let plugin = check::host()?
        .load(reference, &bytes)
        .map_err(|error| CommandError::of(Exit::Config, &error))?;
    for role in &inspection.manifest.roles {
        if !plugin.serves(*role) {
            return Err(CommandError::config(format!(
                "plugin `{reference}` says that it serves as a {role}, and does not export it"
            ))
            .hint(format!(
                "export the role, or take `{role}` out of `roles` in plugin.toml"
            )));
        }
    }
    if let Some(role) = plugin
        .roles
        .iter()
        .find(|role| !inspection.manifest.roles.contains(role))
    {
        return Err(CommandError::config(format!(
            "plugin `{reference}` exports the role {role}, and does not say so"
        ))
        .hint(format!("add `{role}` to `roles` in plugin.toml")));
    }
    let mut schemas = Vec::new();
    for role in &inspection.manifest.roles {
        schemas.push((*role, check::schema(&plugin, *role)?));
    }
    let document: Vec<_> = schemas
        .iter()
        .map(|(role, schema)| json!({"role": role, "schema": schema}))
        .collect();
    app.print(
        &json!({"plugin": reference, "digest": inspection.digest, "schemas": document}),
        || {
            let mut text = inspect::text(&inspection, reference);
            for (role, schema) in &schemas {
                let _ = writeln!(text, "  config as {role}: {}", keys(schema));
            }
            text
        },
    )?;
    app.screen.note(
        "the plugin is good: it loads, imports only what a plugin may, and its schemas are JSON Schemas",
    );
    Ok(Exit::Done)
}

/// What can be configured, in a line.
fn keys(schema: &Value) -> String {
    let required = |key: &str| {
        schema["required"]
            .as_array()
            .is_some_and(|all| all.iter().any(|name| name.as_str() == Some(key)))
    };
    let names: Vec<String> = schema["properties"]
        .as_object()
        .into_iter()
        .flatten()
        .map(|(key, _)| {
            if required(key) {
                format!("{key} (required)")
            } else {
                key.clone()
            }
        })
        .collect();
    if names.is_empty() {
        count(0, "key")
    } else {
        names.join(", ")
    }
}
