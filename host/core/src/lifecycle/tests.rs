//! The product's promise as properties: whatever fails and whenever the process dies, a resumed run ends as the run that
//! was not interrupted, locks are given back, and nothing is deployed that did not pass.

mod restore;

use std::collections::BTreeSet;

use proptest::prelude::*;
use serde_json::json;

use super::{Next, headline, next};
use crate::{
    backup::{Kept, Purpose},
    digest::Digest,
    event::{Command, End, Event, Header, JOURNAL_VERSION, Kind},
    id::{RunId, StepId},
    output::{Condition, Deployment, Output, Preflight, ServiceState},
    plan::Plan,
    profile::Profile,
    release::Artifact,
    run::Run,
    step::{Action, FailureKind, Status, Step, StepError, Transition},
};

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

/// Which steps and undos fail, and after how many events somebody cancels.
#[derive(Clone, Debug, Default)]
struct Fate {
    failing: BTreeSet<String>,
    failing_undo: BTreeSet<String>,
    cancel_at: Option<usize>,
    /// What a rollback says of the data.
    newer: Option<String>,
    /// Whether what runs after going back is healthy.
    sick: bool,
}

impl Fate {
    /// What runs after going back.
    fn there(&self) -> Deployment {
        let condition = if self.sick {
            Condition::Unhealthy
        } else {
            Condition::Healthy
        };
        let web = ServiceState {
            name: "web".to_owned(),
            version: None,
            condition,
            since: None,
            detail: String::new(),
        };
        Deployment {
            version: Some("1.0.0".to_owned()),
            services: vec![web],
            newer_data: self.newer.clone(),
        }
    }
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

fn kind_of(step: &Step) -> FailureKind {
    match step.action {
        Action::Approval { .. } | Action::ApproveRestore { .. } => FailureKind::Rejected,
        Action::Watch { .. } | Action::Shift { .. } => FailureKind::Breach,
        Action::Preflight | Action::Check { .. } => FailureKind::Blocked,
        _ => FailureKind::Failed,
    }
}

fn result(step: &Step, fate: &Fate) -> Transition {
    match fate.failing.contains(step.id.as_str()) {
        true => Transition::Failed {
            error: StepError::new(kind_of(step), "it broke"),
            output: None,
        },
        false => Transition::Succeeded {
            output: output(step, fate),
        },
    }
}

fn output(step: &Step, fate: &Fate) -> Output {
    match &step.action {
        Action::Preflight => Output::Preflight(Preflight {
            head: "c0ffee".to_owned(),
            branch: None,
            release: None,
            previous: Vec::new(),
            backups: vec![kept()],
        }),
        Action::Backup { .. } => Output::Backup(vec![dump()]),
        Action::Return { .. } => Output::Deployed(fate.there()),
        _ => Output::Done,
    }
}

fn undone(step: &Step, fate: &Fate) -> Transition {
    match fate.failing_undo.contains(step.id.as_str()) {
        true => Transition::UndoFailed {
            error: StepError::failed("it would not go back"),
        },
        false => Transition::UndoFinished {
            output: Output::Undone {
                to: "1.0.0".to_owned(),
                took_ms: 5,
                deployment: fate.there(),
            },
        },
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

/// Statuses without what differs in a resumed run: nothing does.
fn statuses(run: &Run) -> Vec<(String, &'static str)> {
    run.steps
        .iter()
        .map(|(id, status)| (id.to_string(), status.word()))
        .collect()
}

fn check_ends(run: &Run, end: End) {
    let plan = &run.header.plan;
    let done = |action: &Action| {
        plan.steps()
            .any(|s| &s.action == action && matches!(run.status(&s.id), Status::Done(_)))
    };
    let status = |action: &Action| {
        plan.steps()
            .find(|s| &s.action == action)
            .map(|s| run.status(&s.id))
    };
    for environment in plan.environments() {
        let name = || environment.clone();
        if done(&Action::Lock { environment: name() }) {
            let unlock = status(&Action::Unlock { environment: name() });
            assert!(
                matches!(unlock, Some(Status::Done(_) | Status::Failed(..))),
                "{environment} stays locked"
            );
        }
        let deploy = status(&Action::Deploy { environment: name() });
        let good = done(&Action::Record { environment: name() });
        if let Some(Status::Done(_) | Status::Failed(..) | Status::Running) = deploy {
            assert!(
                good,
                "{environment} was left with a release that is neither good nor undone"
            );
        }
        if deploy.is_some_and(|status| *status != Status::New) {
            let its = |step: &&Step| match &step.action {
                Action::Check { environment, .. } => environment.as_ref().is_none_or(|own| *own == name()),
                _ => false,
            };
            let all = plan.steps().filter(its);
            for check in all {
                let passed = matches!(run.status(&check.id), Status::Done(_));
                assert!(
                    passed,
                    "{environment} was deployed to though {} did not pass",
                    check.id
                );
            }
        }
    }
    restore::check(run, end);
    if end == End::Released {
        let open = plan
            .steps()
            .find(|s| !s.tolerated() && matches!(run.status(&s.id), Status::Failed(..)));
        assert!(
            open.is_none_or(|s| s.when != crate::step::When::Forward),
            "released though {open:?} failed"
        );
    }
}

fn commands() -> impl Strategy<Value = Command> {
    prop_oneof![
        3 => Just(Command::Release { pre: None }),
        1 => Just(Command::QualityGate),
        1 => Just(Command::Deploy { environment: "e0".into(), version: None }),
        1 => Just(Command::Rollback { environment: "e0".into(), to: None }),
        1 => Just(Command::Setup { environment: "e0".into() }),
        1 => Just(Command::Deploy { environment: "e1".into(), version: None }),
        1 => Just(Command::Rollback { environment: "e1".into(), to: None }),
        1 => Just(Command::Backup { environment: "e1".into() }),
        1 => Just(Command::VerifyBackup { backup: Box::new(kept()) }),
        1 => Just(Command::Restore { backup: Box::new(kept()) }),
    ]
}

/// A profile, a command, and a fate whose failing steps are picked from the plan's own.
fn stories() -> impl Strategy<Value = (Vec<Event>, Fate)> {
    let shapes = (0_usize..4, 2_usize..4, 0_usize..3, commands());
    let picks = (
        proptest::collection::vec(any::<prop::sample::Index>(), 0..3),
        any::<bool>(),
        proptest::option::of(2_usize..80),
        (any::<bool>(), any::<bool>()),
    );
    (shapes, picks).prop_map(
        |((checks, environments, notifiers, command), (picks, stuck, cancel_at, (newer, sick)))| {
            let journal = begin(&profile(checks, environments, notifiers), command);
            let run = Run::fold(&journal).expect("legal").expect("a header");
            let ids: Vec<_> = run.header.plan.steps().map(|s| s.id.to_string()).collect();
            let failing = picks.iter().map(|pick| pick.get(&ids).clone()).collect();
            let failing_undo = if stuck {
                ids.into_iter().collect()
            } else {
                BTreeSet::new()
            };
            (
                journal,
                Fate {
                    failing,
                    failing_undo,
                    cancel_at,
                    newer: newer.then(|| "the database is at 0004".to_owned()),
                    sick,
                },
            )
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, ..ProptestConfig::default() })]

    #[test]
    fn every_prefix_of_a_journal_resumes_to_the_same_end((start, fate) in stories()) {
        let whole = drive(start, &fate);
        let (run, ended) = end(&whole);
        check_ends(&run, ended);
        for cut in 1..whole.len() {
            let resumed = drive(whole[..cut].to_vec(), &fate);
            let (again, end_again) = end(&resumed);
            check_ends(&again, end_again);
            // A cancelling is heard between two steps, and a crash makes one more such place.
            if fate.cancel_at.is_none() {
                prop_assert_eq!(end_again, ended, "cut after {} of {}", cut, whole.len());
                prop_assert_eq!(statuses(&again), statuses(&run), "cut after {}", cut);
            }
        }
    }
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

#[test]
fn each_failure_leads_to_its_own_end() {
    let release = || Command::Release { pre: None };
    for (failing, stuck, expected) in [
        (&[][..], false, End::Released),
        (&["gate/g0"][..], false, End::Blocked),
        (&["tag"][..], false, End::Blocked),
        (&["e1/gate/g2"][..], false, End::Blocked),
        (&["e1/approval"][..], false, End::Rejected),
        (&["e1/backup/b0"][..], false, End::Blocked),
        (&["e1/watch"][..], false, End::RolledBack),
        (&["e1/canary/50"][..], false, End::RolledBack),
        (&["e1/canary/100"][..], true, End::Stuck),
        (&["e1/settle"][..], false, End::RolledBack),
        (&["e0/deploy"][..], false, End::RolledBack),
        (&["e1/health"][..], true, End::Stuck),
        (
            &["e1/notify/start/n0", "notify/released/n0"][..],
            false,
            End::Released,
        ),
    ] {
        let (run, end) = story(release(), failing, stuck);
        assert_eq!(end, expected, "{failing:?}");
        check_ends(&run, end);
    }
}

#[test]
fn the_reason_is_one_line() {
    for (message, line) in [
        ("it died", "it died"),
        ("it died\nit said last:\nImportError: x\n", "it died"),
        (
            "migrating: ended with exit code 1:\n  Traceback\n",
            "migrating: ended with exit code 1",
        ),
        ("\n", ""),
    ] {
        assert_eq!(headline(message), line);
    }
}

#[test]
fn a_gate_runs_every_check_before_it_blocks() {
    let (run, _) = story(Command::QualityGate, &["gate/g0"], false);
    assert!(matches!(run.status(&"gate/g1".into()), Status::Done(_)));
}

#[test]
fn the_checks_before_an_environment_come_when_the_one_before_it_is_good() {
    let (run, end) = story(Command::Release { pre: None }, &["e1/gate/g2"], false);
    assert_eq!(end, End::Blocked);
    let status = |id: &str| run.status(&id.into()).clone();
    assert_eq!(status("gate/g2"), Status::New, "it is not of the gate");
    assert!(matches!(status("e0/record"), Status::Done(_)));
    for untouched in ["e1/approval", "e1/lock", "e1/notify/failure/n0"] {
        assert_eq!(status(untouched), Status::New, "{untouched}");
    }
    assert!(
        matches!(status("e1/notify/gate/n0"), Status::Done(_)),
        "people hear of it"
    );
    let (run, _) = story(Command::Release { pre: None }, &["gate/g0"], false);
    let news = |id: &str| matches!(run.status(&id.into()), Status::Done(_));
    assert!(news("notify/gate/n0") && !news("e1/notify/gate/n0"));
    let ids = |command| -> Vec<String> {
        let plan = Plan::of(&profile(3, 2, 0), &command).expect("a plan");
        let checks = plan
            .steps()
            .filter(|step| matches!(step.action, Action::Check { .. }));
        checks.map(|step| step.id.to_string()).collect()
    };
    assert_eq!(ids(Command::QualityGate), ["gate/g0", "gate/g1"]);
}

#[test]
fn people_hear_of_a_gate_that_said_no() {
    let (run, end) = story(Command::Release { pre: None }, &["gate/g0"], false);
    assert_eq!(end, End::Blocked);
    assert!(matches!(run.status(&"notify/gate/n0".into()), Status::Done(_)));
}

#[test]
fn a_rejected_production_leaves_staging_as_it_is() {
    let (run, _) = story(Command::Release { pre: None }, &["e1/approval"], false);
    assert!(matches!(run.status(&"e0/record".into()), Status::Done(_)));
    assert_eq!(*run.status(&"e1/lock".into()), Status::New);
    assert_eq!(*run.status(&"e1/notify/failure/n0".into()), Status::New);
}

#[test]
fn the_traffic_comes_bit_by_bit_before_the_smoke_checks() {
    let (run, _) = story(Command::Release { pre: None }, &["e1/canary/50"], false);
    let deployed = run
        .header
        .plan
        .steps()
        .filter(|step| step.id.as_str().starts_with("e1/"));
    let ids: Vec<_> = deployed.map(|step| step.id.as_str()).collect();
    let from = ids.iter().position(|id| *id == "e1/health").expect("is there");
    assert_eq!(
        ids[from..from + 6],
        [
            "e1/health",
            "e1/canary/10",
            "e1/canary/50",
            "e1/canary/100",
            "e1/smoke/s0",
            "e1/watch"
        ]
    );
    assert!(matches!(run.status(&"e1/canary/10".into()), Status::Done(_)));
    assert_eq!(
        *run.status(&"e1/canary/100".into()),
        Status::New,
        "no more of the traffic"
    );
}

#[test]
fn what_is_set_up_in_part_is_set_up_again() {
    let setup = || Command::Setup {
        environment: "e0".into(),
    };
    assert_eq!(story(setup(), &[], false).1, End::Released);
    let (run, end) = story(setup(), &["e0/setup"], false);
    assert_eq!(end, End::Stuck);
    check_ends(&run, end);
    let (_, _, by_hand) = run.end.expect("it has ended");
    assert_eq!(
        by_hand,
        ["e0 is set up in part: mend what is wrong, then `runner env setup e0` does the rest"]
    );
}

#[test]
fn what_is_stuck_says_what_is_left_to_do_by_hand() {
    let (run, end) = story(Command::Release { pre: None }, &["e1/watch"], true);
    assert_eq!(end, End::Stuck);
    let (_, _, by_hand) = run.end.expect("it has ended");
    assert_eq!(by_hand, ["bring e1 back by hand: it would not go back"]);
}
