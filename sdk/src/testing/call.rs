//! What a plugin asked for, in a form that can be compared and shown.

use std::fmt;

use crate::{Command, Nature, Request};

/// One call of a plugin.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Call {
    /// What it does, in one line, e.g. `run cargo test` or `GET https://x/y`.
    pub line: String,
    /// None is the machine that `runner` runs on.
    pub machine: Option<String>,
    /// Everything else, by name, e.g. `cwd`, `env CI`, `header Accept`, `nature`, `timeout-ms`.
    pub details: Vec<(String, String)>,
    /// Body, stdin or content.
    pub payload: Vec<u8>,
}

impl Call {
    pub(super) fn new(line: impl Into<String>) -> Self {
        Self {
            line: line.into(),
            ..Self::default()
        }
    }

    pub(super) fn on(mut self, machine: Option<&str>) -> Self {
        self.machine = machine.map(Into::into);
        self
    }

    pub(super) fn detail(mut self, name: impl Into<String>, value: impl fmt::Display) -> Self {
        self.details.push((name.into(), value.to_string()));
        self
    }

    pub(super) fn payload(mut self, payload: &[u8]) -> Self {
        self.payload = payload.to_vec();
        self
    }

    pub(super) fn command(command: &Command) -> Self {
        let mut call = Self::new(run_line(&command.argv))
            .on(command.machine.as_deref())
            .detail("nature", nature(command.nature))
            .detail("timeout-ms", command.timeout_ms)
            .detail("foresee-success", command.foresee_success)
            .detail("capture", command.capture)
            .payload(command.stdin.as_deref().unwrap_or_default());
        if let Some(cwd) = &command.cwd {
            call = call.detail("cwd", cwd);
        }
        for (name, value) in &command.env {
            call = call.detail(format!("env {name}"), value);
        }
        call
    }

    pub(super) fn request(request: &Request) -> Self {
        let mut call = Self::new(format!("{} {}", request.method, request.url))
            .detail("nature", nature(request.nature))
            .detail("timeout-ms", request.timeout_ms)
            .payload(&request.body);
        if let Some(status) = request.foresee_status {
            call = call.detail("foresee-status", status);
        }
        if let Some(signing) = &request.signing {
            call = call
                .detail("signed with", &signing.secret)
                .detail("signed content", String::from_utf8_lossy(&signing.content));
        }
        for (name, value) in &request.headers {
            call = call.detail(format!("header {}", name.to_lowercase()), value);
        }
        call
    }

    /// The value of a detail.
    pub fn value(&self, name: &str) -> Option<&str> {
        self.details
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }

    /// The payload as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.payload).into_owned()
    }
}

impl fmt::Display for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.line)?;
        if let Some(machine) = &self.machine {
            write!(f, " (on {machine})")?;
        }
        Ok(())
    }
}

/// `run` and the arguments, in quotes where one is not a plain word.
pub(super) fn run_line<S: AsRef<str>>(argv: &[S]) -> String {
    let plain = |arg: &str| !arg.is_empty() && !arg.contains(|c: char| c.is_whitespace() || c == '"');
    let args = argv.iter().map(|arg| match arg.as_ref() {
        arg if plain(arg) => arg.to_owned(),
        arg => format!("{arg:?}"),
    });
    std::iter::once("run".to_owned())
        .chain(args)
        .collect::<Vec<_>>()
        .join(" ")
}

/// A nature in the contract's own word.
pub(super) fn nature(nature: Nature) -> &'static str {
    match nature {
        Nature::Read => "read",
        Nature::Idempotent => "idempotent",
        Nature::Write => "write",
    }
}
