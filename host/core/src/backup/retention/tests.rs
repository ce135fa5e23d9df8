//! Which backups stay, on lists as a store would give them.

use std::num::NonZeroU32;

use super::*;
use crate::{digest::Digest, release::Artifact};

const DAY: u64 = 86_400_000;
/// The hundredth day.
const NOW: u64 = 100 * DAY;

/// A backup that is so many days old, with bytes of its own.
fn made(days: u64, purpose: Purpose) -> Kept {
    let id = format!("{days:08}");
    Kept {
        environment: "prod".into(),
        backup: "database".to_owned(),
        run: format!("r-{id}").as_str().into(),
        at: NOW - days * DAY,
        ran: None,
        artifacts: vec![Artifact {
            name: "dump".to_owned(),
            digest: Digest::of(id.as_bytes()),
            size: 10,
            location: String::new(),
        }],
        purpose,
        id,
    }
}

fn daily(days: impl IntoIterator<Item = u64>) -> Vec<Kept> {
    days.into_iter().map(|days| made(days, Purpose::Asked)).collect()
}

fn keep(last: u32, within: &str) -> Keep {
    Keep {
        last: NonZeroU32::new(last),
        within: (!within.is_empty()).then(|| within.parse().expect("is a duration")),
    }
}

/// How old, in days, what goes is.
fn going(keep: Keep, earlier: &[Kept], running: Option<&str>) -> Vec<u64> {
    let stale = stale(keep, earlier, running, NOW);
    stale.iter().map(|kept| (NOW - kept.at) / DAY).collect()
}

#[test]
fn the_last_so_many_stay_with_the_new_one_among_them() {
    assert_eq!(going(keep(3, ""), &daily(1..=5), None), [3, 4, 5]);
    assert_eq!(going(keep(1, ""), &daily(1..=2), None), [1, 2]);
    assert_eq!(going(keep(7, ""), &daily(1..=5), None), [0; 0]);
}

#[test]
fn what_is_not_older_stays() {
    assert_eq!(going(keep(0, "30d"), &daily([1, 30, 31, 90]), None), [31, 90]);
}

#[test]
fn either_keeps() {
    assert_eq!(going(keep(2, "30d"), &daily([40, 50, 60]), None), [50, 60]);
    assert_eq!(going(keep(2, "55d"), &daily([40, 50, 60]), None), [60]);
}

#[test]
fn without_a_limit_all_stay() {
    assert_eq!(going(keep(0, ""), &daily(1..=90), None), [0; 0]);
}

#[test]
fn what_was_kept_before_restores_is_counted_by_itself() {
    let mut earlier = daily([5, 6, 7]);
    earlier.extend([1, 2, 3].map(|days| made(days, Purpose::Restore)));
    earlier.sort_by_key(|kept| std::cmp::Reverse(kept.at));
    assert_eq!(going(keep(2, ""), &earlier, None), [6, 7, 3]);
    let old = [made(80, Purpose::Restore), made(90, Purpose::Restore)];
    assert_eq!(going(keep(0, "30d"), &old, None), [90]);
}

#[test]
fn a_rollback_of_what_runs_still_has_its_backup() {
    let earlier = [
        made(60, Purpose::Deploy("1.3.0".to_owned())),
        made(70, Purpose::Deploy("1.2.0".to_owned())),
    ];
    assert_eq!(going(keep(0, "30d"), &earlier, Some("1.3.0")), [70]);
    assert_eq!(going(keep(0, "30d"), &earlier, Some("1.4.0")), [60, 70]);
}

#[test]
fn bytes_that_another_one_needs_stay() {
    let mut earlier = daily([1, 40, 50]);
    earlier[1].artifacts = earlier[0].artifacts.clone();
    assert_eq!(going(keep(0, "30d"), &earlier, None), [50]);
    let other = made(60, Purpose::Asked).artifacts;
    earlier[1].artifacts.extend(other.clone());
    earlier[2].artifacts = other;
    assert_eq!(
        going(keep(0, "30d"), &earlier, None),
        [0; 0],
        "by way of another one"
    );
}

#[test]
fn a_run_that_has_not_ended_may_need_what_it_made_and_what_it_restores() {
    let mut run = crate::fixture::released().run;
    assert_eq!(in_use(&run), Kept::of(&run));
    let backup = Box::new(made(3, Purpose::Asked));
    run.header.command = crate::event::Command::Restore {
        backup: backup.clone(),
    };
    assert!(in_use(&run).contains(&backup));
    run.end = Some((crate::event::End::Released, String::new(), Vec::new()));
    assert_eq!(in_use(&run), []);
}
