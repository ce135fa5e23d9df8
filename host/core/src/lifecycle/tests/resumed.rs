//! The property: every prefix of a journal is resumed to the same end.

use proptest::prelude::*;

use super::{ends::check_ends, *};

/// Statuses without what differs in a resumed run: nothing does.
fn statuses(run: &Run) -> Vec<(String, &'static str)> {
    run.steps
        .iter()
        .map(|(id, status)| (id.to_string(), status.word()))
        .collect()
}

fn commands() -> impl Strategy<Value = Command> {
    prop_oneof![
        3 => Just(Command::Release { pre: None }),
        1 => Just(Command::QualityGate { checks: Vec::new() }),
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
