//! Clocks: who lives is judged by the store's.

use std::{sync::Arc, time::Duration};

use object_store::ObjectStore;

use super::{
    flaky::{Flaky, Trouble},
    handle, memory,
};
use crate::{
    clock::now,
    lease::{Leases, is_alive, of_environment},
    store::{Store, Taken},
};

const HOUR: u64 = 3_600_000;

#[test]
fn the_time_is_the_stores() {
    let objects = memory();
    let mut ahead = Flaky::over(&objects, |_| Trouble::None);
    ahead.ahead = Duration::from_millis(HOUR);
    let ahead: Arc<dyn ObjectStore> = Arc::new(ahead);
    let store: Arc<dyn Store> = Arc::new(handle(&ahead));
    let there = store.now().expect("tells");
    assert!(there.abs_diff(now() + HOUR) < 10_000, "{there}");

    // Machines whose clocks are an hour apart agree about who lives.
    let name = of_environment(&"prod".into());
    let ours = Leases::new(Arc::clone(&store), "r-1".into(), "ann", "a", "a".to_owned());
    assert!(matches!(ours.take(&name, "r").expect("asks"), Taken::Ours { .. }));
    let other: Arc<dyn Store> = Arc::new(handle(&ahead));
    let theirs = Leases::new(Arc::clone(&other), "r-2".into(), "bob", "b", "b".to_owned());
    assert!(matches!(theirs.take(&name, "r").expect("asks"), Taken::Theirs(_)));
    let held = other.lease(&name).expect("reads").expect("is held");
    assert!(is_alive(&held, other.now().expect("tells")));
    assert!(!is_alive(&held, other.now().expect("tells") + 16_000));
}

#[test]
fn who_may_only_read_goes_by_the_clock_of_this_machine() {
    let objects = memory();
    let read_only = Flaky::over(&objects, |asked| match asked.verb {
        "put" => Trouble::Status(403),
        _ => Trouble::None,
    });
    let read_only: Arc<dyn ObjectStore> = Arc::new(read_only);
    assert!(handle(&read_only).now().expect("tells").abs_diff(now()) < 5000);
}
