//! `report.html`: the run on one page, in one file that needs no other, no script and no network.

mod markdown;
mod plot;
mod scale;
mod timeline;

use minijinja::{Value, context, value::Serde};

use super::{
    File, SHOWN_FINDINGS,
    facts::{Environment, Facts, ReleaseFacts},
    templates,
};
use plot::Plot;
use timeline::Timeline;

pub(super) fn file(facts: &Facts) -> File {
    let plots: Vec<Vec<Option<Plot>>> = facts.environments.iter().map(plots).collect();
    let notes = facts.release.as_ref().map(notes);
    let page = context! {
        run => Serde(facts),
        timeline => Serde(Timeline::of(facts)),
        plots => Serde(plots),
        notes => notes,
        shown_findings => SHOWN_FINDINGS,
    };
    File {
        path: "report.html".to_owned(),
        media_type: "text/html",
        content: templates::render("report.html", page),
    }
}

fn plots(environment: &Environment) -> Vec<Option<Plot>> {
    let rules = environment.watch.iter().flat_map(|watch| &watch.rules);
    rules.map(Plot::of).collect()
}

fn notes(release: &ReleaseFacts) -> Value {
    Value::from_safe_string(markdown::html(&release.notes))
}
