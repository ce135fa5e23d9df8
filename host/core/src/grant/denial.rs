//! Why a request is denied, with the line that would change it.

use crate::fault::Fault;

/// Why a request is denied.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Denial {
    /// The plugin does something that its manifest does not ask for: its own mistake, whatever the profile says.
    #[error(
        "plugin `{plugin}` may not {what}: it does not ask for that, which is a mistake of the plugin; \
         its `plugin.toml` needs {line} under [[wants]]"
    )]
    NotAsked {
        /// The plugin.
        plugin: String,
        /// What was tried.
        what: String,
        /// For the manifest.
        line: String,
    },
    /// The plugin asks for it, the profile has not allowed it.
    #[error("`{path}` may not {what}: the profile does not allow it; {verb} [{path}]: {line}")]
    NotAllowed {
        /// The use.
        path: String,
        /// What was tried.
        what: String,
        /// `add to` or `change in`.
        verb: &'static str,
        /// For the profile.
        line: String,
    },
    /// A secret that is not granted.
    #[error(
        "`{path}` may not use the secret `{secret}`: its config does not name it; {verb} [{path}]: {line}"
    )]
    Secret {
        /// The use.
        path: String,
        /// The secret.
        secret: String,
        /// `add to` or `change in`.
        verb: &'static str,
        /// For the profile.
        line: String,
    },
    /// No grant could cover it.
    #[error("`{path}` may not {what}: {why}")]
    Never {
        /// The use.
        path: String,
        /// What was tried.
        what: String,
        /// What is wrong with it.
        why: String,
    },
}

impl From<Denial> for Fault {
    fn from(denial: Denial) -> Self {
        Self::Denied {
            message: denial.to_string(),
        }
    }
}
