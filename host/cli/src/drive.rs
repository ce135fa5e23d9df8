//! Takes a run from here to its end, or to where it stops, with a reporter and the signals.

use runner_core::event::Command;
use runner_core::id::RunId;
use runner_core::profile::Resolved;
use runner_core::run::Run;
use runner_engine::effects::Halt;
use runner_engine::session::Session;
use runner_engine::store::StoreError;

use crate::app::App;
use crate::check;
use crate::error::{CommandError, Done, Exit};
use crate::reporter::Shared;
use crate::runs::Found;
use crate::settings::{Engine, Project};
use crate::signals;

/// Begins a run, or a plan of one, and drives it.
pub(crate) fn begin(app: &App, command: Command, plan: bool) -> Done {
    let project = Project::find(app)?;
    let resolved = match command {
        Command::QualityGate { .. } => project.profile()?,
        _ => project.profile_to_release()?,
    };
    // A mistyped environment is told of before plugins are compiled.
    runner_core::plan::Plan::of(&resolved.profile, &command)
        .map_err(|error| CommandError::of(Exit::Config, &error).hint("runner profile show"))?;
    match leads_to_a_deploy(&command) {
        true => check::plugins_to_deploy(&project, &resolved)?,
        false => check::plugins(&project, &resolved)?,
    }
    begin_with(app, &project, resolved, command, plan)
}

/// Whether the target of an environment must be content with its config. The gate alone is what comes before a release; a
/// part of it is not.
fn leads_to_a_deploy(command: &Command) -> bool {
    match command {
        Command::QualityGate { checks } => checks.is_empty(),
        Command::Release { .. } | Command::Deploy { .. } | Command::Setup { .. } => true,
        _ => false,
    }
}

/// The same with a profile that was checked.
pub(crate) fn begin_with(
    app: &App,
    project: &Project,
    resolved: Resolved,
    command: Command,
    plan: bool,
) -> Done {
    let engine = if plan {
        project.engine()?
    } else {
        project.engine_to_begin()?
    };
    let reporter = Shared::of(app, plan, 0);
    let name = &project.profile_name;
    let session = engine
        .setup
        .begin(resolved.profile, name, command, plan, reporter.watcher())?;
    drive(app, &engine, &session, &reporter, plan)
}

/// Takes up a run and drives it.
pub(crate) fn resume(app: &App, engine: &Engine, found: &Found) -> Done {
    let past = found.events.len() as u64;
    let reporter = Shared::of(app, false, past);
    let session = engine.setup.resume(&found.run.id, reporter.watcher())?;
    drive(app, engine, &session, &reporter, false)
}

fn drive(app: &App, engine: &Engine, session: &Session, reporter: &Shared, plan: bool) -> Done {
    let heard = signals::listen(
        &engine.setup.handle,
        engine.setup.stop.clone(),
        app.screen.clone(),
    )?;
    let ended = session.drive();
    let run = session.state();
    reporter.finish(&run)?;
    match ended {
        // Nothing was done, so nothing was rolled back or is stuck; it would not go well, that is all.
        Ok(end) if plan && Exit::from(end) != Exit::Done => Ok(Exit::Blocked),
        Ok(end) => Ok(end.into()),
        Err(Halt::Stopped) => {
            if let Some(why) = session.lost() {
                return Err(lost(&run.id, &why));
            }
            if !plan {
                app.screen
                    .say(&format!("stopped; to go on: `runner resume {}`", run.id));
            }
            Ok(heard.exit().unwrap_or(Exit::Interrupted))
        }
        Err(halt) => Err(halted(&run, &halt)),
    }
}

fn lost(run: &RunId, why: &str) -> CommandError {
    CommandError::new(
        Exit::Interrupted,
        format!("the run was stopped, because it is not ours any more: {why}"),
    )
    .hint(format!(
        "see who drives it: `runner show {run}`; else go on: `runner resume {run}`"
    ))
}

/// Why a run cannot go on, and what a person can do about it.
fn halted(run: &Run, halt: &Halt) -> CommandError {
    let error = CommandError::of(Exit::Interrupted, halt);
    let id = &run.id;
    match halt {
        Halt::Diverged { scope, .. } => error
            .hint(format!(
                "the journal holds another conversation than the one that `{scope}` has now, so going on could do things \
                 twice; nothing was done"
            ))
            .hint(format!("see what it has done: `runner show {id} --effects`"))
            .hint(format!(
                "use the runner that began it ({}), or undo what is open: `runner cancel {id}`, then begin anew",
                run.header.runner
            )),
        Halt::Store(StoreError::Conflict { .. }) => error
            .hint(format!("see who drives it: `runner show {id}`; when nobody does: `runner resume {id}`")),
        Halt::Store(_) => error
            .hint("nothing is done that cannot be written down first")
            .hint(format!("when the store can be written again: `runner resume {id}`")),
        Halt::Stopped | Halt::TooMany { .. } => error.hint(format!("runner show {id} --effects")),
    }
}
