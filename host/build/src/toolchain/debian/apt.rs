//! Installs Debian's compiler and its sources, if we are allowed to.

use std::process::Command;
use std::time::Duration;

use thiserror::Error;

use crate::bounded::{self, RunError};

/// What a person types instead.
pub(super) const COMMAND: &str =
    "apt-get update && apt-get install -y --no-install-recommends rustc-web rust-web-src";

/// A compiler and its sources are 150 MB to download.
const LIMIT: Duration = Duration::from_secs(900);

const SHORT: Duration = Duration::from_secs(10);

/// Why nothing could be installed.
#[derive(Debug, Error)]
pub(in crate::toolchain) enum AptError {
    #[error("there is no `apt-get` here")]
    NoApt,
    #[error("installing them needs root: this user is not, and `sudo -n` does not work")]
    NotRoot,
    #[error("{0}")]
    Failed(#[from] RunError),
}

/// Installs the packages; with `linker`, one for WebAssembly too.
pub(super) fn install(linker: bool, note: &mut dyn FnMut(&str)) -> Result<(), AptError> {
    if bounded::run(Command::new("apt-get").arg("--version"), SHORT).is_err() {
        return Err(AptError::NoApt);
    }
    let sudo = match bounded::run(Command::new("id").arg("-u"), SHORT) {
        Ok(id) if id.trim() == "0" => false,
        _ if bounded::run(Command::new("sudo").args(["-n", "true"]), SHORT).is_ok() => true,
        _ => return Err(AptError::NotRoot),
    };
    let mut packages = vec!["rustc-web", "rust-web-src"];
    if linker {
        packages.push("lld");
    }
    note(&format!("Installing {} with apt-get.", packages.join(", ")));
    // Some list that cannot be fetched, of a source that is not ours, need not stop the installation.
    let updated = bounded::run(apt(sudo).arg("update"), LIMIT);
    let mut install = apt(sudo);
    install
        .args(["install", "-y", "--no-install-recommends"])
        .args(packages);
    match (bounded::run(&mut install, LIMIT), updated) {
        (Ok(_), _) => Ok(()),
        (Err(error), Ok(_)) | (Err(_), Err(error)) => Err(error.into()),
    }
}

fn apt(sudo: bool) -> Command {
    if sudo {
        let mut command = Command::new("sudo");
        // Debian's `sudo` drops the environment, so the variable is set behind it.
        command.args(["-n", "env", "DEBIAN_FRONTEND=noninteractive", "apt-get"]);
        return command;
    }
    let mut command = Command::new("apt-get");
    command.env("DEBIAN_FRONTEND", "noninteractive");
    command
}
