//! What a plugin calls idempotent is done again after a crash that came before its end was written down. So each life here is
//! played once, and once more for each such call: its end is lost, the run is resumed, and all must end the same.
//!
//! What needs a server is held to it natively. Processes of `local` are killed at every append by `make crash-anywhere`, and
//! restores of `backup-files` by the promises about restores.

use std::{collections::BTreeMap, path::Path, sync::Arc};

use runner_core::{
    effect::{Nature, Request},
    event::{Command, Event, Kind},
    output::Output,
    run::Run,
    step::Status,
};
use runner_engine::effects::Halt;
use serde_json::{Value, json};

use crate::promises::{
    scratch::{Scratch, Seen, begin, gate_only, release},
    sentry, signed_webhook,
    troubled::{Lost, Troubled},
};

/// Plugins that call programs or requests idempotent, and where each is held to that.
const HELD: &[(&str, &str)] = &[
    ("ai-review", "plugins/ai-review/src/github/tests/twice.rs"),
    ("backup-postgres", "plugins/backup-postgres/tests/real/twice.rs"),
    ("checklist", HERE),
    ("command", HERE),
    ("coverage", HERE),
    ("load", HERE),
    ("sentry", HERE),
    ("systemd", "plugins/systemd/src/tests/twice.rs"),
    ("tests", HERE),
    ("webhook", HERE),
];
const HERE: &str = "host/engine/tests/promises/official/twice.rs";

/// Every plugin that is seen to call something idempotent must be held to it somewhere.
pub(super) fn is_held(plugin: &str, asked: &[Request]) {
    for request in asked.iter().filter(|request| is_its_own_word(request)) {
        assert!(
            HELD.iter().any(|(held, _)| *held == plugin),
            "`{plugin}` calls `{}` idempotent: play a life of it in {HERE}, or natively with `runner_sdk::testing::twice`",
            request.summary()
        );
    }
}

#[test]
fn what_is_held_natively_is_held_there() {
    for (plugin, file) in HELD {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(file);
        let text =
            std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        assert!(
            text.contains("twice("),
            "`{plugin}` is not held to anything in {file}"
        );
    }
}

/// That the host's own calls may be done twice is the host's word.
fn is_its_own_word(request: &Request) -> bool {
    let speaks = matches!(
        request,
        Request::Run(_) | Request::RunAll { .. } | Request::Send(_)
    );
    speaks && request.nature() == Nature::Idempotent
}

/// What is done with a plugin in a scratch project.
struct Life {
    profile: Value,
    command: Command,
    /// All that it leaves in the world.
    world: Box<dyn Fn(&Scratch) -> String>,
}

/// Where a run can be stopped: the append that is the end of a call that may be done twice.
struct Point {
    /// Counted from 1.
    append: u64,
    call: String,
}

/// What is compared.
#[derive(Debug, PartialEq)]
struct Ended {
    run: String,
    world: String,
}

/// Plays a life; at `stopped`, if anywhere, it is broken off and resumed. Every point that it could have been stopped at
/// comes with it.
fn play(make: fn(&Scratch) -> Life, stopped: Option<&Point>) -> (Ended, Vec<Point>) {
    let scratch = Scratch::new();
    let life = make(&scratch);
    let run = match stopped {
        None => {
            let session = begin(&scratch.setup(), &life.profile, life.command, &Seen::default());
            session.drive().expect("ends");
            session.state()
        }
        Some(point) => broken_off_and_resumed(&scratch, &life.profile, life.command, point),
    };
    let events = scratch.store.events(&run.id, 0).expect("events");
    let points = ends_of_idempotent_calls(&events);
    let folder = scratch.folder().display().to_string();
    let ended = Ended {
        run: told(&run).replace(&folder, "FOLDER"),
        world: (life.world)(&scratch),
    };
    (ended, points.collect())
}

fn broken_off_and_resumed(scratch: &Scratch, profile: &Value, command: Command, point: &Point) -> Run {
    let store = Troubled::failing(Arc::clone(&scratch.store), point.append, Lost::Event);
    let session = begin(&scratch.setup_over(store), profile, command, &Seen::default());
    let id = session.id().clone();
    assert!(matches!(session.drive(), Err(Halt::Store(_))), "{}", point.call);
    drop(session);
    let left = Run::fold(&scratch.store.events(&id, 0).expect("events"));
    let left = left.expect("folds").expect("is one");
    let in_doubt = left
        .effects
        .values()
        .flatten()
        .filter(|effect| effect.result.is_none());
    let in_doubt: Vec<_> = in_doubt.map(|effect| effect.request.nature()).collect();
    assert_eq!(in_doubt, [Nature::Idempotent], "{}", point.call);
    let resumed = scratch.setup().resume(&id, Seen::default().watcher());
    let session = resumed.unwrap_or_else(|error| panic!("{}: {error}", point.call));
    session.drive().expect("ends");
    session.state()
}

