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
    drive::resume(app, &engine, &found)
}
