//! People are told that a plugin waits for them, before it does: once, whatever breaks off meanwhile, and only where somebody
//! is asked.

use std::{
    sync::{Arc, Mutex},
    thread,
};

use runner_core::{
    effect::Request,
    event::{Command, End, Event, Kind, Level},
    id::Scope,
};
use runner_engine::{effects::Halt, session::Session, store::Decision};
use serde_json::{Value, json};

use super::{
    scratch::{Scratch, Seen, begin, gate_only, profile, release},
    server::{Reply, serve},
    troubled::{Lost, Troubled},
};

/// Two items for bob, then one for eve; a machine is asked before them.
fn checklist(machine: &str) -> Value {
    json!({ "plugin": "checklist", "config": { "people": ["bob@example.com"], "items": [
        { "id": "machine", "group": "code", "text": "It is there", "run": ["sh", "-c", machine] },
        { "id": "tested", "group": "staging", "text": "It is tested" },
        { "id": "written", "group": "staging", "text": "It is written down" },
        { "id": "told", "group": "communication", "text": "Users are told", "people": ["eve@example.com"] },
    ] } })
}

fn process(machine: &str) -> Value {
    let mut process = gate_only(json!({ "go": checklist(machine) }));
    process["notify"] = json!({ "log": { "plugin": "file", "config": { "path": "notices.txt" } } });
    process
}

fn yes(session: &Session, question: &str, by: &str) -> Decision {
    Decision {
        run: session.id(),
        question: question.to_owned(),
        subject: None,
        choice: "yes".to_owned(),
        by: format!("{by}@example.com"),
        note: String::new(),
        at: runner_engine::clock::now(),
        signature: None,
    }
}

/// Says yes to all that is asked below `step`, before it is.
fn say_yes(scratch: &Scratch, session: &Session, step: &str) {
    for (item, by) in [("tested", "bob"), ("written", "bob"), ("told", "eve")] {
        let decision = yes(session, &format!("{step}/{item}"), by);
        scratch.store.decide(&decision).expect("decided");
    }
}

/// The messages that say that somebody is waited for, without their time.
fn told(scratch: &Scratch, session: &Session) -> String {
    let lines = scratch.read("notices.txt");
    let lines = lines.lines().filter(|line| line.contains("waits for"));
    let lines: Vec<_> = lines
        .map(|line| line.split_once(' ').expect("a time").1)
        .map(|line| line.replace(session.id().as_str(), "RUN"))
        .collect();
    lines.join("\n")
}

fn is_question(event: &Event, id: &str) -> Option<()> {
    match &event.kind {
        Kind::EffectStarted {
            request: Request::Ask(question),
            ..
        } if question.id == id => Some(()),
        _ => None,
    }
}

