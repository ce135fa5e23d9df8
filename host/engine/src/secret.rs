//! Secrets: put in at the last moment, taken out of everything that comes back. A value never leaves this module but in
//! what is sent, and is known to no plugin, journal, log or message.

mod scrub;
mod source;
#[cfg(test)]
mod tests;

use std::{
    collections::BTreeMap,
    ffi::OsString,
    fmt,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError, RwLock},
};

use runner_core::{fault::Fault, profile::SecretSource, secret};
use scrub::{Scrubber, placeholder};
use tokio::runtime::Handle;

use crate::stop::Stop;

pub(crate) use scrub::in_url;

/// Shorter values stand in too many texts by chance to be taken out of them.
const SHORTEST: usize = 4;
const OPEN: &str = "{{secret:";
const CLOSE: &str = "}}";

/// The secrets of a profile.
pub struct Secrets {
    sources: BTreeMap<String, SecretSource>,
    workspace: PathBuf,
    handle: Handle,
    stop: Stop,
    environment: fn(&str) -> Option<OsString>,
    values: Mutex<BTreeMap<String, String>>,
    scrubber: RwLock<Arc<Scrubber>>,
}

impl Secrets {
    /// Knows where each secret comes from. What can be had without running a program is known from now on, so that it is
    /// taken out of what comes back even when no plugin asked for it; what is wrong with it is told once it is asked for.
    pub fn new(
        sources: BTreeMap<String, SecretSource>,
        workspace: &Path,
        handle: Handle,
        stop: Stop,
    ) -> Self {
        Self::with_environment(sources, workspace, handle, stop, |name| std::env::var_os(name))
    }

    fn with_environment(
        sources: BTreeMap<String, SecretSource>,
        workspace: &Path,
        handle: Handle,
        stop: Stop,
        environment: fn(&str) -> Option<OsString>,
    ) -> Self {
        let secrets = Self {
            sources,
            workspace: workspace.to_owned(),
            handle,
            stop,
            environment,
            values: Mutex::default(),
            scrubber: RwLock::new(Arc::new(Scrubber::new(&BTreeMap::new()))),
        };
        for (name, source) in &secrets.sources {
            if !matches!(source, SecretSource::Command(_)) {
                let _ = secrets.value(name);
            }
        }
        secrets
    }

    /// Replaces each `{{secret:name}}` by its value, and each `{{secret:name|quoted}}` by its value as it stands between double
    /// quotes.
    ///
    /// Fails when a secret is not in the profile, cannot be had, or is too short to be taken out of texts again.
    pub fn fill(&self, text: &str) -> Result<String, Fault> {
        self.fill_each(text, str::to_owned)
    }

    /// As [`Secrets::fill`], for what need not be text.
    pub fn fill_bytes(&self, bytes: &[u8]) -> Result<Vec<u8>, Fault> {
        let mut out = Vec::with_capacity(bytes.len());
        let mut rest = bytes;
        while let Some((before, name, after)) = next_in(rest) {
            out.extend_from_slice(before);
            out.extend_from_slice(self.filled(&String::from_utf8_lossy(name))?.as_bytes());
            rest = after;
        }
        out.extend_from_slice(rest);
        Ok(out)
    }

    /// As [`Secrets::fill`], with each value passed through `encode`.
    pub(crate) fn fill_each(&self, text: &str, encode: impl Fn(&str) -> String) -> Result<String, Fault> {
        let mut out = String::with_capacity(text.len());
        let mut rest = text;
        while let Some((before, name, after)) = next(rest) {
            out += before;
            out += &encode(&self.filled(name)?);
            rest = after;
        }
        out += rest;
        Ok(out)
    }

    /// The names that a text asks for, in order, each once.
    pub fn names_in(text: &str) -> Vec<String> {
        let mut names = Vec::new();
        let mut rest = text;
        while let Some((_, inside, after)) = next(rest) {
            let (name, _) = secret::parts(inside);
            if !names.iter().any(|known| known == name) {
                names.push(name.to_owned());
            }
            rest = after;
        }
        names
    }

    /// Replaces every known value, plain or encoded as programs and servers do, by `{{secret:name}}`.
    pub fn scrub(&self, bytes: Vec<u8>) -> Vec<u8> {
        self.scrubber().scrub(bytes)
    }

    /// As [`Secrets::scrub`], for text.
    pub fn scrub_text(&self, text: impl Into<String>) -> String {
        match String::from_utf8(self.scrub(text.into().into_bytes())) {
            Ok(text) => text,
            // A value ends where a character ends, so this is not reached; it is not worth a panic either.
            Err(error) => String::from_utf8_lossy(error.as_bytes()).into_owned(),
        }
    }

