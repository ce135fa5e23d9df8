//! `runner plugin build`: one plugin crate as a component.

use std::path::Path;

use runner_build::cargo::{self, Request, Selection};
use runner_build::toolchain;
use serde_json::json;

use crate::app::App;
use crate::error::{CommandError, Done, Exit};
use crate::format::size;

pub(super) fn run(app: &App, folder: &Path, out: Option<&Path>) -> Done {
    let here = app.global.directory.as_deref().unwrap_or(Path::new("."));
    let folder = here.join(folder);
    let folder = folder.canonicalize().unwrap_or(folder);
    if !folder.join("Cargo.toml").is_file() {
        return Err(
            CommandError::config(format!("there is no Cargo.toml in `{}`", folder.display()))
                .hint("go to the plugin's folder, or make one: `runner plugin new NAME`"),
        );
    }
    let failed = |error: &dyn std::error::Error| CommandError::of(Exit::Internal, error);
    let mut say = |line: &str| app.screen.note(line);
    let toolchain = toolchain::make(&folder, &mut say).map_err(|error| failed(&error))?;
    let request = Request {
        dir: folder.clone(),
        selection: Selection::Here,
        profile: None,
        target_dir: None,
        out_dir: out.map_or_else(|| folder.clone(), |out| here.join(out)),
    };
    for built in cargo::build(&request, &toolchain).map_err(|error| failed(&error))? {
        let document = json!({
            "plugin": built.name, "path": built.path, "size": built.size, "sha256": built.sha256, "changed": built.changed,
        });
        app.print(&document, || built.path.display().to_string())?;
        let state = if built.changed { "built" } else { "not changed" };
        app.screen.note(&format!(
            "{state}, {}, sha256:{}",
            size(built.size),
            &built.sha256[..12]
        ));
        app.screen
            .note(&format!("next: `runner plugin trust {}`", built.path.display()));
    }
    Ok(Exit::Done)
}
