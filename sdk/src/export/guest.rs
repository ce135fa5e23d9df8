//! The raw traits of the contract, implemented for all types that implement a role, so that a plugin never sees them.

use std::panic;
use std::sync::Once;

use serde::de::DeserializeOwned;

use crate::bindings::host::runner::plugin::{runtime, types};
use crate::bindings::{backup, gate, lock, logs, metrics, notifier, setup, target, traffic};
use crate::lock::Holder;
use crate::logs::Page;
use crate::metrics::{Query, Snapshot};
use crate::notifier::Event;
use crate::setup::Change;
use crate::target::Deployment;
use crate::wasm_host::WasmHost;
use crate::{
    Artifact, Backup, Context, Error, Gate, Instant, Level, Lock, Logs, Metrics, Notifier, Release, Setup,
    Target, Traffic, Verdict,
};

/// What every call begins with.
fn begin<C: DeserializeOwned>(raw: types::Context) -> Result<Context<C>, Error> {
    log_panics();
    Context::parse(raw)
}

/// A panic is a trap without a word on this target, unless a hook says where it was.
fn log_panics() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        panic::set_hook(Box::new(|info| {
            let said = info.payload_as_str().unwrap_or("no message");
            let text = match info.location() {
                Some(at) => format!("the plugin panicked at {}:{}: {said}", at.file(), at.line()),
                None => format!("the plugin panicked: {said}"),
            };
            runtime::log(Level::Error, &text);
        }));
    });
}

impl<T: Gate> gate::exports::runner::plugin::gate::Guest for T {
    fn check(context: types::Context) -> Result<Verdict, Error> {
        T::check(&WasmHost, &begin(context)?)
    }
}

impl<T: Target> target::exports::runner::plugin::target::Guest for T {
    fn inspect(context: types::Context) -> Result<Deployment, Error> {
        T::inspect(&WasmHost, &begin(context)?)
    }
    fn deploy(context: types::Context) -> Result<Deployment, Error> {
        T::deploy(&WasmHost, &begin(context)?)
    }
    fn rollback(context: types::Context, to: Release) -> Result<Deployment, Error> {
        T::rollback(&WasmHost, &begin(context)?, &to)
    }
}

impl<T: Lock> lock::exports::runner::plugin::lock::Guest for T {
    fn acquire(
        context: types::Context,
        holder: Holder,
        replaces: Option<String>,
    ) -> Result<Option<Holder>, Error> {
        T::acquire(&WasmHost, &begin(context)?, &holder, replaces.as_deref())
    }
    fn release(context: types::Context, run_id: String) -> Result<(), Error> {
        T::release(&WasmHost, &begin(context)?, &run_id)
    }
}

impl<T: Traffic> traffic::exports::runner::plugin::traffic::Guest for T {
    fn shift(context: types::Context, percent: u8) -> Result<(), Error> {
        T::shift(&WasmHost, &begin(context)?, percent)
    }
    fn finish(context: types::Context) -> Result<(), Error> {
        T::finish(&WasmHost, &begin(context)?)
    }
}

impl<T: Setup> setup::exports::runner::plugin::setup::Guest for T {
    fn apply(context: types::Context) -> Result<Vec<Change>, Error> {
        T::apply(&WasmHost, &begin(context)?)
    }
}

impl<T: Logs> logs::exports::runner::plugin::logs::Guest for T {
    fn sources(context: types::Context) -> Result<Vec<String>, Error> {
        T::sources(&begin(context)?)
    }
    fn recent(
        context: types::Context,
        sources: Vec<String>,
        since: Option<Instant>,
        max: u32,
    ) -> Result<Page, Error> {
        T::recent(&WasmHost, &begin(context)?, &sources, since, max)
    }
    fn more(context: types::Context, sources: Vec<String>, cursor: String) -> Result<Page, Error> {
        T::more(&WasmHost, &begin(context)?, &sources, &cursor)
    }
}

impl<T: Metrics> metrics::exports::runner::plugin::metrics::Guest for T {
    fn sample(
        context: types::Context,
        queries: Vec<Query>,
        memory: Option<String>,
    ) -> Result<Snapshot, Error> {
        T::sample(&WasmHost, &begin(context)?, &queries, memory.as_deref())
    }
}

impl<T: Notifier> notifier::exports::runner::plugin::notifier::Guest for T {
    fn notify(context: types::Context, event: Event) -> Result<Option<String>, Error> {
        T::notify(&WasmHost, &begin(context)?, &event)
    }
}

impl<T: Backup> backup::exports::runner::plugin::backup::Guest for T {
    fn create(context: types::Context) -> Result<Vec<Artifact>, Error> {
        T::create(&WasmHost, &begin(context)?)
    }
    fn verify(context: types::Context, artifacts: Vec<Artifact>) -> Result<(), Error> {
        T::verify(&WasmHost, &begin(context)?, &artifacts)
    }
    fn restore(context: types::Context, artifacts: Vec<Artifact>) -> Result<(), Error> {
        T::restore(&WasmHost, &begin(context)?, &artifacts)
    }
}
