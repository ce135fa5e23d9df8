//! Programs on this machine, each in a process group of its own, so that it can be stopped with all that it started.

mod output;
mod running;
#[cfg(test)]
mod tests;

use std::{
    fs::File,
    io,
    path::{Path, PathBuf},
    process::{ExitStatus, Stdio},
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use output::{Log, Output};
use runner_core::{
    effect::{Command, Exit, Outcome, Response},
    event::Stream,
    fault::Fault,
};
use running::{Ended, Why};
use tokio::runtime::Handle;

use super::{Progress, local_machine};
use crate::{secret::Secrets, stop::Stop, workspace::Workspace};

/// The `process` interface's effects.
#[derive(Clone, Debug)]
pub struct Processes {
    workspace: Workspace,
    secrets: Arc<Secrets>,
    handle: Handle,
    stop: Stop,
}

/// A command with everything filled in.
struct Ready {
    program: tokio::process::Command,
    stdin: Vec<u8>,
    /// For messages: without secrets.
    line: String,
}

impl Processes {
    /// Runs programs in `workspace`, on `handle`'s runtime, until `stop`.
    pub fn new(workspace: Workspace, secrets: Arc<Secrets>, handle: Handle, stop: Stop) -> Self {
        Self {
            workspace,
            secrets,
            handle,
            stop,
        }
    }

    /// Runs one program to its end. What it prints goes to `progress` line by line and, all of it, to the file `log`, if
    /// one is wanted.
    ///
    /// Fails when it cannot be started or runs out of time; it is then ended with TERM and, 5 s later, KILL.
    pub fn run(&self, command: &Command, log: Option<&Path>, progress: &dyn Progress) -> Outcome {
        self.exit(command, log, progress).map(Response::Exit)
    }

    /// Runs several at once. `logs` has a place for each; results are in the order of the commands.
    pub fn run_all(
        &self,
        commands: &[Command],
        logs: &[Option<PathBuf>],
        progress: &dyn Progress,
    ) -> Outcome {
        assert_eq!(commands.len(), logs.len(), "each command has a log");
        let exits = std::thread::scope(|scope| {
            let running: Vec<_> = commands
                .iter()
                .zip(logs)
                .map(|(command, log)| scope.spawn(move || self.exit(command, log.as_deref(), progress)))
                .collect();
            let ended = running.into_iter().map(|thread| thread.join());
            ended
                .map(|exit| exit.unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
                .collect()
        });
        Ok(Response::Exits(exits))
    }

    fn exit(&self, command: &Command, log: Option<&Path>, progress: &dyn Progress) -> Result<Exit, Fault> {
        local_machine(command.machine.as_deref())?;
        let ready = self.ready(command)?;
        let file = log
            .map(|path| create_log(path).map(|file| (file, path)))
            .transpose()?;
        let lines = Mutex::new(Log::new(file, progress));
        let output = |stream| Output::new(stream, &self.secrets, &lines, progress, command.capture);
        let (mut stdout, mut stderr) = (output(Stream::Stdout), output(Stream::Stderr));
        let began = Instant::now();
        let ended = self.handle.block_on(running::run(
            ready.program,
            ready.stdin,
            Duration::from_millis(command.timeout_ms),
            &self.stop,
            &mut stdout,
            &mut stderr,
        ));
        let (stdout, stderr) = (stdout.finish(), stderr.finish());
        let Ended { status, why } = ended.map_err(|error| self.not_started(command, &error))?;
        match why {
            Some(Why::Time) => Err(Fault::failed(format!(
                "{} did not end within {}: it was ended{}",
                ready.line,
                runner_core::duration::Duration::from_millis(command.timeout_ms).spoken(),
                log.map(|log| format!("; what it printed is in `{}`", log.display()))
                    .unwrap_or_default(),
            ))),
            Some(Why::Stop) => Err(Fault::Interrupted {
                message: format!(
                    "{} was under way when `runner` was told to stop; it was ended",
                    ready.line
                ),
            }),
            None => Ok(Exit {
                code: status.code(),
                signal: signal_of(status),
                truncated: stdout.truncated || stderr.truncated,
                stdout: stdout.tail.into(),
                stderr: stderr.tail.into(),
                wall_ms: u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX),
            }),
        }
    }

    /// Fills in secrets, checks the folder and sets up the environment.
    fn ready(&self, command: &Command) -> Result<Ready, Fault> {
        let (name, arguments) = command
            .argv
            .split_first()
            .ok_or_else(|| Fault::failed("cannot run a command without a program: `argv` is empty"))?;
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
        self.hide_own_environment(&mut program);
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
            line: format!("`{}`", self.secrets.scrub_text(command.argv.join(" "))),
        })
    }

    /// A build needs the user's PATH, HOME and the like; it needs neither the profile's secrets nor `runner`'s settings.
    fn hide_own_environment(&self, program: &mut tokio::process::Command) {
        for variable in self.secrets.variables() {
            program.env_remove(variable);
        }
        for (variable, _) in std::env::vars_os() {
            if variable.to_string_lossy().starts_with("RUNNER_") {
                program.env_remove(variable);
            }
        }
    }

    fn not_started(&self, command: &Command, error: &io::Error) -> Fault {
        let name = &command.argv[0];
        let message = match error.kind() {
            io::ErrorKind::NotFound if name.contains('/') => {
                format!(
                    "cannot start `{name}`: there is no such program, or what its first line names is missing"
                )
            }
            io::ErrorKind::NotFound => {
                format!(
                    "cannot start `{name}`: no program of that name is on the PATH; install it or write its path"
                )
            }
            io::ErrorKind::PermissionDenied => {
                format!("cannot start `{name}`: it is not executable; run e.g. `chmod +x {name}`")
            }
            _ => format!("cannot run `{name}`: {error}"),
        };
        Fault::failed(self.secrets.scrub_text(message))
    }
}

/// A path is relative to the folder that the program runs in, whatever folder `runner` was called from.
fn located(name: &str, cwd: &Path) -> PathBuf {
    match name.contains('/') {
        true => cwd.join(name),
        false => PathBuf::from(name),
    }
}

fn create_log(path: &Path) -> Result<File, Fault> {
    let create = || {
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder)?;
        }
        File::create(path)
    };
    create().map_err(|error: io::Error| {
        Fault::failed(format!("cannot write the log `{}`: {error}", path.display()))
    })
}

fn signal_of(status: ExitStatus) -> Option<i32> {
    std::os::unix::process::ExitStatusExt::signal(&status)
}
