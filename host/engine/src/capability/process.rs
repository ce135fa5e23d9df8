//! Programs, each in a process group of its own, so that it can be stopped with all that it started: on this machine, and
//! through [`super::machine`] on others.

mod output;
mod ready;
mod running;
#[cfg(test)]
mod tests;

use std::{
    fs::File,
    io,
    path::{Path, PathBuf},
    process::ExitStatus,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use output::{Log, Output, Tail};
use ready::Ready;
pub(super) use ready::hide_own_environment;
use runner_core::{
    effect::{Command, Exit, Outcome, Response},
    event::Stream,
    fault::Fault,
    profile::LOCAL,
};
pub(super) use running::{Ended, GRACE, Group, LONGEST, Leash, Sink, Why, follow};
use tokio::runtime::Handle;

use super::{
    Progress,
    machine::{End, Machines, NotRun, Place, Program, Remote, Task},
};
use crate::{secret::Secrets, stop::Stop, workspace::Workspace};

/// The `process` interface's effects.
#[derive(Clone, Debug)]
pub struct Processes {
    workspace: Workspace,
    machines: Machines,
    secrets: Arc<Secrets>,
    handle: Handle,
    stop: Stop,
}

/// A command, and the way to where it runs.
enum Way<'a> {
    Here(Ready),
    There(&'a Remote, Program),
}

/// What was heard of a program.
struct Heard {
    code: Option<i32>,
    signal: Option<i32>,
    /// None when it ended by itself.
    why: Option<Why>,
    stdout: Tail,
    stderr: Tail,
}

impl Processes {
    /// Runs programs in `workspace` and on `machines`, on `handle`'s runtime, until `stop`.
    pub fn new(
        workspace: Workspace,
        machines: Machines,
        secrets: Arc<Secrets>,
        handle: Handle,
        stop: Stop,
    ) -> Self {
        Self {
            workspace,
            machines,
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
        self.exit(command, 0, log, progress).map(Response::Exit)
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
                .enumerate()
                .map(|(index, (command, log))| {
                    scope.spawn(move || self.exit(command, index, log.as_deref(), progress))
                })
                .collect();
            let ended = running.into_iter().map(|thread| thread.join());
            ended
                .map(|exit| exit.unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
                .collect()
        });
        Ok(Response::Exits(exits))
    }

    /// Waits until no attempt of these commands is under way on another machine.
    pub(crate) fn settle(&self, commands: &[Command]) -> Result<(), Fault> {
        for (index, command) in commands.iter().enumerate() {
            if let Place::Ssh(remote) = self.machines.of(command.machine.as_deref())? {
                remote.settle(&self.effect(command, index), Some(limit(command)))?;
            }
        }
        Ok(())
    }

    fn exit(
        &self,
        command: &Command,
        index: usize,
        log: Option<&Path>,
        progress: &dyn Progress,
    ) -> Result<Exit, Fault> {
        if command.argv.is_empty() {
            return Err(Fault::failed(
                "cannot run a command without a program: `argv` is empty",
            ));
        }
        let place = match self.machines.of(command.machine.as_deref())? {
            Place::Local => Way::Here(self.ready(command)?),
            Place::Ssh(remote) => Way::There(remote, Program::new(command, &self.secrets)?),
        };
        let file = log
            .map(|path| create_log(path).map(|file| (file, path)))
            .transpose()?;
        let lines = Mutex::new(Log::new(file, progress));
        let output = |stream| Output::new(stream, &self.secrets, &lines, progress, command.capture);
        let outputs = || (output(Stream::Stdout), output(Stream::Stderr));
        let began = Instant::now();
        let heard = match place {
            Way::Here(ready) => self.here(command, ready, outputs())?,
            Way::There(remote, program) => self.there(command, index, remote, &program, outputs)?,
        };
        self.ended(command, log, heard, began.elapsed())
    }

    /// What a program's end means.
    fn ended(
        &self,
        command: &Command,
        log: Option<&Path>,
        heard: Heard,
        took: Duration,
    ) -> Result<Exit, Fault> {
        let Heard {
            code,
            signal,
            why,
            stdout,
            stderr,
        } = heard;
        match why {
            Some(Why::Time) => Err(Fault::failed(format!(
                "{} did not end within {}: it was ended{}",
                self.line(command),
                runner_core::duration::Duration::from_millis(command.timeout_ms).spoken(),
                log.map(|log| format!("; what it printed is in `{}`", log.display()))
                    .unwrap_or_default(),
            ))),
            Some(Why::Stop) => Err(Fault::Interrupted {
                message: format!(
                    "{} was under way when `runner` was told to stop; it was ended",
                    self.line(command)
                ),
            }),
            None if wants_password(command, code, &stderr.tail) => Err(Fault::failed(format!(
                "{} was not run, because `sudo` wants a password: allow it without one, by `visudo -f /etc/sudoers.d/runner` and a \
                 line such as `USER ALL=(root) NOPASSWD: /path/of/{}`",
                self.line(command),
                sudoed(command),
            ))),
            None => Ok(Exit {
                code,
                signal,
                truncated: stdout.truncated || stderr.truncated,
                stdout: stdout.tail.into(),
                stderr: stderr.tail.into(),
                wall_ms: u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
            }),
        }
    }

    fn here(
        &self,
        command: &Command,
        ready: Ready,
        (mut stdout, mut stderr): (Output<'_>, Output<'_>),
    ) -> Result<Heard, Fault> {
        let Ready { mut program, stdin } = ready;
        let ended = self.handle.block_on(async {
            let mut child = program.spawn()?;
            let feeding = running::feed(child.stdin.take(), stdin);
            let group = Group::of(&child);
            let limit = limit(command);
            follow(
                child,
                feeding,
                &group,
                limit,
                &self.stop,
                &mut stdout,
                &mut stderr,
            )
            .await
        });
        let (stdout, stderr) = (stdout.finish(), stderr.finish());
        let Ended { status, why } = ended.map_err(|error: io::Error| self.not_started(command, &error))?;
        Ok(Heard {
            code: status.code(),
            signal: signal_of(status),
            why,
            stdout,
            stderr,
        })
    }

    fn there<'a>(
        &self,
        command: &Command,
        index: usize,
        remote: &Remote,
        program: &Program,
        outputs: impl Fn() -> (Output<'a>, Output<'a>),
    ) -> Result<Heard, Fault> {
        let effect = self.effect(command, index);
        let line = self.scrubbed(command);
        let task = Task {
            what: &format!("run `{line}`"),
            nature: command.nature,
            effect: &effect,
            limit: Some(limit(command)),
        };
        let attempt = || {
            let mut tails = None;
            let (word, why) = remote.attempt(&task, || {
                let (mut stdout, mut stderr) = outputs();
                let attempt = remote.run(program, &task, &mut stdout, &mut stderr);
                tails = Some((stdout.finish(), stderr.finish()));
                attempt
            })?;
            let (stdout, stderr) = tails.expect("what told its end was attempted");
            Ok::<_, Fault>((remote.end(&task, &word), why, stdout, stderr))
        };
        let mut ended = attempt()?;
        if matches!(ended.0, Err(NotRun::Busy)) {
            // The same program, of this run, whose connection was lost.
            remote.settle(&effect, task.limit)?;
            ended = attempt()?;
        }
        let (end, why, stdout, stderr) = ended;
        let (code, signal) = match end {
            Ok(End::Code(code)) => (Some(code), None),
            Ok(End::Signal(signal)) => (None, Some(signal)),
            Err(not_run) => return Err(self.not_run(command, remote, not_run)),
        };
        Ok(Heard {
            code,
            signal,
            why,
            stdout,
            stderr,
        })
    }

    /// What tells the attempts of a command apart from others, on another machine.
    fn effect(&self, command: &Command, index: usize) -> String {
        self.machines
            .effect(&(&command.machine, &command.argv, &command.cwd, index))
    }

    fn scrubbed(&self, command: &Command) -> String {
        self.secrets.scrub_text(command.argv.join(" "))
    }

    /// For messages: without secrets.
    fn line(&self, command: &Command) -> String {
        let line = self.scrubbed(command);
        match &command.machine {
            Some(machine) if machine != LOCAL => format!("`{line}` on machine `{machine}`"),
            _ => format!("`{line}`"),
        }
    }

    fn not_run(&self, command: &Command, remote: &Remote, why: NotRun) -> Fault {
        let (program, machine) = (&command.argv[0], remote.name());
        match why {
            NotRun::Fault(fault) => fault,
            NotRun::Started(kind) => {
                let told = self.not_started(command, &kind.into());
                Fault::failed(format!("on machine `{machine}`: {told}"))
            }
            NotRun::Folder => Fault::failed(format!(
                "cannot run `{program}` on machine `{machine}` in `{}`: there is no such folder, or it may not be entered",
                command.cwd.as_deref().unwrap_or_default()
            )),
            NotRun::Busy => Fault::transient(format!(
                "{} is still under way from an earlier attempt",
                self.line(command)
            )),
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

fn limit(command: &Command) -> Duration {
    Duration::from_millis(command.timeout_ms)
}

/// Whether `sudo -n` refused, so that nothing was run: sudo(8) says so, in these words, with the exit code 1.
fn wants_password(command: &Command, code: Option<i32>, stderr: &[u8]) -> bool {
    let says = |what: &str| String::from_utf8_lossy(stderr).contains(what);
    command.argv[0] == "sudo"
        && code == Some(1)
        && (says("sudo: a password is required") || says("sudo: a terminal is required"))
}

/// The program that `sudo` was to run.
fn sudoed(command: &Command) -> &str {
    let mut words = command.argv.iter().skip(1);
    words
        .find(|word| !word.starts_with('-'))
        .map_or("PROGRAM", String::as_str)
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
