//! The workspace's files that match a pattern.

use std::path::PathBuf;

use globset::GlobBuilder;
use ignore::WalkBuilder;
use runner_core::{
    effect::{Outcome, Response},
    fault::Fault,
};

use super::Files;

impl Files {
    /// The workspace's files that match, relative, sorted; without what git ignores, unless nothing in the pattern is a
    /// wildcard.
    pub fn glob(&self, pattern: &str) -> Outcome {
        let pattern = pattern.strip_prefix("./").unwrap_or(pattern);
        if !pattern.contains(['*', '?', '[', '{']) {
            let exists = self.workspace.inside(pattern)?.is_file();
            return Ok(Response::Names(
                exists.then(|| pattern.to_owned()).into_iter().collect(),
            ));
        }
        if pattern.starts_with('/') || pattern.split('/').any(|part| part == "..") {
            return Err(Fault::Denied {
                message: format!(
                    "the pattern `{pattern}` leads out of the workspace: write it relative to that"
                ),
            });
        }
        let glob = GlobBuilder::new(pattern)
            .literal_separator(true)
            .build()
            .map_err(|error| {
                Fault::failed(format!(
                    "the pattern `{pattern}` makes no sense: {}",
                    error.kind()
                ))
            })?
            .compile_matcher();
        let mut names = Vec::new();
        for path in self.walk(pattern)? {
            if glob.is_match(&path) {
                names.push(path.to_string_lossy().into_owned());
            }
        }
        names.sort();
        Ok(Response::Names(names))
    }

    /// All files that git would not ignore, relative.
    fn walk(&self, pattern: &str) -> Result<Vec<PathBuf>, Fault> {
        let walk = WalkBuilder::new(self.workspace.root())
            .hidden(false)
            .ignore(false)
            .filter_entry(|entry| entry.file_name() != ".git")
            .build();
        let mut paths = Vec::new();
        for entry in walk {
            if self.stop.stopped() {
                return Err(Fault::Interrupted {
                    message: format!(
                        "files `{pattern}` were being looked for when `runner` was told to stop"
                    ),
                });
            }
            let entry = entry
                .map_err(|error| Fault::failed(format!("cannot look for files `{pattern}`: {error}")))?;
            let Ok(path) = entry.path().strip_prefix(self.workspace.root()) else {
                continue;
            };
            // Of a link: what it leads to.
            if entry.path().is_file() {
                paths.push(path.to_owned());
            }
        }
        Ok(paths)
    }
}
