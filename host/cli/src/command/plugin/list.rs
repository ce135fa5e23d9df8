//! `runner plugin list`: the official ones, and those that the profile uses.

use std::collections::BTreeMap;

use runner_engine::plugin::{Inspection, PluginHost};
use serde_json::json;

use crate::app::App;
use crate::error::{CommandError, Done, Exit};
use crate::format::table;
use crate::official;
use crate::settings::Project;

pub(super) fn run(app: &App) -> Done {
    let mut all: BTreeMap<String, (bool, Result<Inspection, String>)> = BTreeMap::new();
    for name in official::NAMES {
        let bytes = official::component(name).expect("an official name has a component");
        let inspection =
            PluginHost::inspect(name, bytes).map_err(|error| CommandError::of(Exit::Internal, &error))?;
        all.insert((*name).to_owned(), (true, Ok(inspection)));
    }
    // Outside of a project the official ones are all there are.
    let mut uses: BTreeMap<String, Vec<String>> = BTreeMap::new();
    if let Ok(project) = Project::find(app) {
        for used in project.profile()?.profile.uses() {
            let reference = used.of.plugin;
            uses.entry(reference.clone()).or_default().push(used.path);
            all.entry(reference.clone()).or_insert_with(|| {
                let inspected = project.source().inspect(&reference);
                (
                    false,
                    inspected
                        .map(|(inspection, _)| inspection)
                        .map_err(|error| error.to_string()),
                )
            });
        }
    }
    let (mut rows, mut documents) = (Vec::new(), Vec::new());
    for (reference, (official, inspected)) in &all {
        let used = uses.get(reference).cloned().unwrap_or_default();
        match inspected {
            Ok(Inspection { manifest, digest, .. }) => {
                let roles: Vec<_> = manifest.roles.iter().map(|role| role.name()).collect();
                rows.push(vec![
                    reference.clone(),
                    manifest.version.to_string(),
                    roles.join(", "),
                    used.join(", "),
                    manifest.description.clone(),
                ]);
                documents.push(json!({
                    "plugin": reference, "official": official, "version": manifest.version, "roles": manifest.roles,
                    "description": manifest.description, "digest": digest, "used": used,
                }));
            }
            Err(why) => {
                rows.push(vec![
                    reference.clone(),
                    "-".into(),
                    "-".into(),
                    used.join(", "),
                    why.clone(),
                ]);
                documents
                    .push(json!({"plugin": reference, "official": official, "error": why, "used": used}));
            }
        }
    }
    app.print(&json!(documents), || {
        table(
            &["plugin", "version", "serves as", "used by", "what it does"],
            &rows,
        )
    })?;
    Ok(Exit::Done)
}
