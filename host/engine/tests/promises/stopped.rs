//! A run that is stopped in the middle, cancelled, or taken up again: the end is the same as if nothing had happened, and one
//! process drives it at a time.

use std::{fs, sync::Arc, thread};

use runner_core::{
    event::{Command, End, Event, Kind},
    id::StepId,
    run::Run,
    step::Status,
};
use runner_engine::{
    effects::Halt,
    person::CANCEL,
    session::{Session, SessionError, Setup},
    store::Decision,
};
use serde_json::{Value, json};

use super::scratch::{Scratch, Seen, begin, findings, gate_only, release};

/// Waits for the file `go`, having said so.
const WAITS: &str = "touch waiting; while [ ! -e go ]; do sleep 0.02; done; echo went >> done";

fn waiting(nature: &str) -> Value {
    gate_only(json!({ "probe": { "plugin": "probe", "config": { "calls": [
        { "write": "echo first >> done" },
        { nature: WAITS },
    ] } } }))
}

/// Drives a run in a thread until it waits, then does something, and returns what came of the run.
fn meanwhile(
    scratch: &Scratch,
    setup: &Setup,
    process: &Value,
    act: impl FnOnce(&Session),
) -> (Result<End, Halt>, Run) {
    let session = Arc::new(begin(
        setup,
        process,
        Command::QualityGate { checks: Vec::new() },
        &Seen::default(),
    ));
    let driver = Arc::clone(&session);
    let thread = thread::spawn(move || driver.drive());
    wait_for_file(scratch, "waiting");
    act(&session);
    let end = thread.join().expect("no panic");
    (end, session.state())
}

fn wait_for_file(scratch: &Scratch, name: &str) {
    for _ in 0..1_000 {
        if scratch.path(name).exists() {
            return;
        }
        thread::sleep(std::time::Duration::from_millis(10));
    }
    panic!("`{name}` did not come within 10 s");
}

#[test]
fn stopped_and_taken_up_ends_as_if_nothing_had_happened() {
    let undisturbed = {
        let scratch = Scratch::new();
        scratch.write("go", "");
        let session = begin(
            &scratch.setup(),
            &waiting("idempotent"),
            Command::QualityGate { checks: Vec::new() },
            &Seen::default(),
        );
        (
            session.drive().expect("ends"),
            findings(&session.state(), "probe"),
        )
    };

    let scratch = Scratch::new();
    let setup = scratch.setup();
    let (end, state) = meanwhile(&scratch, &setup, &waiting("idempotent"), |_| setup.stop.stop());
    assert!(matches!(end, Err(Halt::Stopped)), "{end:?}");
    assert!(state.end.is_none());
    assert_eq!(scratch.lines("done"), 1, "what was under way was ended");

    scratch.write("go", "");
    let (end, state) = scratch.resume();
    assert_eq!((end.expect("ends"), findings(&state, "probe")), undisturbed);
    assert_eq!(
        scratch.read("done"),
        "first\nwent\n",
        "the first write was not done again"
    );
    assert!(
        matches!(
            scratch
                .setup()
                .resume(&scratch.only_run(), Seen::default().watcher()),
            Err(SessionError::Ended(_, "released"))
        ),
        "what has ended cannot be taken up"
    );
}

#[test]
fn a_write_that_was_stopped_is_not_done_again_but_told() {
    let scratch = Scratch::new();
    let setup = scratch.setup();
    meanwhile(&scratch, &setup, &waiting("write"), |_| setup.stop.stop())
        .0
        .expect_err("stopped");
    scratch.write("go", "");
    let (end, state) = scratch.resume();
    assert_eq!(end.expect("ends"), End::Released);
    let said = findings(&state, "probe");
    assert!(
        said[1].starts_with("error: Error::Interrupted(\"runner stopped while it did this"),
        "{}",
        said[1]
    );
    assert_eq!(scratch.read("done"), "first\n");
}

#[test]
fn a_run_has_one_driver() {
    let scratch = Scratch::new();
    let setup = scratch.setup();
    let (end, _) = meanwhile(&scratch, &setup, &waiting("idempotent"), |session| {
        let second = scratch.setup().resume(&session.id(), Seen::default().watcher());
        match second {
            Err(SessionError::Driven { run, owner }) => {
                assert_eq!(run, session.id());
                assert!(owner.starts_with("ann@example.com on test (pid "), "{owner}");
            }
            Err(other) => panic!("{other}"),
            Ok(_) => panic!("two drive the run"),
        }
        scratch.write("go", "");
    });
    assert_eq!(
        end.expect("ends"),
        End::Released,
        "the first one was not disturbed"
    );
    let run = scratch.only_run();
    assert!(
        scratch
            .store
            .events(&run, 0)
            .expect("events")
            .iter()
            .all(|event| !matches!(event.kind, Kind::RunResumed { .. }))
    );
}

