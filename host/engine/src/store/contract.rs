//! What every store must do. `contract::suite!` makes a test of each promise from an expression that opens one new store
//! twice: two handles, as two processes have.

mod events;
mod leases;
mod records;

use std::sync::Arc;

use super::Store;

/// Two handles on one store.
pub(crate) type Pair = (Arc<dyn Store>, Arc<dyn Store>);

pub(crate) use events::{everything, line, started};
pub(crate) use leases::lease;
pub(crate) use records::good;

/// What one promise is, and the test of it.
pub(crate) type Promise = (&'static str, fn(Pair));

/// All promises.
pub(crate) const PROMISES: &[Promise] = &[
    ("events read back as they were", events::read_back),
    ("a run that is not there is empty", events::no_such_run),
    ("a taken place is a conflict", events::taken_place),
    ("a gap is refused", events::gap),
    ("of two writers one gets each place", events::two_writers),
    ("what need not last comes with what must", events::weak_appends),
    ("a place that waits is taken once", events::weak_and_strong),
    ("what has not ended is found", events::unfinished),
    ("runs are newest first", events::runs_newest_first),
    ("large texts read back", events::large_texts),
    ("blobs are kept by digest", records::blobs),
    ("decisions are oldest first", records::decisions),
    (
        "good releases are newest first, once per run",
        records::good_releases,
    ),
    ("a free lease is taken once", leases::taken_once),
    ("an expired lease is taken over", leases::takeover),
    ("a live lease of the same run is theirs", leases::same_run),
    ("a lost lease is not renewed", leases::lost),
    ("only ours is given back", leases::given_back),
    ("of many takers one has the lease", leases::race),
];

/// Tests every promise of a store; `$open` gives a new [`Pair`] each time.
macro_rules! suite {
    ($open:expr) => {
        #[test]
        fn keeps_every_promise() {
            for (promise, test) in $crate::store::contract::PROMISES {
                // Its message comes first, then the promise it broke.
                let kept = std::panic::catch_unwind(|| test($open));
                assert!(kept.is_ok(), "broken: {promise}");
            }
        }
    };
}
pub(crate) use suite;
