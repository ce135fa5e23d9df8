//! The files for the browser: `web-root` is a link to those of a release, and switched in one step.

use runner_sdk::{Error, Host};

use crate::machine::Machine;
use crate::site::Site;

/// Lets the link lead to a release.
pub(crate) fn publish<H: Host>(machine: &Machine<'_, H>, site: &Site<'_>, folder: &str) -> Result<(), Error> {
    match &site.config.frontend {
        None => Ok(()),
        Some(frontend) => machine.link_root(
            &frontend.web_root,
            &site.path(&format!("{folder}/{}", frontend.artifact)),
        ),
    }
}

/// A folder cannot be switched in one step; the set-up moves it aside.
pub(crate) fn is_link<H: Host>(machine: &Machine<'_, H>, site: &Site<'_>) -> Result<(), Error> {
    let Some(frontend) = &site.config.frontend else {
        return Ok(());
    };
    match stands_as_folder(machine, &frontend.web_root)? {
        false => Ok(()),
        true => Err(Error::failed(format!(
            "`{}` is a folder, and is to be a link to releases: run `runner env setup {}`, which moves it aside",
            frontend.web_root, site.environment.name
        ))),
    }
}

/// Whether a real folder stands there.
pub(crate) fn stands_as_folder<H: Host>(machine: &Machine<'_, H>, path: &str) -> Result<bool, Error> {
    let exit = machine.ask(&["stat", "--format", "%F", "--", path])?;
    Ok(exit.success() && exit.stdout_text().trim() == "directory")
}
