//! Time and chance, which are effects like any other: recorded, and played back.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use runner_core::{
    effect::{Outcome, Response},
    fault::Fault,
};
use tokio::runtime::Handle;

use crate::stop::Stop;

/// More is not a seed or a token any more, and would fill the journal.
const MOST_RANDOM: u32 = 1024 * 1024;

/// The `runtime` interface's effects.
#[derive(Clone, Debug)]
pub struct Clock {
    handle: Handle,
    stop: Stop,
}

impl Clock {
    /// Waits on `handle`'s runtime, until `stop`.
    pub fn new(handle: Handle, stop: Stop) -> Self {
        Self { handle, stop }
    }

    /// Milliseconds since the epoch.
    pub fn now(&self) -> Outcome {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Ok(Response::Instant(
            u64::try_from(since.as_millis()).unwrap_or(u64::MAX),
        ))
    }

    /// Waits; interrupted when told to stop.
    pub fn sleep(&self, ms: u64) -> Outcome {
        self.handle.block_on(async {
            tokio::select! {
                biased;
                () = self.stop.wait() => Err(Fault::Interrupted {
                    message: format!("`runner` was told to stop in a wait of {ms} ms"),
                }),
                () = tokio::time::sleep(Duration::from_millis(ms)) => Ok(Response::Done),
            }
        })
    }

    /// Bytes that nobody can foresee.
    pub fn random(&self, bytes: u32) -> Outcome {
        if bytes > MOST_RANDOM {
            return Err(Fault::failed(format!(
                "cannot give {bytes} random bytes: at most {MOST_RANDOM} at once"
            )));
        }
        let mut random = vec![0; bytes as usize];
        getrandom::fill(&mut random)
            .map_err(|error| Fault::failed(format!("cannot get {bytes} random bytes: {error}")))?;
        Ok(Response::Random(random.into()))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;

    #[test]
    fn sleeps_until_the_time_is_over_or_somebody_stops_it() {
        let runtime = tokio::runtime::Runtime::new().expect("a runtime");
        let stop = Stop::default();
        let clock = Clock::new(runtime.handle().clone(), stop.clone());
        let began = Instant::now();
        assert_eq!(clock.sleep(30), Ok(Response::Done));
        assert!(began.elapsed() >= Duration::from_millis(30));
        std::thread::scope(|scope| {
            scope.spawn(|| {
                std::thread::sleep(Duration::from_millis(50));
                stop.stop();
            });
            assert!(matches!(clock.sleep(u64::MAX), Err(Fault::Interrupted { .. })));
        });
        assert!(matches!(clock.sleep(0), Err(Fault::Interrupted { .. })));
    }

    #[test]
    fn tells_time_and_gives_random_bytes() {
        let runtime = tokio::runtime::Runtime::new().expect("a runtime");
        let clock = Clock::new(runtime.handle().clone(), Stop::default());
        let Ok(Response::Instant(now)) = clock.now() else {
            panic!("no time")
        };
        // 2026-01-01 and 2100-01-01.
        assert!((1_767_225_600_000..4_102_444_800_000).contains(&now), "{now}");
        let random = |bytes| match clock.random(bytes) {
            Ok(Response::Random(bytes)) => bytes.0,
            other => panic!("{other:?}"),
        };
        assert_eq!(random(0), b"");
        assert_eq!(random(32).len(), 32);
        assert_ne!(random(32), random(32));
        let fault = clock.random(u32::MAX).expect_err("too many").to_string();
        assert_eq!(
            fault,
            "cannot give 4294967295 random bytes: at most 1048576 at once"
        );
    }
}
