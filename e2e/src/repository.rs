//! A repository that is released, whatever it is and wherever it goes.

use std::{
    ffi::{OsStr, OsString},
    path::{Path, PathBuf},
    process::{Command, Output},
};

use anyhow::{Context as _, Result, ensure};

use runner_core::id::RunId;

use crate::{Built, End, Journal, Plain, Running};

/// What of the environment programs need; nothing else of whoever runs the tests gets through.
const PASSED: [&str; 4] = ["HOME", "USER", "LANG", "TMPDIR"];

/// What the environment of a repository's user has besides that of any user.
#[derive(Debug)]
pub struct Own<'a> {
    /// Who starts releases.
    pub starter: &'a str,
    /// What more of the environment gets through.
    pub passed: &'a [&'a str],
    /// Programs that are found before all others.
    pub programs: Option<&'a Path>,
    /// Variables; of one name the last counts.
    pub variables: Vec<(&'a str, OsString)>,
}

/// A git repository, and how `runner` is run in it.
pub trait Repository: Sync {
    /// Where everything of it lies.
    fn folder(&self) -> &Path;

    /// The work tree.
    fn work_tree(&self) -> PathBuf;

    /// What cargo has built.
    fn built(&self) -> &Built;

    /// What its user has for an environment, besides what any has.
    fn own(&self) -> Own<'_>;

    /// `runner` with these arguments, in the work tree, with all settings.
    fn runner(&self, arguments: &[&str]) -> Command;

    /// What makes its texts comparable.
    fn plain(&self) -> Plain;

    /// How a run of it ended. `code` is its exit code.
    fn end(&self, run: &RunId, journal: &Journal, code: Option<i32>) -> Result<End>;

    /// RUNNER_DATA_DIR.
    fn data(&self) -> PathBuf {
        self.folder().join("data")
    }

    /// RUNNER_CACHE_DIR.
    fn cache(&self) -> PathBuf {
        self.built().scratch().join("cache")
    }

    /// Sets the environment: that of a user, and of nobody in particular.
    fn environment(&self, command: &mut Command) {
        let own = self.own();
        command.env_clear();
        for name in PASSED.iter().chain(own.passed) {
            if let Some(value) = std::env::var_os(name) {
                command.env(name, value);
            }
        }
        let programs = own.programs.map(Path::as_os_str).into_iter();
        let all = std::env::var_os("PATH").unwrap_or_default();
        let path: Vec<_> = programs.chain([all.as_os_str()]).collect();
        command
            .env("PATH", path.join(OsStr::new(":")))
            .env("RUNNER_ACTOR", own.starter)
            .env("RUNNER_DATA_DIR", self.data())
            .env("RUNNER_CACHE_DIR", self.cache())
            .env("XDG_CONFIG_HOME", self.folder().join("config"))
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .envs(own.variables);
    }

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

    /// What `runner` prints and what it says to people, when it succeeds.
    fn told(&self, arguments: &[&str]) -> Result<String> {
        let output = self.run(arguments)?;
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let told = text(&output.stderr) + &text(&output.stdout);
        ensure!(
            output.status.success(),
            "{arguments:?} ended with {}: {told}",
            output.status
        );
        Ok(told)
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
