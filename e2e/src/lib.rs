//! What the end-to-end tests stand on: the real binary in a scratch repository of `examples/shop`, and looks at the world
//! from outside of it. Nothing here knows how `runner` works inside; events are read as users read them.

mod ask;
mod built;
mod colleague;
mod end;
mod journal;
mod plain;
mod ports;
mod running;
mod scratch;
mod services;
mod snapshot;

pub use ask::{get, get_with, version_at};
pub use built::Built;
pub use colleague::Colleague;
pub use end::End;
pub use journal::{Audit, Journal};
pub use plain::Plain;
pub use ports::Ports;
pub use running::{Ended, Running};
pub use scratch::{Gate, Scratch};
pub use services::{stop_services, stop_strays, supervisors};
pub use snapshot::Snapshot;
