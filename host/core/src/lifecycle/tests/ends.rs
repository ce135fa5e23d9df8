//! How runs end, what holds at every end, and what is left to do by hand.

use super::*;
use crate::lifecycle::halt::headline;

pub(super) fn check_ends(run: &Run, end: End) {
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
    let half_way = plan.steps().find(|step| {
        matches!(
            (&step.action, run.status(&step.id)),
            (Action::Deploy { .. }, Status::Stuck(..))
                | (Action::Return { .. } | Action::Setup { .. }, Status::Failed(..))
        )
    });
    if let Some(step) = half_way {
        assert_eq!(end, End::Stuck, "{} is half-way, whoever cancelled", step.id);
        let (_, _, by_hand) = run.end.as_ref().expect("it has ended");
        assert!(!by_hand.is_empty(), "what is left to do is not said");
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
fn whenever_somebody_cancels_what_is_half_way_is_said() {
    let rollback = || Command::Rollback {
        environment: "e1".into(),
        to: None,
    };
    let setup = Command::Setup {
        environment: "e1".into(),
    };
    for (command, failing) in [
        (Command::Release { pre: None }, "e1/watch"),
        (Command::Release { pre: None }, "e1/restore/b0"),
        (rollback(), "e1/return"),
        (rollback(), "e1/restore/b0"),
        (setup, "e1/setup"),
    ] {
        let journal = begin(&profile(1, 2, 1), command);
        let run = Run::fold(&journal).expect("legal").expect("a header");
        let all = run.header.plan.steps().map(|step| step.id.to_string());
        for undoing in [BTreeSet::new(), all.collect()] {
            let mut fate = Fate {
                failing: [failing, "e1/smoke/s0"].map(str::to_owned).into(),
                failing_undo: undoing,
                newer: Some("the database is at 0004".to_owned()),
                ..Fate::default()
            };
            let length = drive(journal.clone(), &fate).len();
            for at in 2..length {
                fate.cancel_at = Some(at);
                let (run, end) = end(&drive(journal.clone(), &fate));
                check_ends(&run, end);
            }
        }
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
