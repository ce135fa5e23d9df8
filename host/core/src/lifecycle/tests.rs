//! The product's promise as properties: whatever fails and whenever the process dies, a resumed run ends as the run that
//! was not interrupted, locks are given back, and nothing is deployed that did not pass.

mod ends;
mod fate;
mod order;
mod restore;
mod resumed;

use std::collections::BTreeSet;

use serde_json::json;

use super::{Next, next};
use crate::{
    backup::{Kept, Purpose},
    digest::Digest,
    event::{Command, End, Event, Header, JOURNAL_VERSION, Kind},
    id::{RunId, StepId},
    output::Output,
    plan::Plan,
    profile::Profile,
    release::Artifact,
    run::Run,
    step::{Action, Status, Step, Transition},
};
use fate::{Fate, result, undone};

/// A profile with so many checks, environments and notifiers; every environment but the first wants an approval, a backup
/// and a smoke check.
fn profile(checks: usize, environments: usize, notifiers: usize) -> Profile {
    let used = json!({"plugin": "command"});
    let named = |prefix: &str, count: usize| {
        (0..count)
            .map(|i| (format!("{prefix}{i}"), used.clone()))
            .collect::<serde_json::Map<_, _>>()
    };
    let environment = |i: usize| {
        let mut value = json!({"target": used, "watch": {"duration": "10s", "interval": "1s"}});
        if i > 0 {
            // The last check is not of the gate.
            value["before"] = json!(
                checks
                    .checked_sub(1)
                    .map(|last| vec![format!("g{last}")])
                    .unwrap_or_default()
            );
            value["approval"] = json!({});
            value["backup"] = json!(["b0", "b1"]);
            value["smoke"] = json!(["s0"]);
            value["canary"] =
                json!({"steps": [{"percent": 10, "watch": "5s"}, {"percent": 50, "watch": "5s"}]});
        }
        (format!("e{i}"), value)
    };
    let names: Vec<_> = (0..environments).map(|i| format!("e{i}")).collect();
    serde_json::from_value(json!({
        "project": {"name": "shop"},
        "gate": named("g", checks),
        "smoke": named("s", 1),
        "backup": named("b", 2),
        "notify": named("n", notifiers),
        "environments": (0..environments).map(environment).collect::<serde_json::Map<_, _>>(),
        "release": {"environments": names},
    }))
    .expect("the profile is well formed")
}

fn dump() -> Artifact {
    Artifact {
        name: "shop.dump".to_owned(),
        digest: Digest::of(b"shop"),
        size: 5,
        location: "x".to_owned(),
    }
}

/// A backup of `e0`, of another run.
fn kept() -> Kept {
    Kept {
        id: "3fa2c1d0".to_owned(),
        environment: "e0".into(),
        backup: "b0".to_owned(),
        run: RunId::from("r-before"),
        at: 5,
        purpose: Purpose::Deploy("1.1.0".to_owned()),
        ran: Some("1.0.0".to_owned()),
        artifacts: vec![dump()],
    }
}

fn begin(profile: &Profile, command: Command) -> Vec<Event> {
    let header = Header {
        journal: JOURNAL_VERSION,
        runner: "0".to_owned(),
        plan: Plan::of(profile, &command).expect("the profile has the environments"),
        command,
        by: "ann".to_owned(),
        host: "laptop".to_owned(),
        workspace: "/w".to_owned(),
        profile: profile.clone(),
        profile_name: "test".to_owned(),
        plugins: Vec::new(),
    };
    vec![event(0, Kind::RunStarted(Box::new(header)))]
}

fn event(seq: usize, kind: Kind) -> Event {
    Event {
        run: RunId::from("r"),
        seq: Some(seq as u64),
        at: seq as u64 * 10,
        kind,
    }
}

/// Goes on from a journal to the end, as the conductor does, one step after the other.
fn drive(mut journal: Vec<Event>, fate: &Fate) -> Vec<Event> {
    for _ in 0..10_000 {
        let run = Run::fold(&journal).expect("a legal journal").expect("a header");
        if fate.cancel_at.is_some_and(|at| journal.len() >= at)
            && run.cancelled_by.is_none()
            && run.end.is_none()
        {
            let seq = journal.len();
            journal.push(event(seq, Kind::CancelRequested { by: "bob".to_owned() }));
            continue;
        }
        let mut push = |step: &StepId, transition: Transition| {
            let seq = journal.len();
            journal.push(event(
                seq,
                Kind::Step {
                    step: step.clone(),
                    transition,
                },
            ));
        };
        match next(&run) {
            Next::Ended => return journal,
            Next::Finish {
                end,
                summary,
                by_hand,
            } => {
                let seq = journal.len();
                journal.push(event(
                    seq,
                    Kind::RunFinished {
                        end,
                        summary,
                        by_hand,
                    },
                ));
            }
            Next::Undo { step, reason } => {
                if !matches!(run.status(&step.id), Status::Undoing(_)) {
                    push(&step.id, Transition::UndoStarted { reason });
                }
                push(&step.id, undone(step, fate));
            }
            Next::Run(steps) => {
                for step in steps {
                    if *run.status(&step.id) == Status::New {
                        push(&step.id, Transition::Started);
                    }
                    push(&step.id, result(step, fate));
                }
            }
        }
    }
    panic!("the run does not end");
}

fn end(journal: &[Event]) -> (Run, End) {
    let run = Run::fold(journal).expect("a legal journal").expect("a header");
    let end = run.end.as_ref().expect("it has ended").0;
    (run, end)
}

fn story(command: Command, failing: &[&str], stuck: bool) -> (Run, End) {
    let ids = |names: &[&str]| names.iter().map(ToString::to_string).collect::<BTreeSet<_>>();
    let failing_undo = if stuck {
        ids(&["e0/deploy", "e1/deploy"])
    } else {
        BTreeSet::new()
    };
    let fate = Fate {
        failing: ids(failing),
        failing_undo,
        ..Fate::default()
    };
    end(&drive(begin(&profile(3, 2, 1), command), &fate))
}
