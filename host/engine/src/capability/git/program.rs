//! Running `git` so that its answers do not depend on the user's language, aliases of output or surroundings.

use std::{
    io,
    process::{Output, Stdio},
    time::Duration,
};

use runner_core::fault::Fault;
use rustix::process::{Pid, Signal, kill_process};
use tokio::{io::AsyncWriteExt as _, process::Command};

use super::Git;

/// Set by git for its hooks: with them it would look at another repository than the workspace's.
const OTHER_REPOSITORY: [&str; 8] = [
    "GIT_DIR",
    "GIT_WORK_TREE",
    "GIT_INDEX_FILE",
    "GIT_OBJECT_DIRECTORY",
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_COMMON_DIR",
    "GIT_NAMESPACE",
    "GIT_PREFIX",
];
/// A remote that does not answer for so long will not.
const PATIENCE: Duration = Duration::from_secs(600);
/// For git to remove its lock files.
const GRACE: Duration = Duration::from_secs(5);

/// One call of `git`.
pub(super) struct Call<'a> {
    git: &'a Git,
    config: Vec<String>,
    arguments: Vec<String>,
    environment: Vec<(&'static str, String)>,
    input: Vec<u8>,
}

impl Git {
    /// Prepares a call, e.g. `git(["rev-parse", "HEAD"])`.
    pub(super) fn git<const N: usize>(&self, arguments: [&str; N]) -> Call<'_> {
        Call {
            git: self,
            config: Vec::new(),
            arguments: arguments.map(str::to_owned).into(),
            environment: Vec::new(),
            input: Vec::new(),
        }
    }
}

impl Call<'_> {
    /// Adds an argument.
    pub(super) fn arg(mut self, argument: impl Into<String>) -> Self {
        self.arguments.push(argument.into());
        self
    }

    /// Adds arguments.
    pub(super) fn args<I: IntoIterator<Item: Into<String>>>(mut self, arguments: I) -> Self {
        self.arguments.extend(arguments.into_iter().map(Into::into));
        self
    }

    /// Sets a configuration value for this call, `name=value`.
    pub(super) fn config(mut self, setting: &str) -> Self {
        self.config.extend(["-c".to_owned(), setting.to_owned()]);
        self
    }

    /// Sets a variable for this call.
    pub(super) fn env(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.environment.push((name, value.into()));
        self
    }

    /// Gives it standard input.
    pub(super) fn input(mut self, input: &[u8]) -> Self {
        self.input = input.to_owned();
        self
    }

    /// Its output; a fault when it does not end well.
    pub(super) fn bytes(self) -> Result<Vec<u8>, Fault> {
        let (git, line) = (self.git, self.line());
        let output = self.run()?;
        match output.status.success() {
            true => Ok(output.stdout),
            false => Err(git.told(&line, &output)),
        }
    }

    /// Its output as text.
    pub(super) fn text(self) -> Result<String, Fault> {
        self.bytes().map(text)
    }

    /// Its output as text; none when it ended with 1, which is how it says no.
    pub(super) fn text_or_none(self) -> Result<Option<String>, Fault> {
        let (git, line) = (self.git, self.line());
        let output = self.run()?;
        match output.status.code() {
            Some(0) => Ok(Some(text(output.stdout))),
            Some(1) => Ok(None),
            _ => Err(git.told(&line, &output)),
        }
    }

    /// Its output as a list of names, each ended by a zero byte; sorted, each once.
    pub(super) fn names(self) -> Result<Vec<String>, Fault> {
        let output = self.text()?;
        let mut names: Vec<_> = output
            .split('\0')
            .filter(|name| !name.is_empty())
            .map(str::to_owned)
            .collect();
        names.sort();
        names.dedup();
        Ok(names)
    }

    /// Runs it, however it ends.
    pub(super) fn run(self) -> Result<Output, Fault> {
        let (git, line) = (self.git, self.line());
        let mut command = Command::new("git");
        command
            .args(&self.config)
            .args(&self.arguments)
            .current_dir(&git.workspace)
            .env("LC_ALL", "C")
            .env("GIT_OPTIONAL_LOCKS", "0")
            // A question under a live screen would never be answered.
            .env("GIT_TERMINAL_PROMPT", "0")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        for name in OTHER_REPOSITORY {
            command.env_remove(name);
        }
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        git.handle.block_on(git.finish(command, self.input, &line))
    }

    /// For messages.
    fn line(&self) -> String {
        format!("git {}", self.arguments.first().map_or("", String::as_str))
    }
}

impl Git {
    async fn finish(&self, mut command: Command, input: Vec<u8>, line: &str) -> Result<Output, Fault> {
        let mut child = command.spawn().map_err(|error| self.not_started(&error))?;
        let id = child
            .id()
            .and_then(|id| i32::try_from(id).ok())
            .and_then(Pid::from_raw);
        let stdin = child.stdin.take();
        let mut ended = std::pin::pin!(async {
            let feed = async {
                if let Some(mut stdin) = stdin {
                    // It says itself when it does not like its input.
                    let _ = stdin.write_all(&input).await;
                }
            };
            tokio::join!(feed, child.wait_with_output()).1
        });
        let why = tokio::select! {
            output = &mut ended => {
                return output.map_err(|error| Fault::failed(format!("cannot run `{line}`: {error}")));
            }
            () = self.stop.wait() => Fault::Interrupted {
                message: format!("`{line}` was under way when `runner` was told to stop"),
            },
            () = tokio::time::sleep(PATIENCE) => {
                Fault::transient(format!("`{line}` did not end within {} min", PATIENCE.as_secs() / 60))
            }
        };
        for signal in [Signal::TERM, Signal::KILL] {
            if let Some(id) = id {
                let _ = kill_process(id, signal);
            }
            if tokio::time::timeout(GRACE, &mut ended).await.is_ok() {
                break;
            }
        }
        Err(why)
    }

    fn not_started(&self, error: &io::Error) -> Fault {
        Fault::failed(match (error.kind(), self.workspace.is_dir()) {
            (io::ErrorKind::NotFound, true) => "no program `git` is on the PATH: install git".to_owned(),
            (io::ErrorKind::NotFound, false) => format!("no folder `{}`", self.workspace.display()),
            _ => format!("cannot start `git`: {error}"),
        })
    }

    /// What a call that failed said.
    pub(super) fn told(&self, line: &str, output: &Output) -> Fault {
        let said = text(output.stderr.clone());
        let said = said
            .trim()
            .trim_start_matches("fatal: ")
            .trim_start_matches("error: ");
        if said.contains("not a git repository") {
            return Fault::failed(format!(
                "`{}` is not in a git repository: run `git init` there, or run `runner` in a clone",
                self.workspace.display()
            ));
        }
        Fault::failed(match said.is_empty() {
            true => format!("`{line}` ended with {}", output.status),
            false => format!("`{line}` failed: {said}"),
        })
    }
}

fn text(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned())
}
