//! Makes the contract's error pleasant to use: constructors, `?`, and what was being done.

use std::fmt::Display;
use std::string::FromUtf8Error;

use crate::{Error, Retry};

impl Error {
    /// Tried and failed; trying again would not help.
    pub fn failed(message: impl Into<String>) -> Self {
        Error::Failed(message.into())
    }

    /// Worth another try.
    pub fn transient(message: impl Into<String>) -> Self {
        Error::Transient(Retry {
            message: message.into(),
            after_ms: None,
        })
    }

    /// Worth another try after a pause.
    pub fn transient_after(message: impl Into<String>, after_ms: u64) -> Self {
        Error::Transient(Retry {
            message: message.into(),
            after_ms: Some(after_ms),
        })
    }

    /// The config makes no sense beyond what its schema can say. A text that begins with the key, e.g. `` `web.ports`: ... ``,
    /// is told with its line in the profile; what a target says before its first call of the host is told before a run begins.
    pub fn invalid_config(message: impl Into<String>) -> Self {
        Error::InvalidConfig(message.into())
    }

    /// The text, without the case.
    pub fn message(&self) -> &str {
        match self {
            Error::Denied(text)
            | Error::Interrupted(text)
            | Error::Planned(text)
            | Error::InvalidConfig(text)
            | Error::Failed(text)
            | Error::Other(text) => text,
            Error::Transient(retry) => &retry.message,
        }
    }

    /// Says what was being done, e.g. ``reading `coverage.out` ``; the case stays.
    pub fn context(mut self, doing: impl Display) -> Self {
        let text = match &mut self {
            Error::Denied(text)
            | Error::Interrupted(text)
            | Error::Planned(text)
            | Error::InvalidConfig(text)
            | Error::Failed(text)
            | Error::Other(text) => text,
            Error::Transient(retry) => &mut retry.message,
        };
        *text = format!("{doing}: {text}");
        self
    }

    /// Whether a write was listed instead of done, so that what comes after cannot be foreseen.
    pub fn is_planned(&self) -> bool {
        matches!(self, Error::Planned(_))
    }
}

impl From<serde_json::Error> for Error {
    fn from(error: serde_json::Error) -> Self {
        Error::Failed(error.to_string())
    }
}

impl From<FromUtf8Error> for Error {
    fn from(error: FromUtf8Error) -> Self {
        Error::Failed(error.to_string())
    }
}

impl From<std::num::ParseIntError> for Error {
    fn from(error: std::num::ParseIntError) -> Self {
        Error::Failed(error.to_string())
    }
}

impl From<std::num::ParseFloatError> for Error {
    fn from(error: std::num::ParseFloatError) -> Self {
        Error::Failed(error.to_string())
    }
}

/// Says what was being done when something failed.
pub trait WithContext<T> {
    /// The same result, with `doing` in front of the error's text.
    fn context(self, doing: impl Display) -> Result<T, Error>;
}

impl<T, E: Into<Error>> WithContext<T> for Result<T, E> {
    fn context(self, doing: impl Display) -> Result<T, Error> {
        self.map_err(|error| error.into().context(doing))
    }
}

impl<T> WithContext<T> for Option<T> {
    /// None is [`Error::Failed`] with `doing` alone.
    fn context(self, doing: impl Display) -> Result<T, Error> {
        self.ok_or_else(|| Error::failed(doing.to_string()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn context_keeps_the_case() {
        let planned: Result<(), _> = Err(Error::Planned("POST x".into()));
        assert_eq!(
            planned.context("telling").unwrap_err(),
            Error::Planned("telling: POST x".into())
        );
        let slow: Result<(), _> = Err(Error::transient_after("429", 1000));
        assert_eq!(
            slow.context("telling").unwrap_err(),
            Error::transient_after("telling: 429", 1000)
        );
    }

    #[test]
    fn foreign_errors_become_failed() {
        let read = serde_json::from_str::<u8>("x").context("reading `a.json`");
        assert_eq!(
            read.unwrap_err().message(),
            "reading `a.json`: expected value at line 1 column 1"
        );
    }
}
