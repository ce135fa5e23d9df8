//! Restores: none without a person's yes and a fresh backup, none that is left half-way, and every end says what is left.

use super::*;
use crate::{profile::Restore, step::When};

/// What holds at the end of every run, whatever failed, whoever cancelled.
pub(super) fn check(run: &Run, end: End) {
    let steps = || run.header.plan.steps();
    let done = |step: &Step| matches!(run.status(&step.id), Status::Done(_));
    for step in steps().filter(|step| *run.status(&step.id) != Status::New) {
        let Action::Restore { environment, backup } = &step.action else {
            continue;
        };
        let before = |wanted: &Action| steps().any(|other| other.action == *wanted && done(other));
        let environment = environment.clone();
        assert!(
            before(&Action::ApproveRestore {
                environment: environment.clone()
            }),
            "restored without a person's yes"
        );
        let safety = format!("{environment}/safety/{backup}");
        assert!(
            matches!(run.output(&safety), Some(Output::Backup(_))),
            "restored without a fresh backup"
        );
        assert_ne!(*run.status(&step.id), Status::Running, "left half-way");
        if matches!(run.status(&step.id), Status::Failed(..)) {
            assert_eq!(end, End::Stuck, "nobody knows what the data is");
        }
    }
    let unrestored = steps().filter(|step| step.when == When::Restore && !step.tolerated());
    let refused = unrestored
        .filter(|step| matches!(run.status(&step.id), Status::Failed(..)))
        .count();
    if refused > 0 {
        let (_, _, by_hand) = run.end.as_ref().expect("it has ended");
        assert!(!by_hand.is_empty(), "what was not restored is not named");
    }
}

/// A release of two environments that fails in production, whose database stayed newer.
fn story(failing: &[&str], change: impl Fn(&mut Profile, &mut Fate)) -> (Run, End) {
    story_of(Command::Release { pre: None }, failing, change)
}

fn story_of(command: Command, failing: &[&str], change: impl Fn(&mut Profile, &mut Fate)) -> (Run, End) {
    let mut profile = profile(1, 2, 1);
    profile.environments.get_mut("e1").expect("it has e1").backup = vec!["b0".to_owned()];
    let mut fate = Fate {
        failing: failing.iter().map(ToString::to_string).collect(),
        newer: Some("the database is at 0004, which 1.0.0 does not know".to_owned()),
        ..Fate::default()
    };
    change(&mut profile, &mut fate);
    end(&drive(begin(&profile, command), &fate))
}

/// Every step of an environment that ran, in the order in which it began.
fn ran(run: &Run, environment: &str) -> Vec<String> {
    let mut begun: Vec<_> = run
        .times
        .iter()
        .filter(|(id, _)| id.as_str().starts_with(&format!("{environment}/")))
        .map(|(id, (at, _))| (*at, id.to_string()))
        .collect();
    begun.sort();
    begun.into_iter().map(|(_, id)| id).collect()
}

fn after(run: &Run, step: &str) -> Vec<String> {
    let all = ran(run, "e1");
    let from = all.iter().position(|id| id == step).expect("it ran");
    all[from + 1..].to_vec()
}

fn by_hand(run: &Run) -> Vec<String> {
    run.end.as_ref().expect("it has ended").2.clone()
}

#[test]
fn data_that_stayed_newer_is_restored_once_a_person_says_so() {
    let (run, end) = story(&["e1/smoke/s0"], |_, _| {});
    assert_eq!(end, End::RolledBack);
    assert_eq!(
        after(&run, "e1/smoke/s0"),
        [
            "e1/notify/failure/n0",
            "e1/notify/rollback/n0",
            "e1/notify/restore/n0",
            "e1/restore-approval",
            "e1/safety/b0",
            "e1/restore/b0",
            "e1/restore-health",
            "e1/notify/restored/n0",
            "e1/unlock",
        ]
    );
    assert_eq!(by_hand(&run), Vec::<String>::new());
}

#[test]
fn data_that_the_earlier_release_can_read_is_left_alone() {
    for change in [
        (|_, fate| fate.newer = None) as fn(&mut Profile, &mut Fate),
        |profile, _| profile.environments.get_mut("e1").expect("it has e1").restore = Restore::Never,
        |profile, _| profile.environments.get_mut("e1").expect("it has e1").backup = Vec::new(),
    ] {
        let (run, end) = story(&["e1/smoke/s0"], change);
        assert_eq!(end, End::RolledBack);
        assert_eq!(*run.status(&"e1/restore-approval".into()), Status::New);
        assert_eq!(by_hand(&run), Vec::<String>::new());
    }
}

#[test]
fn a_no_leaves_the_data_and_names_the_command() {
    let (run, end) = story(&["e1/smoke/s0", "e1/restore-approval"], |_, _| {});
    assert_eq!(end, End::RolledBack);
    let id = &Kept::of(&run)[0].id;
    assert_eq!(
        by_hand(&run),
        [format!(
            "the database is at 0004, which 1.0.0 does not know; to restore what was there before: `runner backup \
             restore e1 {id}`"
        )]
    );
    assert!(matches!(
        run.status(&"e1/notify/restore-failure/n0".into()),
        Status::Done(_)
    ));
    assert_eq!(*run.status(&"e1/safety/b0".into()), Status::New);
}

