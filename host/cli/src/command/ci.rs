//! `runner ci`: the workflows that a profile asks for.

use std::fs;
use std::path::Path;

use runner_core::ci::{File, Workflows};
use serde_json::json;

use crate::app::App;
use crate::args::{CiCommand, GithubArgs};
use crate::error::{CommandError, Done, Exit};
use crate::settings::Project;

/// What `--check` ends with when a file differs, as diff(1) does.
const DIFFERS: Exit = Exit::Internal;

pub(super) fn run(app: &App, command: &CiCommand) -> Done {
    let CiCommand::Github(args) = command;
    let project = Project::find(app)?;
    let profile = project.profile()?.profile;
    let workflows = Workflows::of(&profile, app.global.profile.as_deref())
        .map_err(|error| CommandError::of(Exit::Config, &error).hint(error.hint()))?;
    let files = workflows.files();
    let root = &project.repository.root;
    match args {
        GithubArgs { write: true, .. } => write(app, root, &files)?,
        GithubArgs { check: true, .. } => check(app, root, &files)?,
        GithubArgs { .. } => print(app, &files)?,
    }
    if workflows.store.is_none() {
        app.screen.note(
            "these machines vanish, and the journal with them: name a store that all see, as in store = \"s3://bucket/prefix\"",
        );
    }
    Ok(Exit::Done)
}

fn print(app: &App, files: &[File]) -> Done<()> {
    let document: Vec<_> = files
        .iter()
        .map(|file| json!({"path": file.path, "text": file.text}))
        .collect();
    let human = || {
        let files: Vec<_> = files
            .iter()
            .map(|file| format!("# {}\n{}", file.path, file.text))
            .collect();
        files.join("---\n")
    };
    app.print(&json!(document), human)
}

fn write(app: &App, root: &Path, files: &[File]) -> Done<()> {
    for file in files {
        if is_there(root, file) {
            app.screen.note(&format!("{} is as it should be", file.path));
            continue;
        }
        let path = root.join(file.path);
        let written = path
            .parent()
            .map_or(Ok(()), fs::create_dir_all)
            .and_then(|()| fs::write(&path, &file.text));
        written
            .map_err(|error| CommandError::internal(format!("cannot write `{}`: {error}", path.display())))?;
        app.screen.note(&format!("wrote {}", file.path));
    }
    Ok(())
}

fn check(app: &App, root: &Path, files: &[File]) -> Done<()> {
    let differ: Vec<_> = files
        .iter()
        .filter(|file| !is_there(root, file))
        .map(|file| format!("`{}`", file.path))
        .collect();
    if differ.is_empty() {
        app.screen.note("the workflows are as the profile wants them");
        return Ok(());
    }
    let message = format!("not as the profile wants them: {}", differ.join(", "));
    Err(CommandError::new(DIFFERS, message).hint("runner ci github --write"))
}

fn is_there(root: &Path, file: &File) -> bool {
    fs::read_to_string(root.join(file.path)).is_ok_and(|text| text == file.text)
}