fn ends_of_idempotent_calls(events: &[Event]) -> impl Iterator<Item = Point> {
    let mut begun = BTreeMap::new();
    (1..)
        .zip(events)
        .filter_map(move |(append, event)| match &event.kind {
            Kind::EffectStarted { scope, n, request } if request.nature() == Nature::Idempotent => {
                begun.insert((scope.clone(), *n), request.summary());
                None
            }
            Kind::EffectFinished { scope, n, .. } => {
                let call = begun.remove(&(scope.clone(), *n))?;
                Some(Point { append, call })
            }
            _ => None,
        })
}

/// How a run ended and what each step came to, without what is another one each time.
fn told(run: &Run) -> String {
    let mut text = format!("{:?}\n", run.end.as_ref().map(|(end, ..)| end));
    for (step, status) in &run.steps {
        let said = match status {
            Status::Done(output) | Status::Failed(_, Some(output)) => output_told(output),
            Status::Failed(error, None) => error.message.clone(),
            other => format!("{other:?}"),
        };
        text += &format!("{step}: {}\n", said.replace(run.id.as_str(), "RUN"));
    }
    text
}

fn output_told(output: &Output) -> String {
    match output {
        Output::Verdict(verdict) => {
            let measures = verdict.measures.iter().filter(|measure| measure.unit != "ms");
            let measures: Vec<_> = measures.map(|measure| (&measure.name, measure.value)).collect();
            format!(
                "{} {} {:?} {measures:?}",
                verdict.passed, verdict.summary, verdict.findings
            )
        }
        other => {
            let text = format!("{other:?}");
            text.split(|c: char| !c.is_alphanumeric())
                .next()
                .unwrap_or_default()
                .to_owned()
        }
    }
}

/// A line for each call after which the life ends otherwise when it is done twice; and all the calls there are.
fn differences(make: fn(&Scratch) -> Life) -> (Vec<String>, Vec<String>) {
    let (once, points) = play(make, None);
    let differs = |point: &Point| {
        let (twice, _) = play(make, Some(point));
        (twice != once).then(|| format!("{}: once {once:#?}, twice {twice:#?}", point.call))
    };
    let differences = points.iter().filter_map(differs).collect();
    (differences, points.into_iter().map(|point| point.call).collect())
}

/// Holds for a life in which these calls are made, and all others of it.
fn is_the_same_twice(calls: &[&str], make: fn(&Scratch) -> Life) {
    let (differences, made) = differences(make);
    for call in calls {
        assert!(
            made.iter().any(|made| made.contains(call)),
            "`{call}` is not among {made:?}"
        );
    }
    assert!(differences.is_empty(), "{}", differences.join("\n"));
}

/// A gate of one check, which leaves these files.
fn gate(plugin: &str, config: Value, files: &'static [&'static str]) -> Life {
    Life {
        profile: gate_only(json!({ "check": { "plugin": plugin, "config": config } })),
        command: Command::QualityGate { checks: Vec::new() },
        world: Box::new(|scratch| files.iter().map(|file| scratch.read(file)).collect()),
    }
}

#[test]
fn a_word_that_is_not_kept_is_found() {
    let (found, calls) = differences(|scratch| {
        scratch.write("a", "content");
        let calls =
            json!([{ "idempotent": "cp a c" }, { "idempotent": "mv a b" }, { "idempotent": "cp b d" }]);
        gate("probe", json!({ "calls": calls }), &["a", "b", "c", "d"])
    });
    assert!(calls.len() >= 3, "{calls:?}");
    assert_eq!(found.len(), 1, "{found:#?}");
    assert!(
        found[0].starts_with("run sh -c 'mv a b': once") && found[0].contains("cannot stat"),
        "{}",
        found[0]
    );
}

#[test]
fn the_gate_command() {
    is_the_same_twice(&["sh -c"], |_| {
        let run = ["sh", "-c", "mkdir -p out && date +%Y > out/year && ls out"];
        gate(
            "command",
            json!({ "run": run, "require-output": ["year"] }),
            &["out/year"],
        )
    });
}

