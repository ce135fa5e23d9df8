//! The repository around the current folder.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::folders;
use crate::error::{CommandError, Done};

/// A work tree of git; beside an installed profile, the folder that the program was started in.
#[derive(Clone, Debug)]
pub(crate) struct Repository {
    /// Its top folder; absolute.
    pub(crate) root: PathBuf,
    /// Where the program was started, or `-C`; absolute, at or below the root.
    pub(crate) current: PathBuf,
}

impl Repository {
    /// Finds it upwards from `directory`, or from the current folder.
    pub(crate) fn around(directory: Option<&Path>) -> Done<Self> {
        let current = current(directory)?;
        if folders::installed_profile().is_some() {
            let root = current.clone();
            return Ok(Self { root, current });
        }
        let top = git(&current, &["rev-parse", "--show-toplevel"]).map_err(|why| match why {
            NoGit::Program(why) => CommandError::config(format!("cannot run git: {why}"))
                .hint("install git; `runner doctor` checks what else is missing"),
            NoGit::Answer => {
                CommandError::config(format!("`{}` is not in a git repository", current.display()))
                    .hint("go to the project's folder, or name it: `runner -C DIR ...`")
            }
        })?;
        let root = PathBuf::from(&top).canonicalize()?;
        Ok(Self { root, current })
    }

    /// The first commit of the repository, which all its clones have; none before there is one.
    pub(crate) fn first_commit(&self) -> Option<String> {
        let found = git(
            &self.root,
            &["rev-list", "--max-parents=0", "--first-parent", "HEAD"],
        )
        .ok()?;
        found.lines().last().map(str::to_owned)
    }

    /// A path as the profile names it: relative to the root where it lies below it.
    pub(crate) fn named(&self, path: &Path) -> String {
        match path.strip_prefix(&self.root) {
            Ok(below) => below.display().to_string(),
            Err(_) => path.display().to_string(),
        }
    }
}

fn current(directory: Option<&Path>) -> Done<PathBuf> {
    let folder = directory.unwrap_or(Path::new("."));
    folder
        .canonicalize()
        .ok()
        .filter(|folder| folder.is_dir())
        .ok_or_else(|| CommandError::config(format!("there is no folder `{}`", folder.display())))
}

/// Why git gave no answer.
#[derive(Debug)]
pub(crate) enum NoGit {
    /// It could not be started.
    Program(std::io::Error),
    /// It failed.
    Answer,
}

/// What git answers, without the last line end.
pub(crate) fn git(folder: &Path, arguments: &[&str]) -> Result<String, NoGit> {
    let output = Command::new("git")
        .current_dir(folder)
        .args(arguments)
        .output()
        .map_err(NoGit::Program)?;
    if !output.status.success() {
        return Err(NoGit::Answer);
    }
    Ok(String::from_utf8_lossy(&output.stdout).trim_end().to_owned())
}
