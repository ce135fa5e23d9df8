//! The capabilities behind the host calls: one file each. A capability acts; what may be asked is decided before, by the
//! grant, and what happened is written after, by the journal.

pub mod artifacts;
pub mod clock;
pub(crate) mod executable;
pub mod files;
pub mod git;
pub mod http;
pub mod machine;
pub mod machine_files;
pub mod process;
pub mod services;

use runner_core::event::{Level, Stream};

/// Where a capability tells what happens while it works. None of it is a result.
pub trait Progress: Send + Sync {
    /// A line that a program printed.
    fn line(&self, stream: Stream, text: &str);
    /// Something worth knowing.
    fn log(&self, level: Level, message: &str);
}
