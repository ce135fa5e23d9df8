//! Backups that the profile does not keep any more are deleted, and only those: listed in the plan, whatever append the run dies
//! at, and never one that a run may still need.

use std::{
    collections::BTreeSet,
    fs,
    path::Path,
    sync::{Arc, atomic::Ordering},
};

use runner_core::{
    backup::Kept,
    effect::Request,
    event::{Command, End, Kind},
    output::Output,
    run::Run,
};
use runner_engine::{backups, session::SessionError};
use serde_json::{Value, json};

use super::{
    scratch::{Scratch, Seen, begin, profile},
    troubled::{Lost, Troubled},
};

/// A project with data to keep.
struct Shop {
    scratch: Scratch,
    keep: Value,
}

impl Shop {
    fn new(keep: Value) -> Self {
        let scratch = Scratch::new();
        fs::create_dir(scratch.folder().join("live")).expect("a folder");
        Self { scratch, keep }
    }

    fn profile(&self) -> Value {
        let at = |name: &str| self.scratch.folder().join(name);
        json!({
            "project": { "name": "scratch" },
            "backup": { "data": {
                "plugin": "backup-files", "config": { "root": at("live"), "paths": ["db"] }, "keep": self.keep,
            } },
            "environments": { "prod": {
                "target": { "plugin": "probe", "config": { "root": at("prod") } },
                "backup": ["data"],
                "first-deploy": "allow",
            } },
        })
    }

    /// Keeps data that are like no others.
    fn back_up(&self, content: &str) -> Run {
        self.put(content);
        let session = begin(&self.scratch.setup(), &self.profile(), create(), &Seen::default());
        assert_eq!(
            session.drive().expect("ends"),
            End::Released,
            "{:?}",
            session.state().end
        );
        session.state()
    }

    fn put(&self, content: &str) {
        fs::write(self.scratch.folder().join("live/db"), content).expect("written");
    }

    /// What the backups that are known hold, newest first. Each can be read; nothing else is on the disk.
    fn kept(&self) -> Vec<String> {
        let known = backups::known(self.scratch.store.as_ref(), usize::MAX, |_| true).expect("readable");
        let shelf = self.scratch.folder().join("data/artifacts/sha256");
        let texts = |kept: &Kept| {
            let hex = kept.digest().hex().to_owned();
            fs::read_to_string(shelf.join(&hex[..2]).join(hex)).expect("it is there")
        };
        let held: Vec<_> = known.iter().map(texts).collect();
        let unlike: BTreeSet<_> = held.iter().collect();
        assert_eq!(files(&shelf), unlike.len());
        held
    }
}

fn create() -> Command {
    Command::Backup {
        environment: "prod".into(),
    }
}

fn files(folder: &Path) -> usize {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let count = |path: &Path| if path.is_dir() { files(path) } else { 1 };
    entries.map(|entry| count(&entry.path())).sum()
}

#[test]
fn the_last_so_many_stay_and_a_plan_says_which_go() {
    let mut shop = Shop::new(json!({ "last": 3 }));
    for day in ["one", "two", "three"] {
        let run = shop.back_up(day);
        assert!(matches!(run.output("prod/prune/data"), Some(Output::Skipped(_))));
    }
    shop.keep = json!({ "last": 2 });
    let seen = Seen::default();
    let planned = shop.scratch.setup();
    let planned = planned.begin(profile(&shop.profile()), "test", create(), true, seen.watcher());
    assert_eq!(planned.expect("begins").drive().expect("ends"), End::Released);
    let listed: BTreeSet<_> = seen
        .events()
        .into_iter()
        .filter_map(|event| match event.kind {
            Kind::Planned(write) => match write.request {
                Request::DeleteBackup { backup } => Some(backup.id),
                _ => None,
            },
            _ => None,
        })
        .collect();
    assert_eq!(shop.kept(), ["three", "two", "one"], "a plan deletes nothing");
    let run = shop.back_up("four");
    assert_eq!(
        run.output("prod/prune/data"),
        Some(&Output::Pruned { backups: 2, bytes: 6 })
    );
    assert_eq!(Kept::deleted(&run), listed);
    assert_eq!(shop.kept(), ["four", "three"]);
}

#[test]
fn the_same_bytes_again_are_not_taken_from_the_newer_one() {
    let shop = Shop::new(json!({ "last": 1 }));
    shop.back_up("one");
    shop.back_up("one");
    assert_eq!(shop.kept(), ["one", "one"]);
    shop.back_up("two");
    assert_eq!(shop.kept(), ["two"]);
}

#[test]
fn a_run_that_has_not_ended_still_has_its_own() {
    let shop = Shop::new(json!({ "last": 1 }));
    let last = appends(&Shop::new(json!({ "last": 1 })));
    dies_at(&shop, "one", last, Lost::Event);
    let one = shop.scratch.only_run();
    shop.back_up("two");
    assert_eq!(
        shop.kept(),
        ["two", "one"],
        "what it made is not deleted under it"
    );
    let resumed = shop.scratch.setup().resume(&one, Seen::default().watcher());
    assert_eq!(resumed.expect("resumes").drive().expect("ends"), End::Released);
    shop.back_up("three");
    assert_eq!(shop.kept(), ["three"]);
}

#[test]
fn whatever_append_it_dies_at_the_same_ones_are_left() {
    for from in 2..=appends(&full()) {
        for lost in [Lost::Event, Lost::Answer] {
            let at = format!("append {from}, lost: {lost:?}");
            let shop = full();
            dies_at(&shop, "four", from, lost);
            let newest = shop.scratch.store.runs().expect("runs")[0].clone();
            match shop.scratch.setup().resume(&newest, Seen::default().watcher()) {
                Ok(session) => assert_eq!(session.drive().expect("ends"), End::Released, "{at}"),
                // The last append was kept, and only its answer was lost.
                Err(SessionError::Ended(..)) => assert_eq!(lost, Lost::Answer, "{at}"),
                Err(other) => panic!("{at}: {other}"),
            }
            assert_eq!(shop.kept(), ["four", "three"], "{at}");
        }
    }
}

/// It has three, and is to keep two with the next.
fn full() -> Shop {
    let mut shop = Shop::new(json!({ "last": 3 }));
    for day in ["one", "two", "three"] {
        shop.back_up(day);
    }
    shop.keep = json!({ "last": 2 });
    shop
}

/// How many appends its next backup takes.
fn appends(shop: &Shop) -> u64 {
    shop.put("counted");
    let store = Troubled::failing(Arc::clone(&shop.scratch.store), u64::MAX, Lost::Event);
    let setup = shop.scratch.setup_over(store.clone());
    let session = begin(&setup, &shop.profile(), create(), &Seen::default());
    assert_eq!(session.drive().expect("ends"), End::Released);
    store.appends.load(Ordering::SeqCst)
}

fn dies_at(shop: &Shop, content: &str, from: u64, lost: Lost) {
    shop.put(content);
    let setup = shop
        .scratch
        .setup_over(Troubled::failing(Arc::clone(&shop.scratch.store), from, lost));
    match setup.begin(
        profile(&shop.profile()),
        "test",
        create(),
        false,
        Seen::default().watcher(),
    ) {
        Ok(session) => assert!(session.drive().is_err(), "{from}, {lost:?}"),
        Err(SessionError::Store(_) | SessionError::Journal(_)) => {}
        Err(other) => panic!("{from}, {lost:?}: {other}"),
    }
}
