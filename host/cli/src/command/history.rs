//! `runner history`.

use serde_json::json;

use crate::app::App;
use crate::args::HistoryArgs;
use crate::error::{Done, Exit};
use crate::format::{instant, table, took};
use crate::runs::{self, Found};
use crate::settings::Project;

pub(super) fn run(app: &App, args: &HistoryArgs) -> Done {
    let store = Project::find(app)?.store()?;
    let (mut rows, mut documents) = (Vec::new(), Vec::new());
    for id in store.runs()?.iter().take(args.limit) {
        let Found { run, .. } = runs::read(store.as_ref(), id)?;
        let state = runs::state(store.as_ref(), &run)?;
        let version = runs::version(&run);
        documents.push(json!({
            "run": run.id, "command": run.header.command, "version": version, "state": state,
            "by": run.header.by, "started": run.started, "ended": run.ended,
            "summary": run.end.as_ref().map(|(_, summary, _)| summary),
        }));
        rows.push(vec![
            run.id.to_string(),
            runs::title(&run),
            version.unwrap_or("-").to_owned(),
            state.to_owned(),
            run.header.by.clone(),
            instant(run.started),
            took(runs::lasted(&run)),
        ]);
    }
    if rows.is_empty() && !app.json() {
        app.screen
            .note("no run of this project yet: `runner release --plan` shows what one would do");
        return Ok(Exit::Done);
    }
    let header = ["run", "command", "version", "end", "by", "started (UTC)", "took"];
    app.print(&json!(documents), || table(&header, &rows))?;
    Ok(Exit::Done)
}
