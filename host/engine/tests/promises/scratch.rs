//! A project to run releases of: a scratch repository, a store in a file, and what a session needs.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command as Program,
    sync::{Arc, LazyLock, Mutex},
};

use runner_core::{
    event::{Command, End, Event},
    id::{RunId, StepId},
    output::{Output, Verdict},
    profile::Profile,
    run::Run,
    step::Status,
};
use runner_engine::{
    effects::Halt,
    journal::Watcher,
    plugins::PluginSource,
    session::{Identity, Session, Setup},
    stop::Stop,
    store::{Store, sqlite::SqliteStore},
    workspace::Workspace,
    world::Places,
};
use serde_json::{Value, json};
use tokio::runtime::Runtime;

use crate::promises::components::{by_name, cache, probe};

static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| Runtime::new().expect("a runtime"));

/// What was seen of a run, live, also what is not kept.
#[derive(Clone, Default)]
pub(crate) struct Seen(Arc<Mutex<Vec<Event>>>);

impl Seen {
    /// A watcher that keeps what it sees.
    pub(crate) fn watcher(&self) -> Watcher {
        let seen = Arc::clone(&self.0);
        Box::new(move |event| seen.lock().expect("no test panics here").push(event.clone()))
    }

    /// Everything so far.
    pub(crate) fn events(&self) -> Vec<Event> {
        self.0.lock().expect("no test panics here").clone()
    }

    /// Waits until an event was seen that `pick` takes.
    pub(crate) fn wait_for<T>(&self, pick: impl Fn(&Event) -> Option<T>) -> T {
        for _ in 0..1_000 {
            if let Some(found) = self.events().iter().find_map(&pick) {
                return found;
            }
            std::thread::sleep(std::time::Duration::from_millis(10));
        }
        panic!("it was not seen within 10 s")
    }
}

/// A scratch project.
pub(crate) struct Scratch {
    folder: tempfile::TempDir,
    /// In a file beside the workspace.
    pub(crate) store: Arc<dyn Store>,
}

impl Scratch {
    /// A repository with one commit; `probe.wasm` lies in it, not tracked.
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let workspace = folder.path().join("workspace");
        fs::create_dir(&workspace).expect("a folder");
        let store = Arc::new(SqliteStore::open(folder.path().join("store/runner.db")).expect("a store"));
        let scratch = Self { folder, store };
        scratch.git(&["init", "--quiet", "--initial-branch", "main"]);
        for (key, value) in [
            ("user.name", "Ann"),
            ("user.email", "ann@example.com"),
            ("commit.gpgsign", "false"),
        ] {
            scratch.git(&["config", key, value]);
        }
        scratch.write("README.md", "# Scratch\n");
        scratch.write("probe.wasm", probe());
        scratch.write(".git/info/exclude", "/*\n!/README.md\n");
        scratch.git(&["add", "README.md"]);
        scratch.git(&["commit", "--quiet", "--message", "feat: a readme"]);
        scratch
    }

    /// The folder of everything.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// A place in the workspace.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join("workspace").join(name)
    }

    /// Writes a file of the workspace.
    pub(crate) fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        fs::write(self.path(name), content).expect("written");
    }

    /// A file of the workspace; empty where none is.
    pub(crate) fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap_or_default()
    }

    /// How many lines a file of the workspace has.
    pub(crate) fn lines(&self, name: &str) -> usize {
        self.read(name).lines().count()
    }

    /// Runs git in the workspace.
    pub(crate) fn git(&self, arguments: &[&str]) -> String {
        let output = Program::new("git")
            .current_dir(self.path(""))
            .args(arguments)
            .output()
            .expect("git runs");
        assert!(
            output.status.success(),
            "git {arguments:?}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        String::from_utf8(output.stdout).expect("text")
    }

    /// What ann's sessions need.
    pub(crate) fn setup(&self) -> Setup {
        self.setup_over(Arc::clone(&self.store))
    }

    /// The same over another store.
    pub(crate) fn setup_over(&self, store: Arc<dyn Store>) -> Setup {
        Setup {
            store,
            workspace: Workspace::open(&self.path("")).expect("a workspace"),
            places: Places {
                data: self.folder().join("data"),
                cache: cache(),
                runner: PathBuf::from("/bin/false"),
                here: None,
            },
            source: PluginSource {
                official: by_name,
                names: &["probe"],
                workspace: self.path(""),
            },
            identity: Identity {
                by: "ann@example.com".to_owned(),
                host: "test".to_owned(),
            },
            stop: Stop::default(),
            handle: RUNTIME.handle().clone(),
        }
    }

    /// Runs a gate to its end.
    pub(crate) fn gate(&self, gate: Value) -> Run {
        let session = begin(
            &self.setup(),
            &gate_only(gate),
            Command::QualityGate { checks: Vec::new() },
            &Seen::default(),
        );
        session.drive().expect("ends");
        session.state()
    }

    /// The only run of the store.
    pub(crate) fn only_run(&self) -> RunId {
        let runs = self.store.runs().expect("runs");
        assert_eq!(runs.len(), 1);
        runs[0].clone()
    }

    /// Takes the only run up and drives it to its end.
    pub(crate) fn resume(&self) -> (Result<End, Halt>, Run) {
        self.resume_over(Arc::clone(&self.store))
    }

    /// The same over another store.
    pub(crate) fn resume_over(&self, store: Arc<dyn Store>) -> (Result<End, Halt>, Run) {
        let setup = self.setup_over(store);
        let session = setup
            .resume(&self.only_run(), Seen::default().watcher())
            .unwrap_or_else(|error| panic!("{error}"));
        let end = session.drive();
        (end, session.state())
    }
}

/// A profile with these checks and nothing else.
pub(crate) fn gate_only(gate: Value) -> Value {
    json!({ "project": { "name": "scratch" }, "gate": gate })
}

/// Reads a profile.
pub(crate) fn profile(value: &Value) -> Profile {
    serde_json::from_value(value.clone()).expect("a profile")
}

/// Begins a run.
pub(crate) fn begin(setup: &Setup, of: &Value, command: Command, seen: &Seen) -> Session {
    setup
        .begin(profile(of), "test", command, false, seen.watcher())
        .unwrap_or_else(|error| panic!("{error}"))
}

/// A release of the scratch project to the environments of the profile.
pub(crate) fn release() -> Command {
    Command::Release { pre: None }
}

/// The verdict of a check, passed or not.
pub(crate) fn verdict(run: &Run, check: &str) -> Verdict {
    let status = run.status(&StepId::from(format!("gate/{check}")));
    match status {
        Status::Done(Output::Verdict(verdict)) => verdict.clone(),
        Status::Failed(_, Some(Output::Verdict(verdict))) => verdict.clone(),
        other => panic!("`{check}` is {other:?}"),
    }
}

/// What `probe` got back from its calls.
pub(crate) fn findings(run: &Run, check: &str) -> Vec<String> {
    let findings = verdict(run, check).findings.into_iter();
    findings.map(|finding| finding.message).collect()
}
