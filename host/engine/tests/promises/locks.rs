//! An environment has one run at a time: a live owner is respected, a dead one's lock is taken over.

use runner_core::{event::End, id::StepId, step::Status};
use runner_engine::store::{Lease, Taken};
use serde_json::{Value, json};

use super::scratch::{Scratch, Seen, begin, release};

fn process(scratch: &Scratch) -> Value {
    json!({
        "project": { "name": "scratch" },
        "environments": { "prod": {
            "target": { "plugin": "probe", "config": { "root": scratch.folder().join("prod") } },
            "first-deploy": "allow",
            "health": { "timeout": "1s", "interval": "10ms" },
        } },
        "release": { "environments": ["prod"] },
    })
}

/// The lock of another run, until so many milliseconds from now.
fn lock(scratch: &Scratch, life_ms: i64) {
    let now = i64::try_from(runner_engine::clock::now()).expect("a time");
    let at = |ms: i64| u64::try_from(ms).expect("a time");
    let lease = Lease {
        name: "environment/prod".to_owned(),
        owner: "bob@laptop (pid 4711)".to_owned(),
        run: "r-other".into(),
        reason: "release 9.9.9 to prod".to_owned(),
        machine: String::new(),
        token: "other".to_owned(),
        since: at(now - 60_000),
        expires: at(now + life_ms),
    };
    let taken = scratch.store.take_lease(&lease, lease.since).expect("taken");
    assert_eq!(taken, Taken::Ours { replaced: None });
}

#[test]
fn a_live_run_keeps_its_environment() {
    let scratch = Scratch::new();
    lock(&scratch, 60_000);
    let session = begin(&scratch.setup(), &process(&scratch), release(), &Seen::default());
    assert_eq!(session.drive().expect("ends"), End::Blocked);
    match session.state().status(&StepId::from("prod/lock")) {
        Status::Failed(error, _) => assert_eq!(
            error.message,
            "prod is locked by bob@laptop (pid 4711) (run r-other): release 9.9.9 to prod"
        ),
        other => panic!("{other:?}"),
    }
    assert!(!scratch.folder().join("prod").exists(), "nothing was deployed");
    let lease = scratch
        .store
        .lease("environment/prod")
        .expect("read")
        .expect("there");
    assert_eq!(lease.token, "other", "the lock was not touched");
}

#[test]
fn a_dead_run_does_not() {
    let scratch = Scratch::new();
    lock(&scratch, -1);
    let session = begin(&scratch.setup(), &process(&scratch), release(), &Seen::default());
    assert_eq!(session.drive().expect("ends"), End::Released);
    let lease = scratch.store.lease("environment/prod").expect("read");
    assert_eq!(lease, None, "given back at the end");
    assert_eq!(
        scratch
            .store
            .lease(&format!("run/{}", session.id()))
            .expect("read"),
        None
    );
}

#[test]
fn a_stopped_run_does_not_go_on_in_an_environment_that_another_has_taken() {
    let scratch = Scratch::new();
    let setup = scratch.setup();
    let mut process = process(&scratch);
    process["environments"]["prod"]["target"]["config"]["calls"] =
        json!([{ "idempotent": "touch waiting; while [ ! -e go ]; do sleep 0.02; done" }]);
    let session = std::sync::Arc::new(begin(&setup, &process, release(), &Seen::default()));
    let driver = std::sync::Arc::clone(&session);
    let thread = std::thread::spawn(move || driver.drive());
    while !scratch.path("waiting").exists() {
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    setup.stop.stop();
    thread.join().expect("no panic").expect_err("stopped");
    assert_eq!(
        scratch.store.lease("environment/prod").expect("read"),
        None,
        "a stopped run locks nobody out"
    );

    lock(&scratch, 60_000);
    let refused = scratch.setup().resume(&session.id(), Seen::default().watcher());
    let told = refused.err().expect("refused").to_string();
    assert_eq!(
        told,
        "prod was locked meanwhile by bob@laptop (pid 4711) (run r-other): release 9.9.9 to prod"
    );
    scratch
        .store
        .give_lease("environment/prod", "other")
        .expect("given");
    scratch.write("go", "");
    let (end, _) = scratch.resume();
    assert_eq!(end.expect("ends"), End::Released);
}
