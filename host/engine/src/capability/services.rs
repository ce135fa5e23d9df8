//! `services`: processes that outlive `runner`, on the machine it runs on. Each has a supervisor, see [`crate::supervise`].

use std::{
    ffi::OsString,
    fs::{File, TryLockError},
    io::{self, Write},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use runner_core::{
    digest::Digest,
    effect::{Outcome, Response, Service, ServiceCondition, ServiceStatus},
    fault::Fault,
};
use rustix::process::{Pid, Signal, kill_process};

use crate::supervise::{
    process::Process,
    state::{Folder, Spec, State},
};

/// How often something that changes by itself is looked at.
const LOOK: Duration = Duration::from_millis(10);
/// How long a supervisor may take to start its process, and to end beyond what its process takes.
const PATIENCE: Duration = Duration::from_secs(30);
/// How long another `runner` may take to start or stop the same service.
const TURN: Duration = Duration::from_secs(120);
/// What a process gets to end that makes room for another, or that lost its supervisor.
const GRACE_MS: u64 = 10_000;

/// The supervised processes of a machine. Every method blocks its thread.
#[derive(Clone, Debug)]
pub struct Services {
    root: PathBuf,
    /// Program and arguments of a supervisor, but for the folder.
    supervisor: Vec<OsString>,
}

impl Services {
    /// Services that keep their state in folders of `state_root`; `runner_exe supervise <folder>` must call
    /// [`crate::supervise::main`].
    pub fn new(state_root: PathBuf, runner_exe: PathBuf) -> Self {
        Self {
            root: state_root,
            supervisor: vec![runner_exe.into(), "supervise".into()],
        }
    }

    /// Runs exactly this service: the same one that runs already is left alone, another is stopped first. `filled_env` is
    /// the environment with secrets; what is the same is told without it, so a new value of a secret alone changes
    /// nothing. Returns once the process was started.
    pub fn start(&self, service: &Service, filled_env: Vec<(String, String)>) -> Outcome {
        let (name, digest) = (service.name.as_str(), Digest::of_json(service));
        check(service)?;
        self.with(name, "start", |folder| {
            folder.make()?;
            let _turn = turn(folder)?;
            if folder.supervised()? {
                if running_state(folder)?.is_some_and(|state| state.digest == digest) {
                    return Ok(());
                }
                end_supervisor(folder, GRACE_MS)?;
            }
            end_orphan(folder, Duration::from_millis(GRACE_MS))?;
            folder.forget()?;
            let spec = Spec {
                digest,
                service: Service {
                    env: filled_env,
                    ..service.clone()
                },
            };
            self.launch(folder, &spec)
        })?;
        self.status(name)
    }

    /// TERM, then KILL after `grace_ms`. What does not run is stopped already.
    pub fn stop(&self, name: &str, grace_ms: u64) -> Outcome {
        self.with(name, "stop", |folder| {
            if !folder.path().exists() {
                return Ok(());
            }
            let _turn = turn(folder)?;
            if folder.supervised()? {
                end_supervisor(folder, grace_ms)?;
            }
            end_orphan(folder, Duration::from_millis(grace_ms))
        })?;
        Ok(Response::Done)
    }

    /// How it is.
    pub fn status(&self, name: &str) -> Outcome {
        self.with(name, "look at", |folder| Ok(status(folder)?))
            .map(Response::Service)
    }

    fn with<T>(
        &self,
        name: &str,
        what: &str,
        work: impl FnOnce(&Folder) -> Result<T, Refusal>,
    ) -> Result<T, Fault> {
        if !is_file_name(name) {
            return Err(Fault::failed(format!(
                "cannot {what} the service `{name}`: a name has letters, digits, `-`, `_` and `.` only"
            )));
        }
        let folder = Folder::new(&self.root.join(name));
        work(&folder).map_err(|refusal| match refusal {
            Refusal::Busy => Fault::transient(format!(
                "cannot {what} the service `{name}`: another runner is at it for {} s",
                TURN.as_secs()
            )),
            Refusal::Failed(why) => Fault::failed(format!("cannot {what} the service `{name}`: {why}")),
            Refusal::Io(error) => Fault::failed(format!(
                "cannot {what} the service `{name}` with its state in `{}`: {error}",
                folder.path().display()
            )),
        })
    }

    /// Starts a supervisor and waits until it has started its process.
    fn launch(&self, folder: &Folder, spec: &Spec) -> Result<(), Refusal> {
        let mut supervisor = Command::new(&self.supervisor[0])
            .args(&self.supervisor[1..])
            .arg(folder.path())
            .current_dir(folder.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(folder.complaints()?)
            .spawn()
            .map_err(|error| {
                let program = Path::new(&self.supervisor[0]).display();
                Refusal::Failed(format!("cannot run its supervisor `{program}`: {error}"))
            })?;
        if let Some(mut stdin) = supervisor.stdin.take() {
            // Where it ends before it has read all, its end is what is told.
            let _ = stdin.write_all(&serde_json::to_vec(spec).map_err(io::Error::from)?);
        }
        let started = wait_for_start(folder, &mut supervisor);
        if started.is_err() {
            // Not KILL: it may have a process that it would leave behind.
            let _ = kill_process(Pid::from_child(&supervisor), Signal::TERM);
        }
        // It outlives us, or ends while we live: then it must not stay a zombie.
        thread::spawn(move || supervisor.wait());
        started
    }
}

/// Why it was not done.
enum Refusal {
    Busy,
    Failed(String),
    Io(io::Error),
}

impl From<io::Error> for Refusal {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

fn check(service: &Service) -> Result<(), Fault> {
    let refused = |why: String| {
        let name = &service.name;
        Err(Fault::failed(format!("cannot start the service `{name}`: {why}")))
    };
    let cwd = Path::new(&service.cwd);
    if service.argv.first().is_none_or(String::is_empty) {
        return refused("no program is named".to_owned());
    }
    if !cwd.is_absolute() {
        return refused(format!("its folder `{}` is not absolute", service.cwd));
    }
    if !cwd.is_dir() {
        return refused(format!("its folder `{}` is not there", service.cwd));
    }
    Ok(())
}

fn is_file_name(name: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    !name.is_empty() && name.len() <= 128 && !name.starts_with('.') && name.bytes().all(allowed)
}

/// Waits until no other `runner` starts or stops the service.
fn turn(folder: &Folder) -> Result<File, Refusal> {
    let file = folder.turn_file()?;
    let began = Instant::now();
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(TryLockError::Error(error)) => return Err(error.into()),
            Err(TryLockError::WouldBlock) if began.elapsed() > TURN => return Err(Refusal::Busy),
            Err(TryLockError::WouldBlock) => thread::sleep(LOOK),
        }
    }
}

fn wait_for_start(folder: &Folder, supervisor: &mut Child) -> Result<(), Refusal> {
    let began = Instant::now();
    while began.elapsed() < PATIENCE {
        // Asked first: what it told before its end is there then.
        let ended = supervisor.try_wait()?;
        match folder.read()? {
            Some(state) if state.condition == ServiceCondition::Stopped => {
                return Err(Refusal::Failed(state.detail));
            }
            Some(state) if state.condition != ServiceCondition::Starting => return Ok(()),
            _ => {}
        }
        if let Some(status) = ended {
            let why = folder.complaint();
            return Err(Refusal::Failed(format!("its supervisor ended ({status}): {why}")));
        }
        thread::sleep(LOOK);
    }
    let why = format!(
        "its supervisor has not started it within {} s",
        PATIENCE.as_secs()
    );
    Err(Refusal::Failed(why))
}

/// What a live supervisor tells; it tells something soon after it has its lock. None where it ended meanwhile.
fn running_state(folder: &Folder) -> Result<Option<State>, Refusal> {
    let began = Instant::now();
    while folder.supervised()? {
        if let Some(state) = folder.read()? {
            return Ok(Some(state));
        }
        if began.elapsed() > PATIENCE {
            return Err(Refusal::Failed("its supervisor tells nothing".to_owned()));
        }
        thread::sleep(LOOK);
    }
    Ok(None)
}

/// Has a supervisor stop its process and end; one that does not is killed, which leaves an orphan.
fn end_supervisor(folder: &Folder, grace_ms: u64) -> Result<(), Refusal> {
    folder.set_grace(grace_ms)?;
    let Some(state) = running_state(folder)? else {
        return Ok(());
    };
    state.supervisor.signal(Signal::TERM);
    let patience = Duration::from_millis(grace_ms).saturating_add(PATIENCE);
    if !wait_until(patience, || Ok(!folder.supervised()?))? {
        state.supervisor.signal(Signal::KILL);
        if !wait_until(PATIENCE, || Ok(!folder.supervised()?))? {
            let pid = state.supervisor.pid;
            return Err(Refusal::Failed(format!(
                "its supervisor (pid {pid}) does not end"
            )));
        }
    }
    Ok(())
}

/// Ends a process whose supervisor is gone.
fn end_orphan(folder: &Folder, grace: Duration) -> Result<(), Refusal> {
    let Some(orphan) = folder.read()?.and_then(|state| state.child) else {
        return Ok(());
    };
    orphan.signal_group(Signal::TERM);
    if !wait_until(grace, || Ok(!orphan.runs()))? {
        orphan.signal_group(Signal::KILL);
        if !wait_until(PATIENCE, || Ok(!orphan.runs()))? {
            return Err(Refusal::Failed(format!(
                "its process (pid {}) does not end",
                orphan.pid
            )));
        }
    }
    Ok(())
}

fn wait_until(patience: Duration, mut done: impl FnMut() -> io::Result<bool>) -> io::Result<bool> {
    let began = Instant::now();
    loop {
        if done()? {
            return Ok(true);
        }
        if began.elapsed() >= patience {
            return Ok(false);
        }
        thread::sleep(LOOK);
    }
}

fn status(folder: &Folder) -> io::Result<ServiceStatus> {
    let supervised = folder.supervised()?;
    let state = folder.read()?;
    let stopped = |label, detail| ServiceStatus {
        condition: ServiceCondition::Stopped,
        label,
        since: None,
        restarts: 0,
        detail,
    };
    Ok(match state {
        None if supervised => ServiceStatus {
            condition: ServiceCondition::Starting,
            ..stopped(None, "its supervisor has just begun".to_owned())
        },
        None => stopped(None, "was never started here".to_owned()),
        Some(state) if supervised || state.condition == ServiceCondition::Stopped => ServiceStatus {
            condition: state.condition,
            label: Some(state.label),
            since: state.since,
            restarts: state.restarts,
            detail: state.detail,
        },
        Some(state) => stopped(
            Some(state.label),
            match state.child.filter(Process::runs) {
                Some(child) => format!("its supervisor died; process {} is left without one", child.pid),
                None => "its supervisor died, and its process is gone".to_owned(),
            },
        ),
    })
}

#[cfg(test)]
mod tests;
