//! `runner show`: one run.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use runner_core::effect::Nature;
use runner_core::id::{Scope, StepId};
use runner_core::run::{Recorded, Run};
use runner_core::step::Status;
use runner_engine::store::{Decision, Store};
use serde_json::json;

use crate::app::App;
use crate::args::ShowArgs;
use crate::error::{CommandError, Done, Exit};
use crate::format::{count, indented, instant, took};
use crate::reporter::told;
use crate::runs::{self, Found};
use crate::settings::{self, Project};

pub(super) fn run(app: &App, args: &ShowArgs) -> Done {
    let project = Project::find(app)?;
    let store = project.store()?;
    let found = match &args.run {
        Some(typed) => runs::named(store.as_ref(), typed)?,
        None => runs::newest(store.as_ref())?,
    };
    if args.events {
        for event in &found.events {
            app.screen
                .data(&serde_json::to_string(event).expect("events serialise to JSON"))?;
        }
        return Ok(Exit::Done);
    }
    if let Some(step) = &args.log {
        let folder = project
            .folders
            .data
            .join("runs")
            .join(found.run.id.as_str())
            .join("logs");
        return log(app, &folder, &found.run, step);
    }
    let decisions = store.decisions(&found.run.id)?;
    match app.json() {
        true => app
            .screen
            .data(&document(store.as_ref(), &found, &decisions)?.to_string())?,
        false => app
            .screen
            .data(&text(store.as_ref(), &found.run, &decisions, args.effects)?)?,
    }
    Ok(Exit::Done)
}

fn text(store: &dyn Store, run: &Run, decisions: &[Decision], effects: bool) -> Done<String> {
    let header = &run.header;
    let mut text = format!(
        "{} {}, run {}\n",
        runs::title(run),
        header.profile.project.name,
        run.id
    );
    let mut fact = |name: &str, value: &str| writeln!(text, "  {name:<10}{value}");
    let _ = fact("version", runs::version(run).unwrap_or("-"));
    let _ = fact("end", runs::state(store, run)?);
    if let Some((end, summary, by_hand)) = &run.end {
        if summary != end.word() {
            let _ = fact("why", summary);
        }
        for step in by_hand {
            let _ = fact("by hand", step);
        }
    }
    if let Some(driver) = runs::driver(store, &run.id)? {
        let _ = fact("driver", &driver.owner);
    }
    let _ = fact("by", &format!("{} on {}", header.by, header.host));
    let _ = fact(
        "started",
        &format!("{} UTC, {}", instant(run.started), took(runs::lasted(run))),
    );
    let _ = fact("profile", &header.profile_name);
    for plugin in &header.plugins {
        let _ = fact(
            "plugin",
            &format!(
                "{} {} {}",
                plugin.reference,
                plugin.version,
                plugin.digest.short()
            ),
        );
    }
    text.push('\n');
    let width = header
        .plan
        .steps()
        .map(|step| step.id.as_str().len())
        .max()
        .unwrap_or_default();
    for step in header.plan.steps() {
        let status = run.status(&step.id);
        if *status == Status::New && run.end.is_some() {
            continue;
        }
        push_step(&mut text, run, &step.id, width, effects);
    }
    for decision in decisions {
        let note = if decision.note.is_empty() {
            String::new()
        } else {
            format!(": {}", decision.note)
        };
        let signed = if decision.signature.is_some() {
            ", signed"
        } else {
            ""
        };
        let _ = writeln!(
            text,
            "\n{} UTC  {} answered `{}` to {}{signed}{note}",
            instant(decision.at),
            decision.by,
            decision.choice,
            decision.question
        );
    }
    Ok(text)
}

fn push_step(text: &mut String, run: &Run, id: &StepId, width: usize, effects: bool) {
    let told = told(run.status(id));
    let lasted = run
        .times
        .get(id)
        .and_then(|(from, to)| Some(to.as_ref()?.saturating_sub(*from)));
    let lasted = lasted.map(took).unwrap_or_default();
    let line = format!(
        "{:>4}  {:<width$}  {lasted:>9}  {}",
        told.mark.word(),
        id.as_str(),
        told.text
    );
    let _ = writeln!(text, "{}", line.trim_end());
    text.push_str(&indented(&told.details.join("\n"), 8));
    for scope in [id.scope(), id.undo_scope()] {
        push_effects(text, run, &scope, effects);
    }
}

