//! What comes before what, and what a failure leaves untouched.

use super::*;

#[test]
fn a_gate_runs_every_check_before_it_blocks() {
    let (run, _) = story(Command::QualityGate { checks: Vec::new() }, &["gate/g0"], false);
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
    let gate = |checks: &[&str]| Command::QualityGate {
        checks: checks.iter().map(|&check| check.to_owned()).collect(),
    };
    assert_eq!(ids(gate(&[])), ["gate/g0", "gate/g1"]);
    assert_eq!(
        ids(gate(&["g2", "g0"])),
        ["gate/g0", "gate/g2"],
        "a name is enough"
    );
}

#[test]
fn a_part_of_the_gate_is_no_news_and_one_that_is_not_there_is_said() {
    let part = |check: &str| Command::QualityGate {
        checks: vec![check.to_owned()],
    };
    let (run, end) = story(part("g1"), &[], false);
    assert_eq!(end, End::Released);
    let ids: Vec<_> = run.header.plan.steps().map(|step| step.id.as_str()).collect();
    assert_eq!(ids, ["preflight", "gate/g1", "report"]);
    let error = Plan::of(&profile(2, 1, 0), &part("g7")).expect_err("there is none");
    assert_eq!(
        error.to_string(),
        "the profile has no [gate.g7]; it has `g0`, `g1`"
    );
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
