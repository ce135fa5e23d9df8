//! Runs of the store: found by what a person types, and what is to be told of one.

use runner_core::effect::{Question, Request};
use runner_core::event::{Command, End, Event};
use runner_core::id::RunId;
use runner_core::output::Output;
use runner_core::release::Release;
use runner_core::run::Run;
use runner_engine::clock::now;
use runner_engine::lease;
use runner_engine::store::{Lease, Store};

use crate::error::{CommandError, Done, Exit};

/// A run with its journal.
pub(crate) struct Found {
    pub(crate) run: Run,
    pub(crate) events: Vec<Event>,
}

/// The run that `typed` names: by its id, or by the beginning or end of it.
pub(crate) fn named(store: &dyn Store, typed: &str) -> Done<Found> {
    let all = store.runs()?;
    let exact = all.iter().find(|run| run.as_str() == typed);
    let similar: Vec<_> = all
        .iter()
        .filter(|run| run.as_str().ends_with(typed) || run.as_str().starts_with(typed))
        .collect();
    match (exact, similar.as_slice()) {
        (Some(run), _) => read(store, run),
        (None, [run]) => read(store, run),
        (None, []) => {
            Err(CommandError::blocked(format!("there is no run `{typed}` here")).hint("runner history"))
        }
        (None, several) => {
            let names: Vec<_> = several.iter().take(5).map(|run| format!("`{run}`")).collect();
            Err(
                CommandError::blocked(format!("`{typed}` may be {}", names.join(", ")))
                    .hint("write more of the id"),
            )
        }
    }
}

/// A run by its id.
pub(crate) fn read(store: &dyn Store, id: &RunId) -> Done<Found> {
    let events = store.events(id, 0)?;
    let run = Run::fold(&events).map_err(|error| CommandError::of(Exit::Internal, &error))?;
    let run = run.ok_or_else(|| CommandError::blocked(format!("there is no run `{id}` here")))?;
    Ok(Found { run, events })
}

/// The newest run, whatever became of it.
pub(crate) fn newest(store: &dyn Store) -> Done<Found> {
    let all = store.runs()?;
    let id = all.first().ok_or_else(|| {
        CommandError::blocked("there is no run of this project yet").hint("runner release --plan")
    })?;
    read(store, id)
}

/// All runs that have not ended, newest first.
pub(crate) fn unfinished(store: &dyn Store) -> Done<Vec<Found>> {
    let mut found = Vec::new();
    for id in store.unfinished()? {
        let run = read(store, &id)?;
        if run.run.end.is_none() {
            found.push(run);
        }
    }
    Ok(found)
}

/// The run that `typed` names, or the newest that has not ended.
pub(crate) fn named_or_unfinished(store: &dyn Store, typed: Option<&str>) -> Done<Found> {
    if let Some(typed) = typed {
        return named(store, typed);
    }
    let newest = unfinished(store)?.into_iter().next();
    newest.ok_or_else(|| CommandError::blocked("there is no run that has not ended").hint("runner history"))
}

/// Who drives the run now, if anybody does.
pub(crate) fn driver(store: &dyn Store, run: &RunId) -> Done<Option<Lease>> {
    alive(store, &lease::of_run(run))
}

/// Who has a lease and may still be at work.
pub(crate) fn alive(store: &dyn Store, name: &str) -> Done<Option<Lease>> {
    let Some(lease) = store.lease(name)? else {
        return Ok(None);
    };
    Ok(lease::is_alive(&lease, store.now()?).then_some(lease))
}

/// What people are asked and have not answered.
pub(crate) fn open_questions(run: &Run) -> Vec<&Question> {
    if run.end.is_some() {
        return Vec::new();
    }
    let recorded = run
        .effects
        .values()
        .flatten()
        .filter(|recorded| recorded.result.is_none());
    recorded
        .filter_map(|recorded| match &recorded.request {
            Request::Ask(question) => Some(question),
            _ => None,
        })
        .collect()
}

/// The release that the run is about, as far as it is made.
pub(crate) fn release(run: &Run) -> Option<&Release> {
    match (run.output("package"), run.output("preflight")) {
        (Some(Output::Release(release)), _) => Some(release),
        (_, Some(Output::Preflight(preflight))) => preflight.release.as_ref(),
        _ => None,
    }
}

/// The version that the run is about, as far as it is known.
pub(crate) fn version(run: &Run) -> Option<&str> {
    match run.output("version") {
        Some(Output::Version(version)) => Some(&version.version),
        _ => release(run).map(|release| release.version.as_str()),
    }
}

/// The command and where it is going, as typed.
pub(crate) fn title(run: &Run) -> String {
    let command = &run.header.command;
    let name = command.name();
    match (command, command.environment()) {
        (Command::VerifyBackup { backup } | Command::Restore { backup }, Some(environment)) => {
            format!("{name} {environment} {}", backup.id)
        }
        (Command::QualityGate { checks }, _) if !checks.is_empty() => format!("{name} {}", checks.join(" ")),
        (_, Some(environment)) => format!("{name} {environment}"),
        (_, None) => name.to_owned(),
    }
}

/// How it ended, or whether it still goes on.
pub(crate) fn state(store: &dyn Store, run: &Run) -> Done<&'static str> {
    Ok(match &run.end {
        Some((end, ..)) => ending(run, *end),
        None if driver(store, &run.id)?.is_none() => "stopped",
        None if open_questions(run).is_empty() => "running",
        None => "waiting",
    })
}

/// How it ended, in a word. `released` is said of a release alone.
pub(crate) fn ending(run: &Run, end: End) -> &'static str {
    match (end, &run.header.command) {
        (End::Released, Command::Release { .. }) => end.word(),
        (End::Released, _) => "done",
        _ => end.word(),
    }
}

/// Milliseconds from its start to its end, or to now.
pub(crate) fn lasted(run: &Run) -> u64 {
    run.ended.unwrap_or_else(now).saturating_sub(run.started)
}
