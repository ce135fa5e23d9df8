//! `runner version`: the next version on standard output, the reason on standard error.

use serde_json::json;

use crate::app::App;
use crate::args::VersionArgs;
use crate::error::{Done, Exit};
use crate::settings::Project;

pub(super) fn run(app: &App, args: &VersionArgs) -> Done {
    let project = Project::find(app)?;
    match super::changelog::next(&project, args.pre.clone())? {
        Ok(next) => {
            let document =
                json!({"version": next.version, "tag": next.tag, "last": next.last, "reason": next.reason});
            app.print(&document, || next.version.clone())?;
            if !app.json() {
                app.screen.note(&next.reason);
            }
        }
        Err(nothing) => {
            if app.json() {
                app.screen
                    .data(&json!({"version": null, "reason": nothing}).to_string())?;
            } else {
                app.screen.note(&nothing);
            }
        }
    }
    Ok(Exit::Done)
}
