//! Files of the workspace, read; the run's own folder and files that grants name, written.

mod append;
mod bounded;
mod glob;
#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};

use runner_core::{
    effect::{Outcome, Response},
    fault::Fault,
};

use crate::{atomic_file, stop::Stop, workspace::Workspace};
pub(super) use bounded::{ReadError, read_at_most, read_part};

/// The `files` interface's effects.
#[derive(Clone, Debug)]
pub struct Files {
    workspace: Workspace,
    run_folder: PathBuf,
    stop: Stop,
}

impl Files {
    /// Reads below `workspace`; writes reports below `run_folder`, which is made when the first is written.
    pub fn new(workspace: Workspace, run_folder: PathBuf, stop: Stop) -> Self {
        Self {
            workspace,
            run_folder,
            stop,
        }
    }

    /// A file of the workspace, at most `max` bytes.
    pub fn read(&self, path: &str, max: u32) -> Outcome {
        let place = self.workspace.inside(path)?;
        match read_at_most(&place, max) {
            Ok(content) => Ok(Response::Content(Some(content.into()))),
            Err(ReadError::None) => Err(Fault::failed(format!("no file `{path}` in the workspace"))),
            Err(error) => Err(error.fault(path)),
        }
    }

    /// Writes a file of the run's folder, over one of the same name; returns its path. The name may have folders in it.
    pub fn write_report(&self, name: &str, content: &[u8]) -> Outcome {
        let plain = |part: &str| !matches!(part, "" | "." | "..");
        if !name.split('/').all(plain) || name.contains('\0') {
            return Err(Fault::Denied {
                message: format!(
                    "`{name}` is not a name for a report: write e.g. `coverage.xml` or `lint/report.txt`"
                ),
            });
        }
        write(&self.run_folder.join(name), content)
    }

    /// Writes a file that the host itself makes: relative to the workspace and inside it, or absolute.
    pub fn write_output(&self, path: &str, content: &[u8]) -> Outcome {
        write(&self.workspace.place(path)?, content)
    }
}

fn write(place: &Path, content: &[u8]) -> Outcome {
    atomic_file::replace(place, content, None)
        .map_err(|error| Fault::failed(format!("cannot write `{}`: {error}", place.display())))?;
    Ok(Response::Path(place.to_string_lossy().into_owned()))
}
