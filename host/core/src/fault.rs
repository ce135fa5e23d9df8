//! Why an effect did not succeed: the journal's form of the WIT `error`.

use serde::{Deserialize, Serialize};

/// One case per case of `runner:plugin/types.error`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(tag = "fault", rename_all = "kebab-case")]
pub enum Fault {
    /// No grant covers the call.
    #[error("denied: {message}")]
    Denied {
        /// Names the line to add to the profile.
        message: String,
    },
    /// `runner` stopped while a write was under way, so whether it happened is not known.
    #[error("interrupted: {message}")]
    Interrupted {
        /// What was under way.
        message: String,
    },
    /// A plan listed this write and cannot foresee its result.
    #[error("not foreseeable in a plan: {message}")]
    Planned {
        /// What was listed.
        message: String,
    },
    /// Worth another try.
    #[error("{message}")]
    Transient {
        /// What happened.
        message: String,
        /// Milliseconds to wait before the next try, where the other side said so.
        after_ms: Option<u64>,
    },
    /// The plugin's config makes no sense beyond what its schema can say.
    #[error("invalid config: {message}")]
    InvalidConfig {
        /// What is wrong.
        message: String,
    },
    /// Tried and failed.
    #[error("{message}")]
    Failed {
        /// What was tried and why it failed.
        message: String,
    },
    /// Anything that a later WIT may distinguish.
    #[error("{message}")]
    Other {
        /// What happened.
        message: String,
    },
}

impl Fault {
    /// Something was tried and failed for good.
    pub fn failed(message: impl Into<String>) -> Self {
        Self::Failed {
            message: message.into(),
        }
    }

    /// Something failed that may succeed if tried again.
    pub fn transient(message: impl Into<String>) -> Self {
        Self::Transient {
            message: message.into(),
            after_ms: None,
        }
    }
}
