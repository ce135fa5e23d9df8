//! How often and how long a request is repeated.

use std::time::{Duration, Instant};

use object_store::Error;

use super::trouble;

/// The first pause; each is twice as long as the one before.
const FIRST: Duration = Duration::from_millis(50);
/// The longest pause.
const LONGEST: Duration = Duration::from_secs(5);

/// How long a store that answers badly or not at all is asked again.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Patience {
    /// From the first try on; no try begins later.
    pub(crate) whole: Duration,
    /// One request.
    pub(crate) request: Duration,
}

impl Patience {
    /// For what a run cannot go on without.
    pub(crate) const LONG: Self = Self {
        whole: Duration::from_secs(60),
        request: Duration::from_secs(30),
    };
    /// For what is asked again soon anyway.
    pub(crate) const SHORT: Self = Self {
        whole: Duration::from_secs(4),
        request: Duration::from_secs(4),
    };

    /// One try.
    pub(crate) fn once(self) -> Self {
        Self {
            whole: Duration::ZERO,
            request: self.request.min(Self::SHORT.request),
        }
    }
}

/// The tries of one request.
pub(super) struct Tries {
    patience: Patience,
    began: Instant,
    next: Duration,
}

impl Tries {
    pub(super) fn new(patience: Patience) -> Self {
        Self {
            patience,
            began: Instant::now(),
            next: FIRST,
        }
    }

    /// The request, broken off when it takes too long: whether it was done is then not known.
    pub(super) async fn timely<T>(
        &self,
        request: impl Future<Output = Result<T, Error>>,
    ) -> Result<T, Error> {
        let limit = self.patience.request;
        tokio::time::timeout(limit, request).await.unwrap_or_else(|_| {
            Err(Error::Generic {
                store: "store",
                source: format!("no answer within {} ms", limit.as_millis()).into(),
            })
        })
    }

    /// Waits before the next try; the error, when there is to be none.
    pub(super) async fn pause(&mut self, error: Error) -> Result<(), Error> {
        match trouble::passes(&error) {
            true => self.pause_a_little(error).await,
            false => Err(error),
        }
    }

    /// The same for an error that passes.
    pub(super) async fn pause_a_little(&mut self, error: Error) -> Result<(), Error> {
        let pause = self.next.mul_f64(0.5 + chance() / 2.0);
        if self.began.elapsed() + pause > self.patience.whole {
            return Err(error);
        }
        if self.next > Duration::from_secs(1) {
            tracing::warn!(%error, "the store does not answer well, trying again");
        }
        self.next = (self.next * 2).min(LONGEST);
        tokio::time::sleep(pause).await;
        Ok(())
    }
}

/// From 0 to 1, so that two who were refused at once do not come back at once.
fn chance() -> f64 {
    let mut random = [0_u8; 2];
    getrandom::fill(&mut random).expect("the operating system gives random bytes");
    f64::from(u16::from_le_bytes(random)) / f64::from(u16::MAX)
}
