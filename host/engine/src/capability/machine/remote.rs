//! A machine of the profile: attempts of an effect, and what becomes of one whose connection was lost.

use std::{io::Read, sync::Arc, time::Duration};

use runner_core::{effect::Nature, fault::Fault, profile::Machine};
use tokio::{io::AsyncWriteExt as _, process::ChildStdin, runtime::Handle, sync::Semaphore};

use super::{
    carrier::{self, Err as Stderr, Out, SOFTLY, Script, Wire},
    connection::Connection,
    diagnosis,
};
use crate::{
    capability::process::{self, Ended, Group, LONGEST, Sink, Why},
    secret::Secrets,
    stop::Stop,
    workspace::Workspace,
};

/// Programs that run side by side through one connection. A server allows 10, `MaxSessions` of sshd_config(5).
const SIDE_BY_SIDE: usize = 8;
/// How often an effect is attempted whose connection is lost.
const ATTEMPTS: u32 = 3;
/// Seconds by which the machine's own limit of a program's time is longer than ours, which says so.
pub(super) const BEHIND: u64 = 10;
/// Bytes that are sent at once.
const PIECE: usize = 64 * 1024;

/// A machine that is reached over SSH, or is this one and reached through `sh`.
#[derive(Debug)]
pub(in crate::capability) struct Remote {
    connection: Connection,
    sessions: Semaphore,
    secrets: Arc<Secrets>,
    handle: Handle,
    stop: Stop,
}

/// What follows a script.
pub(super) enum After<'a> {
    /// These bytes, and the end.
    Bytes(Box<dyn Read + 'a>),
    /// A word, if it is to end.
    Word,
}

/// How an attempt went.
pub(in crate::capability) enum Attempt {
    /// The machine told how it ended.
    Told {
        /// A number, or a word of the script.
        word: String,
        /// Whether it was ended.
        why: Option<Why>,
    },
    /// Nothing more was heard of it.
    Lost {
        /// Whether anything may have been done.
        begun: bool,
        /// Whether that is our doing.
        why: Option<Why>,
        /// What `ssh`, or the login, said.
        said: String,
    },
}

/// What came back of a script.
pub(super) struct Said {
    /// 0, or a word that it told.
    pub(super) word: String,
    pub(super) stdout: Vec<u8>,
    pub(super) stderr: Vec<u8>,
}

/// An effect to be carried out there.
pub(in crate::capability) struct Task<'a> {
    /// For messages: "write `/etc/x`".
    pub(in crate::capability) what: &'a str,
    pub(in crate::capability) nature: Nature,
    /// Tells its attempts from those of other effects.
    pub(in crate::capability) effect: &'a str,
    /// How long one attempt may take; none is without end.
    pub(in crate::capability) limit: Option<Duration>,
}

impl Remote {
    pub(super) fn new(
        name: &str,
        machine: &Machine,
        here: bool,
        workspace: &Workspace,
        secrets: Arc<Secrets>,
        handle: Handle,
        stop: Stop,
    ) -> Self {
        Self {
            connection: Connection::new(
                name,
                machine,
                here,
                workspace.root(),
                &secrets,
                handle.clone(),
                stop.clone(),
            ),
            sessions: Semaphore::new(SIDE_BY_SIDE),
            secrets,
            handle,
            stop,
        }
    }

    /// As a profile names it.
    pub(in crate::capability) fn name(&self) -> &str {
        &self.connection.named.name
    }

