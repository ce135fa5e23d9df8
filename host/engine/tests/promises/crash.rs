//! Crash-safe: whatever append a run dies at, nothing was done that the journal does not know, and a resumed run plays back
//! what is recorded, does again what may be done again, and never does a write twice.

use std::sync::Arc;

use runner_core::{
    effect::Request,
    event::{Command, End, Event, Kind},
    fault::Fault,
    id::RunId,
    run::Run,
};
use runner_engine::{effects::Halt, session::SessionError};
use serde_json::{Value, json};

use super::{
    scratch::{Scratch, Seen, begin, findings, gate_only, profile},
    troubled::{Lost, Troubled},
};

/// Calls of all three natures; each leaves a line behind, also the read, so that it can be counted.
fn calls() -> Value {
    gate_only(json!({ "probe": { "plugin": "probe", "config": { "calls": [
        { "read": "echo r >> reads; wc -l < reads" },
        { "idempotent": "echo i >> idempotents; echo done" },
        "now",
        { "write": "echo w >> writes; echo written" },
        "random",
        { "report": "by the probe" },
        { "file": "README.md" },
    ] } } }))
}

#[test]
fn whatever_append_fails_nothing_is_done_unknown_and_no_write_twice() {
    let appends = appends_of_a_whole_run();
    assert!(
        appends > 20,
        "{appends} appends are too few to be the run that is meant"
    );
    let all: Vec<_> = (1..=appends)
        .flat_map(|from| [(from, Lost::Event), (from, Lost::Answer)])
        .collect();
    std::thread::scope(|scope| {
        for part in 0..4 {
            let some = all.iter().skip(part).step_by(4);
            scope.spawn(move || some.for_each(|&(from, lost)| fail_and_resume(from, lost)));
        }
    });
}

fn appends_of_a_whole_run() -> u64 {
    let scratch = Scratch::new();
    let store = Troubled::failing(Arc::clone(&scratch.store), u64::MAX, Lost::Event);
    let session = begin(
        &scratch.setup_over(store.clone()),
        &calls(),
        Command::QualityGate { checks: Vec::new() },
        &Seen::default(),
    );
    assert_eq!(session.drive().expect("ends"), End::Released);
    assert_eq!(
        (
            scratch.lines("reads"),
            scratch.lines("idempotents"),
            scratch.lines("writes")
        ),
        (1, 1, 1)
    );
    store.appends.load(std::sync::atomic::Ordering::SeqCst)
}

fn fail_and_resume(from: u64, lost: Lost) {
    let at = format!("append {from}, lost: {lost:?}");
    let scratch = Scratch::new();
    let store = Troubled::failing(Arc::clone(&scratch.store), from, lost);
    let begun = scratch.setup_over(store).begin(
        profile(&calls()),
        "test",
        Command::QualityGate { checks: Vec::new() },
        false,
        Seen::default().watcher(),
    );
    match begun {
        Ok(session) => match session.drive() {
            Err(Halt::Store(error)) => {
                assert!(error.to_string().contains("the disk is gone"), "{at}: {error}")
            }
            other => panic!("{at}: {other:?}"),
        },
        Err(SessionError::Store(_) | SessionError::Journal(_)) => {}
        Err(other) => panic!("{at}: {other}"),
    }

    let runs = scratch.store.runs().expect("runs");
    let Some(run) = runs.first() else {
        assert!(from == 1 && lost == Lost::Event, "{at}");
        assert!(!scratch.path("reads").exists());
        return;
    };
    let before = Known::of(&scratch, run);
    assert!(
        scratch.lines("writes") <= before.writes_begun,
        "{at}: a write that nobody knows of"
    );
    assert!(scratch.lines("idempotents") <= before.idempotents_begun, "{at}");

    if before.ended {
        return;
    }
    let (end, state) = scratch.resume();
    assert_eq!(end.expect("ends"), End::Released, "{at}");
    let said = findings(&state, "probe");
    assert_eq!(said[1], "exit code 0 done ", "{at}");
    assert!(scratch.lines("idempotents") <= 2, "{at}");
    match before.write_in_doubt {
        true => {
            assert!(
                said[3].starts_with("error: Error::Interrupted"),
                "{at}: {}",
                said[3]
            );
            assert!(scratch.lines("writes") <= 1, "{at}");
        }
        false => {
            assert_eq!(said[3], "exit code 0 written ", "{at}");
            assert_eq!(scratch.lines("writes"), 1, "{at}");
        }
    }
    // A read that was recorded is not done again: it says what it said.
    if let Some(read) = before.read {
        assert_eq!(said[0], format!("exit code 0 {read} "), "{at}");
    }
    assert_eq!(said[6], "# Scratch\n", "{at}");
}

