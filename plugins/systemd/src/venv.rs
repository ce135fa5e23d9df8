//! Virtual environments: one for each list of requirements, shared by the releases that have the same one.

use std::time::Duration;

use runner_sdk::{Error, Host, Level, WithContext};

use crate::machine::{Machine, command};
use crate::site::{Site, digest};

/// Written last: the environment is whole.
const WHOLE: &str = ".whole";
/// How long an installation may take.
const PATIENCE: Duration = Duration::from_secs(1800);

/// Whether it is there to be used.
pub(crate) fn is_whole<H: Host>(
    machine: &Machine<'_, H>,
    site: &Site<'_>,
    venv: Option<&str>,
) -> Result<bool, Error> {
    let Some(venv) = venv else { return Ok(false) };
    Ok(machine
        .text(&site.path(&format!("venvs/{venv}/{WHOLE}")))?
        .is_some())
}

/// Makes the environment of a release that lies on the server, unless there is one, and returns its name.
pub(crate) fn make<H: Host>(
    machine: &Machine<'_, H>,
    site: &Site<'_>,
    folder: &str,
) -> Result<String, Error> {
    let backend = &site.config.backend;
    let inside = site.path(&format!("{folder}/{}", backend.artifact));
    let requirements = format!("{inside}/{}", backend.requirements);
    let python = machine.ask(&[&backend.python, "--version"])?;
    let python = python
        .require_success(&format!("asking `{}` for its version", backend.python))?
        .stdout_text();
    let name = match machine.text(&requirements)? {
        Some(text) => digest(&format!("{}\n{text}", python.trim())),
        // It is not on the server yet.
        None if site.context.is_plan() => {
            let told =
                "whether a new virtual environment is needed is known once the release is on the server";
            machine.host.log(Level::Info, told);
            "unbuilt".to_owned()
        }
        None => {
            return Err(Error::InvalidConfig(format!(
                "the artifact `{}` has no `{}`: see `backend.requirements`",
                backend.artifact, backend.requirements
            )));
        }
    };
    if is_whole(machine, site, Some(&name))? {
        return Ok(name);
    }
    let path = site.path(&format!("venvs/{name}"));
    machine.act(
        &[&backend.python, "-m", "venv", "--clear", &path],
        &format!("making the virtual environment `{path}`"),
    )?;
    let (program, cache) = (format!("{path}/bin/python"), site.path("shared/pip-cache"));
    let install = command(&[
        "env",
        "--chdir",
        &inside,
        &program,
        "-m",
        "pip",
        "install",
        "--no-input",
        "--disable-pip-version-check",
        "--cache-dir",
        &cache,
        "--requirement",
        &requirements,
    ]);
    let doing = format!("installing `{}` of {folder}", backend.requirements);
    machine
        .change(install.timeout(PATIENCE), &doing)
        .context("nothing that runs was touched")?;
    machine.write(&format!("{path}/{WHOLE}"), &python)?;
    Ok(name)
}
