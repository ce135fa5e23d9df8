//! The half of `runner` that touches the world: the journal's store, the capabilities behind the plugins' host calls, the
//! plugin host and the conductor that takes a run from its plan to its end.

mod atomic_file;
pub mod capability;
pub mod secret;
pub mod stop;
pub mod store;
pub mod supervise;
pub mod workspace;
