//! `runner changelog`: the section of the next release.

use runner_core::event::Command;
use runner_core::output::VersionOutput;
use runner_core::step::FailureKind;
use runner_engine::look::LookError;
use serde_json::json;

use crate::app::App;
use crate::args::ChangelogArgs;
use crate::error::{CommandError, Done, Exit};
use crate::settings::Project;

pub(super) fn run(app: &App, args: &ChangelogArgs) -> Done {
    let project = Project::find(app)?;
    match next(&project, args.pre.clone())? {
        Ok(next) => {
            let document = json!({"version": next.version, "tag": next.tag, "changelog": next.changelog});
            app.print(&document, || next.changelog.clone())?;
        }
        Err(nothing) => app.screen.note(&nothing),
    }
    Ok(Exit::Done)
}

/// The next version, or why there is none.
pub(super) fn next(project: &Project, pre: Option<String>) -> Done<Result<VersionOutput, String>> {
    let resolved = project.profile()?;
    let engine = project.engine()?;
    let looked = engine
        .setup
        .next_version(resolved.profile, Command::Release { pre });
    match looked {
        Ok(version) => Ok(Ok(version)),
        Err(LookError::Step(error)) if error.kind == FailureKind::NothingToRelease => Ok(Err(error.message)),
        Err(LookError::Step(error)) => Err(error.into()),
        Err(LookError::Session(error)) => Err(error.into()),
        Err(LookError::Halt(halt)) => Err(CommandError::of(Exit::Internal, &halt)),
    }
}
