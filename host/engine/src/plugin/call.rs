//! One call of a plugin: a fresh store and instance, limits, and the effects it asks for.

use runner_core::{
    effect::{Outcome, Request},
    event::Level,
    fault::Fault,
};
use wasmtime::{Store, Trap, component::Instance};

use super::{
    limits::{HOSTCALL_BYTES, Limits},
    load::Plugin,
};
use crate::effects::Halt;

/// Who answers the host calls of a plugin: journaled in a run, scripted in a test.
pub trait Calls: Send + 'static {
    /// Performs one effect. `Err` ends the call at once, whatever the plugin wants.
    fn perform(&mut self, request: Request) -> Result<Outcome, Halt>;
    /// A line from the plugin.
    fn log(&mut self, level: Level, message: &str);
    /// How far it is.
    fn progress(&mut self, done: u64, total: Option<u64>, what: &str);
}

/// Why a call gave no answer of the plugin's own.
#[derive(Debug, thiserror::Error)]
pub enum CallError {
    /// The run cannot go on.
    #[error(transparent)]
    Halt(#[from] Halt),
    /// The guest trapped, used up a limit, or does not speak the contract.
    #[error("plugin `{plugin}` {version} crashed: {message}")]
    Crashed {
        /// From its manifest.
        plugin: String,
        /// From its manifest.
        version: String,
        /// The panic's own message where there is one.
        message: String,
    },
}

impl From<CallError> for Result<Fault, Halt> {
    fn from(error: CallError) -> Self {
        match error {
            CallError::Halt(halt) => Err(halt),
            crashed @ CallError::Crashed { .. } => Ok(Fault::failed(crashed.to_string())),
        }
    }
}

/// What a store holds.
pub(super) struct State {
    pub(super) calls: Box<dyn Calls>,
    pub(super) limits: Limits,
    /// The last line at level error: a panicking guest says why before it traps.
    pub(super) last_error: Option<String>,
    /// Set when a host call ended the call.
    pub(super) halt: Option<Halt>,
}

impl AsMut<Limits> for State {
    fn as_mut(&mut self) -> &mut Limits {
        &mut self.limits
    }
}

impl Plugin {
    /// Instantiates the plugin afresh and runs `body` on it. A trapped instance is dead, so nothing outlives a call.
    pub(super) fn enter<R>(
        &self,
        calls: Box<dyn Calls>,
        body: impl FnOnce(&mut Store<State>, &Instance) -> wasmtime::Result<R>,
    ) -> Result<R, CallError> {
        let state = State {
            calls,
            limits: Limits::new(self.processor_ms),
            last_error: None,
            halt: None,
        };
        let mut store = Store::new(self.engine(), state);
        store.limiter(|state| &mut state.limits);
        store.set_hostcall_fuel(HOSTCALL_BYTES);
        store.set_epoch_deadline(1);
        store.epoch_deadline_callback(Limits::tick);
        let result = self
            .instantiate(&mut store)
            .and_then(|instance| body(&mut store, &instance));
        result.map_err(|error| {
            let state = store.into_data();
            match state.halt {
                Some(halt) => CallError::Halt(halt),
                None => self.crashed(&error, state.limits.refused().or(state.last_error)),
            }
        })
    }

    /// `said` is what the guest may have died of by its own hand, which is a trap without a word.
    fn crashed(&self, error: &wasmtime::Error, said: Option<String>) -> CallError {
        let by_itself = matches!(error.downcast_ref(), Some(Trap::UnreachableCodeReached));
        let message = said
            .filter(|_| by_itself)
            .unwrap_or_else(|| error.root_cause().to_string());
        CallError::Crashed {
            plugin: self.manifest.name.clone(),
            version: self.manifest.version.to_string(),
            message,
        }
    }
}
