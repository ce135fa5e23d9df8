//! Where secrets come from: the environment, a file, a program.

use std::{ffi::OsString, path::PathBuf, process::Stdio, time::Duration};

use runner_core::{fault::Fault, profile::SecretSource};

use super::Secrets;

/// A password manager may ask its user first.
const PATIENCE: Duration = Duration::from_secs(120);

impl Secrets {
    /// Gets a value from its source. No message holds any of it.
    pub(super) fn look_up(&self, name: &str, source: &SecretSource) -> Result<String, Fault> {
        match source {
            SecretSource::Env(variable) => self.variable(name, variable),
            SecretSource::File(path) => self.file(name, path),
            SecretSource::Command(argv) => self.program(name, argv),
        }
    }

    fn variable(&self, name: &str, variable: &str) -> Result<String, Fault> {
        let value = (self.environment)(variable).ok_or_else(|| {
            Fault::failed(format!(
                "no secret `{name}`: the environment has no variable `{variable}`"
            ))
        })?;
        value.into_string().map_err(|_| {
            Fault::failed(format!(
                "no secret `{name}`: the variable `{variable}` is not UTF-8"
            ))
        })
    }

    fn file(&self, name: &str, path: &str) -> Result<String, Fault> {
        let place = self.place(path);
        let bytes = std::fs::read(&place).map_err(|error| {
            Fault::failed(format!(
                "no secret `{name}`: cannot read the file `{}`: {error}",
                place.display()
            ))
        })?;
        text(bytes).ok_or_else(|| {
            Fault::failed(format!(
                "no secret `{name}`: the file `{}` is not UTF-8",
                place.display()
            ))
        })
    }

    /// Relative to the workspace; `~/` is the user's home.
    fn place(&self, path: &str) -> PathBuf {
        let home: Option<OsString> = (self.environment)("HOME");
        match (path.strip_prefix("~/"), home) {
            (Some(rest), Some(home)) => PathBuf::from(home).join(rest),
            _ => self.workspace.join(path),
        }
    }

    fn program(&self, name: &str, argv: &[String]) -> Result<String, Fault> {
        let Some((program, arguments)) = argv.split_first() else {
            return Err(Fault::failed(format!(
                "no secret `{name}`: its command in the profile is empty"
            )));
        };
        let line = argv.join(" ");
        let mut command = tokio::process::Command::new(program);
        command
            .args(arguments)
            .current_dir(&self.workspace)
            .stdin(Stdio::null())
            .kill_on_drop(true);
        let output = self.handle.block_on(async {
            tokio::select! {
                output = command.output() => output.map_err(|error| {
                    Fault::failed(format!("no secret `{name}`: cannot start `{program}`: {error}"))
                }),
                () = self.stop.wait() => Err(Fault::Interrupted {
                    message: format!("`{line}` was to give the secret `{name}` when `runner` was told to stop"),
                }),
                () = tokio::time::sleep(PATIENCE) => Err(Fault::failed(format!(
                    "no secret `{name}`: `{line}` did not end within {} s", PATIENCE.as_secs()
                ))),
            }
        })?;
        if !output.status.success() {
            let stderr = String::from_utf8_lossy(&output.stderr);
            let said: String = stderr.trim().chars().take(300).collect();
            let message = format!(
                "no secret `{name}`: `{line}` ended with {}: {said}",
                output.status
            );
            return Err(Fault::failed(message));
        }
        text(output.stdout)
            .ok_or_else(|| Fault::failed(format!("no secret `{name}`: `{line}` did not print UTF-8")))
    }
}

/// Text, without the line end that editors and programs leave.
fn text(bytes: Vec<u8>) -> Option<String> {
    let mut text = String::from_utf8(bytes).ok()?;
    if text.ends_with('\n') {
        text.pop();
        if text.ends_with('\r') {
            text.pop();
        }
    }
    Some(text)
}
