//! One running program: its pipes, its end, and ending it.

use std::{io, process::ExitStatus, time::Duration};

use rustix::process::{Pid, Signal, kill_process_group};
use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _},
    process::{ChildStdin, Command},
    time::{Instant, sleep},
};

use super::output::Output;
use crate::stop::Stop;

/// Between TERM and KILL.
const GRACE: Duration = Duration::from_secs(5);
/// How long to wait for more output once the program has ended, while something that it left behind holds its pipes.
const IDLE: Duration = Duration::from_secs(1);
/// Stands for no limit: a timer takes no larger one.
const LONGEST: Duration = Duration::from_secs(365 * 24 * 3600);

/// Why a program was ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Why {
    /// It ran out of time.
    Time,
    /// `runner` was told to stop.
    Stop,
}

/// How it ended.
pub(super) struct Ended {
    pub(super) status: ExitStatus,
    /// None when it ended by itself.
    pub(super) why: Option<Why>,
}

/// Runs a program to its end. Its error is that the program could not be started.
pub(super) async fn run(
    mut program: Command,
    input: Vec<u8>,
    timeout: Duration,
    stop: &Stop,
    stdout: &mut Output<'_>,
    stderr: &mut Output<'_>,
) -> io::Result<Ended> {
    let mut child = program.spawn()?;
    let group = Group::of(child.id());
    let mut feeding = std::pin::pin!(feed(child.stdin.take(), input));
    let mut out = Pipe::new(child.stdout.take());
    let mut err = Pipe::new(child.stderr.take());
    let mut stopping = std::pin::pin!(stop.wait());
    let mut alarm = std::pin::pin!(sleep(timeout.min(LONGEST)));
    let (mut fed, mut status, mut why) = (false, None, None);
    while status.is_none() || out.open() || err.open() {
        tokio::select! {
            read = out.read(), if out.open() => {
                out.pass(read, stdout);
                if status.is_some() && why.is_none() {
                    alarm.as_mut().reset(Instant::now() + IDLE);
                }
            }
            read = err.read(), if err.open() => {
                err.pass(read, stderr);
                if status.is_some() && why.is_none() {
                    alarm.as_mut().reset(Instant::now() + IDLE);
                }
            }
            () = &mut feeding, if !fed => fed = true,
            ended = child.wait(), if status.is_none() => {
                status = Some(ended?);
                if why.is_none() {
                    alarm.as_mut().reset(Instant::now() + IDLE);
                }
            }
            () = &mut stopping, if why.is_none() && status.is_none() => {
                why = Some(Why::Stop);
                group.send(Signal::TERM);
                alarm.as_mut().reset(Instant::now() + GRACE);
            }
            () = &mut alarm => match (status, why) {
                (None, None) => {
                    why = Some(Why::Time);
                    group.send(Signal::TERM);
                    alarm.as_mut().reset(Instant::now() + GRACE);
                }
                (None, Some(_)) => {
                    group.send(Signal::KILL);
                    alarm.as_mut().reset(Instant::now() + GRACE);
                }
                (Some(_), _) => break,
            },
        }
    }
    if why.is_some() {
        // What it started and what did not heed TERM.
        group.send(Signal::KILL);
    }
    let status = status.expect("the loop ends after the program");
    Ok(Ended { status, why })
}

/// Writes the input and closes the pipe. A program that does not read it to its end is its own business.
async fn feed(stdin: Option<ChildStdin>, input: Vec<u8>) {
    if let Some(mut stdin) = stdin {
        let _ = stdin.write_all(&input).await;
        let _ = stdin.shutdown().await;
    }
}

/// A program's process group, whose number is that of its first process.
struct Group(Option<Pid>);

impl Group {
    fn of(id: Option<u32>) -> Self {
        Self(id.and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw))
    }

    fn send(&self, signal: Signal) {
        if let Some(group) = self.0 {
            // Nobody left to get it is what was wanted.
            let _ = kill_process_group(group, signal);
        }
    }
}

/// An output's pipe, until its end.
struct Pipe<R> {
    reader: Option<R>,
    buffer: Vec<u8>,
}

impl<R: AsyncRead + Unpin> Pipe<R> {
    fn new(reader: Option<R>) -> Self {
        Self {
            reader,
            buffer: vec![0; 64 * 1024],
        }
    }

    fn open(&self) -> bool {
        self.reader.is_some()
    }

    async fn read(&mut self) -> io::Result<usize> {
        match &mut self.reader {
            Some(reader) => reader.read(&mut self.buffer).await,
            None => Ok(0),
        }
    }

    fn pass(&mut self, read: io::Result<usize>, output: &mut Output<'_>) {
        match read {
            Ok(count @ 1..) => output.push(&self.buffer[..count]),
            Ok(0) | Err(_) => self.reader = None,
        }
    }
}
