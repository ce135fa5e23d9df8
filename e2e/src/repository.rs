//! A repository that is released, whatever it is and wherever it goes.

use std::{
    path::{Path, PathBuf},
    process::{Command, Output},
};

use anyhow::{Context as _, Result, ensure};

use runner_core::id::RunId;

use crate::{End, Journal, Plain, Running};

/// A git repository, and how `runner` is run in it.
pub trait Repository: Sync {
    /// Where everything of it lies.
    fn folder(&self) -> &Path;

    /// The work tree.
    fn work_tree(&self) -> PathBuf;

    /// Sets the environment: that of a user, and of nobody in particular.
    fn environment(&self, command: &mut Command);

    /// `runner` with these arguments, in the work tree, with all settings.
    fn runner(&self, arguments: &[&str]) -> Command;

    /// What makes its texts comparable.
    fn plain(&self) -> Plain;

    /// How a run of it ended. `code` is its exit code.
    fn end(&self, run: &RunId, journal: &Journal, code: Option<i32>) -> Result<End>;

    /// What git answers.
    fn git(&self, arguments: &[&str]) -> Result<String> {
        let mut command = Command::new("git");
        command
            .arg("-C")
            .arg(self.work_tree())
            .args(["-c", "core.quotePath=false"])
            .args(arguments);
        self.environment(&mut command);
        done(&mut command)
    }

    /// Starts `runner ARGUMENTS --output json`.
    fn start(&self, arguments: &[&str]) -> Result<Running> {
        Running::start(self.runner(arguments), self.folder())
    }

    /// The same with one more variable, e.g. `RUNNER_CRASH=before:17`: it kills itself before its 17th append.
    fn start_with(&self, arguments: &[&str], name: &str, value: &str) -> Result<Running> {
        let mut command = self.runner(arguments);
        command.env(name, value);
        Running::start(command, self.folder())
    }

    /// Runs `runner` to its end.
    fn run(&self, arguments: &[&str]) -> Result<Output> {
        Ok(self.runner(arguments).output()?)
    }

    /// What `runner` prints, when it succeeds.
    fn said(&self, arguments: &[&str]) -> Result<String> {
        done(&mut self.runner(arguments))
    }
}

/// What a program prints, when it succeeds.
pub fn done(command: &mut Command) -> Result<String> {
    let output = command
        .output()
        .with_context(|| format!("cannot run {command:?}"))?;
    ensure!(
        output.status.success(),
        "{command:?} ended with {}: {}",
        output.status,
        String::from_utf8_lossy(&output.stderr)
    );
    Ok(String::from_utf8(output.stdout)?)
}
