//! Runs that stop on the way, and runs that are in each other's way.

use runner_core::event::End;
use runner_e2e::{Audit, Colleague, Journal, Repository as _, version_at};
use rustix::process::Signal;

use crate::expect::{asks, assert_end, assert_unlocked, begins, release, scratch};

#[test]
fn ctrl_c_leaves_nothing_locked_and_resume_goes_on() {
    let scratch = scratch("ctrl-c", "").set(["environments.prod.watch.duration=3s"]);
    let colleague = Colleague::at(&scratch);
    let mut running = scratch.start(&["release"]).unwrap();
    running.until(begins("prod/watch")).unwrap();
    drop(colleague);
    running.signal(Signal::INT).unwrap();
    let ended = running.ended().unwrap();
    assert_eq!(ended.code(), Some(130), "{}", ended.stderr);
    let run = ended.run().unwrap();
    assert!(
        ended.stderr.contains(&format!("runner resume {run}")),
        "{}",
        ended.stderr
    );
    let status: serde_json::Value =
        serde_json::from_str(&scratch.said(&["status", "--output", "json"]).unwrap()).unwrap();
    let locks: Vec<_> = status
        .as_array()
        .unwrap()
        .iter()
        .map(|place| &place["lock"])
        .collect();
    assert!(
        locks.len() == 2 && locks.iter().all(|lock| lock.is_null()),
        "{status}"
    );

    let resumed = scratch.start(&["resume", run.as_str()]).unwrap().ended().unwrap();
    assert_end(&resumed, End::Released, 0);
    assert_eq!(version_at(scratch.ports().prod).as_deref(), Some("0.2.0"));
    assert_unlocked(&scratch);
    assert_eq!(
        Audit::of(&Journal::of(&scratch, Some(run.as_str())).unwrap()).wrong,
        [""; 0]
    );
    let again = scratch.run(&["resume", run.as_str()]).unwrap();
    assert_eq!(again.status.code(), Some(0), "it has ended, and says as what");
}

#[test]
fn a_second_release_is_refused_and_told_who_is_at_it() {
    let scratch = scratch("second", "");
    assert_end(&release(&scratch), End::Released, 0);
    scratch
        .git(&[
            "commit",
            "--quiet",
            "--allow-empty",
            "--message",
            "feat: more of it",
        ])
        .unwrap();
    let scratch = scratch.set(["environments.staging.watch.duration=2m"]);
    let mut first = scratch.start(&["release"]).unwrap();
    first.until(begins("staging/watch")).unwrap();

    scratch
        .git(&[
            "commit",
            "--quiet",
            "--allow-empty",
            "--message",
            "fix: in a hurry",
        ])
        .unwrap();
    let mut second = scratch.runner(&["release"]);
    let second = second
        .env("RUNNER_ACTOR", "hurried@shop.example")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&second.stderr);
    assert_eq!(second.status.code(), Some(10), "{said}");
    let run = first.run().unwrap();
    assert!(
        said.contains("keeper@shop.example") && said.contains(run.as_str()),
        "{said}"
    );

    scratch.said(&["cancel", run.as_str()]).unwrap();
    assert_end(&first.ended().unwrap(), End::Cancelled, 14);
    assert_eq!(version_at(scratch.ports().staging).as_deref(), Some("0.2.0"));
    assert_unlocked(&scratch);
}

/// Killed while a person is asked, approved while nobody drives it, and resumed.
#[test]
fn a_killed_run_is_approved_while_it_is_down() {
    let scratch = scratch("killed", "");
    let mut running = scratch.start(&["release"]).unwrap();
    running.until(asks).unwrap();
    let run = running.run().unwrap();
    running.signal(Signal::KILL).unwrap();
    assert!(running.ended().unwrap().was_killed());
    let mut approve = scratch.runner(&["approve", run.as_str()]);
    let approved = approve
        .env("RUNNER_ACTOR", "colleague@example.org")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&approved.stderr);
    assert!(
        approved.status.success() && said.contains("nobody drives the run"),
        "{said}"
    );
    let resumed = scratch.start(&["resume"]).unwrap().ended().unwrap();
    assert_end(&resumed, End::Released, 0);
    assert_eq!(version_at(scratch.ports().prod).as_deref(), Some("0.2.0"));
}
