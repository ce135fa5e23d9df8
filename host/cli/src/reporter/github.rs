//! GitHub Actions: groups that fold, and the summary page of a job.

use std::fmt::Write as _;
use std::fs::OpenOptions;
use std::io::Write as _;

use runner_core::run::Run;
use runner_core::step::Status;

use super::outcome::told;
use super::summary::reports;
use crate::format::took;
use crate::runs;

/// Lines that belong together: folded where the log can fold.
pub(super) fn grouped(title: &str, body: &str) -> String {
    match std::env::var_os("GITHUB_ACTIONS") {
        Some(_) => format!("::group::{}\n{body}::endgroup::", title.trim()),
        None => body.to_owned(),
    }
}

/// Appends Markdown about the run to the file that `GITHUB_STEP_SUMMARY` names. A summary that cannot be written fails
/// nothing.
pub(super) fn summary(run: &Run) {
    let Some(path) = std::env::var_os("GITHUB_STEP_SUMMARY").filter(|path| !path.is_empty()) else {
        return;
    };
    let written = OpenOptions::new()
        .append(true)
        .create(true)
        .open(&path)
        .and_then(|mut file| file.write_all(markdown(run).as_bytes()));
    if let Err(error) = written {
        tracing::warn!(%error, "the summary of the job is not written");
    }
}

fn markdown(run: &Run) -> String {
    let version = runs::version(run)
        .map(|version| format!(" {version}"))
        .unwrap_or_default();
    let (state, why) = match &run.end {
        Some((end, summary, _)) => (runs::ending(run, *end), summary.as_str()),
        None => ("not ended", "`runner resume` goes on"),
    };
    let project = &run.header.profile.project.name;
    let mut text = format!(
        "## {project}: {}{version}: {state}\n\n{why}\n\n",
        runs::title(run)
    );
    text.push_str("| step | result | time | |\n|---|---|---|---|\n");
    for step in run.header.plan.steps() {
        let status = run.status(&step.id);
        if *status == Status::New {
            continue;
        }
        let told = told(status);
        let lasted = run
            .times
            .get(&step.id)
            .and_then(|(from, to)| Some(to.as_ref()?.saturating_sub(*from)));
        let lasted = lasted.map(took).unwrap_or_default();
        let _ = writeln!(
            text,
            "| {} | {} | {lasted} | {} |",
            step.id,
            told.mark.word(),
            cell(&told.text)
        );
    }
    for step in run.end.iter().flat_map(|(_, _, by_hand)| by_hand) {
        let _ = writeln!(text, "\n- [ ] {step}");
    }
    if let Some(folder) = reports(run) {
        let _ = writeln!(text, "\nReports: `{folder}`");
    }
    text.push('\n');
    text
}

fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace('\n', "<br>")
}
