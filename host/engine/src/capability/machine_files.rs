//! Files of machines, below what grants name. Each write is whole or not at all, and twice is the same as once.

mod change;
mod copy;
mod look;
#[cfg(test)]
mod tests;

use std::{
    io,
    path::{Component, PathBuf},
    sync::Arc,
};

use runner_core::fault::Fault;

use super::{
    artifacts::Artifacts,
    machine::{Machines, Place, Remote},
};

/// The `machine-files` interface's effects.
#[derive(Clone, Debug)]
pub struct MachineFiles {
    artifacts: Arc<Artifacts>,
    machines: Machines,
}

impl MachineFiles {
    /// Copies artifacts out of `artifacts`.
    pub fn new(artifacts: Arc<Artifacts>, machines: Machines) -> Self {
        Self { artifacts, machines }
    }

    /// The machine when it is another one, and the path.
    fn place(&self, machine: Option<&str>, path: &str) -> Result<(Option<&Remote>, PathBuf), Fault> {
        let remote = match self.machines.of(machine)? {
            Place::Local => None,
            Place::Ssh(remote) => Some(remote),
        };
        Ok((remote, place(path)?))
    }

    /// Tells the attempts of what is done to a path from others.
    fn effect(&self, machine: Option<&str>, path: &str) -> String {
        self.machines.effect(&("file", machine, path))
    }
}

/// The path, which must be absolute, below the root, and say itself where it leads.
pub(super) fn place(path: &str) -> Result<PathBuf, Fault> {
    let place = PathBuf::from(path);
    let plain = place
        .components()
        .all(|part| matches!(part, Component::RootDir | Component::Normal(_)));
    match place.is_absolute() && plain && place.file_name().is_some() && !path.contains('\0') {
        true => Ok(place),
        false => Err(Fault::failed(format!(
            "`{path}` does not name a file of a machine: write an absolute path without `..`"
        ))),
    }
}

fn gone(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
    )
}

fn failed(what: &str, path: &str, error: &io::Error) -> Fault {
    Fault::failed(format!("cannot {what} `{path}`: {error}"))
}
