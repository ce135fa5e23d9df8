//! One life of the supervised process, with everything it starts: they are one process group. What leaves the group (a
//! daemon that detaches itself) is not supervised.

use std::{
    fs::{DirBuilder, File, OpenOptions},
    io::{self, Read, Seek, SeekFrom},
    os::unix::{
        fs::{DirBuilderExt, OpenOptionsExt},
        process::{CommandExt, ExitStatusExt},
    },
    path::{Path, PathBuf},
    process::{Command, ExitStatus, Stdio},
    time::{Duration, Instant},
};

use runner_core::effect::Service;
use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process_group, waitid};
use tokio::{task::JoinHandle, time};

use super::process::{Process, group_runs};

/// Bytes of the end of the log in which the last line is looked for.
const LAST: u64 = 4096;

/// How long the system may take to do away with what was killed.
const KILLED: Duration = Duration::from_secs(1);

/// A running process.
pub(crate) struct Child {
    inner: std::process::Child,
    pid: Pid,
    began: Instant,
    /// Ends with the process, which it leaves to be reaped: so long nobody else gets its pid.
    ended: JoinHandle<()>,
    log: PathBuf,
    /// Bytes that were in the log before.
    log_before: u64,
}

impl Child {
    /// Starts the process, its output appended to its log.
    pub(crate) fn start(service: &Service) -> io::Result<Self> {
        let (path, log) = open_log(service)?;
        let log_before = log.metadata()?.len();
        let program = program(service)?;
        let inner = Command::new(&program)
            .args(&service.argv[1..])
            .envs(service.env.iter().map(|(name, value)| (name, value)))
            .current_dir(&service.cwd)
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .process_group(0)
            .spawn()
            .map_err(|error| {
                let text = format!("cannot run `{}`: {error}", program.display());
                io::Error::new(error.kind(), text)
            })?;
        let pid = Pid::from_child(&inner);
        Ok(Self {
            inner,
            pid,
            began: Instant::now(),
            ended: tokio::task::spawn_blocking(move || wait(pid)),
            log: path,
            log_before,
        })
    }

    /// Which process it is.
    pub(crate) fn process(&self) -> Process {
        Process::of(self.pid.as_raw_nonzero().get())
    }

    /// How long it has been running.
    pub(crate) fn up(&self) -> Duration {
        self.began.elapsed()
    }

    /// Returns once the process has ended.
    pub(crate) async fn ended(&mut self) {
        if !self.ended.is_finished() {
            // The task neither panics nor is aborted.
            let _ = (&mut self.ended).await;
        }
    }

    /// Kills what an ended process left of its group, reaps it, and tells how it ended.
    pub(crate) fn clear(&mut self) -> String {
        // Not reaped yet, so the group's id is still its own.
        let _ = kill_process_group(self.pid, Signal::KILL);
        let how = match self.inner.wait() {
            Ok(status) => words(status),
            Err(error) => format!("ended ({error})"),
        };
        match last_line(&self.log, self.log_before) {
            Some(line) => format!("{how}; its last line was `{line}`"),
            None => format!("{how} and printed nothing"),
        }
    }

    /// TERM to the group, KILL after `grace` to what is left of it.
    pub(crate) async fn stop(mut self, grace: Duration) {
        let _ = kill_process_group(self.pid, Signal::TERM);
        let deadline = time::Instant::now() + grace;
        let in_time = time::timeout_at(deadline, self.ended()).await.is_ok();
        if !in_time {
            let _ = kill_process_group(self.pid, Signal::KILL);
            self.ended().await;
        }
        let _ = self.inner.wait();
        // The rest of the group may still be at its last work. While anyone is in it, its id is nobody else's.
        if !emptied(self.pid, deadline).await {
            let _ = kill_process_group(self.pid, Signal::KILL);
            emptied(self.pid, time::Instant::now() + KILLED).await;
        }
    }
}

/// Whether nobody is in the group any more, before the deadline.
async fn emptied(group: Pid, deadline: time::Instant) -> bool {
    while group_runs(group) {
        if time::Instant::now() >= deadline {
            return false;
        }
        time::sleep(Duration::from_millis(10)).await;
    }
    true
}

fn wait(pid: Pid) {
    let options = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
    while let Err(rustix::io::Errno::INTR) = waitid(WaitId::Pid(pid), options) {}
}

fn open_log(service: &Service) -> io::Result<(PathBuf, File)> {
    let path = Path::new(&service.cwd).join(&service.log);
    let open = || {
        if let Some(folder) = path.parent() {
            DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
        }
        OpenOptions::new()
            .create(true)
            .append(true)
            .mode(0o600)
            .open(&path)
    };
    match open() {
        Ok(file) => Ok((path, file)),
        Err(error) => {
            let text = format!("cannot open the log `{}`: {error}", path.display());
            Err(io::Error::new(error.kind(), text))
        }
    }
}

/// The program: a name is looked up in `PATH`, a relative path is one from the working folder.
fn program(service: &Service) -> io::Result<PathBuf> {
    let Some(name) = service.argv.first().filter(|name| !name.is_empty()) else {
        return Err(io::Error::other("no program is named"));
    };
    Ok(if name.contains('/') {
        Path::new(&service.cwd).join(name)
    } else {
        PathBuf::from(name)
    })
}

fn words(status: ExitStatus) -> String {
    match (status.code(), status.signal()) {
        (Some(code), _) => format!("exited with code {code}"),
        (None, Some(signal)) => format!("was ended by signal {signal}"),
        (None, None) => "ended".to_owned(),
    }
}

/// The last line that is not empty of what is in the log beyond `before`.
fn last_line(log: &Path, before: u64) -> Option<String> {
    let mut file = File::open(log).ok()?;
    let length = file.metadata().ok()?.len();
    file.seek(SeekFrom::Start(before.max(length.saturating_sub(LAST))))
        .ok()?;
    let mut bytes = Vec::new();
    file.take(LAST).read_to_end(&mut bytes).ok()?;
    let text = String::from_utf8_lossy(&bytes);
    let line = text.lines().rev().map(str::trim).find(|line| !line.is_empty())?;
    Some(line.chars().take(300).collect())
}
