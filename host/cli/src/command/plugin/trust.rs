//! `runner plugin trust`: shows what a plugin asks for, and writes it into `runner.lock`.

use std::path::{Component, Path, PathBuf};

use serde_json::json;

use super::{inspect, unusable};
use crate::app::App;
use crate::error::{CommandError, Done, Exit};
use crate::settings::Project;
use crate::trust::Lock;

pub(super) fn run(app: &App, path: &Path) -> Done {
    let project = Project::find(app)?;
    let file = project.repository.current.join(path);
    let file = clean(&file);
    let reference = match file.strip_prefix(&project.repository.root) {
        Ok(below) => format!("./{}", below.display()),
        Err(_) => file.display().to_string(),
    };
    if !file.is_file() {
        return Err(
            CommandError::config(format!("there is no file `{}`", path.display()))
                .hint("name the plugin's .wasm file; official plugins need no trust"),
        );
    }
    let (inspection, _) = project
        .source()
        .inspect(&reference)
        .map_err(|error| unusable(&error))?;
    let path = project.lock_file();
    let mut lock = Lock::read(&path)?;
    let known = lock.check(&reference, &inspection).is_ok();
    app.screen.note(inspect::text(&inspection, &reference).trim_end());
    if !known {
        lock.trust(&reference, &inspection);
        lock.write(&path)?;
    }
    if app.json() {
        let document = json!({"plugin": reference, "digest": inspection.digest, "new": !known});
        app.screen.data(&document.to_string())?;
    }
    app.screen.note(match known {
        true => "it was trusted before, and has not changed",
        false => "trusted: runner.lock holds its digest and what it asks for; commit that file",
    });
    Ok(Exit::Done)
}

/// Without `.` and `..`, as far as that goes without looking at links.
fn clean(path: &Path) -> PathBuf {
    let mut clean = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir => {
                clean.pop();
            }
            other => clean.push(other),
        }
    }
    clean
}