/// What the journal knows.
struct Known {
    writes_begun: usize,
    idempotents_begun: usize,
    write_in_doubt: bool,
    read: Option<String>,
    ended: bool,
}

impl Known {
    fn of(scratch: &Scratch, run: &RunId) -> Self {
        let events = scratch.store.events(run, 0).expect("events");
        let state = Run::fold(&events).expect("folds").expect("is one");
        let all: Vec<_> = state.effects.values().flatten().collect();
        let of = |part: &str| {
            let part = part.to_owned();
            all.iter()
                .filter(move |recorded| match &recorded.request {
                    Request::Run(command) => command.argv[2].contains(&part),
                    _ => false,
                })
                .collect::<Vec<_>>()
        };
        let read = of(">> reads")
            .first()
            .and_then(|recorded| match &recorded.result {
                Some(Ok(runner_core::effect::Response::Exit(exit))) => {
                    Some(String::from_utf8_lossy(&exit.stdout.0).trim().to_owned())
                }
                _ => None,
            });
        Self {
            writes_begun: of(">> writes").len(),
            idempotents_begun: of(">> idempotents").len(),
            write_in_doubt: of(">> writes").iter().any(|recorded| recorded.result.is_none()),
            read,
            ended: state.end.is_some(),
        }
    }
}

#[test]
fn a_step_that_asks_for_something_else_than_the_journal_has_stops_the_run() {
    let scratch = Scratch::new();
    // Everything but the end of the last step.
    let appends = appends_of_a_whole_run();
    let store = Troubled::failing(Arc::clone(&scratch.store), appends - 12, Lost::Event);
    let session = begin(
        &scratch.setup_over(store),
        &calls(),
        Command::QualityGate { checks: Vec::new() },
        &Seen::default(),
    );
    session.drive().expect_err("the store fails");
    let lines = (
        scratch.lines("reads"),
        scratch.lines("idempotents"),
        scratch.lines("writes"),
    );

    let edited = Troubled::editing(Arc::clone(&scratch.store), |event: &mut Event| {
        if let Kind::EffectFinished {
            request: Some(Request::Run(command)),
            ..
        } = &mut event.kind
        {
            command.argv[2] = "make something else".to_owned();
        }
    });
    let (end, _) = scratch.resume_over(edited);
    let halt = end.expect_err("diverged");
    assert!(matches!(&halt, Halt::Diverged { n: 0, .. }), "{halt:?}");
    let told = halt.to_string();
    assert!(
        told.contains("make something else") && told.contains("echo r >> reads"),
        "{told}"
    );
    assert_eq!(
        (
            scratch.lines("reads"),
            scratch.lines("idempotents"),
            scratch.lines("writes")
        ),
        lines
    );

    // The run itself is unharmed: with the journal as it was written it goes on.
    let (end, _) = scratch.resume();
    assert_eq!(end.expect("ends"), End::Released);
}

#[test]
fn a_denied_call_does_nothing_and_is_in_the_journal() {
    let scratch = Scratch::new();
    // The path is outside the binary, so its manifest alone allows nothing.
    let run = scratch.gate(json!({ "probe": { "plugin": "probe.wasm", "config": { "calls": [
        { "read": "touch read" }, { "write": "touch write" }, { "file": "README.md" }, { "report": "text" },
        { "get": "http://127.0.0.1:1/" }, "now",
    ] } } }));
    assert!(!scratch.path("read").exists() && !scratch.path("write").exists());
    let said = findings(&run, "probe");
    for (said, words) in said
        .iter()
        .zip(["process", "process", "files", "reports", "http"])
    {
        assert!(said.starts_with("error: Error::Denied"), "{said}");
        assert!(said.contains(words), "{said}");
        // The last one is not even asked for by the manifest.
        assert_eq!(said.contains("add to [gate.probe]"), words != "http", "{said}");
    }
    assert!(said[5].parse::<u64>().is_ok(), "time needs no grant: {}", said[5]);
    let recorded = &run.effects[&runner_core::id::Scope::from("gate/probe")];
    let denied = recorded
        .iter()
        .filter(|recorded| matches!(recorded.result, Some(Err(Fault::Denied { .. }))));
    assert_eq!(denied.count(), 5);
}
