//! A program of this machine, with everything filled in.

use std::{
    path::{Path, PathBuf},
    process::Stdio,
};

use runner_core::{effect::Command, fault::Fault};

use super::Processes;
use crate::secret::Secrets;

/// A command with everything filled in.
pub(super) struct Ready {
    pub(super) program: tokio::process::Command,
    pub(super) stdin: Vec<u8>,
}

impl Processes {
    /// Fills in secrets, checks the folder and sets up the environment.
    pub(super) fn ready(&self, command: &Command) -> Result<Ready, Fault> {
        let (name, arguments) = (&command.argv[0], &command.argv[1..]);
        let cwd = self.workspace.place(command.cwd.as_deref().unwrap_or("."))?;
        if !cwd.is_dir() {
            return Err(Fault::failed(format!(
                "cannot run `{name}` in `{}`: there is no such folder",
                cwd.display()
            )));
        }
        let mut program = tokio::process::Command::new(located(name, &cwd));
        for argument in arguments {
            program.arg(self.secrets.fill(argument)?);
        }
        hide_own_environment(&self.secrets, &mut program);
        for (variable, value) in &command.env {
            program.env(variable, self.secrets.fill(value)?);
        }
        program
            .current_dir(cwd)
            .process_group(0)
            .kill_on_drop(true)
            .stdin(if command.stdin.is_some() {
                Stdio::piped()
            } else {
                Stdio::null()
            })
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let stdin = command.stdin.as_ref().map_or(&[][..], |stdin| &stdin.0);
        Ok(Ready {
            program,
            stdin: self.secrets.fill_bytes(stdin)?,
        })
    }
}

/// A build needs the user's PATH, HOME and the like; it needs neither the profile's secrets nor `runner`'s settings.
pub(in crate::capability) fn hide_own_environment(secrets: &Secrets, program: &mut tokio::process::Command) {
    for variable in secrets.variables() {
        program.env_remove(variable);
    }
    for (variable, _) in std::env::vars_os() {
        if variable.to_string_lossy().starts_with("RUNNER_") {
            program.env_remove(variable);
        }
    }
}

/// A path is relative to the folder that the program runs in, whatever folder `runner` was called from.
fn located(name: &str, cwd: &Path) -> PathBuf {
    match name.contains('/') {
        true => cwd.join(name),
        false => PathBuf::from(name),
    }
}