    /// Attempts an effect until the machine has told how it ended. What is lost before it began is attempted again; what
    /// is lost after, only if twice is the same as once, and only when the machine has ended the first.
    pub(in crate::capability) fn attempt(
        &self,
        task: &Task<'_>,
        mut once: impl FnMut() -> Result<Attempt, Fault>,
    ) -> Result<(String, Option<Why>), Fault> {
        let mut last = String::new();
        let mut begun = false;
        for _ in 0..ATTEMPTS {
            let tried = match once() {
                // In doubt is what the first attempt left; that it cannot be looked at does not change that.
                Err(fault) if begun => return Err(self.in_doubt(task, &fault.to_string())),
                tried => tried?,
            };
            let (lost, why, said) = match tried {
                Attempt::Told { word, why } => return Ok((word, why)),
                Attempt::Lost { begun, why, said } => (begun, why, self.secrets.scrub_text(said)),
            };
            self.connection.suspect();
            begun |= lost;
            if self.stop.stopped() {
                break;
            }
            last = match why {
                Some(_) => "it did not answer any more".to_owned(),
                None => diagnosis::last(&said),
            };
            if lost && task.nature != Nature::Read {
                let settled = self.settle(task.effect, task.limit);
                if task.nature == Nature::Write || settled.is_err() {
                    return Err(self.in_doubt(task, &last));
                }
            }
        }
        match begun || self.stop.stopped() {
            true => Err(self.in_doubt(task, &last)),
            false => Err(Fault::transient(format!(
                "cannot {} on machine `{}`: {last}; nothing was done",
                task.what,
                self.name()
            ))),
        }
    }

    pub(super) fn stopped(&self, task: &Task<'_>) -> Fault {
        Fault::Interrupted {
            message: format!(
                "`runner` was told to stop while it was to {} on machine `{}`",
                task.what,
                self.name()
            ),
        }
    }

    fn in_doubt(&self, task: &Task<'_>, why: &str) -> Fault {
        if self.stop.stopped() {
            return self.stopped(task);
        }
        let message = format!(
            "the connection to machine `{}` was lost while it was to {}, so it may or may not be done: {why}",
            self.name(),
            task.what
        );
        match task.nature {
            Nature::Write => Fault::Interrupted { message },
            Nature::Read | Nature::Idempotent => Fault::transient(message),
        }
    }

    /// Waits until no attempt of an effect is under way on the machine: it ends them when their time is over.
    pub(in crate::capability) fn settle(&self, effect: &str, limit: Option<Duration>) -> Result<(), Fault> {
        let limit = limit
            .unwrap_or(Duration::from_secs(60))
            .as_secs()
            .min(LONGEST.as_secs());
        let patience = limit + 2 * BEHIND;
        let task = Task {
            what: "wait for what is under way",
            nature: Nature::Read,
            effect,
            limit: Some(Duration::from_secs(patience + BEHIND)),
        };
        let said = self.script(&task, include_str!("sh/settle.sh"), &[&patience.to_string()])?;
        self.done(&task, &said)
    }

    /// Runs a script without anything to follow; what it told, and printed.
    pub(super) fn script(&self, task: &Task<'_>, text: &'static str, words: &[&str]) -> Result<Said, Fault> {
        self.script_with(task, text, words, || Ok(Box::new(std::io::empty())))
    }

