//! What a plugin of `runner` is written with.
//!
//! A plugin implements one trait per role ([`Gate`], [`Target`], [`Lock`], [`Traffic`], [`Setup`], [`Logs`], [`Metrics`],
//! [`Notifier`], [`Backup`]) and names the types in [`export!`]. It has no authority of its own: all that it can do is ask its [`Host`]. Its tests run
//! natively against [`testing::ScriptedHost`].
//!
//! ```
//! use runner_sdk::{Command, Context, Error, Gate, Host, Verdict};
//!
//! struct MakeGate;
//!
//! #[derive(serde::Deserialize, schemars::JsonSchema)]
//! struct Config {
//!     target: String,
//! }
//!
//! impl Gate for MakeGate {
//!     type Config = Config;
//!
//!     fn check(host: &impl Host, context: &Context<Config>) -> Result<Verdict, Error> {
//!         let exit = host.run(&Command::new(["make", &context.config.target]).idempotent())?;
//!         Ok(match exit.success() {
//!             true => Verdict::passed("made"),
//!             false => Verdict::failed(format!("`make` ended with {}", exit.status())),
//!         })
//!     }
//! }
//! ```

#[doc(hidden)]
pub mod bindings;
mod command;
mod context;
mod duration;
mod error;
#[doc(hidden)]
pub mod export;
mod host;
pub mod logs;
mod report_files;
mod request;
mod retry;
mod rfc3339;
mod role;
#[cfg(not(target_arch = "wasm32"))]
pub mod testing;
mod verdict;
#[cfg(target_arch = "wasm32")]
mod wasm_host;
pub mod wording;

pub use bindings::gate::exports::runner::plugin::gate::{Outcome, Verdict};
pub use bindings::host::runner::plugin::git::Commit;
pub use bindings::host::runner::plugin::http::{Request, Response, Signing};
pub use bindings::host::runner::plugin::person::{Answer, Question};
pub use bindings::host::runner::plugin::process::{Command, Exit};
pub use bindings::host::runner::plugin::runtime::Level;
pub use bindings::host::runner::plugin::types::{
    Artifact, Environment, Error, Finding, Instant, Location, Measure, Mode, Nature, Release, Retry, Severity,
};
pub use context::Context;
pub use duration::Duration;
pub use error::WithContext;
pub use host::Host;
pub use report_files::ReportFiles;
pub use retry::retry;
pub use rfc3339::rfc3339;
pub use role::{Backup, Gate, Lock, Logs, Metrics, Notifier, Setup, Target, Traffic};

/// Types of the interface `machine-files`.
pub mod machine_files {
    pub use crate::bindings::host::runner::plugin::machine_files::{Entry, Kind};
}

/// Types of the interface `services`.
pub mod services {
    pub use crate::bindings::host::runner::plugin::services::{Condition, Service, State};
}

/// Types of the role `target`.
pub mod target {
    pub use crate::bindings::target::exports::runner::plugin::target::{Condition, Deployment, Service};
}

/// Types of the role `lock`.
pub mod lock {
    pub use crate::bindings::lock::exports::runner::plugin::lock::Holder;
}

/// Types of the role `setup`.
pub mod setup {
    pub use crate::bindings::setup::exports::runner::plugin::setup::Change;
}

/// Types of the role `metrics`.
pub mod metrics {
    pub use crate::bindings::metrics::exports::runner::plugin::metrics::{Query, Reading, Snapshot};
}

/// Types of the role `notifier`.
pub mod notifier {
    pub use crate::bindings::notifier::exports::runner::plugin::notifier::{
        Approval, Event, GateResult, Notes, Undo,
    };
}
