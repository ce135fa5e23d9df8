//! What a guest may use up: memory over all its memories, and processor time.

use wasmtime::{ResourceLimiter, StoreContextMut, UpdateDeadline};

/// Bytes of linear memory, all memories of an instance together.
const MEMORY: usize = 256 << 20;
/// Elements of tables.
const TABLE: usize = 100_000;
/// Milliseconds between two ticks of the engine's epoch.
pub(super) const TICK_MS: u64 = 10;
/// Milliseconds of processor time that one call may use, unless the host says otherwise. Host calls do not count.
pub(super) const PROCESSOR_MS: u64 = 30_000;
/// Bytes that one host call may hand over.
pub(super) const HOSTCALL_BYTES: usize = 64 << 20;

/// Counts what is used. wasmtime's `StoreLimits` would count each memory alone.
#[derive(Debug)]
pub(super) struct Limits {
    memory: usize,
    memory_refused: bool,
    processor_ms: u64,
    most_processor_ms: u64,
}

impl Limits {
    /// Nothing is used yet.
    pub(super) fn new(most_processor_ms: u64) -> Self {
        Self {
            memory: 0,
            memory_refused: false,
            processor_ms: 0,
            most_processor_ms,
        }
    }

    /// What a guest that was refused something may have died of: it traps without a word where it gets no memory.
    pub(super) fn refused(&self) -> Option<String> {
        self.memory_refused
            .then(|| format!("it wanted more than {} MiB of memory", MEMORY >> 20))
    }

    /// Called at most once per tick while guest code runs; the epoch goes on during a host call, but this does not see it.
    pub(super) fn tick<T: AsMut<Self>>(
        mut store: StoreContextMut<'_, T>,
    ) -> wasmtime::Result<UpdateDeadline> {
        let limits = store.data_mut().as_mut();
        limits.processor_ms += TICK_MS;
        if limits.processor_ms > limits.most_processor_ms {
            return Err(wasmtime::Error::msg(format!(
                "it used more than {} of processor time",
                runner_core::duration::Duration::from_millis(limits.most_processor_ms)
            )));
        }
        Ok(UpdateDeadline::Continue(1))
    }
}

impl ResourceLimiter for Limits {
    fn memory_growing(
        &mut self,
        current: usize,
        desired: usize,
        _max: Option<usize>,
    ) -> wasmtime::Result<bool> {
        let memory = self.memory + desired.saturating_sub(current);
        if memory > MEMORY {
            self.memory_refused = true;
            return Ok(false);
        }
        self.memory = memory;
        Ok(true)
    }

    fn table_growing(
        &mut self,
        _current: usize,
        desired: usize,
        _max: Option<usize>,
    ) -> wasmtime::Result<bool> {
        Ok(desired <= TABLE)
    }
}
