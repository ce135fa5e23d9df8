//! `runner cancel`: a run that somebody drives is told so; one that nobody drives is driven to its end here, so that an
//! environment that it has open is rolled back.

use runner_core::event::End;
use runner_engine::clock::now;
use runner_engine::person::CANCEL;
use runner_engine::store::Decision;

use crate::app::App;
use crate::args::CancelArgs;
use crate::drive;
use crate::error::{CommandError, Done, Exit};
use crate::runs;
use crate::settings::Project;

pub(super) fn run(app: &App, args: &CancelArgs) -> Done {
    let project = Project::find(app)?;
    let engine = project.engine()?;
    let store = engine.setup.store.as_ref();
    let found = runs::named_or_unfinished(store, args.run.as_deref())?;
    let id = found.run.id.clone();
    if let Some((end, ..)) = &found.run.end {
        return Err(
            CommandError::blocked(format!("run `{id}` has ended: {}", end.word()))
                .hint(format!("runner show {id}")),
        );
    }
    store.decide(&Decision {
        run: id.clone(),
        question: CANCEL.to_owned(),
        subject: None,
        choice: CANCEL.to_owned(),
        by: engine.setup.identity.by.clone(),
        note: String::new(),
        at: now(),
        signature: None,
    })?;
    if let Some(driver) = runs::driver(store, &id)? {
        app.screen.note(&format!(
            "run `{id}` is told to stop; {} drives it and undoes what is open",
            driver.owner
        ));
        app.screen.note(&format!("see how it ends: `runner show {id}`"));
        return Ok(Exit::Done);
    }
    let exit = drive::resume(app, &engine, &found)?;
    // That is what was asked for.
    Ok(if exit == Exit::from(End::Cancelled) {
        Exit::Done
    } else {
        exit
    })
}
