//! What a guest may use up: memory over all its memories, and processor time.

use wasmtime::{ResourceLimiter, StoreContextMut, UpdateDeadline};

/// Bytes of linear memory, all memories of an instance together.
const MEMORY: usize = 256 << 20;
/// Elements of tables.
const TABLE: usize = 100_000;
/// Milliseconds between two ticks of the engine's epoch.
pub(super) const TICK_MS: u64 = 10;
/// Ticks of processor time that one call may use: 30 s. Host calls do not count.
const TICKS: u64 = 30_000 / TICK_MS;
/// Bytes that one host call may hand over.
pub(super) const HOSTCALL_BYTES: usize = 64 << 20;

/// Counts what is used. wasmtime's `StoreLimits` would count each memory alone.
#[derive(Debug, Default)]
pub(super) struct Limits {
    memory: usize,
    ticks: u64,
}

impl Limits {
    /// Called at most once per tick while guest code runs; the epoch goes on during a host call, but this does not see it.
    pub(super) fn tick<T: AsMut<Self>>(
        mut store: StoreContextMut<'_, T>,
    ) -> wasmtime::Result<UpdateDeadline> {
        let limits = store.data_mut().as_mut();
        limits.ticks += 1;
        if limits.ticks > TICKS {
            return Err(wasmtime::Error::msg(format!(
                "it used more than {} s of processor time",
                TICKS * TICK_MS / 1000
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
