//! What goes to a machine and comes back: one fixed command that reads a script from its input, and marks in its output
//! that tell where the login ends, where the script begins and how it ended.
//!
//! The server's shell, whichever it is, sees nothing but that command. The script is sh: a fixed one, with its words
//! quoted here, once, so that they are words there. It is read whole before any of it is run, and only once the machine
//! has told that it listens: what was not sent was not done.

use std::{fmt::Write as _, sync::OnceLock, time::Duration};

use tokio::sync::Notify;

use crate::capability::process::{GRACE, Group, Leash, Sink};

/// What every script begins with.
const CARRIER: &str = include_str!("sh/carrier.sh");
/// How much of what a login prints is kept, for messages.
const NOISE: usize = 16 * 1024;
/// Longest word that a script tells, with its mark.
const LONGEST: usize = 4096;

/// A text as one word of sh.
pub(super) fn quoted(word: &str) -> String {
    format!("'{}'", word.replace('\'', r"'\''"))
}

/// A script with all that it needs.
pub(super) struct Script<'a> {
    /// One of `sh/`.
    pub(super) text: &'static str,
    /// `$1`, `$2`...
    pub(super) words: Vec<&'a str>,
    /// sh that sets what is not to be in words, e.g. the environment.
    pub(super) prelude: &'a str,
    /// Tells the attempts of one effect from those of others: a file name.
    pub(super) effect: &'a str,
}

impl Script<'_> {
    /// As it is sent. Cut anywhere it is no sh, since a brace is missing.
    pub(super) fn sent(&self, nonce: &str) -> Vec<u8> {
        let Self {
            text,
            words,
            prelude,
            effect,
        } = self;
        let mut sent = format!(
            "{{\nrunner_nonce={nonce} runner_effect={}\nset --",
            quoted(effect)
        );
        for word in words {
            let _ = write!(sent, " {}", quoted(word));
        }
        let _ = write!(
            sent,
            "\n{prelude}\n(\n{CARRIER}\n{text}\n)\nprintf '%s %s\\n' \"$runner_nonce\" \"$?\" >&2\n}}\n"
        );
        sent.into_bytes()
    }
}

/// The command that is given to the server's shell. `dd` takes the script and no byte of what follows it.
pub(super) fn command(nonce: &str, length: usize) -> String {
    format!(
        r#"exec sh -c 'printf "\n{nonce}\n"; printf "\n{nonce}\n" >&2; eval "$(dd bs={length} count=1 iflag=fullblock 2>/dev/null)"'"#
    )
}

/// A mark that nothing else has: `runner-` and 16 hex digits.
pub(super) fn nonce() -> String {
    let mut bytes = [0_u8; 8];
    getrandom::fill(&mut bytes).expect("the operating system gives random bytes");
    format!("runner-{}", hex::encode(bytes))
}

/// What both sides know of one attempt.
pub(super) struct Wire {
    pub(super) nonce: String,
    pub(super) group: Group,
    /// The machine listens.
    pub(super) listening: Notify,
    /// The program is to end.
    pub(super) ending: Notify,
    /// How it ended.
    pub(super) told: OnceLock<String>,
    /// How long the machine may take to end it.
    pub(super) grace: Duration,
}

impl Wire {
    pub(super) fn new(nonce: String, group: Group, grace: Duration) -> Self {
        Self {
            nonce,
            group,
            listening: Notify::new(),
            ending: Notify::new(),
            told: OnceLock::new(),
            grace,
        }
    }
}

/// For a program: it is asked to end there, which may take it [`GRACE`], before the connection is given up.
pub(super) const SOFTLY: Duration = GRACE.saturating_mul(2);

impl Leash for Wire {
    fn term(&self) {
        if self.grace.is_zero() {
            self.group.kill();
        }
        self.ending.notify_one();
    }

    fn kill(&self) {
        self.group.kill();
    }

    fn grace(&self) -> Duration {
        self.grace.max(Duration::from_secs(1))
    }

