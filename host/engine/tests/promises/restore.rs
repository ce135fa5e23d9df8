//! Restores, with real files kept by `backup-files`: after a rollback that leaves newer data, and because a person wants one.
//! Whatever append a run dies at, the data ends as it would have.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::Duration,
};

use runner_core::{
    backup::{Kept, Purpose},
    effect::Request,
    event::{Command, End, Kind},
    id::StepId,
    run::Run,
    step::Status,
};
use runner_engine::{
    backups,
    session::SessionError,
    store::{Decision, Store},
};
use serde_json::{Value, json};

use super::{
    scratch::{Scratch, Seen, begin, profile, release},
    troubled::{Lost, Troubled},
};

const OLD: &str = "of 0.1.0\n";
const NEW: &str = "of 0.2.0\n";

/// A project whose first release is good, with a backup from before it, and which has a second one to make.
struct Shop {
    scratch: Scratch,
}

impl Shop {
    fn new() -> Self {
        let scratch = Scratch::new();
        std::fs::create_dir(scratch.folder().join("live")).expect("a folder");
        let shop = Self { scratch };
        shop.put(OLD);
        let session = begin(
            &shop.scratch.setup(),
            &shop.profile(json!([])),
            release(),
            &Seen::default(),
        );
        assert_eq!(session.drive().expect("ends"), End::Released);
        shop.scratch
            .git(&["commit", "--quiet", "--allow-empty", "--message", "feat: more"]);
        shop
    }

    fn data(&self) -> String {
        std::fs::read_to_string(self.scratch.folder().join("live/db")).expect("there")
    }

    fn put(&self, content: &str) {
        std::fs::write(self.scratch.folder().join("live/db"), content).expect("written");
    }

    /// Whose target does these calls in a deploy, and says of a rollback that the data stayed newer.
    fn profile(&self, calls: Value) -> Value {
        let at = |name: &str| self.scratch.folder().join(name);
        json!({
            "project": { "name": "scratch" },
            "changelog": { "file": null },
            "backup": { "data": { "plugin": "backup-files", "config": { "root": at("live"), "paths": ["db"] } } },
            "environments": { "prod": {
                "target": { "plugin": "probe", "config": {
                    "root": at("prod"), "calls": calls, "newer-data": "the data is of 0.2.0",
                } },
                "backup": ["data"],
                "first-deploy": "allow",
                "health": { "timeout": "1s", "interval": "10ms" },
            } },
            "release": { "environments": ["prod"] },
        })
    }

    /// Whose deploy changes the data, and then fails.
    fn broken(&self) -> Value {
        let migrate = format!(
            "echo of 0.2.0 > '{}'",
            self.scratch.folder().join("live/db").display()
        );
        self.profile(json!([{ "idempotent": migrate }, { "file": "nowhere" }]))
    }

    fn run(&self, of: &Value, command: Command, answer: &'static str) -> (End, Run) {
        let _bob = Bob::says(Arc::clone(&self.scratch.store), answer);
        let session = begin(&self.scratch.setup(), of, command, &Seen::default());
        (session.drive().expect("ends"), session.state())
    }

    /// Every backup, newest first, by what it was made for.
    fn kept(&self) -> Vec<Kept> {
        backups::known(self.scratch.store.as_ref(), usize::MAX, |_| true).expect("readable")
    }

    /// What the newest safety dump holds.
    fn safety(&self) -> String {
        let kept = self.kept();
        let kept = kept
            .iter()
            .find(|kept| kept.purpose == Purpose::Restore)
            .expect("one was made");
        let shelf = self.scratch.folder().join("data");
        let found = walk(&shelf).into_iter().find(|path| {
            path.file_name()
                .is_some_and(|name| name.to_string_lossy().contains(kept.digest().hex()))
        });
        let found =
            found.unwrap_or_else(|| panic!("{} is kept nowhere in {}", kept.digest(), shelf.display()));
        std::fs::read_to_string(found).expect("readable")
    }
}

fn walk(folder: &std::path::Path) -> Vec<std::path::PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    entries
        .flat_map(|entry| match entry.path().is_dir() {
            true => walk(&entry.path()),
            false => vec![entry.path()],
        })
        .collect()
}

/// A colleague who answers whatever is asked.
struct Bob {
    stop: Arc<AtomicBool>,
    thread: Option<thread::JoinHandle<()>>,
}

