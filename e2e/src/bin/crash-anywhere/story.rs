//! The releases that are told.

use std::fmt;

use clap::ValueEnum;

/// Which release is killed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
pub(crate) enum Story {
    /// v0.2.0, which succeeds.
    Release,
    /// v0.3.0 after it, which a rule of the watch in prod takes back.
    Rollback,
    /// AgentIQ, to production on a real server: succeeds. As root.
    Server,
    /// The same by way of staging, with a version that its smoke test refuses in production, after the switch. As root.
    ServerRollback,
}

impl Story {
    /// Those that need nothing but this machine.
    pub(crate) const DEMO: [Self; 2] = [Self::Release, Self::Rollback];

    /// The exit code of its end.
    pub(crate) fn code(self) -> i32 {
        match self {
            Self::Release | Self::Server => 0,
            Self::Rollback | Self::ServerRollback => 12,
        }
    }
}

impl fmt::Display for Story {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Release => "release",
            Self::Rollback => "rollback",
            Self::Server => "server",
            Self::ServerRollback => "server-rollback",
        })
    }
}
