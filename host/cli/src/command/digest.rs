//! `runner digest`: what happened lately, from the journals in the store and the metrics sources, told here and to notifiers.

use std::collections::BTreeSet;

use runner_core::event::Command;
use runner_core::id::EnvironmentName;
use runner_core::news::{self, Item, News};
use runner_core::profile::Profile;
use runner_core::run::Run;
use runner_engine::clock::now;
use runner_engine::look::Look;
use runner_engine::store::Store;
use serde_json::json;

use crate::app::App;
use crate::args::DigestArgs;
use crate::check;
use crate::drive;
use crate::error::{CommandError, Done, Exit};
use crate::runs;
use crate::settings::Project;

/// How long a digest is remembered by `--new`, in milliseconds.
const REMEMBERED_MS: u64 = 24 * 60 * 60 * 1000;

pub(super) fn run(app: &App, args: &DigestArgs) -> Done {
    let project = Project::find(app)?;
    let resolved = project.profile()?;
    let profile = resolved.profile.clone();
    let names = environments(&profile, args)?;
    check::plugins(&project, &resolved)?;
    let all = gather(&project, &profile, args, names)?;
    app.print(&json!(all), || {
        all.iter().map(|news| format!("{news}\n")).collect()
    })?;
    if !args.send {
        return Ok(Exit::Done);
    }
    let told: Vec<_> = all.into_iter().filter(|news| !news.items.is_empty()).collect();
    if told.is_empty() {
        app.screen.note("nothing to tell, so nobody was told");
    }
    let mut worst = Exit::Done;
    for news in told {
        let environment = news.environment.clone();
        let command = Command::Digest { news };
        if is_for_nobody(&profile, &command)? {
            app.screen.note(&format!(
                "no notifier of the profile wants to know of {environment}: `events = [\"digest\"]`"
            ));
            continue;
        }
        let exit = drive::begin_with(app, &project, resolved.clone(), command, args.plan.plan)?;
        if exit != Exit::Done {
            worst = exit;
        }
    }
    Ok(worst)
}

fn environments(profile: &Profile, args: &DigestArgs) -> Done<Vec<EnvironmentName>> {
    let Some(name) = &args.environment else {
        let all = profile.environments.keys();
        return Ok(all.map(|name| EnvironmentName::from(name.as_str())).collect());
    };
    let name = EnvironmentName::from(name.as_str());
    profile
        .environment(&name)
        .map_err(|error| CommandError::of(Exit::Config, &error).hint("runner profile show"))?;
    Ok(vec![name])
}

fn is_for_nobody(profile: &Profile, command: &Command) -> Done<bool> {
    let plan = runner_core::plan::Plan::of(profile, command)
        .map_err(|error| CommandError::of(Exit::Config, &error))?;
    Ok(plan.stages.is_empty())
}

fn gather(
    project: &Project,
    profile: &Profile,
    args: &DigestArgs,
    names: Vec<EnvironmentName>,
) -> Done<Vec<News>> {
    let engine = project.engine()?;
    let store = engine.setup.store.as_ref();
    let now = now();
    let from = now.saturating_sub(args.since.as_millis());
    let oldest = from.min(now.saturating_sub(REMEMBERED_MS));
    let runs = recent(store, oldest)?;
    let look = match profile.digest.readings.is_empty() {
        true => None,
        false => Some(
            engine
                .setup
                .look(profile.clone(), Command::QualityGate { checks: Vec::new() })?,
        ),
    };
    let mut all = Vec::new();
    for name in names {
        let mut items = Vec::new();
        for run in &runs {
            let title = title(run);
            items.extend(news::of_run(run, &name, from, &title, runs::state(store, run)?));
        }
        items.extend(readings(look.as_ref(), profile, &name, args)?);
        let news = News::of(name.clone(), args.since, args.level, items);
        all.push(match args.new {
            true => news.without(&told(&runs, &name, now.saturating_sub(REMEMBERED_MS))),
            false => news,
        });
    }
    Ok(all)
}

/// The runs that ended, or have not ended, since then; the oldest first. A run takes its time, so the newest that began
/// before is not the last to be looked at.
fn recent(store: &dyn Store, from: u64) -> Done<Vec<Run>> {
    let mut found = Vec::new();
    let mut long_past = 0;
    for id in store.runs()? {
        let run = runs::read(store, &id)?.run;
        match run.ended.is_some_and(|ended| ended < from) {
            true => long_past += 1,
            false => found.push(run),
        }
        if long_past > 100 {
            break;
        }
    }
    found.reverse();
    Ok(found)
}

fn title(run: &Run) -> String {
    let title = runs::title(run);
    match runs::version(run) {
        Some(version) => format!("{title} {version}"),
        None => title,
    }
}

fn readings(
    look: Option<&Look>,
    profile: &Profile,
    name: &EnvironmentName,
    args: &DigestArgs,
) -> Done<Vec<Item>> {
    let Some(look) = look else {
        return Ok(Vec::new());
    };
    let asked = look
        .asked(name, args.since.as_millis())
        .map_err(|error| CommandError::of(Exit::Internal, &error))?;
    let settings = &profile.digest.readings;
    let told = asked
        .iter()
        .filter_map(|(reading, value)| news::of_reading(reading, settings.get(reading)?, value));
    Ok(told.collect())
}

/// What digests of the environment have told since then.
fn told(runs: &[Run], name: &EnvironmentName, from: u64) -> BTreeSet<Item> {
    let since = runs.iter().filter(|run| {
        run.started >= from
            && run
                .end
                .as_ref()
                .is_some_and(|(end, ..)| *end == runner_core::event::End::Released)
    });
    let digests = since.filter_map(|run| match &run.header.command {
        Command::Digest { news } if news.environment == *name => Some(&news.items),
        _ => None,
    });
    digests.flatten().cloned().collect()
}
