//! The store that many machines share: objects of a bucket or of a shared folder, below a prefix.
//!
//! | object | what |
//! |---|---|
//! | `store.json` | the format, and whose store it is |
//! | `runs/RUN`, `journal/RUN/PLACE` | the segments of a journal, each made once |
//! | `ended/RUN` | the whole journal of a run that has ended |
//! | `leases/NAME`, `decisions/RUN`, `good/ENVIRONMENT` | documents, changed only from what was read |
//! | `blobs/`, `artifacts/` | bytes by their digest |
//! | `clock` | written to learn the time |

mod address;
mod blob;
mod bucket;
mod clock;
mod document;
mod folder;
mod journal;
mod probe;
mod record;
mod shelf;

use std::{
    sync::{
        Arc, Weak,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use object_store::{ObjectStore, path::Path};
use runner_core::{
    digest::Digest,
    event::Event,
    id::{EnvironmentName, RunId},
    release::GoodRelease,
};
use serde::{Deserialize, Serialize};

use super::{Decision, Durability, Lease, Shelf, Store, StoreError, Taken};
use bucket::{Bucket, Patience};
use clock::StoreClock;
use journal::Journals;

/// The form of what is kept; a store of a later one is refused.
const FORMAT: i64 = 1;
/// What says so.
const MARK: &str = "store.json";
/// Between two looks at what waits to be written.
const TICK: Duration = Duration::from_millis(250);
/// Between two looks at what others have written.
const LOOK: Duration = Duration::from_secs(2);

/// A store in a bucket or a shared folder.
pub struct SharedStore {
    inner: Arc<Inner>,
    /// Whether the thread that writes what waits has been started.
    writing: AtomicBool,
}

struct Inner {
    bucket: Bucket,
    project: String,
    /// Unique to this process.
    token: String,
    journals: Journals,
    clock: StoreClock,
    /// For what a run cannot go on without.
    long: Patience,
    /// Whether the mark is known to be there.
    marked: AtomicBool,
}

/// What a look at a whole store found.
#[derive(Clone, Debug)]
pub struct Examined {
    /// How many runs it has.
    pub runs: usize,
    /// What a small write takes, in milliseconds.
    pub write_ms: u64,
    /// By how many milliseconds the clock of this machine is ahead of the store's.
    pub ahead_ms: i64,
}

#[derive(Serialize, Deserialize)]
struct Mark {
    format: i64,
    project: String,
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.journals.write_waiting(&self.bucket, true);
    }
}

impl SharedStore {
    /// Opens the store at an address, `s3://bucket/prefix` or `file:///folder`, for a project. Nothing is written before
    /// there is something to keep. Fails where it is of a later `runner` or of another project, or out of reach.
    pub fn open(address: &str, project: &str) -> Result<Self, StoreError> {
        let (objects, prefix) = address::open(address)?;
        Self::over(objects, prefix, address, project, Patience::LONG)
    }

    fn over(
        objects: Arc<dyn ObjectStore>,
        prefix: Path,
        address: &str,
        project: &str,
        long: Patience,
    ) -> Result<Self, StoreError> {
        let token = token();
        let inner = Inner {
            bucket: Bucket::new(objects, prefix, address.to_owned())?,
            project: project.to_owned(),
            journals: Journals::new(token.clone(), long),
            token,
            clock: StoreClock::default(),
            long,
            marked: AtomicBool::new(false),
        };
        inner.read_mark()?;
        Ok(Self {
            inner: Arc::new(inner),
            writing: AtomicBool::new(false),
        })
    }

    /// Looks whether the store is all that it must be. Leaves nothing behind in it but its clock.
    pub fn examine(&self) -> Result<Examined, StoreError> {
        let Inner {
            bucket, token, long, ..
        } = &*self.inner;
        let patience = Patience {
            whole: Patience::SHORT.whole,
            ..*long
        };
        let runs = self.inner.journals.runs(bucket)?.len();
        probe::honours_conditions(bucket, token, patience)?;
        let began = Instant::now();
        bucket.put("write", "clock", token.as_bytes(), patience)?;
        let write_ms = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
        let here = crate::clock::now();
        let there = bucket.put_and_ask_when("ask for the time", "clock", token.as_bytes(), patience)?;
        Ok(Examined {
            runs,
            write_ms,
            ahead_ms: here.cast_signed() - there.cast_signed(),
        })
    }

    /// Writes what waits, from time to time, for as long as the store is open.
    fn write_in_time(&self) {
        if self.writing.swap(true, Ordering::Relaxed) {
            return;
        }
        let inner: Weak<Inner> = Arc::downgrade(&self.inner);
        thread::spawn(move || {
            loop {
                thread::sleep(TICK);
                let Some(inner) = inner.upgrade() else { return };
                inner.journals.write_waiting(&inner.bucket, false);
            }
        });
    }
}

impl Inner {
    /// Refuses what is not ours; true when there is a mark at all.
    fn read_mark(&self) -> Result<bool, StoreError> {
        let patience = Patience {
            whole: self.long.whole.min(Duration::from_secs(10)),
            ..self.long
        };
        let found = self.bucket.document::<Mark>("open the store", MARK, patience)?;
        let Some((mark, _)) = found else { return Ok(false) };
        if mark.format > FORMAT {
            return Err(StoreError::Newer {
                place: self.bucket.address.clone(),
                found: mark.format,
                known: FORMAT,
            });
        }
        if mark.project != self.project {
            return Err(StoreError::Unusable {
                address: self.bucket.address.clone(),
                why: format!(
                    "it is the store of `{}`, and this is `{}`",
                    mark.project, self.project
                ),
                hint: "give each project a prefix of its own".to_owned(),
            });
        }
        self.marked.store(true, Ordering::Relaxed);
        Ok(true)
    }

    /// Called before anything is kept: a new store gets its mark, once it is seen that it honours conditions.
    fn ready(&self) -> Result<(), StoreError> {
        if self.marked.load(Ordering::Relaxed) || self.read_mark()? {
            return Ok(());
        }
        probe::honours_conditions(&self.bucket, &token(), self.long)?;
        let mark = Mark {
            format: FORMAT,
            project: self.project.clone(),
        };
        let bytes = serde_json::to_vec(&mark).expect("a mark serialises to JSON");
        self.bucket.create("begin a store", MARK, &bytes, self.long)?;
        self.read_mark().map(drop)
    }

    fn short(&self) -> Patience {
        Patience {
            whole: self.long.whole.min(Patience::SHORT.whole),
            request: self.long.request.min(Patience::SHORT.request),
        }
    }
}

impl Store for SharedStore {
    fn append(&self, event: &Event, durability: Durability) -> Result<(), StoreError> {
        self.inner.ready()?;
        if self
            .inner
            .journals
            .append(&self.inner.bucket, event, durability)?
        {
            self.write_in_time();
        }
        Ok(())
    }

    fn events(&self, run: &RunId, from: u64) -> Result<Vec<Event>, StoreError> {
        self.inner.journals.events(&self.inner.bucket, run, from)
    }

    fn runs(&self) -> Result<Vec<RunId>, StoreError> {
        self.inner.journals.runs(&self.inner.bucket)
    }

    fn unfinished(&self) -> Result<Vec<RunId>, StoreError> {
        self.inner.journals.unfinished(&self.inner.bucket)
    }

    fn put_blob(&self, bytes: &[u8]) -> Result<Digest, StoreError> {
        self.inner.ready()?;
        self.inner.bucket.keep_blob(bytes, self.inner.long)
    }

    fn blob(&self, digest: &Digest) -> Result<Option<Vec<u8>>, StoreError> {
        self.inner.bucket.blob(digest, self.inner.long)
    }

    fn now(&self) -> Result<u64, StoreError> {
        let Inner {
            clock, bucket, token, ..
        } = &*self.inner;
        clock.now(bucket, token, self.inner.short())
    }

    fn take_lease(&self, lease: &Lease, now: u64) -> Result<Taken, StoreError> {
        self.inner.ready()?;
        record::take_lease(&self.inner.bucket, lease, now, self.inner.long)
    }

    fn renew_lease(&self, name: &str, token: &str, expires: u64) -> Result<(), StoreError> {
        record::renew_lease(&self.inner.bucket, name, token, expires, self.inner.short())
    }

    fn give_lease(&self, name: &str, token: &str) -> Result<(), StoreError> {
        record::give_lease(&self.inner.bucket, name, token, self.inner.short())
    }

    fn lease(&self, name: &str) -> Result<Option<Lease>, StoreError> {
        record::lease(&self.inner.bucket, name, self.inner.long)
    }

    fn decide(&self, decision: &Decision) -> Result<(), StoreError> {
        self.inner.ready()?;
        record::decide(&self.inner.bucket, decision, token(), self.inner.long)
    }

    fn decisions(&self, run: &RunId) -> Result<Vec<Decision>, StoreError> {
        record::decisions(&self.inner.bucket, run, self.inner.short())
    }

    fn record_good(&self, environment: &EnvironmentName, good: &GoodRelease) -> Result<(), StoreError> {
        self.inner.ready()?;
        record::record_good(&self.inner.bucket, environment, good, self.inner.long)
    }

    fn good(&self, environment: &EnvironmentName) -> Result<Vec<GoodRelease>, StoreError> {
        record::good(&self.inner.bucket, environment, self.inner.long)
    }

    fn look_every(&self) -> Duration {
        LOOK
    }

    fn shelf(&self) -> Option<&dyn Shelf> {
        Some(&*self.inner)
    }
}

/// 16 random hex digits.
fn token() -> String {
    let mut bytes = [0_u8; 8];
    getrandom::fill(&mut bytes).expect("the operating system gives random bytes");
    hex::encode(bytes)
}

#[cfg(test)]
mod tests;