/// What was written; with `all`, what was read as well.
fn push_effects(text: &mut String, run: &Run, scope: &Scope, all: bool) {
    let recorded = run.effects.get(scope).map(Vec::as_slice).unwrap_or_default();
    let shown = |r: &&Recorded| all || r.request.nature() != Nature::Read;
    for Recorded { request, result } in recorded.iter().filter(shown) {
        let word = if request.nature() == Nature::Read {
            "saw"
        } else {
            "did"
        };
        let came = match result {
            None => " (no result yet)".to_owned(),
            Some(Ok(_)) => String::new(),
            Some(Err(fault)) => format!(": {fault}"),
        };
        let _ = writeln!(
            text,
            "        {word} {}{came}",
            request.summary().replace('\n', " ")
        );
    }
}

fn document(store: &dyn Store, found: &Found, decisions: &[Decision]) -> Done<serde_json::Value> {
    let run = &found.run;
    let steps: Vec<_> = run
        .header
        .plan
        .steps()
        .map(|step| {
            let (began, ended) = run.times.get(&step.id).map_or((None, None), |(a, b)| (Some(*a), *b));
            let status = run.status(&step.id);
            let effects = |scope: &Scope| run.effects.get(scope).map_or(0, Vec::len);
            json!({
                "step": step.id, "status": status.word(), "began": began, "ended": ended, "output": status.output(),
                "effects": effects(&step.id.scope()) + effects(&step.id.undo_scope()),
            })
        })
        .collect();
    Ok(json!({
        "run": run.id, "command": run.header.command, "by": run.header.by, "host": run.header.host,
        "state": runs::state(store, run)?, "version": runs::version(run), "started": run.started, "ended": run.ended,
        "summary": run.end.as_ref().map(|(_, summary, _)| summary),
        "by-hand": run.end.as_ref().map(|(_, _, by_hand)| by_hand),
        "plugins": run.header.plugins, "steps": steps, "decisions": decisions,
    }))
}

/// All that the programs of a step printed, in the order of its effects.
fn log(app: &App, folder: &Path, run: &Run, step: &str) -> Done {
    let step = StepId::from(step);
    if run.header.plan.step(&step).is_none() {
        let known: Vec<_> = run
            .header
            .plan
            .steps()
            .map(|step| format!("`{}`", step.id))
            .collect();
        return Err(
            CommandError::blocked(format!("run `{}` has no step `{step}`", run.id))
                .hint(format!("it has {}", known.join(", "))),
        );
    }
    let mut files = 0;
    for scope in [step.scope(), step.undo_scope()] {
        let stem = scope.as_str().replace(['/', '#'], "-");
        for n in 0..run.effects.get(&scope).map_or(0, Vec::len) {
            for path in logs_of(folder, &format!("{stem}-{n}"))? {
                files += 1;
                app.screen.data(&String::from_utf8_lossy(&fs::read(path)?))?;
            }
        }
    }
    let there = &run.header.host;
    if files == 0 && *there != settings::host() {
        app.screen.note(&format!(
            "what the programs of `{step}` printed is on `{there}`, where they ran; the end of it: `runner show {} --effects`",
            run.id
        ));
    } else if files == 0 {
        app.screen.note(&format!(
            "no program of `{step}` printed anything on this machine ({})",
            count(0, "file")
        ));
    }
    Ok(Exit::Done)
}

/// `NAME.log`, and `NAME-0.log`... of programs that ran side by side.
fn logs_of(folder: &Path, name: &str) -> Done<Vec<std::path::PathBuf>> {
    let Ok(entries) = fs::read_dir(folder) else {
        return Ok(Vec::new());
    };
    let mut found = Vec::new();
    for entry in entries {
        let path = entry?.path();
        let stem = path
            .file_stem()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        let rest = stem.strip_prefix(name);
        let beside = rest.and_then(|rest| rest.strip_prefix(['-', '.']));
        if rest == Some("") || beside.is_some_and(|n| !n.is_empty() && n.bytes().all(|b| b.is_ascii_digit()))
        {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}
