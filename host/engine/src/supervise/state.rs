//! What a supervisor is told, what it tells, and the folder in which it does.

use std::{
    fs::{self, DirBuilder, File, OpenOptions, TryLockError},
    io::{self, ErrorKind},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::{Path, PathBuf},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use runner_core::{
    digest::Digest,
    effect::{Service, ServiceCondition},
};
use serde::{Deserialize, Serialize};

use super::process::Process;

/// What is to be run.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Spec {
    /// Of the service before secrets were filled in.
    pub(crate) digest: Digest,
    /// With secrets filled in.
    pub(crate) service: Service,
}

/// What a supervisor tells. It holds no secrets.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct State {
    /// Of what runs.
    pub(crate) digest: Digest,
    /// The service's.
    pub(crate) label: String,
    /// The supervisor itself.
    pub(crate) supervisor: Process,
    /// What it runs now, which leads a process group.
    pub(crate) child: Option<Process>,
    pub(crate) condition: ServiceCondition,
    /// Milliseconds since the epoch.
    pub(crate) since: Option<u64>,
    pub(crate) restarts: u32,
    pub(crate) detail: String,
}

impl State {
    /// Of a supervisor that has not started anything yet.
    pub(crate) fn starting(spec: &Spec) -> Self {
        Self {
            digest: spec.digest.clone(),
            label: spec.service.label.clone(),
            supervisor: Process::own(),
            child: None,
            condition: ServiceCondition::Starting,
            since: None,
            restarts: 0,
            detail: String::new(),
        }
    }

    /// The detail stays: why it was started again.
    pub(crate) fn running(&mut self, child: Process) {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        self.since = Some(now.as_millis() as u64);
        self.child = Some(child);
        self.condition = ServiceCondition::Running;
    }

    pub(crate) fn restarting(&mut self, detail: String) {
        self.down(ServiceCondition::Restarting, detail);
    }

    pub(crate) fn stopped(&mut self, detail: &str) {
        self.down(ServiceCondition::Stopped, detail.to_owned());
    }

    fn down(&mut self, condition: ServiceCondition, detail: String) {
        self.child = None;
        self.since = None;
        self.condition = condition;
        self.detail = detail;
    }
}

/// The folder of one service.
#[derive(Debug)]
pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) fn new(path: &Path) -> Self {
        Self(path.to_owned())
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    /// Makes it, for its owner alone.
    pub(crate) fn make(&self) -> io::Result<()> {
        DirBuilder::new().recursive(true).mode(0o700).create(&self.0)
    }

    /// A file of the folder, made for its owner alone.
    fn open(&self, name: &str) -> io::Result<File> {
        let mut options = OpenOptions::new();
        options.create(true).read(true).write(true).truncate(false);
        options.mode(0o600).open(self.0.join(name))
    }

    /// What the supervisor locks.
    pub(crate) fn lock_file(&self) -> io::Result<File> {
        self.open("lock")
    }

    /// What whoever starts or stops the service locks.
    pub(crate) fn turn_file(&self) -> io::Result<File> {
        self.open("turn")
    }

    /// Where the supervisor complains, emptied.
    pub(crate) fn complaints(&self) -> io::Result<File> {
        let file = self.open("supervisor.log")?;
        file.set_len(0)?;
        Ok(file)
    }

    /// What the supervisor complained of.
    pub(crate) fn complaint(&self) -> String {
        let text = fs::read_to_string(self.0.join("supervisor.log")).unwrap_or_default();
        text.trim().to_owned()
    }

    /// Whether a supervisor lives.
    pub(crate) fn supervised(&self) -> io::Result<bool> {
        let file = match File::open(self.0.join("lock")) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(false),
            file => file?,
        };
        // Shared, so that two who ask are not in each other's way.
        match file.try_lock_shared() {
            Ok(()) => Ok(false),
            Err(TryLockError::WouldBlock) => Ok(true),
            Err(TryLockError::Error(error)) => Err(error),
        }
    }

    /// What the supervisor told last.
    pub(crate) fn read(&self) -> io::Result<Option<State>> {
        match fs::read(self.0.join("state.json")) {
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            bytes => Ok(Some(serde_json::from_slice(&bytes?)?)),
        }
    }

    /// Tells a state: a reader sees all of it or the one before.
    pub(crate) fn write(&self, state: &State) -> io::Result<()> {
        self.replace("state.json", &serde_json::to_vec_pretty(state)?)
    }

    /// Forgets what an earlier supervisor told.
    pub(crate) fn forget(&self) -> io::Result<()> {
        match fs::remove_file(self.0.join("state.json")) {
            Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    /// How long the process may take to end, where `stop` said so.
    pub(crate) fn grace(&self) -> Option<Duration> {
        let text = fs::read_to_string(self.0.join("grace")).ok()?;
        text.parse().ok().map(Duration::from_millis)
    }

    /// Says how long the process may take to end.
    pub(crate) fn set_grace(&self, grace_ms: u64) -> io::Result<()> {
        self.replace("grace", grace_ms.to_string().as_bytes())
    }

    fn replace(&self, name: &str, bytes: &[u8]) -> io::Result<()> {
        let new = format!("{name}.new");
        let file = self.open(&new)?;
        file.set_len(0)?;
        io::Write::write_all(&mut &file, bytes)?;
        fs::rename(self.0.join(new), self.0.join(name))
    }
}