#[test]
fn an_earlier_release_that_is_not_healthy_with_newer_data_gets_its_own_back() {
    let (run, end) = story(&["e1/smoke/s0"], |_, fate| fate.sick = true);
    assert_eq!(end, End::RolledBack);
    assert!(matches!(run.status(&"e1/restore-health".into()), Status::Done(_)));
    let (run, end) = story(&["e1/smoke/s0", "e1/restore-approval"], |_, fate| {
        fate.sick = true
    });
    assert_eq!(end, End::Stuck);
    assert_eq!(
        by_hand(&run)[0],
        "bring e1 back by hand: 1.0.0 is not healthy while the database is at 0004, which 1.0.0 does not know"
    );
}

#[test]
fn what_fails_before_the_restore_changes_nothing_and_what_fails_in_it_is_stuck() {
    for (step, expected) in [
        ("e1/safety/b0", End::RolledBack),
        ("e1/restore/b0", End::Stuck),
        ("e1/restore-health", End::Stuck),
    ] {
        let (run, end) = story(&["e1/smoke/s0", step], |_, _| {});
        assert_eq!(end, expected, "{step}");
        assert_eq!(
            after(&run, step),
            ["e1/notify/restore-failure/n0", "e1/unlock"],
            "{step}"
        );
    }
}

#[test]
fn a_rollback_that_a_person_asked_for_restores_too() {
    let rollback = || Command::Rollback {
        environment: "e1".into(),
        to: None,
    };
    let (run, end) = story_of(rollback(), &[], |_, _| {});
    assert_eq!(end, End::Released);
    assert_eq!(
        ran(&run, "e1"),
        [
            "e1/lock",
            "e1/return",
            "e1/notify/restore/n0",
            "e1/restore-approval",
            "e1/safety/b0",
            "e1/restore/b0",
            "e1/health",
            "e1/notify/restored/n0",
            "e1/record",
            "e1/unlock",
            "e1/notify/rollback/n0",
        ]
    );
    let (run, end) = story_of(rollback(), &["e1/restore-approval"], |_, _| {});
    assert_eq!(end, End::Released, "the code is back");
    assert!(by_hand(&run)[0].ends_with("`runner backup restore e0 3fa2c1d0`"));
    let (run, end) = story_of(rollback(), &["e1/restore-approval", "e1/record"], |_, _| {});
    assert_eq!(end, End::Blocked);
    assert!(by_hand(&run)[0].ends_with("`runner backup restore e0 3fa2c1d0`"));
    let (_, end) = story_of(rollback(), &["e1/restore/b0"], |_, _| {});
    assert_eq!(end, End::Stuck);
}

#[test]
fn a_backup_that_was_asked_for_is_made_and_told_of_only_if_it_fails() {
    let create = || Command::Backup {
        environment: "e1".into(),
    };
    let (run, end) = story_of(create(), &[], |_, _| {});
    assert_eq!(end, End::Released);
    assert_eq!(ran(&run, "e1"), ["e1/lock", "e1/backup/b0", "e1/unlock"]);
    for broken in ["e1/lock", "e1/backup/b0"] {
        let (run, end) = story_of(create(), &[broken], |_, _| {});
        assert_eq!(end, End::Blocked);
        assert!(matches!(
            run.status(&"e1/notify/backup-failure/n0".into()),
            Status::Done(_)
        ));
    }
}

#[test]
fn a_restore_reads_asks_and_keeps_before_it_changes_anything() {
    let restore = || Command::Restore {
        backup: Box::new(kept()),
    };
    let (run, end) = story_of(restore(), &[], |_, _| {});
    assert_eq!(end, End::Released);
    assert_eq!(
        ran(&run, "e0"),
        [
            "e0/lock",
            "e0/verify/b0",
            "e0/notify/restore/n0",
            "e0/restore-approval",
            "e0/safety/b0",
            "e0/restore/b0",
            "e0/health",
            "e0/unlock",
            "e0/notify/restored/n0",
        ]
    );
    for (broken, expected) in [
        ("e0/verify/b0", End::Blocked),
        ("e0/restore-approval", End::Rejected),
        ("e0/safety/b0", End::Blocked),
        ("e0/restore/b0", End::Stuck),
        ("e0/health", End::Stuck),
    ] {
        let (run, end) = story_of(restore(), &[broken], |_, _| {});
        assert_eq!(end, expected, "{broken}");
        assert_eq!(by_hand(&run).is_empty(), end != End::Stuck, "{broken}");
    }
}

#[test]
fn a_restore_that_has_begun_is_brought_to_its_end_whoever_cancels() {
    let whole = drive(
        begin(
            &profile(1, 2, 1),
            Command::Restore {
                backup: Box::new(kept()),
            },
        ),
        &Fate::default(),
    );
    for at in 1..whole.len() {
        let fate = Fate {
            cancel_at: Some(at),
            ..Fate::default()
        };
        let (run, end) = end(&drive(whole[..at].to_vec(), &fate));
        let begun = matches!(run.status(&"e0/restore/b0".into()), Status::Done(_));
        assert_eq!(end == End::Released, begun, "cancelled after {at}");
    }
}