impl Bob {
    fn says(store: Arc<dyn Store>, answer: &'static str) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        let thread = thread::spawn(move || {
            while !stopped.load(Ordering::SeqCst) {
                answer_all(store.as_ref(), answer);
                thread::sleep(Duration::from_millis(20));
            }
        });
        Self {
            stop,
            thread: Some(thread),
        }
    }
}

impl Drop for Bob {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::SeqCst);
        let ended = self.thread.take().map(thread::JoinHandle::join);
        assert!(thread::panicking() || ended.is_none_or(|ended| ended.is_ok()));
    }
}

fn answer_all(store: &dyn Store, answer: &str) {
    for run in store.unfinished().expect("readable") {
        let asked = store.events(&run, 0).expect("readable").into_iter();
        let asked = asked.filter_map(|event| match event.kind {
            Kind::EffectStarted {
                request: Request::Ask(question),
                ..
            } => Some(question),
            _ => None,
        });
        let decided = store.decisions(&run).expect("readable");
        for question in asked.filter(|question| !decided.iter().any(|d| d.question == question.id)) {
            let decision = Decision {
                run: run.clone(),
                question: question.id,
                subject: question.subject,
                choice: answer.to_owned(),
                by: "bob@example.com".to_owned(),
                note: String::new(),
                at: runner_engine::clock::now(),
                signature: None,
            };
            store.decide(&decision).expect("decided");
        }
    }
}

fn by_hand(run: &Run) -> Vec<String> {
    run.end.as_ref().expect("it has ended").2.clone()
}

fn text_of(run: &Run, step: &str) -> String {
    let effects = run
        .effects
        .get(&StepId::from(step).scope())
        .expect("it has effects");
    let asked = effects.iter().find_map(|effect| match &effect.request {
        Request::Ask(question) => Some(question.text.clone()),
        _ => None,
    });
    asked.expect("it asks")
}

#[test]
fn a_rollback_that_leaves_newer_data_restores_it_once_a_person_says_so() {
    let shop = Shop::new();
    let (end, run) = shop.run(&shop.broken(), release(), "approve");
    assert_eq!((end, by_hand(&run)), (End::RolledBack, Vec::new()));
    assert_eq!(shop.data(), OLD);
    assert_eq!(shop.safety(), NEW, "what was written since is kept");
    let asked = text_of(&run, "prod/restore-approval");
    assert!(
        asked.starts_with("the data is of 0.2.0; restore prod from backup "),
        "{asked}"
    );
    let kept = shop.kept();
    let [safety, before, first] = kept.as_slice() else {
        panic!("{kept:?}")
    };
    assert_eq!(
        (&safety.purpose, safety.ran.as_deref()),
        (&Purpose::Restore, Some("0.2.0"))
    );
    assert_eq!(
        (&before.purpose, before.ran.as_deref()),
        (&Purpose::Deploy("0.2.0".to_owned()), Some("0.1.0"))
    );
    assert_eq!(
        (&first.purpose, &first.ran),
        (&Purpose::Deploy("0.1.0".to_owned()), &None)
    );
    assert!(asked.contains(&before.id), "{asked}");
}

#[test]
fn a_no_leaves_the_data_and_a_person_can_restore_it_later() {
    let shop = Shop::new();
    let (end, run) = shop.run(&shop.broken(), release(), "reject");
    assert_eq!(end, End::RolledBack);
    assert_eq!(shop.data(), NEW);
    let kept = shop.kept();
    assert_eq!(
        by_hand(&run),
        [format!(
            "the data is of 0.2.0; to restore what was there before: `runner backup restore prod {}`",
            kept[0].id
        )]
    );
    let restore = Command::Restore {
        backup: Box::new(kept[0].clone()),
    };
    let (end, run) = shop.run(&shop.broken(), restore, "approve");
    assert_eq!(end, End::Released, "{:?}", run.end);
    assert_eq!((shop.data().as_str(), shop.safety().as_str()), (OLD, NEW));
}

