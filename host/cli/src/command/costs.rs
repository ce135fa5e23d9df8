//! `runner costs`: what language models have cost, from the ledgers that the checks keep.

use std::collections::BTreeSet;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use runner_core::costs::{self, Column, Ledger};
use runner_engine::ledger;
use serde_json::{Value, json};

use crate::app::App;
use crate::args::CostsArgs;
use crate::error::{CommandError, Done, Exit};
use crate::format::table;
use crate::settings::Project;

const COLUMNS: [Column; 3] = [Column::Month, Column::Check, Column::Model];

pub(super) fn run(app: &App, args: &CostsArgs) -> Done {
    let project = Project::find(app)?;
    let root = &project.repository.root;
    let named = costs::ledgers(&project.profile()?.profile);
    let paths: BTreeSet<PathBuf> = named.iter().map(|path| root.join(path)).collect();
    let mut text = String::new();
    for path in &paths {
        text.push_str(&read(path)?);
        text.push('\n');
    }
    // What machines spent that are no more.
    let store = project.store()?;
    if store.shelf().is_some() {
        for path in &named {
            text.push_str(&ledger::noted(store.as_ref(), path, None)?.join("\n"));
            text.push('\n');
        }
    }
    let ledger = Ledger::read(&text).map_err(|error| {
        let read = paths.iter().map(|path| format!("`{}`", path.display()));
        let message = format!("cannot add up {}: {error}", read.collect::<Vec<_>>().join(", "));
        CommandError::internal(message)
            .hint("it is written by the gate `ai-review` alone; mend or move that line")
    })?;
    let month = args.month.as_deref();
    if ledger.rows(&COLUMNS, month).is_empty() && !app.json() {
        app.screen.note(match (paths.is_empty(), month) {
            (true, _) => "no check of the profile asks a language model: none uses plugin `ai-review`",
            (false, None) => "no language model was asked yet",
            (false, Some(_)) => "no language model was asked in that month",
        });
        return Ok(Exit::Done);
    }
    app.print(&document(&ledger, month), || {
        let costs = ledger.table(&COLUMNS, month);
        table(&costs.header, &costs.rows)
    })?;
    Ok(Exit::Done)
}

fn read(path: &Path) -> Done<String> {
    match fs::read_to_string(path) {
        // Nothing was spent yet.
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(String::new()),
        read => read.map_err(|error| {
            CommandError::internal(format!("cannot read the ledger `{}`: {error}", path.display()))
        }),
    }
}

fn document(ledger: &Ledger, month: Option<&str>) -> Value {
    let rows = ledger.rows(&COLUMNS, month).into_iter().map(|row| {
        let [month, check, model] = <[String; 3]>::try_from(row.values).unwrap_or_default();
        let sum = row.sum;
        json!({
            "month": month, "check": check, "model": model, "calls": sum.calls, "in-doubt": sum.in_doubt,
            "input-tokens": sum.input_tokens, "cached-tokens": sum.cached_tokens, "output-tokens": sum.output_tokens,
            "usd": sum.usd, "calls-of-unknown-cost": sum.unknown,
        })
    });
    Value::Array(rows.collect())
}
