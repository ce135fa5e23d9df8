//! `runner resume`.

use crate::app::App;
use crate::args::ResumeArgs;
use crate::drive;
use crate::error::Done;
use crate::runs;
use crate::settings::Project;

pub(super) fn run(app: &App, args: &ResumeArgs) -> Done {
    let project = Project::find(app)?;
    let engine = project.engine()?;
    let found = runs::named_or_unfinished(engine.setup.store.as_ref(), args.run.as_deref())?;
    // Killed after its last word: it is where it would have been taken to, and the exit code says where that is.
    if let Some((end, ..)) = found.run.end {
        let word = runs::ending(&found.run, end);
        app.screen
            .note(&format!("run {} has ended: {word}", found.run.id));
        return Ok(end.into());
    }
    drive::resume(app, &engine, &found)
}
