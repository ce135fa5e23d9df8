//! A `runner` that goes on while the test looks at its events.

use std::{
    fs::{self, File},
    io::{BufRead as _, BufReader},
    os::unix::process::ExitStatusExt as _,
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    sync::mpsc::{Receiver, RecvTimeoutError, channel},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, bail, ensure};
use runner_core::{
    event::{Event, Kind},
    id::RunId,
};
use rustix::process::{Pid, Signal, kill_process};

/// Longer than any run of these tests; a run that waits for a person who never comes ends here.
const LONGEST: Duration = Duration::from_secs(300);

/// A process with its events.
#[derive(Debug)]
pub struct Running {
    child: Child,
    events: Receiver<Event>,
    seen: Vec<Event>,
    stderr: PathBuf,
}

/// A process that has ended.
#[derive(Debug)]
pub struct Ended {
    /// How.
    pub status: ExitStatus,
    /// All that it told, what is not kept too.
    pub events: Vec<Event>,
    /// What it said to people.
    pub stderr: String,
}

impl Running {
    pub(crate) fn start(mut command: Command, folder: &Path) -> Result<Self> {
        let stderr = folder.join("runner.err");
        command
            .args(["--output", "json"])
            .stdout(Stdio::piped())
            .stderr(File::create(&stderr)?);
        let mut child = command
            .spawn()
            .with_context(|| format!("cannot run {command:?}"))?;
        let stdout = child.stdout.take().context("stdout is a pipe")?;
        let (sender, events) = channel();
        thread::spawn(move || {
            for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                // What is no event, e.g. half a line of a process that was killed, tells nothing.
                let Ok(event) = serde_json::from_str(&line) else {
                    continue;
                };
                if sender.send(event).is_err() {
                    return;
                }
            }
        });
        Ok(Self {
            child,
            events,
            seen: Vec::new(),
            stderr,
        })
    }

    /// Waits for an event of this kind; an error if the process ends without it.
    pub fn until(&mut self, wanted: impl Fn(&Event) -> bool) -> Result<Event> {
        if let Some(event) = self.seen.iter().find(|event| wanted(event)) {
            return Ok(event.clone());
        }
        let began = Instant::now();
        while began.elapsed() < LONGEST {
            match self.events.recv_timeout(Duration::from_millis(100)) {
                Ok(event) => {
                    self.seen.push(event.clone());
                    if wanted(&event) {
                        return Ok(event);
                    }
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => break,
            }
        }
        bail!(
            "it ended, or waited, without what was expected: {}",
            self.complaints()
        )
    }

    /// The run's id, once it has one.
    pub fn run(&mut self) -> Result<RunId> {
        Ok(self.until(|_| true)?.run)
    }

    /// Whether it has ended.
    pub fn has_ended(&mut self) -> bool {
        !matches!(self.child.try_wait(), Ok(None))
    }

    /// Sends a signal.
    pub fn signal(&self, signal: Signal) -> Result<()> {
        let pid = Pid::from_child(&self.child);
        Ok(kill_process(pid, signal)?)
    }

    /// Waits for its end.
    pub fn ended(mut self) -> Result<Ended> {
        let began = Instant::now();
        let status = loop {
            self.seen.extend(self.events.try_iter());
            if let Some(status) = self.child.try_wait()? {
                break status;
            }
            if began.elapsed() > LONGEST {
                self.child.kill()?;
                self.child.wait()?;
                bail!(
                    "it did not end within {} s, its last event was {:?}: {}",
                    LONGEST.as_secs(),
                    self.seen.last().map(|event| &event.kind),
                    self.complaints()
                );
            }
            thread::sleep(Duration::from_millis(5));
        };
        // The other end of the pipe is with a process that outlives it only for as long as it takes to read the rest.
        while let Ok(event) = self.events.recv_timeout(Duration::from_millis(500)) {
            self.seen.push(event);
        }
        let stderr = self.complaints();
        Ok(Ended {
            status,
            events: std::mem::take(&mut self.seen),
            stderr,
        })
    }

    fn complaints(&self) -> String {
        let bytes = fs::read(&self.stderr).unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Ended {
    /// An error that says how it ended, if that is not with this exit code.
    pub fn ended_with(&self, code: i32) -> Result<()> {
        ensure!(
            self.code() == Some(code),
            "it ended with {}: {}",
            self.status,
            self.complaint()
        );
        Ok(())
    }

    /// The exit code; none when a signal ended it.
    pub fn code(&self) -> Option<i32> {
        self.status.code()
    }

    /// Whether SIGKILL ended it.
    pub fn was_killed(&self) -> bool {
        self.status.signal() == Some(9)
    }

    /// Why it ended as it did: what it said to people, and the reason of its end.
    pub fn complaint(&self) -> String {
        let ends = self.events.iter().filter_map(|event| match &event.kind {
            Kind::RunFinished {
                end,
                summary,
                by_hand,
            } => Some(format!("{}: {summary} {by_hand:?}", end.word())),
            _ => None,
        });
        ends.chain([self.stderr.clone()]).collect::<Vec<_>>().join("\n")
    }

    /// The run's id, if it told one.
    pub fn run(&self) -> Option<RunId> {
        self.events.first().map(|event| event.run.clone())
    }
}