    fn over(&self) -> bool {
        self.told.get().is_some()
    }
}

/// Standard output: what comes before the mark is the login's.
pub(super) struct Out<'a, S> {
    wire: &'a Wire,
    to: S,
    before: Option<Vec<u8>>,
}

impl<'a, S: Sink> Out<'a, S> {
    pub(super) fn new(wire: &'a Wire, to: S) -> Self {
        Self {
            wire,
            to,
            before: Some(Vec::new()),
        }
    }
}

impl<S: Sink> Sink for Out<'_, S> {
    fn push(&mut self, bytes: &[u8]) {
        let Some(before) = &mut self.before else {
            return self.to.push(bytes);
        };
        before.extend_from_slice(bytes);
        if let Some(after) = after_mark(before, &self.wire.nonce) {
            let rest = before.split_off(after);
            self.before = None;
            self.to.push(&rest);
        } else {
            shorten(before);
        }
    }
}

/// Standard error: as standard output, and what stands behind the second mark is how it ended.
pub(super) struct Err<'a, S> {
    wire: &'a Wire,
    to: S,
    state: State,
    held: Vec<u8>,
}

enum State {
    Login,
    Script,
    End,
}

impl<'a, S: Sink> Err<'a, S> {
    pub(super) fn new(wire: &'a Wire, to: S) -> Self {
        Self {
            wire,
            to,
            state: State::Login,
            held: Vec::new(),
        }
    }

    /// What was printed before the script, or nothing when that was begun.
    pub(super) fn finish(mut self) -> Option<String> {
        match self.state {
            State::Login => Some(String::from_utf8_lossy(&self.held).into_owned()),
            State::Script => {
                self.to.push(&self.held);
                None
            }
            State::End => None,
        }
    }

    fn script(&mut self) {
        let nonce = self.wire.nonce.as_bytes();
        let (until, ended) = match find(&self.held, nonce) {
            Some(at) => (at, true),
            None => (self.held.len() - begun(&self.held, nonce), false),
        };
        let rest = self.held.split_off(until);
        let settled = std::mem::replace(&mut self.held, rest);
        if !settled.is_empty() {
            self.to.push(&settled);
        }
        if ended {
            self.held.drain(..nonce.len());
            self.state = State::End;
            self.end();
        }
    }

    fn end(&mut self) {
        if let Some(line) = self.held.iter().position(|byte| *byte == b'\n') {
            let told = String::from_utf8_lossy(&self.held[..line]).trim().to_owned();
            // The first counts.
            let _ = self.wire.told.set(told);
        }
        self.held.truncate(LONGEST);
    }
}

impl<S: Sink> Sink for Err<'_, S> {
    fn push(&mut self, bytes: &[u8]) {
        self.held.extend_from_slice(bytes);
        match self.state {
            State::Login => match after_mark(&self.held, &self.wire.nonce) {
                Some(after) => {
                    self.held.drain(..after);
                    self.state = State::Script;
                    self.wire.listening.notify_one();
                    self.script();
                }
                None => shorten(&mut self.held),
            },
            State::Script => self.script(),
            State::End => self.end(),
        }
    }
}

/// Where what follows the mark's line begins.
fn after_mark(bytes: &[u8], nonce: &str) -> Option<usize> {
    let line = format!("{nonce}\n");
    find(bytes, line.as_bytes()).map(|at| at + line.len())
}

fn find(bytes: &[u8], what: &[u8]) -> Option<usize> {
    bytes.windows(what.len()).position(|window| window == what)
}

/// How many bytes at the end may be the beginning of the mark.
fn begun(bytes: &[u8], nonce: &[u8]) -> usize {
    let longest = bytes.len().min(nonce.len() - 1);
    (1..=longest)
        .rev()
        .find(|length| bytes.ends_with(&nonce[..*length]))
        .unwrap_or(0)
}

fn shorten(noise: &mut Vec<u8>) {
    if noise.len() > 2 * NOISE {
        noise.drain(..noise.len() - NOISE);
    }
}
