//! Against a real sshd of the test's own, on this machine, as the user who runs the tests.

mod connection;
mod files;
mod here;
mod program;
mod server;

use std::{collections::BTreeMap, path::PathBuf, sync::Mutex};

use runner_core::{
    duration::Duration as Length,
    effect::{Command, Exit, Nature, Outcome, Response},
    event::{Level, Stream},
    profile::SecretSource,
};
use tokio::runtime::Runtime;

use super::*;
use crate::capability::{Progress, artifacts::Artifacts, machine_files::MachineFiles, process::Processes};
use server::Server;

#[derive(Default)]
struct Seen(Mutex<Vec<String>>);

impl Progress for Seen {
    fn line(&self, stream: Stream, text: &str) {
        self.0
            .lock()
            .expect("not poisoned")
            .push(format!("{stream:?} {text}"));
    }

    fn log(&self, level: Level, message: &str) {
        self.0
            .lock()
            .expect("not poisoned")
            .push(format!("{level:?}: {message}"));
    }
}

/// The capabilities, with the server as machine `vps`.
struct Bench {
    processes: Processes,
    files: MachineFiles,
    artifacts: Arc<Artifacts>,
    machines: Machines,
    seen: Seen,
    stop: Stop,
    server: Server,
    _runtime: Runtime,
}

impl Bench {
    /// None where there is no sshd, which CI does not put up with.
    fn new() -> Option<Self> {
        Some(Self::with(Server::start()?))
    }

    fn with(server: Server) -> Self {
        let runtime = Runtime::new().expect("a runtime");
        let handle = runtime.handle().clone();
        let root = server.folder.path();
        std::fs::create_dir_all(root.join("work")).expect("made");
        std::fs::write(root.join("work/token"), "secret-of-vps\n").expect("written");
        let workspace = Workspace::open(&root.join("work")).expect("a workspace");
        let stop = Stop::default();
        let sources = BTreeMap::from([("token".to_owned(), SecretSource::File("token".to_owned()))]);
        let secrets = Arc::new(Secrets::new(
            sources,
            workspace.root(),
            handle.clone(),
            stop.clone(),
        ));
        let known = BTreeMap::from([("vps".to_owned(), server.machine())]);
        let machines = Machines::new("r-1", &known, None, &workspace, &secrets, &handle, &stop);
        let store = root.join("store");
        let artifacts = Artifacts::new(store, workspace.clone(), machines.clone(), stop.clone());
        let artifacts = Arc::new(artifacts);
        Self {
            processes: Processes::new(workspace, machines.clone(), secrets, handle, stop.clone()),
            files: MachineFiles::new(Arc::clone(&artifacts), machines.clone()),
            artifacts,
            machines,
            seen: Seen::default(),
            stop,
            server,
            _runtime: runtime,
        }
    }

    /// A path of the machine, which is this one.
    fn there(&self, path: &str) -> PathBuf {
        self.server.folder.path().join("there").join(path)
    }

    fn path(&self, path: &str) -> String {
        self.there(path).to_str().expect("UTF-8").to_owned()
    }

    fn run(&self, command: &Command) -> Outcome {
        self.processes.run(command, Some(&self.log()), &self.seen)
    }

    fn log(&self) -> PathBuf {
        self.server.folder.path().join("logs/0.log")
    }

    fn exit(&self, command: &Command) -> Exit {
        match self.run(command) {
            Ok(Response::Exit(exit)) => exit,
            other => panic!("{other:?}"),
        }
    }

    fn fault(&self, outcome: Outcome) -> String {
        let said = outcome.expect_err("a fault").to_string();
        let said = said.replace(self.server.folder.path().to_str().expect("UTF-8"), "DIR");
        said.replace(&format!("port {}", self.server.port), "port PORT")
            .replace(&format!("]:{}", self.server.port), "]:PORT")
    }

    fn lines(&self) -> Vec<String> {
        self.seen.0.lock().expect("not poisoned").clone()
    }
}

fn on_vps(argv: &[&str]) -> Command {
    Command {
        machine: Some("vps".to_owned()),
        argv: argv.iter().map(|word| (*word).to_owned()).collect(),
        env: vec![],
        cwd: None,
        stdin: None,
        timeout_ms: 30_000,
        nature: Nature::Read,
        foresee_success: false,
        capture: 100_000,
    }
}

fn sh(script: &str) -> Command {
    on_vps(&["sh", "-c", script])
}