#[test]
fn a_rollback_that_a_person_asks_for_offers_the_backup_from_before_that_release() {
    let shop = Shop::new();
    let migrate = format!(
        "echo of 0.2.0 > '{}'",
        shop.scratch.folder().join("live/db").display()
    );
    let of = shop.profile(json!([{ "idempotent": migrate }]));
    assert_eq!(shop.run(&of, release(), "approve").0, End::Released);
    let daily = Command::Backup {
        environment: "prod".into(),
    };
    assert_eq!(shop.run(&of, daily, "approve").0, End::Released);
    let newest = shop.kept()[0].clone();
    assert_eq!(
        (&newest.purpose, newest.ran.as_deref()),
        (&Purpose::Asked, Some("0.2.0"))
    );
    let rollback = Command::Rollback {
        environment: "prod".into(),
        to: None,
    };
    let (end, run) = shop.run(&of, rollback, "approve");
    assert_eq!(end, End::Released, "{:?}", run.end);
    assert_eq!((shop.data().as_str(), shop.safety().as_str()), (OLD, NEW));
    assert!(matches!(run.status(&"prod/record".into()), Status::Done(_)));
}

#[test]
fn a_backup_whose_bytes_changed_is_never_asked_for_nor_restored() {
    let shop = Shop::new();
    let kept = shop.kept()[0].clone();
    let artifact = walk(&shop.scratch.folder().join("data"))
        .into_iter()
        .find(|path| path.display().to_string().contains(kept.digest().hex()))
        .expect("it is kept");
    let mut permissions = std::fs::metadata(&artifact).expect("there").permissions();
    #[expect(clippy::permissions_set_readonly_false, reason = "a file of this test")]
    permissions.set_readonly(false);
    std::fs::set_permissions(&artifact, permissions).expect("ours");
    std::fs::write(&artifact, "something else").expect("written");
    for command in [
        Command::VerifyBackup {
            backup: Box::new(kept.clone()),
        },
        Command::Restore {
            backup: Box::new(kept.clone()),
        },
    ] {
        let (end, run) = shop.run(&shop.broken(), command, "approve");
        assert_eq!(end, End::Blocked);
        let Status::Failed(error, _) = run.status(&"prod/verify/data".into()) else {
            panic!("{run:?}")
        };
        assert!(
            error
                .message
                .starts_with(&format!("backup {} of prod cannot be read back: ", kept.id)),
            "{}",
            error.message
        );
        assert_eq!(*run.status(&"prod/restore-approval".into()), Status::New);
    }
}

#[test]
fn whatever_append_it_dies_at_the_data_ends_the_same() {
    let appends = {
        let shop = Shop::new();
        let store = Troubled::failing(Arc::clone(&shop.scratch.store), u64::MAX, Lost::Event);
        let _bob = Bob::says(Arc::clone(&shop.scratch.store), "approve");
        let setup = shop.scratch.setup_over(store.clone());
        let session = begin(&setup, &shop.broken(), release(), &Seen::default());
        assert_eq!(session.drive().expect("ends"), End::RolledBack);
        store.appends.load(Ordering::SeqCst)
    };
    let all: Vec<_> = (2..=appends)
        .map(|from| (from, if from % 2 == 0 { Lost::Event } else { Lost::Answer }))
        .collect();
    thread::scope(|scope| {
        for part in 0..2 {
            let some = all.iter().skip(part).step_by(2);
            scope.spawn(move || some.for_each(|&(from, lost)| fail_and_resume(from, lost)));
        }
    });
}

fn fail_and_resume(from: u64, lost: Lost) {
    let at = format!("append {from}, lost: {lost:?}");
    let shop = Shop::new();
    let of = shop.broken();
    let store = Troubled::failing(Arc::clone(&shop.scratch.store), from, lost);
    let _bob = Bob::says(Arc::clone(&shop.scratch.store), "approve");
    let setup = shop.scratch.setup_over(store);
    match setup.begin(profile(&of), "test", release(), false, Seen::default().watcher()) {
        Ok(session) => assert!(session.drive().is_err(), "{at}"),
        Err(SessionError::Store(_) | SessionError::Journal(_)) => {}
        Err(other) => panic!("{at}: {other}"),
    }
    let newest = shop.scratch.store.runs().expect("runs")[0].clone();
    let resumed = shop.scratch.setup().resume(&newest, Seen::default().watcher());
    match resumed {
        Ok(session) => assert_eq!(session.drive().expect("ends"), End::RolledBack, "{at}"),
        // The last append was kept, and only its answer was lost.
        Err(SessionError::Ended(..)) => assert_eq!(lost, Lost::Answer, "{at}"),
        Err(other) => panic!("{at}: {other}"),
    }
    assert_eq!(shop.data(), OLD, "{at}");
    assert_eq!(shop.safety(), NEW, "{at}");
}
