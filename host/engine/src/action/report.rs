//! The reports: rendered by the core from the run's state, written here.

use runner_core::{effect::Request, lifecycle, output::Output};

use super::Here;
use crate::conductor::Done;

pub(super) fn report(here: &Here<'_>) -> Done {
    let at = here.now()?;
    let ending = lifecycle::ending(&here.run);
    let folder = here
        .profile()
        .reports
        .folder
        .replace("{run}", here.run.id.as_str());
    let mut written = Vec::new();
    for file in runner_core::report::render(&here.run, &ending, at) {
        let path = format!("{folder}/{}", file.path);
        here.ask(Request::WriteOutput {
            path: path.clone(),
            content: file.content.into_bytes().into(),
        })?;
        written.push(path);
    }
    Ok(Output::Reports(written))
}