#[test]
fn the_gate_checklist() {
    is_the_same_twice(&["sh -c"], |_| {
        let items = json!([
            { "id": "built", "group": "code", "text": "It is built", "run": ["sh", "-c", "cp README.md built"] },
            { "id": "pem", "group": "code", "text": "No key is committed", "not-committed": "*.pem" },
        ]);
        gate(
            "checklist",
            json!({ "people": ["ann"], "items": items }),
            &["built"],
        )
    });
}

const JUNIT: &str = "echo '<testsuites><testsuite><testcase name=\"a\"/></testsuite></testsuites>'";

#[test]
fn the_gate_tests_with_one_report() {
    is_the_same_twice(&["rm -f -- report.xml", "sh -c"], |scratch| {
        scratch.write("report.xml", "of an earlier run");
        let run = ["sh", "-c", &format!("{JUNIT} > report.xml")];
        gate(
            "tests",
            json!({ "run": run, "format": "junit", "report": "report.xml" }),
            &["report.xml"],
        )
    });
}

#[test]
fn the_gate_tests_with_many_reports() {
    is_the_same_twice(&["sh -c"], |scratch| {
        scratch.write("one.xml", "of an earlier run");
        let run = ["sh", "-c", &format!("{JUNIT} > one.xml; {JUNIT} > two.xml")];
        gate(
            "tests",
            json!({ "run": run, "format": "junit", "report": "*.xml" }),
            &["one.xml", "two.xml"],
        )
    });
}

#[test]
fn the_gate_coverage() {
    is_the_same_twice(&["rm -f -- lcov.info", "sh -c"], |_| {
        let lcov = "printf 'TN:\\nSF:a.rs\\nDA:1,1\\nDA:2,1\\nend_of_record\\n' > lcov.info";
        let config =
            json!({ "run": ["sh", "-c", lcov], "format": "lcov", "report": "lcov.info", "total": 80 });
        gate("coverage", config, &["lcov.info"])
    });
}

#[test]
fn the_gate_load() {
    is_the_same_twice(&["rm -f -- load.json", "sh -c"], |_| {
        let k6 = json!({ "metrics": { "http_reqs": { "count": 100, "rate": 90 }, "http_req_failed": { "rate": 0, "passes": 0, "fails": 100 },
            "http_req_duration": { "p(99)": 120.0, "p(95)": 100.0, "avg": 50.0, "max": 130.0 } } });
        let config = json!({ "run": ["sh", "-c", format!("echo '{k6}' > load.json")], "format": "k6", "report": "load.json", "min-rate": 50 });
        gate("load", config, &["load.json"])
    });
}

#[test]
fn the_notifier_file() {
    is_the_same_twice(&["append"], |_| Life {
        profile: json!({
            "project": { "name": "scratch" },
            "gate": { "check": { "plugin": "command", "config": { "run": ["true"] } } },
            "notify": { "log": { "plugin": "file", "config": { "path": "notices.txt" } } },
        }),
        command: Command::QualityGate { checks: Vec::new() },
        world: Box::new(|scratch| scratch.lines("notices.txt").to_string()),
    });
}

#[test]
fn the_notifier_webhook() {
    is_the_same_twice(&["POST http"], |scratch| {
        let (receiver, url) = signed_webhook::Receiver::start();
        Life {
            profile: signed_webhook::process(scratch, &url, signed_webhook::KEY),
            command: Command::QualityGate { checks: Vec::new() },
            world: Box::new(move |_| receiver.told()),
        }
    });
}

/// A release of the scratch project to a target that needs no server.
fn released(scratch: &Scratch, more: Value) -> Value {
    let mut profile = json!({
        "project": { "name": "scratch" },
        "changelog": { "file": null },
        "environments": { "prod": {
            "target": { "plugin": "probe", "config": { "root": scratch.folder().join("prod") } },
            "first-deploy": "allow",
            "health": { "timeout": "1s", "interval": "10ms" },
        } },
        "release": { "environments": ["prod"] },
    });
    for (key, value) in more.as_object().expect("an object") {
        profile[key] = value.clone();
    }
    profile
}

#[test]
fn the_notifier_sentry() {
    is_the_same_twice(&["/releases/", "PUT http"], |scratch| {
        let (sentry, url) = sentry::StandIn::start();
        scratch.write("key", sentry::TOKEN);
        let more = json!({
            "secrets": { "key": { "file": "key" } },
            "notify": { "sentry": { "plugin": "sentry", "config": sentry::config(&url) } },
        });
        Life {
            profile: released(scratch, more),
            command: release(),
            world: Box::new(move |_| sentry.told()),
        }
    });
}