    /// As [`Secrets::scrub`], for bytes that come in pieces.
    pub fn stream(&self) -> ScrubStream<'_> {
        ScrubStream {
            secrets: self,
            held: Vec::new(),
        }
    }

    /// The variables of `runner`'s environment that hold secrets.
    pub fn variables(&self) -> impl Iterator<Item = &str> {
        self.sources.values().filter_map(|source| match source {
            SecretSource::Env(name) => Some(name.as_str()),
            _ => None,
        })
    }

    /// What stands in place of a placeholder with this between its braces.
    fn filled(&self, inside: &str) -> Result<String, Fault> {
        match secret::parts(inside) {
            (name, true) => self.value(name).map(|value| secret::quoted(&value)),
            (name, false) => self.value(name),
        }
    }

    /// A secret's value, looked up once.
    pub(crate) fn value(&self, name: &str) -> Result<String, Fault> {
        // Held while it is looked up: a program that asks its user for a password asks once.
        let mut values = self.values.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(value) = values.get(name) {
            return Ok(value.clone());
        }
        let source = self.sources.get(name).ok_or_else(|| self.unknown(name))?;
        let value = self.look_up(name, source)?;
        self.check(name, &value)?;
        values.insert(name.to_owned(), value.clone());
        *self.scrubber.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(Scrubber::new(&values));
        Ok(value)
    }

    fn check(&self, name: &str, value: &str) -> Result<(), Fault> {
        let length = value.chars().count();
        if length < SHORTEST {
            return Err(Fault::failed(format!(
                "the secret `{name}` is {length} characters long: at least {SHORTEST} are needed, since a shorter one \
                 cannot be told from other text and so not be kept out of logs"
            )));
        }
        if self
            .sources
            .keys()
            .any(|known| placeholder(known).contains(value))
        {
            return Err(Fault::failed(format!(
                "the secret `{name}` is part of the text that stands for a secret, `{OPEN}...{CLOSE}`, so it cannot be kept \
                 out of logs: choose another value, or another name"
            )));
        }
        Ok(())
    }

    fn unknown(&self, name: &str) -> Fault {
        let known: Vec<_> = self.sources.keys().map(|known| format!("`{known}`")).collect();
        let known = match known.is_empty() {
            true => "it has none".to_owned(),
            false => format!("it has {}", known.join(", ")),
        };
        Fault::failed(format!(
            "the profile has no secret `{name}` ({known}): add e.g. `{name} = {{ env = \"...\" }}` below `[secrets]`"
        ))
    }

    fn scrubber(&self) -> Arc<Scrubber> {
        Arc::clone(&self.scrubber.read().unwrap_or_else(PoisonError::into_inner))
    }
}

impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.sources.keys()).finish()
    }
}

/// Scrubs bytes that come in pieces: a value is found wherever the pieces are cut. What may be the beginning of a value is
/// held back until it is known whether it is one.
pub struct ScrubStream<'a> {
    secrets: &'a Secrets,
    held: Vec<u8>,
}

impl ScrubStream<'_> {
    /// Takes a piece; returns what is settled.
    pub fn push(&mut self, piece: &[u8]) -> Vec<u8> {
        self.held.extend_from_slice(piece);
        let mut out = Vec::with_capacity(self.held.len());
        let settled = self.secrets.scrubber().scrub_settled(&self.held, &mut out);
        self.held.drain(..settled);
        out
    }

    /// Returns what was held back, when nothing comes any more.
    pub fn finish(&mut self) -> Vec<u8> {
        self.secrets.scrub(std::mem::take(&mut self.held))
    }
}

/// What stands before the next placeholder, its name, and what stands after.
fn next(text: &str) -> Option<(&str, &str, &str)> {
    let (before, rest) = text.split_once(OPEN)?;
    let (name, after) = rest.split_once(CLOSE)?;
    Some((before, name, after))
}

fn next_in(bytes: &[u8]) -> Option<(&[u8], &[u8], &[u8])> {
    let find = |bytes: &[u8], what: &str| {
        bytes
            .windows(what.len())
            .position(|window| window == what.as_bytes())
    };
    let open = find(bytes, OPEN)?;
    let rest = &bytes[open + OPEN.len()..];
    let close = find(rest, CLOSE)?;
    Some((&bytes[..open], &rest[..close], &rest[close + CLOSE.len()..]))
}
