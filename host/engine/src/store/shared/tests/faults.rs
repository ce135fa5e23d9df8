//! A store in trouble: it is asked again, nothing is kept twice, and when it stays away that is told.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use object_store::ObjectStore;

use super::{
    flaky::{Asked, Flaky, Trouble},
    handle, handle_with, memory,
};
use crate::store::{
    Durability, Store, StoreError, Taken,
    contract::{everything, good, lease, line, started},
    shared::bucket::Patience,
};

/// Short enough for a test, long enough for many tries.
const PATIENCE: Patience = Patience {
    whole: Duration::from_secs(10),
    request: Duration::from_millis(60),
};
const IMPATIENT: Patience = Patience {
    whole: Duration::from_millis(300),
    request: Duration::from_millis(60),
};

fn flaky(
    objects: &Arc<dyn ObjectStore>,
    decide: impl Fn(&Asked) -> Trouble + Send + Sync + 'static,
) -> Arc<dyn ObjectStore> {
    Arc::new(Flaky::over(objects, decide))
}

/// Does something of everything through a store in trouble, and reads it without.
fn everything_through(trouble: impl Fn(&Asked) -> Trouble + Send + Sync + 'static) {
    let objects = memory();
    let calm = handle(&objects);
    let store = handle_with(&flaky(&objects, trouble), PATIENCE);
    let journal = everything("r-1");
    for (event, durability) in journal
        .iter()
        .zip([Durability::Power, Durability::Process].into_iter().cycle())
    {
        store.append(event, durability).expect("appends");
    }
    let (prod, ann) = ("prod".into(), lease("r-1", "ann"));
    let taken = store.take_lease(&ann, 1000).expect("takes");
    assert!(matches!(taken, Taken::Ours { .. }));
    store.renew_lease(&ann.name, "ann", 5000).expect("renews");
    store
        .record_good(&prod, &good("1.0.0", "r-1", 1))
        .expect("records");
    let decision = crate::store::Decision {
        run: "r-1".into(),
        question: "prod/approval".to_owned(),
        subject: None,
        choice: "approve".to_owned(),
        by: "ann".to_owned(),
        note: String::new(),
        at: 1,
        signature: None,
    };
    store.decide(&decision).expect("decides");
    store.decide(&decision).expect("decides again");
    let blob = store.put_blob(b"\0asm").expect("keeps");

    for store in [&calm as &dyn Store, &store] {
        assert_eq!(store.events(&"r-1".into(), 0).expect("reads"), journal);
        assert_eq!(store.runs().expect("reads"), ["r-1".into()]);
        assert_eq!(store.decisions(&"r-1".into()).expect("reads").len(), 2);
        assert_eq!(store.good(&prod).expect("reads").len(), 1);
        let held = store.lease(&ann.name).expect("reads").expect("is held");
        assert_eq!((held.token.as_str(), held.expires), ("ann", 5000));
        assert_eq!(store.blob(&blob).expect("reads").as_deref(), Some(&b"\0asm"[..]));
    }
}

#[test]
fn errors_of_the_server_pass() {
    for status in [500, 503, 429] {
        everything_through(move |asked| match asked.n % 3 {
            0 => Trouble::None,
            _ => Trouble::Status(status),
        });
    }
}

#[test]
fn silence_passes() {
    everything_through(|asked| match asked.n % 2 {
        0 => Trouble::None,
        _ => Trouble::Silence,
    });
}

#[test]
fn a_write_whose_answer_was_lost_is_known_again() {
    for status in [500, 503] {
        everything_through(move |asked| match asked.verb {
            "put" if asked.n % 2 == 0 => Trouble::DoneBut(status),
            _ => Trouble::None,
        });
    }
}

/// S3 answers 409 to a conditional write while another is under way, which may then fail.
#[test]
fn a_conflict_of_two_requests_passes_when_nothing_has_changed() {
    everything_through(|asked| match asked.verb {
        "put" if asked.n % 3 == 1 => Trouble::Status(409),
        _ => Trouble::None,
    });
}

#[test]
fn one_segment_for_each_append_that_must_last() {
    let objects = memory();
    let puts = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&puts);
    let store = handle(&flaky(&objects, move |asked| {
        if asked.verb == "put" {
            seen.lock().expect("is whole").push(asked.path.clone());
        }
        Trouble::None
    }));
    store.append(&started("r-1"), Durability::Power).expect("appends");
    puts.lock().expect("is whole").clear();
    for seq in 1..=50 {
        store
            .append(&line("r-1", seq, "read"), Durability::Process)
            .expect("appends");
    }
    store
        .append(&line("r-1", 51, "write"), Durability::Power)
        .expect("appends");
    assert_eq!(
        *puts.lock().expect("is whole"),
        ["below/this/journal/r-1/0000000001".to_owned()]
    );
    assert_eq!(
        handle(&objects).events(&"r-1".into(), 0).expect("reads").len(),
        52
    );
}

