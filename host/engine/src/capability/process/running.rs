//! One running program: its pipes, its end, and ending it.

use std::{io, process::ExitStatus, time::Duration};

use rustix::process::{Pid, Signal, kill_process_group};
use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _},
    process::{Child, ChildStdin},
    time::{Instant, sleep},
};

use crate::stop::Stop;

/// Between TERM and KILL.
pub(in crate::capability) const GRACE: Duration = Duration::from_secs(5);
/// How long to wait for more output once the program has ended, while something that it left behind holds its pipes.
const IDLE: Duration = Duration::from_secs(1);
/// Stands for no limit: a timer takes no larger one.
pub(in crate::capability) const LONGEST: Duration = Duration::from_secs(365 * 24 * 3600);

/// Why a program was ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::capability) enum Why {
    /// It ran out of time.
    Time,
    /// `runner` was told to stop.
    Stop,
}

/// How it ended.
pub(in crate::capability) struct Ended {
    pub(in crate::capability) status: ExitStatus,
    /// None when it ended by itself.
    pub(in crate::capability) why: Option<Why>,
}

/// What an output goes to.
pub(in crate::capability) trait Sink {
    /// Takes what the program printed.
    fn push(&mut self, bytes: &[u8]);
}

impl<S: Sink + ?Sized> Sink for &mut S {
    fn push(&mut self, bytes: &[u8]) {
        (**self).push(bytes);
    }
}

/// Keeps it whole.
impl Sink for Vec<u8> {
    fn push(&mut self, bytes: &[u8]) {
        self.extend_from_slice(bytes);
    }
}

/// How a program is ended.
pub(in crate::capability) trait Leash {
    /// Asks it to end.
    fn term(&self);
    /// Ends it, with what it started.
    fn kill(&self);
    /// How long it may take to end once it was asked.
    fn grace(&self) -> Duration {
        GRACE
    }
    /// Whether it has told of its end, though its process still lives.
    fn over(&self) -> bool {
        false
    }
}

/// Follows a program to its end. `feeding` writes its input.
pub(in crate::capability) async fn follow(
    mut child: Child,
    feeding: impl Future<Output = ()>,
    leash: &impl Leash,
    timeout: Duration,
    stop: &Stop,
    stdout: &mut dyn Sink,
    stderr: &mut dyn Sink,
) -> io::Result<Ended> {
    let mut feeding = std::pin::pin!(feeding);
    let mut out = Pipe::new(child.stdout.take());
    let mut err = Pipe::new(child.stderr.take());
    let mut stopping = std::pin::pin!(stop.wait());
    let mut alarm = std::pin::pin!(sleep(timeout.min(LONGEST)));
    let (mut fed, mut status, mut why) = (false, None, None);
    while status.is_none() || out.open() || err.open() {
        let over = status.is_some() || leash.over();
        tokio::select! {
            read = out.read(), if out.open() => out.pass(read, stdout),
            read = err.read(), if err.open() => err.pass(read, stderr),
            () = &mut feeding, if !fed => {
                fed = true;
                continue;
            }
            ended = child.wait(), if status.is_none() => status = Some(ended?),
            () = &mut stopping, if why.is_none() && !over => {
                why = Some(Why::Stop);
                leash.term();
                alarm.as_mut().reset(Instant::now() + leash.grace());
                continue;
            }
            () = &mut alarm => {
                match why {
                    _ if over => break,
                    None => {
                        why = Some(Why::Time);
                        leash.term();
                    }
                    Some(_) => leash.kill(),
                }
                alarm.as_mut().reset(Instant::now() + leash.grace());
                continue;
            }
        }
        // Something was heard of it: once it has ended, that is what is waited for.
        if why.is_none() && (status.is_some() || leash.over()) {
            alarm.as_mut().reset(Instant::now() + IDLE);
        }
    }
    if why.is_some() || status.is_none() {
        // What it started and what did not heed TERM.
        leash.kill();
    }
    let status = match status {
        Some(status) => status,
        None => child.wait().await?,
    };
    Ok(Ended { status, why })
}

/// Writes the input and closes the pipe. A program that does not read it to its end is its own business.
pub(super) async fn feed(stdin: Option<ChildStdin>, input: Vec<u8>) {
    if let Some(mut stdin) = stdin {
        let _ = stdin.write_all(&input).await;
        let _ = stdin.shutdown().await;
    }
}

/// A program's process group, whose number is that of its first process.
pub(in crate::capability) struct Group(Option<Pid>);

impl Group {
    pub(in crate::capability) fn of(child: &Child) -> Self {
        let id = child.id().and_then(|id| i32::try_from(id).ok());
        Self(id.and_then(Pid::from_raw))
    }

    fn send(&self, signal: Signal) {
        if let Some(group) = self.0 {
            // Nobody left to get it is what was wanted.
            let _ = kill_process_group(group, signal);
        }
    }
}

impl Leash for Group {
    fn term(&self) {
        self.send(Signal::TERM);
    }

    fn kill(&self) {
        self.send(Signal::KILL);
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

    fn pass(&mut self, read: io::Result<usize>, output: &mut dyn Sink) {
        match read {
            Ok(count @ 1..) => output.push(&self.buffer[..count]),
            Ok(0) | Err(_) => self.reader = None,
        }
    }
}
