//! What the end-to-end tests stand on: the real binary in a scratch repository of `examples/shop` or
//! `examples/agentiq`, and looks at the world from outside of it. Nothing here knows how `runner` works inside; events are read as users read them.

mod agentiq;
mod ask;
mod built;
mod colleague;
mod end;
mod journal;
mod listed;
mod load;
mod plain;
mod ports;
mod repository;
mod running;
mod scratch;
mod services;
mod snapshot;
mod vps;

pub use agentiq::{Agentiq, Beginning, Elsewhere, Figures, Kept, Site, chromium};
pub use ask::{get, get_with, version_at};
pub use built::Built;
pub use colleague::Colleague;
pub use end::End;
pub use journal::{Audit, Journal};
pub use listed::Listed;
pub use load::{Load, Seen};
pub use plain::Plain;
pub use ports::Ports;
pub use repository::{Own, Repository, done};
pub use running::{Ended, Running};
pub use scratch::{Gate, Scratch};
pub use services::{stop_services, stop_strays, supervisors};
pub use snapshot::Snapshot;
pub use vps::Vps;
