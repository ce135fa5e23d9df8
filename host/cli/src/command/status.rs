//! `runner status`: what runs where, as the targets themselves say, with what this project's store knows of it.

use std::collections::BTreeMap;

use runner_core::event::Command;
use runner_core::id::EnvironmentName;
use runner_core::output::{Condition, Deployment};
use runner_core::profile::{Environment, Profile};
use runner_core::release::GoodRelease;
use runner_core::rules::Reading;
use runner_engine::clock::now;
use runner_engine::lease;
use runner_engine::look::Look;
use runner_engine::store::{Lease, Store};
use serde_json::json;

use crate::app::App;
use crate::args::StatusArgs;
use crate::check;
use crate::error::{CommandError, Done, Exit};
use crate::format::{instant, took};
use crate::reporter::deployed;
use crate::runs;
use crate::settings::Project;

/// What is known of an environment.
struct Place {
    name: EnvironmentName,
    /// What its target says, or why it says nothing.
    deployment: Result<Deployment, String>,
    /// The newest release found good there.
    good: Option<GoodRelease>,
    /// Who works on it.
    lock: Option<Lease>,
    /// The readings of its watch, now.
    readings: Result<BTreeMap<String, Reading>, String>,
}

pub(super) fn run(app: &App, args: &StatusArgs) -> Done {
    let project = Project::find(app)?;
    let resolved = project.profile()?;
    let profile = resolved.profile.clone();
    let names = match &args.environment {
        Some(name) => {
            let name = EnvironmentName::from(name.as_str());
            profile
                .environment(&name)
                .map_err(|error| CommandError::of(Exit::Config, &error).hint("runner profile show"))?;
            vec![name]
        }
        None => in_order(&profile),
    };
    if names.is_empty() {
        app.print(&json!([]), String::new)?;
        app.screen.note("the profile has no environments");
        return Ok(Exit::Done);
    }
    check::plugins(&project, &resolved)?;
    let engine = project.engine()?;
    let look = engine
        .setup
        .look(profile.clone(), Command::QualityGate { checks: Vec::new() })?;
    let store = engine.setup.store.as_ref();
    let places = names
        .into_iter()
        .map(|name| place(&look, store, &profile, name))
        .collect::<Done<Vec<_>>>()?;
    let documents: Vec<_> = places.iter().map(document).collect();
    app.print(&json!(documents), || places.iter().map(text).collect())?;
    if !app.json() {
        for found in runs::unfinished(store)? {
            let (id, state) = (&found.run.id, runs::state(store, &found.run)?);
            app.screen.note(&format!(
                "run {id} ({}) is {state}: `runner show {id}`",
                runs::title(&found.run)
            ));
        }
    }
    Ok(Exit::Done)
}

/// As a release goes through them, then the others.
fn in_order(profile: &Profile) -> Vec<EnvironmentName> {
    let path = &profile.release.environments;
    let others = profile.environments.keys().filter(|name| !path.contains(name));
    path.iter()
        .chain(others)
        .map(|name| EnvironmentName::from(name.as_str()))
        .collect()
}

fn place(look: &Look, store: &dyn Store, profile: &Profile, name: EnvironmentName) -> Done<Place> {
    let watched = profile
        .environments
        .get(name.as_str())
        .is_some_and(|e: &Environment| e.watch.is_some());
    let deployment = look.deployment(&name).map_err(|error| error.to_string());
    let version = deployment
        .as_ref()
        .ok()
        .and_then(|there| there.version.as_deref());
    let readings = match version.filter(|_| watched) {
        Some(version) => look.readings(&name, version).map_err(|error| error.to_string()),
        None => Ok(BTreeMap::new()),
    };
    Ok(Place {
        deployment,
        readings,
        good: store.good(&name)?.into_iter().next(),
        lock: runs::alive(store, &lease::of_environment(&name))?,
        name,
    })
}

fn text(place: &Place) -> String {
    let mut lines = Vec::new();
    match &place.deployment {
        Ok(there) => {
            lines.push(format!("{}  {}", place.name, deployed(there)));
            for service in &there.services {
                let since = service
                    .since
                    .map(|since| format!(", up {}", took(now().saturating_sub(since))));
                let since = since
                    .filter(|_| service.condition != Condition::Stopped)
                    .unwrap_or_default();
                let detail = if service.detail.is_empty() {
                    String::new()
                } else {
                    format!("  {}", service.detail)
                };
                lines.push(format!(
                    "  {}: {}{since}{detail}",
                    service.name,
                    word(service.condition)
                ));
            }
        }
        Err(why) => lines.push(format!("{}  unknown: {why}", place.name)),
    }
    if let Some(good) = &place.good {
        lines.push(format!(
            "  last good: {}, {} UTC (run {})",
            good.release.version,
            instant(good.at),
            good.run
        ));
    }
    match &place.readings {
        Ok(readings) => lines.extend(
            readings
                .iter()
                .map(|(name, reading)| format!("  {name}: {}", value(reading))),
        ),
        Err(why) => lines.push(format!("  metrics: unknown: {why}")),
    }
    if let Some(lock) = &place.lock {
        lines.push(format!(
            "  locked by {} (run {}): {}",
            lock.owner, lock.run, lock.reason
        ));
    }
    lines.join("\n") + "\n"
}

fn word(condition: Condition) -> &'static str {
    match condition {
        Condition::Starting => "starting",
        Condition::Healthy => "healthy",
        Condition::Unhealthy => "UNHEALTHY",
        Condition::Stopped => "STOPPED",
        Condition::Unknown => "unknown",
    }
}

fn value(reading: &Reading) -> String {
    match reading {
        Reading::Value(value) => format!("{value}"),
        Reading::Share { part, whole } => format!("{part} of {whole}"),
        Reading::NoData => "no data".to_owned(),
        Reading::Error(why) => format!("unknown: {why}"),
    }
}

fn document(place: &Place) -> serde_json::Value {
    json!({
        "environment": place.name,
        "deployment": place.deployment.as_ref().ok(),
        "error": place.deployment.as_ref().err(),
        "last-good": place.good,
        "readings": place.readings.as_ref().ok(),
        "lock": place.lock.as_ref().map(|lock| json!({"owner": lock.owner, "run": lock.run, "reason": lock.reason})),
    })
}
