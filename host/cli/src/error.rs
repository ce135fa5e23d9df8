//! What a command comes to: an exit code, or an error with its causes and what to do about it. No other module knows a
//! number of an exit code.

use std::error::Error;
use std::fmt::Write as _;
use std::process::ExitCode;

use runner_core::event::End;
use runner_core::profile::{ProfileError, ProfileErrors};
use runner_core::step::StepError;
use runner_engine::journal::JournalError;
use runner_engine::session::SessionError;
use runner_engine::store::StoreError;

use crate::screen::{Screen, Tint};

/// The exit codes of `runner`. They are part of its interface.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Exit {
    /// Released, or the command did what it was asked to; "nothing to release" too.
    Done = 0,
    /// Something that should not happen happened, or this machine did not play along.
    Internal = 1,
    /// The command line makes no sense.
    Usage = 2,
    /// The profile, or what it names, cannot be used.
    Config = 3,
    /// A gate or a precondition said no; nothing was deployed.
    Blocked = 10,
    /// A person said no.
    Rejected = 11,
    /// The release failed, and the environment runs the previous one again.
    RolledBack = 12,
    /// The rollback failed too; what is left to do by hand is listed.
    Stuck = 13,
    /// A person cancelled the run.
    Cancelled = 14,
    /// The run stopped without having ended: `runner resume` goes on.
    Interrupted = 15,
    /// The same, by Ctrl-C.
    CtrlC = 130,
    /// The same, by SIGTERM.
    Terminated = 143,
}

impl Exit {
    /// All of them, in order.
    pub(crate) const ALL: [Self; 12] = [
        Self::Done,
        Self::Internal,
        Self::Usage,
        Self::Config,
        Self::Blocked,
        Self::Rejected,
        Self::RolledBack,
        Self::Stuck,
        Self::Cancelled,
        Self::Interrupted,
        Self::CtrlC,
        Self::Terminated,
    ];

    /// The number.
    pub(crate) fn number(self) -> u8 {
        self as u8
    }

    fn word(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Internal => "error",
            Self::Usage => "usage",
            Self::Config => "config",
            Self::Blocked => "blocked",
            Self::Rejected => "rejected",
            Self::RolledBack => "rolled-back",
            Self::Stuck => "stuck",
            Self::Cancelled => "cancelled",
            Self::Interrupted => "interrupted",
            Self::CtrlC => "ctrl-c",
            Self::Terminated => "terminated",
        }
    }

    fn meaning(self) -> &'static str {
        match self {
            Self::Done => "released, or the command did what it was asked to; nothing to release, too",
            Self::Internal => "an unexpected error",
            Self::Usage => "the command line makes no sense",
            Self::Config => "the profile, or what it names, cannot be used",
            Self::Blocked => "a gate or a precondition said no; nothing was deployed",
            Self::Rejected => "a person said no",
            Self::RolledBack => "the release failed, the environment runs the previous one again",
            Self::Stuck => "the rollback failed too; what is left to do by hand is listed",
            Self::Cancelled => "a person cancelled the run",
            Self::Interrupted => "the run stopped without having ended; `runner resume` goes on",
            Self::CtrlC => "the same, by Ctrl-C",
            Self::Terminated => "the same, by SIGTERM",
        }
    }

    /// The table of the manual.
    pub(crate) fn table() -> String {
        let mut table = String::new();
        for exit in Self::ALL {
            let _ = writeln!(
                table,
                "{:>4}  {:<12} {}",
                exit.number(),
                exit.word(),
                exit.meaning()
            );
        }
        table
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.number())
    }
}

impl From<End> for Exit {
    fn from(end: End) -> Self {
        match end {
            End::Released | End::NothingToRelease => Self::Done,
            End::Blocked => Self::Blocked,
            End::Rejected => Self::Rejected,
            End::RolledBack => Self::RolledBack,
            End::Stuck => Self::Stuck,
            End::Cancelled => Self::Cancelled,
        }
    }
}

/// What a command comes to.
pub(crate) type Done<T = Exit> = Result<T, CommandError>;

/// Why a command did not do what it was asked to.
#[derive(Debug)]
pub(crate) struct CommandError {
    /// None: whoever read our output has had enough, which is no error.
    kind: Option<Exit>,
    /// At least one.
    problems: Vec<Problem>,
}

/// One thing that is wrong.
#[derive(Debug)]
struct Problem {
    message: String,
    causes: Vec<String>,
    hints: Vec<String>,
}

impl CommandError {
    /// An error with a message of our own.
    pub(crate) fn new(kind: Exit, message: impl Into<String>) -> Self {
        let problem = Problem {
            message: message.into(),
            causes: Vec::new(),
            hints: Vec::new(),
        };
        Self {
            kind: Some(kind),
            problems: vec![problem],
        }
    }

    /// The profile, or what it names, cannot be used.
    pub(crate) fn config(message: impl Into<String>) -> Self {
        Self::new(Exit::Config, message)
    }

    /// An unexpected error.
    pub(crate) fn internal(message: impl Into<String>) -> Self {
        Self::new(Exit::Internal, message)
    }

    /// A precondition said no.
    pub(crate) fn blocked(message: impl Into<String>) -> Self {
        Self::new(Exit::Blocked, message)
    }