    /// Runs a script with what follows it, which is asked for at each attempt.
    pub(super) fn script_with<'r>(
        &self,
        task: &Task<'_>,
        text: &'static str,
        words: &[&str],
        mut after: impl FnMut() -> Result<Box<dyn Read + 'r>, Fault>,
    ) -> Result<Said, Fault> {
        let script = Script {
            text,
            words: words.to_vec(),
            prelude: "",
            effect: task.effect,
        };
        let (mut stdout, mut stderr) = (Vec::new(), Vec::new());
        let (word, why) = self.attempt(task, || {
            (stdout, stderr) = (Vec::new(), Vec::new());
            let after = After::Bytes(after()?);
            self.once(&script, after, task.limit, &mut stdout, &mut stderr)
        })?;
        match why {
            Some(Why::Stop) => Err(self.stopped(task)),
            _ => Ok(Said { word, stdout, stderr }),
        }
    }

    /// One attempt of a script.
    pub(super) fn once<'a>(
        &self,
        script: &Script<'_>,
        after: After<'a>,
        limit: Option<Duration>,
        stdout: impl Sink + 'a,
        stderr: impl Sink + 'a,
    ) -> Result<Attempt, Fault> {
        let nonce = carrier::nonce();
        let sent = script.sent(&nonce);
        let mut ssh = self.connection.program(&carrier::command(&nonce, sent.len()))?;
        let grace = match after {
            After::Word => SOFTLY,
            After::Bytes(_) => Duration::ZERO,
        };
        let limit = limit.unwrap_or(LONGEST);
        let (ended, wire, login) = self
            .handle
            .block_on(async {
                let _turn = self.sessions.acquire().await;
                let mut child = ssh.spawn()?;
                let wire = Wire::new(nonce, Group::of(&child), grace);
                let feeding = feed(child.stdin.take(), &wire, sent, after);
                let (mut out, mut err) = (Out::new(&wire, stdout), Stderr::new(&wire, stderr));
                let ended =
                    process::follow(child, feeding, &wire, limit, &self.stop, &mut out, &mut err).await;
                let login = err.finish();
                ended.map(|ended| (ended, wire.told.get().cloned(), login))
            })
            .map_err(|error: std::io::Error| {
                Fault::failed(format!(
                    "cannot run a program for machine `{}`: {error}",
                    self.name()
                ))
            })?;
        let Ended { status, why } = ended;
        match (wire, login) {
            (Some(word), _) => Ok(Attempt::Told { word, why }),
            (None, Some(said)) if why.is_none() && status.code().is_some_and(|code| code != 255) => {
                Err(Fault::failed(format!(
                    "machine `{}` does not run programs for `{}`: {}",
                    self.name(),
                    self.connection.named.destination,
                    self.secrets.scrub_text(diagnosis::last(&said))
                )))
            }
            (None, login) => Ok(Attempt::Lost {
                begun: login.is_none(),
                why,
                said: login.unwrap_or_else(|| "the connection was closed".to_owned()),
            }),
        }
    }

    /// Fails unless a script told that it was done.
    pub(super) fn done(&self, task: &Task<'_>, said: &Said) -> Result<(), Fault> {
        match said.word.as_str() {
            "0" => Ok(()),
            word => Err(self.refused(task, word, &said.stderr)),
        }
    }

    /// What a script told that is no success, for those words that any may tell.
    pub(super) fn refused(&self, task: &Task<'_>, word: &str, stderr: &[u8]) -> Fault {
        let machine = self.name();
        let what = task.what;
        match word.split_once(' ').unwrap_or((word, "")) {
            ("tool", tool) => Fault::failed(format!(
                "cannot {what} on machine `{machine}`: it has no program `{tool}`; on Debian `apt-get install {}`",
                package(tool)
            )),
            ("home", folder) => Fault::failed(format!(
                "cannot {what} on machine `{machine}`: no file can be made in `{folder}`, which keeps an effect from being \
                 done twice at once"
            )),
            ("busy", _) => Fault::transient(format!(
                "cannot {what} on machine `{machine}`: an earlier attempt is still under way there"
            )),
            ("cut", _) => Fault::transient(format!(
                "cannot {what} on machine `{machine}`: not all of it arrived there"
            )),
            ("digest", _) => Fault::transient(format!(
                "cannot {what} on machine `{machine}`: what arrived there has another digest"
            )),
            _ => {
                let said = self
                    .secrets
                    .scrub_text(String::from_utf8_lossy(stderr).into_owned());
                let why = match said.trim().is_empty() {
                    true => format!("exit code {word}"),
                    false => diagnosis::last(&said),
                };
                Fault::failed(format!("cannot {what} on machine `{machine}`: {why}"))
            }
        }
    }
}

/// Where Debian has a program that a script needs.
fn package(tool: &str) -> &'static str {
    match tool {
        "flock" => "util-linux",
        "find" => "findutils",
        "tar" => "tar",
        _ => "coreutils",
    }
}

/// Sends the script once the machine listens, and what follows.
async fn feed(stdin: Option<ChildStdin>, wire: &Wire, script: Vec<u8>, after: After<'_>) {
    let Some(mut stdin) = stdin else { return };
    wire.listening.notified().await;
    // What cannot be sent is noticed by what does not come back.
    if stdin.write_all(&script).await.is_err() {
        return;
    }
    match after {
        After::Bytes(mut from) => {
            let mut piece = vec![0; PIECE];
            while let Ok(count @ 1..) = from.read(&mut piece) {
                if stdin.write_all(&piece[..count]).await.is_err() {
                    return;
                }
            }
            let _ = stdin.shutdown().await;
        }
        After::Word => {
            wire.ending.notified().await;
            let _ = stdin.write_all(b"stop\n").await;
            let _ = stdin.flush().await;
            std::future::pending::<()>().await;
        }
    }
}