#[test]
fn whoever_is_waited_for_is_told_first_with_how_to_answer() {
    let scratch = Scratch::new();
    let seen = Seen::default();
    let session = Arc::new(begin(
        &scratch.setup(),
        &process("true"),
        Command::QualityGate { checks: Vec::new() },
        &seen,
    ));
    let driver = Arc::clone(&session);
    let driver = thread::spawn(move || driver.drive());
    seen.wait_for(|event| is_question(event, "gate/go/tested"));
    insta::assert_snapshot!(told(&scratch, &session), @"🔔 ALERT: scratch: `gate/go` waits for bob@example.com: scratch, Staging: It is tested? `runner approve RUN` or `runner reject RUN`; it may ask more after that [RUN gate/go]");
    say_yes(&scratch, &session, "gate/go");
    assert_eq!(driver.join().expect("no panic").expect("ends"), End::Released);
    // Bob knows already when he is asked again; eve does not.
    insta::assert_snapshot!(told(&scratch, &session), @r"
    🔔 ALERT: scratch: `gate/go` waits for bob@example.com: scratch, Staging: It is tested? `runner approve RUN` or `runner reject RUN`; it may ask more after that [RUN gate/go]
    🔔 ALERT: scratch: `gate/go` waits for eve@example.com: scratch, Communication: Users are told? `runner approve RUN` or `runner reject RUN`; it may ask more after that [RUN gate/go]
    ");
}

#[test]
fn before_an_environment_its_name_and_the_release_are_told() {
    let scratch = Scratch::new();
    let mut process = process("true");
    process["gate"]["go"]["config"]["people"] = json!([]);
    process["environments"] = json!({ "prod": {
        "target": { "plugin": "probe", "config": { "root": scratch.folder().join("prod") } },
        "before": ["go"],
        "first-deploy": "allow",
    } });
    process["release"] = json!({ "environments": ["prod"] });
    let session = begin(&scratch.setup(), &process, release(), &Seen::default());
    say_yes(&scratch, &session, "prod/gate/go");
    assert_eq!(session.drive().expect("ends"), End::Released);
    let told = told(&scratch, &session);
    insta::assert_snapshot!(told.lines().next().unwrap_or_default(), @"🔔 ALERT: prod: `prod/gate/go` waits for anybody's answer: scratch v0.1.0, Staging: It is tested? `runner approve RUN` or `runner reject RUN`; it may ask more after that [RUN prod/gate/go]");
}

#[test]
fn where_nobody_is_asked_nobody_is_told() {
    let scratch = Scratch::new();
    let session = begin(
        &scratch.setup(),
        &process("false"),
        Command::QualityGate { checks: Vec::new() },
        &Seen::default(),
    );
    assert_eq!(session.drive().expect("ends"), End::Blocked);
    assert_eq!(told(&scratch, &session), "");
    assert_eq!(scratch.lines("notices.txt"), 1, "how the gate went");
}

#[test]
fn a_notifier_is_told_of_what_it_wants_and_its_failure_changes_nothing() {
    let scratch = Scratch::new();
    let mut process = process("true");
    process["notify"]["log"]["events"] = json!(["gate", "alert"]);
    // A folder takes no line.
    process["notify"]["down"] =
        json!({ "plugin": "file", "config": { "path": ".git" }, "events": ["approval"] });
    let seen = Seen::default();
    let session = begin(
        &scratch.setup(),
        &process,
        Command::QualityGate { checks: Vec::new() },
        &seen,
    );
    say_yes(&scratch, &session, "gate/go");
    assert_eq!(session.drive().expect("ends"), End::Released);
    assert_eq!(told(&scratch, &session), "");
    let warned = |event: &Event| match &event.kind {
        Kind::Log {
            level: Level::Warn,
            message,
            ..
        } => message.starts_with("notifier `down` did not get the alert out: from plugin `file"),
        _ => false,
    };
    assert_eq!(
        seen.events().iter().filter(|event| warned(event)).count(),
        2,
        "once for each who is waited for"
    );
}

#[test]
fn a_plan_lists_the_message_before_the_question() {
    let scratch = Scratch::new();
    let seen = Seen::default();
    let plan = scratch
        .setup()
        .begin(
            profile(&process("true")),
            "test",
            Command::QualityGate { checks: Vec::new() },
            true,
            seen.watcher(),
        )
        .expect("begins");
    assert_eq!(plan.drive().expect("ends"), End::Released);
    let listed: Vec<_> = seen
        .events()
        .into_iter()
        .filter_map(|event| match event.kind {
            Kind::Planned(write) if write.scope.as_str() == "gate/go" => Some(kind(&write.request)),
            _ => None,
        })
        .collect();
    assert_eq!(listed, ["run", "message", "ask", "ask", "message", "ask"]);
    assert_eq!(scratch.lines("notices.txt"), 0);

    let session = begin(
        &scratch.setup(),
        &process("true"),
        Command::QualityGate { checks: Vec::new() },
        &Seen::default(),
    );
    say_yes(&scratch, &session, "gate/go");
    assert_eq!(session.drive().expect("ends"), End::Released);
    let state = session.state();
    let done = state.effects[&Scope::from("gate/go")].iter();
    let done: Vec<_> = done
        .map(|recorded| &recorded.request)
        .filter(|request| request.nature() != runner_core::effect::Nature::Read)
        .map(kind)
        .collect();
    assert_eq!(done[..listed.len()], listed);
    assert_eq!(
        done[listed.len()..],
        ["report"],
        "which hangs on what people answered"
    );
}

fn kind(request: &Request) -> &'static str {
    match request {
        Request::Run(_) => "run",
        Request::AppendLine { .. } => "message",
        Request::Ask(_) => "ask",
        Request::WriteReport { .. } => "report",
        other => panic!("{other:?}"),
    }
}

