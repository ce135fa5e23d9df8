//! The time of the store: leases end by the one clock that all machines can ask, and that of a machine may be an hour off.

use std::{
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use super::bucket::{Bucket, Patience};
use crate::store::StoreError;

/// After so long the store is asked again: while a machine sleeps, its count of time may stand still.
const GOOD_FOR: Duration = Duration::from_secs(120);

/// What the store's clock said, and when.
#[derive(Debug, Default)]
pub(super) struct StoreClock {
    heard: Mutex<Option<(u64, Instant)>>,
}

impl StoreClock {
    /// Milliseconds since the epoch; up to a second late, since S3 tells whole seconds, and never early.
    pub(super) fn now(&self, bucket: &Bucket, nonce: &str, patience: Patience) -> Result<u64, StoreError> {
        let mut heard = self.heard.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((at, when)) = *heard
            && when.elapsed() < GOOD_FOR
        {
            return Ok(at + elapsed(when));
        }
        let asked = bucket.put_and_ask_when("ask for the time", "clock", nonce.as_bytes(), patience);
        match (asked, *heard) {
            (Ok(at), _) => {
                *heard = Some((at, Instant::now()));
                Ok(at)
            }
            // The count goes on when the store is out of reach.
            (Err(_), Some((at, when))) => Ok(at + elapsed(when)),
            // Who may only read has no lease to lose.
            (Err(StoreError::Unusable { .. }), None) => Ok(crate::clock::now()),
            (Err(error), None) => Err(error),
        }
    }
}

fn elapsed(since: Instant) -> u64 {
    u64::try_from(since.elapsed().as_millis()).unwrap_or(u64::MAX)
}