#[test]
fn what_need_not_last_is_written_soon_all_the_same() {
    let objects = memory();
    let (store, other) = (handle(&objects), handle(&objects));
    store.append(&started("r-1"), Durability::Power).expect("appends");
    store
        .append(&line("r-1", 1, "read"), Durability::Process)
        .expect("appends");
    let began = Instant::now();
    while other.events(&"r-1".into(), 1).expect("reads").is_empty() {
        assert!(began.elapsed() < Duration::from_secs(20), "it is not written");
        std::thread::sleep(Duration::from_millis(50));
    }
    // At its end a process writes what waits.
    store
        .append(&line("r-1", 2, "read"), Durability::Process)
        .expect("appends");
    drop(store);
    assert_eq!(other.events(&"r-1".into(), 2).expect("reads").len(), 1);
}

/// Trouble that the test turns on and off.
fn switched(objects: &Arc<dyn ObjectStore>, trouble: Trouble) -> (Arc<dyn ObjectStore>, Arc<AtomicBool>) {
    let on = Arc::new(AtomicBool::new(false));
    let is_on = Arc::clone(&on);
    let flaky = flaky(objects, move |_| match is_on.load(Ordering::Relaxed) {
        true => trouble,
        false => Trouble::None,
    });
    (flaky, on)
}

#[test]
fn a_store_that_stays_away_is_told_and_the_run_goes_on_elsewhere() {
    for trouble in [Trouble::Status(503), Trouble::Silence] {
        let objects = memory();
        let (way, away) = switched(&objects, trouble);
        let store = handle_with(&way, IMPATIENT);
        store.append(&started("r-1"), Durability::Power).expect("appends");
        store
            .append(&line("r-1", 1, "read"), Durability::Process)
            .expect("appends");
        away.store(true, Ordering::Relaxed);
        let error = store
            .append(&line("r-1", 2, "write"), Durability::Power)
            .expect_err("is away");
        assert!(matches!(error, StoreError::Io { .. }), "{error:?}");
        let why = match trouble {
            Trouble::Silence => "no answer within 60 ms",
            _ => "SlowDown: Please reduce your request rate.",
        };
        assert_eq!(
            error.to_string(),
            format!("cannot append to the journal in `memory://shop`: {why}")
        );
        // Whoever else appends in this process is told at once.
        let began = Instant::now();
        store
            .append(&line("r-1", 2, "other"), Durability::Power)
            .expect_err("is away");
        assert!(began.elapsed() < IMPATIENT.whole, "{:?}", began.elapsed());

        let elsewhere = handle(&objects);
        assert_eq!(elsewhere.events(&"r-1".into(), 0).expect("reads").len(), 1);
        elsewhere
            .append(&line("r-1", 1, "resumed"), Durability::Power)
            .expect("goes on");
        away.store(false, Ordering::Relaxed);
        let late = store.append(&line("r-1", 2, "write"), Durability::Power);
        assert!(matches!(late, Err(StoreError::Conflict { .. })), "{late:?}");
        let kept = elsewhere.events(&"r-1".into(), 1).expect("reads");
        assert_eq!(kept, [line("r-1", 1, "resumed")]);
    }
}

/// The write arrives, and neither its answer nor any other gets back before patience ends.
#[test]
fn a_write_that_arrived_unseen_is_not_followed_by_another_in_its_place() {
    let objects = memory();
    let (way, lost) = switched(&objects, Trouble::DoneBut(503));
    let store = handle_with(&way, IMPATIENT);
    store.append(&started("r-1"), Durability::Power).expect("appends");
    lost.store(true, Ordering::Relaxed);
    store
        .append(&line("r-1", 1, "first"), Durability::Power)
        .expect_err("no answer");
    lost.store(false, Ordering::Relaxed);
    let other = store.append(&line("r-1", 1, "second"), Durability::Power);
    assert!(matches!(other, Err(StoreError::Conflict { .. })), "{other:?}");
    let kept = handle(&objects).events(&"r-1".into(), 1).expect("reads");
    assert_eq!(kept, [line("r-1", 1, "first")]);
}

/// What waited was written by a try that was given up, and it is found when more is to be written.
#[test]
fn a_late_arrival_of_our_own_is_gone_on_from() {
    let objects = memory();
    let (way, lost) = switched(&objects, Trouble::DoneBut(503));
    let store = handle_with(&way, IMPATIENT);
    store.append(&started("r-1"), Durability::Power).expect("appends");
    store
        .append(&line("r-1", 1, "read"), Durability::Process)
        .expect("appends");
    lost.store(true, Ordering::Relaxed);
    // Reading writes what waits first.
    store.events(&"r-1".into(), 0).expect_err("no answer");
    lost.store(false, Ordering::Relaxed);
    store
        .append(&line("r-1", 2, "write"), Durability::Power)
        .expect("appends");
    let kept = handle(&objects).events(&"r-1".into(), 1).expect("reads");
    assert_eq!(kept, [line("r-1", 1, "read"), line("r-1", 2, "write")]);
}

#[test]
fn a_refusal_is_told_at_once_with_what_to_do() {
    let objects = memory();
    let (way, refused) = switched(&objects, Trouble::Status(403));
    let store = handle(&way);
    store.append(&started("r-1"), Durability::Power).expect("appends");
    refused.store(true, Ordering::Relaxed);
    let error = store
        .append(&line("r-1", 1, "write"), Durability::Power)
        .expect_err("is refused");
    assert_eq!(
        error.to_string(),
        "cannot use the store `memory://shop`: cannot append to the journal: SlowDown: Please reduce your request rate."
    );
}
