//! The plugin host: components in, typed calls out. It links `runner:plugin` and nothing else, so what a component imports
//! is all that it can ever ask for.

mod bindings;
mod cache;
mod call;
mod convert;
mod host_calls;
mod limits;
mod load;
mod role;

pub use call::{CallError, Calls};
pub use load::{Inspection, LoadError, Plugin, PluginHost};
pub use role::{CallContext, Holder, MetricsAnswer, Notice, Query, Said, notice};