/// Another process takes the run up while it waits.
#[test]
fn a_run_that_was_stopped_while_it_waited_tells_nobody_again() {
    let came: Arc<Mutex<Vec<Value>>> = Arc::default();
    let heard = Arc::clone(&came);
    let url = serve(move |received| {
        let body = serde_json::from_slice(&received.body).expect("JSON");
        heard.lock().expect("no test panics here").push(body);
        Reply::new(204, "")
    });
    let scratch = Scratch::new();
    let mut process = process("true");
    process["notify"] =
        json!({ "hook": { "plugin": "webhook", "config": { "url": url }, "events": ["approval"] } });
    let (seen, setup) = (Seen::default(), scratch.setup());
    let session = Arc::new(begin(
        &setup,
        &process,
        Command::QualityGate { checks: Vec::new() },
        &seen,
    ));
    let driver = Arc::clone(&session);
    let driver = thread::spawn(move || driver.drive());
    seen.wait_for(|event| is_question(event, "gate/go/tested"));
    setup.stop.stop();
    let stopped = driver.join().expect("no panic");
    assert!(matches!(stopped, Err(Halt::Stopped)), "{stopped:?}");
    say_yes(&scratch, &session, "gate/go");
    drop(session);
    let (end, _) = scratch.resume();
    assert_eq!(end.expect("ends"), End::Released);
    let came = came.lock().expect("no test panics here");
    let alerts: Vec<_> = came
        .iter()
        .map(|body| body["alert"].as_str().unwrap_or_default())
        .collect();
    assert_eq!(alerts.len(), 2, "{alerts:?}");
    assert!(
        alerts[0].contains("bob@") && alerts[1].contains("eve@"),
        "{alerts:?}"
    );
}

/// A run that a runner before this one began asks at once: what the journal has is what is asked for.
#[test]
fn a_question_that_the_journal_has_without_a_message_stays_without_one() {
    let scratch = Scratch::new();
    let mut silent = process("true");
    silent["notify"]["log"]["events"] = json!(["gate"]);
    let (seen, setup) = (Seen::default(), scratch.setup());
    let session = Arc::new(begin(
        &setup,
        &silent,
        Command::QualityGate { checks: Vec::new() },
        &seen,
    ));
    let driver = Arc::clone(&session);
    let driver = thread::spawn(move || driver.drive());
    seen.wait_for(|event| is_question(event, "gate/go/tested"));
    setup.stop.stop();
    driver.join().expect("no panic").expect_err("stopped");
    say_yes(&scratch, &session, "gate/go");
    // Its header names a notifier that is told of everything, and its step knows nothing of it yet.
    let edited = Troubled::editing(Arc::clone(&scratch.store), |event: &mut Event| {
        if let Kind::RunStarted(header) = &mut event.kind {
            let notifiers = header.profile.notify.values_mut();
            notifiers.for_each(|notifier| notifier.events = None);
        }
    });
    let (end, _) = scratch.resume_over(edited);
    assert_eq!(end.expect("ends"), End::Released);
    let told = told(&scratch, &session);
    assert!(!told.contains("bob@") && told.contains("eve@"), "{told}");
}

#[test]
fn wherever_it_is_broken_off_each_message_is_there_once() {
    for from in 2.. {
        let scratch = Scratch::new();
        let store = Troubled::failing(Arc::clone(&scratch.store), from, Lost::Event);
        let session = begin(
            &scratch.setup_over(store),
            &process("true"),
            Command::QualityGate { checks: Vec::new() },
            &Seen::default(),
        );
        say_yes(&scratch, &session, "gate/go");
        let whole = session.drive().is_ok();
        if !whole {
            let (end, _) = scratch.resume();
            assert_eq!(end.expect("ends"), End::Released, "append {from}");
        }
        assert_eq!(
            told(&scratch, &session).lines().count(),
            2,
            "append {from}: {}",
            scratch.read("notices.txt")
        );
        if whole {
            assert!(
                from > 20,
                "{from} appends are too few to be the run that is meant"
            );
            break;
        }
    }
}
