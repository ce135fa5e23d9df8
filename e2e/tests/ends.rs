//! Every end that a release can come to.

use std::fs;

use runner_core::event::End;
use runner_e2e::{Audit, Colleague, Journal, Repository as _, Scratch, get_with, version_at};
use serde_json::{Value, json};

use crate::expect::{asks, assert_end, assert_unlocked, begins, release, scratch, summary};

/// One after the other in one repository, as in life: each builds on what the one before has left.
#[test]
fn released_then_nothing_to_release_then_rolled_back() {
    let scratch = scratch("ends", "");
    let ended = release(&scratch);
    assert_end(&ended, End::Released, 0);
    let ports = scratch.ports();
    for port in [ports.staging, ports.prod] {
        assert_eq!(version_at(port).as_deref(), Some("0.2.0"));
    }
    assert_eq!(scratch.git(&["tag", "--list"]).unwrap(), "v0.1.0\nv0.2.0\n");
    let changelog = scratch.git(&["show", "v0.2.0:CHANGELOG.md"]).unwrap();
    assert!(
        changelog.contains("## v0.2.0 (") && changelog.contains("приветствие"),
        "{changelog}"
    );
    assert_eq!(scratch.git(&["status", "--porcelain"]).unwrap(), "");
    assert_unlocked(&scratch);
    assert_eq!(
        reading(&scratch, "version"),
        json!({ "value": 1.0 }),
        "status asks of the version that runs there"
    );

    let ended = release(&scratch);
    assert_end(&ended, End::NothingToRelease, 0);
    assert_eq!(scratch.git(&["tag", "--list"]).unwrap(), "v0.1.0\nv0.2.0\n");

    scratch.history("break-checkout.sh").unwrap();
    let scratch = scratch.no_0_3_0();
    let ended = release(&scratch);
    assert_end(&ended, End::RolledBack, 12);
    assert!(summary(&ended).contains("no-0-3-0"), "{}", summary(&ended));
    let ports = scratch.ports();
    assert_eq!(version_at(ports.staging).as_deref(), Some("0.3.0"));
    assert_eq!(version_at(ports.prod).as_deref(), Some("0.2.0"));
    let (status, _) = get_with(ports.prod, "/checkout", "POST", "item=tea&quantity=1").unwrap();
    assert_eq!(status, 201, "the old version takes orders again");
    assert_unlocked(&scratch);
    assert_eq!(Audit::of(&Journal::of(&scratch, None).unwrap()).wrong, [""; 0]);
    let told = fs::read_to_string(scratch.shop().join(".runner/notices.log")).unwrap();
    assert_eq!(
        told.matches("⚠️ ROLLBACK: prod v0.3.0 → v0.2.0").count(),
        1,
        "{told}"
    );
    let reports = scratch
        .shop()
        .join(".runner/reports")
        .join(ended.run().unwrap().as_str());
    let html = fs::read_to_string(reports.join("report.html")).unwrap();
    assert!(
        html.contains("no-0-3-0") && html.contains("<svg"),
        "the metric is plotted"
    );
}

/// What `runner status` says of a rule of prod.
fn reading(scratch: &Scratch, rule: &str) -> Value {
    let status = scratch.said(&["status", "--output", "json"]).unwrap();
    let places: Value = serde_json::from_str(&status).unwrap();
    places[1]["readings"][rule].clone()
}

#[test]
fn blocked_by_a_check_with_nothing_done() {
    let scratch = scratch(
        "blocked",
        "[gate.wrong]\nplugin = \"command\"\nconfig.run = [\"sh\", \"-c\", \"echo it is wrong; exit 3\"]\n",
    );
    let head = scratch.git(&["rev-parse", "main"]).unwrap();
    let ended = release(&scratch);
    assert_end(&ended, End::Blocked, 10);
    assert!(summary(&ended).contains("gate/wrong"), "{}", summary(&ended));
    assert_eq!(scratch.git(&["rev-parse", "main"]).unwrap(), head);
    assert_eq!(scratch.git(&["tag", "--list"]).unwrap(), "v0.1.0\n");
    assert_eq!(version_at(scratch.ports().staging), None);
}

#[test]
fn rejected_by_a_person() {
    let scratch = scratch("rejected", "");
    let mut running = scratch.start(&["release"]).unwrap();
    running.until(asks).unwrap();
    let own = scratch.run(&["approve"]).unwrap();
    assert_eq!(
        own.status.code(),
        Some(10),
        "who starts a release does not approve it"
    );
    let mut reject = scratch.runner(&["reject", "--note", "not before Monday"]);
    let said = reject
        .env("RUNNER_ACTOR", "colleague@example.org")
        .output()
        .unwrap();
    assert!(said.status.success(), "{}", String::from_utf8_lossy(&said.stderr));
    let ended = running.ended().unwrap();
    assert_end(&ended, End::Rejected, 11);
    assert!(
        summary(&ended).contains("not before Monday"),
        "{}",
        summary(&ended)
    );
    assert_eq!(
        version_at(scratch.ports().staging).as_deref(),
        Some("0.2.0"),
        "it stays on staging"
    );
    assert_eq!(version_at(scratch.ports().prod), None);
    assert_unlocked(&scratch);
}

/// Cancelled while it waits, then while it is watched: prod goes back.
#[test]
fn cancelled_by_a_person() {
    let scratch = scratch("cancelled", "");
    let mut running = scratch.start(&["release"]).unwrap();
    running.until(asks).unwrap();
    scratch.said(&["cancel"]).unwrap();
    assert_end(&running.ended().unwrap(), End::Cancelled, 14);
    assert_eq!(version_at(scratch.ports().prod), None);
    assert_unlocked(&scratch);

    scratch
        .git(&[
            "commit",
            "--quiet",
            "--allow-empty",
            "--message",
            "feat: more of it",
        ])
        .unwrap();
    assert_end(&release(&scratch), End::Released, 0);
    let good = version_at(scratch.ports().prod).unwrap();

    scratch.history("break-checkout.sh").unwrap();
    let scratch = scratch.set(["environments.prod.watch.duration=2m"]);
    let mut running = scratch.start(&["release"]).unwrap();
    let colleague = Colleague::at(&scratch);
    running.until(begins("prod/watch")).unwrap();
    drop(colleague);
    assert_ne!(version_at(scratch.ports().prod).as_ref(), Some(&good));
    scratch.said(&["cancel"]).unwrap();
    let ended = running.ended().unwrap();
    assert_end(&ended, End::Cancelled, 14);
    assert_eq!(
        version_at(scratch.ports().prod),
        Some(good),
        "what was not found good is taken back"
    );
    assert_unlocked(&scratch);
}

/// Without a release: the first environment gets what is checked out, built and packaged; the next one what was good there.
#[test]
fn deployed_one_environment_after_the_other() {
    let scratch = scratch("deploy", "");
    let ended = scratch.start(&["deploy", "staging"]).unwrap().ended().unwrap();
    assert_eq!(ended.code(), Some(0), "{}", ended.complaint());
    let staging = version_at(scratch.ports().staging).unwrap();
    assert!(staging.starts_with("0.1.0-dev."), "{staging}");
    let _colleague = Colleague::at(&scratch);
    let ended = scratch.start(&["deploy", "prod"]).unwrap().ended().unwrap();
    assert_eq!(ended.code(), Some(0), "{}", ended.complaint());
    assert_eq!(version_at(scratch.ports().prod), Some(staging));
    assert_eq!(scratch.git(&["tag", "--list"]).unwrap(), "v0.1.0\n");
    assert_unlocked(&scratch);
}