#[test]
fn cancelled_from_elsewhere_it_ends_in_order() {
    let scratch = Scratch::new();
    let (end, state) = meanwhile(&scratch, &scratch.setup(), &waiting("idempotent"), |session| {
        let decision = Decision {
            run: session.id(),
            question: CANCEL.to_owned(),
            subject: None,
            choice: CANCEL.to_owned(),
            by: "bob@example.com".to_owned(),
            note: String::new(),
            at: 0,
            signature: None,
        };
        scratch.store.decide(&decision).expect("decided");
    });
    assert_eq!(end.expect("ends"), End::Cancelled);
    assert_eq!(state.cancelled_by.as_deref(), Some("bob@example.com"));
    assert!(
        matches!(state.status(&StepId::from("report")), Status::Done(_)),
        "the reports are written all the same"
    );
}

#[test]
fn a_whole_release_is_deployed_watched_over_and_rolled_back() {
    let scratch = Scratch::new();
    let root = scratch.folder().join("prod");
    let process = |smoke: &str| {
        json!({
            "project": { "name": "scratch" },
            "artifacts": { "app": { "path": "README.md" } },
            "environments": { "prod": {
                "target": { "plugin": "probe", "config": { "root": root } },
                "first-deploy": "allow",
                "health": { "timeout": "1s", "interval": "10ms" },
                "smoke": ["smoke"],
            } },
            "smoke": { "smoke": { "plugin": "command", "config": { "run": ["sh", "-c", smoke] } } },
            "release": { "environments": ["prod"] },
        })
    };
    let version = || fs::read_to_string(root.join("version")).unwrap_or_default();
    let run = |smoke: &str| {
        let session = begin(&scratch.setup(), &process(smoke), release(), &Seen::default());
        session.drive().expect("ends")
    };
    // Nothing to go back to yet, so what is wrong stays, and is said to.
    assert_eq!(run("exit 1"), End::Stuck);
    assert_eq!(version(), "0.1.0");

    scratch.git(&["commit", "--quiet", "--allow-empty", "--message", "feat: a cart"]);
    assert_eq!(run("true"), End::Released);
    assert_eq!(version(), "0.2.0");

    scratch.git(&["commit", "--quiet", "--allow-empty", "--message", "feat: a bug"]);
    assert_eq!(run("exit 1"), End::RolledBack);
    assert_eq!(version(), "0.2.0");
    let good = scratch.store.good(&"prod".into()).expect("good");
    let good: Vec<_> = good.into_iter().map(|good| good.release.version).collect();
    assert_eq!(good, ["0.2.0"], "only what passed is good");
}

#[test]
fn what_the_journal_says_is_what_was_seen_live() {
    let scratch = Scratch::new();
    scratch.write("go", "");
    let seen = Seen::default();
    let session = begin(
        &scratch.setup(),
        &waiting("write"),
        Command::QualityGate { checks: Vec::new() },
        &seen,
    );
    session.drive().expect("ends");
    let kept: Vec<Event> = seen
        .events()
        .into_iter()
        .filter(|event| event.seq.is_some())
        .collect();
    let journal = scratch.store.events(&session.id(), 0).expect("events");
    assert_eq!(kept, journal);
    assert_eq!(Run::fold(&journal).expect("folds"), Some(session.state()));
}

#[test]
fn a_call_takes_no_longer_than_the_profile_lets_it() {
    let scratch = Scratch::new();
    let slow =
        |argv: [&str; 2]| json!({ "plugin": "command", "timeout": "300ms", "config": { "run": argv } });
    let run = scratch.gate(json!({ "slow": slow(["sleep", "20"]), "quick": slow(["true", "it"]) }));
    assert!(matches!(run.status(&StepId::from("gate/quick")), Status::Done(_)));
    let Status::Failed(error, _) = run.status(&StepId::from("gate/slow")) else {
        panic!(
            "`sleep 20` was not ended: {:?}",
            run.status(&StepId::from("gate/slow"))
        );
    };
    assert!(error.message.contains("did not end within"), "{}", error.message);
}
