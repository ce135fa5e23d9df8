//! An honest plan: the same code, every write listed and none done, and nothing left behind anywhere.

use std::{collections::BTreeSet, fs, path::Path};

use runner_core::{
    event::{Command, End, Kind},
    id::StepId,
    output::Output,
    step::{PlannedWrite, Status},
};
use serde_json::{Value, json};

use super::scratch::{Scratch, Seen, begin, gate_only, profile, release, verdict};

fn whole_process(scratch: &Scratch) -> Value {
    json!({
        "project": { "name": "scratch" },
        "gate": { "probe": { "plugin": "probe", "config": { "calls": [
            { "read": "cat README.md" },
            { "idempotent": "touch idempotent" },
            { "write": "touch write" },
            { "report": "text" },
        ] } } },
        "artifacts": { "app": { "path": "README.md" } },
        "environments": { "staging": {
            "target": { "plugin": "probe", "config": { "root": scratch.folder().join("staging") } },
            "first-deploy": "allow",
            "health": { "timeout": "1s", "interval": "10ms" },
        } },
        "release": { "environments": ["staging"] },
        "notify": { "log": { "plugin": "file", "config": { "path": "notices.txt" } } },
    })
}

#[test]
fn lists_what_the_run_then_does_and_does_nothing() {
    let scratch = Scratch::new();
    let process = whole_process(&scratch);
    let before = tree(scratch.folder());
    let seen = Seen::default();
    let session = scratch
        .setup()
        .begin(profile(&process), "test", release(), true, seen.watcher())
        .expect("begins");
    assert_eq!(
        session.drive().expect("ends"),
        End::Released,
        "{:?}",
        session.state().end
    );
    let planned: Vec<PlannedWrite> = seen
        .events()
        .into_iter()
        .filter_map(|event| match event.kind {
            Kind::Planned(write) => Some(write),
            _ => None,
        })
        .collect();
    assert!(verdict(&session.state(), "probe").passed);
    drop(session);
    let after = tree(scratch.folder());
    let left: Vec<_> = after
        .symmetric_difference(&before)
        .map(|(name, _)| name)
        .collect();
    assert!(left.is_empty(), "a plan leaves nothing behind: {left:?}");
    assert!(scratch.store.runs().expect("runs").is_empty());

    // What was listed is what is done.
    let session = begin(&scratch.setup(), &process, release(), &Seen::default());
    assert_eq!(
        session.drive().expect("ends"),
        End::Released,
        "{:?}",
        session.state().end
    );
    let state = session.state();
    let done: BTreeSet<(String, &str)> = state
        .effects
        .iter()
        .flat_map(|(scope, all)| all.iter().map(move |recorded| (scope, recorded)))
        .filter(|(_, recorded)| recorded.request.nature() != runner_core::effect::Nature::Read)
        .map(|(scope, recorded)| (scope.to_string(), name(&recorded.request)))
        .collect();
    let listed: BTreeSet<(String, &str)> = planned
        .iter()
        .map(|write| (write.scope.to_string(), name(&write.request)))
        .collect();
    let missing: Vec<_> = done.difference(&listed).collect();
    assert!(
        missing.is_empty(),
        "done and not listed: {missing:?}; listed: {listed:?}"
    );
    assert_eq!(
        fs::read_to_string(scratch.folder().join("staging/version")).expect("deployed"),
        "0.1.0"
    );
}

#[test]
fn what_depends_on_a_write_that_cannot_be_foreseen_is_named() {
    let scratch = Scratch::new();
    let process = gate_only(json!({ "probe": { "plugin": "probe", "config": { "calls": [
        { "unforeseen": "touch this" },
        { "write": "touch that" },
    ] } } }));
    let seen = Seen::default();
    let session = scratch
        .setup()
        .begin(
            profile(&process),
            "test",
            Command::QualityGate { checks: Vec::new() },
            true,
            seen.watcher(),
        )
        .expect("begins");
    assert_eq!(session.drive().expect("ends"), End::Released);
    match session.state().status(&StepId::from("gate/probe")) {
        Status::Done(Output::Skipped(why)) => {
            assert!(
                why.starts_with("depends on what a plan cannot foresee: "),
                "{why}"
            );
            assert!(why.contains("touch this"), "{why}");
        }
        other => panic!("{other:?}"),
    }
    let planned: Vec<_> = seen
        .events()
        .into_iter()
        .filter_map(|event| match event.kind {
            Kind::Planned(write) if write.scope.as_str() == "gate/probe" => Some(write.foreseen),
            _ => None,
        })
        .collect();
    assert_eq!(planned, [false], "nothing is guessed of what comes after it");
    assert!(!scratch.path("this").exists() && !scratch.path("that").exists());
}

/// The kind of a request: a plan knows the kinds, a version or a digest may differ.
fn name(request: &runner_core::effect::Request) -> &'static str {
    use runner_core::effect::Request as R;
    match request {
        R::Run(_) => "run",
        R::WriteReport { .. } => "write-report",
        R::AppendLine { .. } => "append-line",
        R::MachineWrite { .. } => "machine-write",
        R::ArtifactPut { .. } => "artifact-put",
        R::GitCommitFile { .. } => "git-commit-file",
        R::GitTag { .. } => "git-tag",
        R::WriteOutput { .. } => "write-output",
        R::LockTake { .. } => "lock-take",
        R::LockGive { .. } => "lock-give",
        R::RecordGood { .. } => "record-good",
        other => panic!("{other:?}"),
    }
}

/// Every file below, with its content, but the files of SQLite, which change when they are read.
fn tree(folder: &Path) -> BTreeSet<(String, Vec<u8>)> {
    let mut files = BTreeSet::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            let name = path.display().to_string();
            match path.is_dir() {
                true => {
                    files.insert((name, Vec::new()));
                    folders.push(path);
                }
                false if name.contains("runner.db") || name.ends_with(".git/index") => {}
                false => {
                    files.insert((name, fs::read(&path).expect("a file")));
                }
            }
        }
    }
    files
}