    /// An error of a library, with its causes.
    pub(crate) fn of(kind: Exit, error: &dyn Error) -> Self {
        let mut new = Self::new(kind, error.to_string());
        let mut cause = error.source();
        while let Some(error) = cause {
            let text = error.to_string();
            // A cause that its parent has quoted already is not repeated.
            if !new
                .problems
                .iter()
                .any(|p| p.message.contains(&text) || p.causes.contains(&text))
            {
                new.problems.iter_mut().for_each(|p| p.causes.push(text.clone()));
            }
            cause = error.source();
        }
        new
    }

    /// With what to do: imperative, to paste.
    #[must_use]
    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        if let Some(problem) = self.problems.last_mut() {
            problem.hints.push(hint.into());
        }
        self
    }

    /// What is wrong, in one line.
    pub(crate) fn message(&self) -> String {
        let messages: Vec<_> = self
            .problems
            .iter()
            .map(|problem| problem.message.as_str())
            .collect();
        messages.join("; ")
    }

    /// What to do about it.
    pub(crate) fn hints(&self) -> Vec<&str> {
        let hints = self.problems.iter().flat_map(|problem| &problem.hints);
        hints.map(String::as_str).collect()
    }

    /// Shows it.
    pub(crate) fn show(&self, screen: &Screen) -> Exit {
        let Some(kind) = self.kind else { return Exit::Done };
        screen.say(self.text(screen).trim_end());
        kind
    }

    fn text(&self, screen: &Screen) -> String {
        let mut text = String::new();
        for problem in &self.problems {
            let _ = writeln!(text, "{} {}", screen.paint(Tint::Bad, "error:"), problem.message);
            for cause in &problem.causes {
                let _ = writeln!(text, "{} {cause}", screen.paint(Tint::Dim, "caused by:"));
            }
            for hint in &problem.hints {
                let _ = writeln!(text, "{} {hint}", screen.paint(Tint::Note, "hint:"));
            }
        }
        text
    }
}

impl From<std::io::Error> for CommandError {
    fn from(error: std::io::Error) -> Self {
        match error.kind() {
            std::io::ErrorKind::BrokenPipe => Self {
                kind: None,
                problems: Vec::new(),
            },
            _ => Self::of(Exit::Internal, &error),
        }
    }
}

impl From<ProfileErrors> for CommandError {
    fn from(errors: ProfileErrors) -> Self {
        let problem = |error: ProfileError| {
            let hints = Some(error.hint.clone())
                .filter(|hint| !hint.is_empty())
                .into_iter()
                .collect();
            let message = ProfileError {
                hint: String::new(),
                ..error
            }
            .to_string();
            Problem {
                message,
                causes: Vec::new(),
                hints,
            }
        };
        Self {
            kind: Some(Exit::Config),
            problems: errors.0.into_iter().map(problem).collect(),
        }
    }
}

impl From<StoreError> for CommandError {
    fn from(error: StoreError) -> Self {
        match &error {
            StoreError::Unusable { hint, .. } => Self::of(Exit::Config, &error).hint(hint),
            _ => Self::of(Exit::Internal, &error).hint("runner doctor"),
        }
    }
}

impl From<StepError> for CommandError {
    fn from(error: StepError) -> Self {
        let new = Self::blocked(error.message);
        match error.hint {
            Some(hint) => new.hint(hint),
            None => new,
        }
    }
}

impl From<SessionError> for CommandError {
    fn from(error: SessionError) -> Self {
        match error {
            SessionError::Plan(_) | SessionError::Plugin(_) => Self::of(Exit::Config, &error),
            SessionError::Driven { ref run, .. } => {
                let hint =
                    format!("watch it with `runner show {run}`, or stop it with `runner cancel {run}`");
                Self::of(Exit::Blocked, &error).hint(hint)
            }
            SessionError::LockedMeanwhile { ref run, .. } => {
                let hint = format!("see `runner show {run}`; when it has ended, resume again");
                Self::of(Exit::Blocked, &error).hint(hint)
            }
            SessionError::AnotherClone(ref run, _) => {
                let hint =
                    format!("resume it where it began, see `runner show {run}`; else `runner cancel {run}`");
                Self::of(Exit::Blocked, &error).hint(hint)
            }
            SessionError::Ended(ref run, _) => {
                let hint = format!("runner show {run}");
                Self::of(Exit::Blocked, &error).hint(hint)
            }
            SessionError::Store(error) | SessionError::Journal(JournalError::Store(error)) => error.into(),
            SessionError::Journal(_) | SessionError::Ledger(_) => Self::of(Exit::Internal, &error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_distinct_and_documented() {
        let mut numbers: Vec<_> = Exit::ALL.iter().map(|exit| exit.number()).collect();
        numbers.dedup();
        assert_eq!(numbers, [0, 1, 2, 3, 10, 11, 12, 13, 14, 15, 130, 143]);
    }

    #[test]
    fn an_error_is_shown_with_causes_and_hints() {
        let source = std::io::Error::other("disk full");
        let error = StoreError::Io {
            what: "append to the journal".to_owned(),
            source: Box::new(source),
        };
        let shown = CommandError::from(error).text(&Screen::plain());
        insta::assert_snapshot!(shown, @r"
        error: cannot append to the journal: disk full
        hint: runner doctor
        ");
    }

    #[test]
    fn a_closed_pipe_is_success() {
        let error = CommandError::from(std::io::Error::from(std::io::ErrorKind::BrokenPipe));
        assert_eq!(error.show(&Screen::plain()), Exit::Done);
    }
}
