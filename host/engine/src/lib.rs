//! The half of `runner` that touches the world: the journal's store, the capabilities behind the plugins' host calls, the
//! plugin host and the conductor that takes a run from its plan to its end.

mod action;
mod atomic_file;
pub mod backups;
pub mod capability;
pub mod clock;
pub mod conductor;
mod crash;
pub mod effects;
pub mod journal;
pub mod lease;
pub mod ledger;
pub mod look;
pub mod person;
pub mod plugin;
pub mod plugins;
pub mod secret;
pub mod session;
pub mod stop;
pub mod store;
pub mod supervise;
pub mod workspace;
pub mod world;
