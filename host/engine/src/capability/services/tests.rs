use std::{
    env, fs,
    os::unix::fs::PermissionsExt,
    path::Path,
    process::Command,
    thread,
    time::{Duration, Instant},
};

use runner_core::{
    effect::{Response, Service, ServiceCondition, ServiceStatus},
    fault::Fault,
};
use rustix::process::{Pid, Signal};
use tempfile::TempDir;

use super::Services;
use crate::supervise::{
    process::{Process, group_runs},
    state::{Folder, State},
};

/// A machine with one service, which is gone after the test whatever its outcome.
struct Machine {
    folder: TempDir,
    services: Services,
}

impl Machine {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("makes a folder");
        // This very test binary, told to run nothing but the supervisor.
        let exe = env::current_exe().expect("is known").into_os_string();
        let arguments = ["--exact", "supervise::tests::supervisor", "--nocapture"];
        let services = Services {
            root: folder.path().join("data/services"),
            supervisor: std::iter::once(exe).chain(arguments.map(Into::into)).collect(),
        };
        Self { folder, services }
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    fn service(&self, script: &str) -> Service {
        Service {
            name: "shop-prod".to_owned(),
            argv: ["sh", "-c", script].map(str::to_owned).to_vec(),
            env: vec![("TOKEN".to_owned(), "{{secret:token}}".to_owned())],
            cwd: self.path().display().to_string(),
            log: "logs/shop.log".to_owned(),
            label: "1.2.3".to_owned(),
        }
    }

    fn start(&self, service: &Service) -> Result<ServiceStatus, Fault> {
        let filled = vec![("TOKEN".to_owned(), "hunter2".to_owned())];
        match self.services.start(service, filled)? {
            Response::Service(status) => Ok(status),
            other => panic!("{other:?}"),
        }
    }

    fn run(&self, script: &str) -> ServiceStatus {
        self.start(&self.service(script)).expect("starts")
    }

    fn stop(&self, grace_ms: u64) {
        let stopped = self.services.stop("shop-prod", grace_ms);
        assert_eq!(stopped, Ok(Response::Done));
    }

    fn status(&self) -> ServiceStatus {
        match self.services.status("shop-prod") {
            Ok(Response::Service(status)) => status,
            other => panic!("{other:?}"),
        }
    }

    fn state_folder(&self) -> Folder {
        Folder::new(&self.path().join("data/services/shop-prod"))
    }

    fn state(&self) -> State {
        self.state_folder().read().expect("reads").expect("is there")
    }

    fn child(&self) -> Process {
        self.state().child.expect("runs")
    }

    fn log(&self) -> String {
        fs::read_to_string(self.path().join("logs/shop.log")).unwrap_or_default()
    }

    /// Waits until it is as wanted, as long as a busy machine may take.
    fn until(&self, what: &str, mut wanted: impl FnMut() -> bool) {
        let began = Instant::now();
        while !wanted() {
            let status = self.status();
            assert!(
                began.elapsed() < Duration::from_secs(60),
                "not {what}: {status:?}"
            );
            thread::sleep(Duration::from_millis(10));
        }
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        let _ = self.services.stop("shop-prod", 0);
    }
}

fn group(process: &Process) -> Pid {
    Pid::from_raw(process.pid).expect("is a pid")
}

#[test]
fn a_service_runs_with_its_environment_and_leaves_no_secret_behind() {
    let machine = Machine::new();
    let status = machine.run("echo \"token $TOKEN in $PWD\"; exec sleep 1000");
    assert_eq!(status.condition, ServiceCondition::Running);
    assert_eq!(status.label.as_deref(), Some("1.2.3"));
    assert_eq!(status.restarts, 0);
    assert!(status.since.is_some());
    machine.until("printed", || machine.log().contains("token hunter2 in "));

    // Ctrl-C and the end of our terminal do not reach it.
    let state = machine.state();
    let child = state.child.expect("runs");
    let session = rustix::process::getsid(Some(group(&child))).expect("is known");
    assert_eq!(session, group(&state.supervisor), "{child:?}");

    let mode = |path: &Path| fs::metadata(path).expect("is there").permissions().mode() & 0o777;
    assert_eq!(mode(&machine.path().join("logs/shop.log")), 0o600);
    let folder = machine.path().join("data/services/shop-prod");
    assert_eq!(mode(&folder), 0o700);
    for entry in fs::read_dir(&folder).expect("lists") {
        let path = entry.expect("lists").path();
        assert_eq!(mode(&path), 0o600, "{}", path.display());
        let text = fs::read_to_string(&path).expect("is text");
        assert!(!text.contains("hunter2"), "{}", path.display());
    }
}

#[test]
fn the_same_service_is_left_alone_and_another_takes_its_place() {
    let machine = Machine::new();
    let first = machine.run("exec sleep 1000");
    let (child, supervisor) = (machine.child(), machine.state().supervisor);
    assert_eq!(machine.run("exec sleep 1000"), first);
    assert_eq!(machine.child(), child);

    let mut newer = machine.service("exec sleep 1000");
    newer.label = "1.2.4".to_owned();
    let status = machine.start(&newer).expect("starts");
    assert_eq!(status.label.as_deref(), Some("1.2.4"));
    assert!(!child.runs());
    machine.until("alone", || !supervisor.runs());
    assert!(machine.child().runs());
}

#[test]
fn many_starts_at_once_make_one_process() {
    let machine = Machine::new();
    thread::scope(|scope| {
        for _ in 0..6 {
            scope.spawn(|| machine.run("echo began; exec sleep 1000"));
        }
    });
    machine.until("printed", || machine.log().contains("began"));
    assert_eq!(machine.log(), "began\n");
}

#[test]
fn a_process_that_dies_is_started_again() {
    let machine = Machine::new();
    machine.run("exec sleep 1000");
    let first = machine.child();
    first.signal(Signal::KILL);
    machine.until("started again", || {
        let status = machine.status();
        status.condition == ServiceCondition::Running && status.restarts == 1
    });
    let second = machine.child();
    assert!(second.runs() && second != first);
    assert_eq!(
        machine.status().detail,
        "was ended by signal 9 and printed nothing"
    );
}

#[test]
fn a_process_that_dies_at_once_tells_how() {
    let machine = Machine::new();
    fs::create_dir(machine.path().join("logs")).expect("makes");
    fs::write(machine.path().join("logs/shop.log"), "of an earlier life\n").expect("writes");
    machine.run("echo starting; echo 'no config' >&2; echo; exit 3");
    machine.until("restarting", || {
        let status = machine.status();
        status.condition == ServiceCondition::Restarting && status.restarts > 1
    });
    let status = machine.status();
    assert_eq!(status.detail, "exited with code 3; its last line was `no config`");
    assert_eq!(
        status.since.is_some(),
        status.condition == ServiceCondition::Running
    );
    assert!(machine.log().starts_with("of an earlier life\nstarting\n"));
    machine.stop(0);
    assert_eq!(machine.status().condition, ServiceCondition::Stopped);
}

#[test]
fn what_a_dead_process_leaves_of_its_group_does_not_outlive_it() {
    let machine = Machine::new();
    machine.run("sleep 1000 & sleep 1000 & wait");
    let first = machine.child();
    first.signal(Signal::KILL);
    machine.until("started again", || machine.status().restarts == 1);
    machine.until("cleared", || !group_runs(group(&first)));
}

#[test]
fn an_orphan_of_a_killed_supervisor_makes_room() {
    let machine = Machine::new();
    machine.run("sleep 1000 & wait");
    let (orphan, supervisor) = (machine.child(), machine.state().supervisor);
    supervisor.signal(Signal::KILL);
    machine.until("stopped", || {
        machine.status().condition == ServiceCondition::Stopped
    });
    let detail = format!("its supervisor died; process {} is left without one", orphan.pid);
    assert_eq!(machine.status().detail, detail);
    assert!(orphan.runs());

    let status = machine.run("sleep 1000 & wait");
    assert_eq!(status.condition, ServiceCondition::Running);
    assert!(!orphan.runs());
    machine.until("cleared", || !group_runs(group(&orphan)));
    let next = machine.child();
    assert!(next.runs());

    machine.state().supervisor.signal(Signal::KILL);
    machine.stop(1000);
    assert!(!next.runs(), "stop ends an orphan too");
}

#[test]
fn a_pid_that_is_used_again_is_never_signalled() {
    let machine = Machine::new();
    machine.run("exec sleep 1000");
    machine.stop(1000);
    let mut other = Command::new("sleep").arg("1000").spawn().expect("starts");
    let process = Process::of(other.id() as i32);
    let folder = machine.state_folder();
    let mut state = serde_json::to_value(machine.state()).expect("serialises");
    let reused = serde_json::json!({ "pid": process.pid, "started": "long ago" });
    state["child"] = reused.clone();
    state["supervisor"] = reused;
    state["condition"] = "running".into();
    folder
        .write(&serde_json::from_value(state).expect("is a state"))
        .expect("writes");

    assert_eq!(
        machine.status().detail,
        "its supervisor died, and its process is gone"
    );
    machine.stop(0);
    machine.run("exec sleep 1000");
    assert!(process.runs());
    other.kill().expect("kills");
    other.wait().expect("ends");
}

#[test]
fn stop_gives_time_and_leaves_nothing() {
    let machine = Machine::new();
    machine.run("trap 'sleep 0.3; echo bye; exit 0' TERM; echo up; while :; do sleep 0.05; done");
    machine.until("up", || machine.log().contains("up"));
    let (child, supervisor) = (machine.child(), machine.state().supervisor);
    machine.stop(10_000);
    assert!(machine.log().ends_with("bye\n"), "{}", machine.log());
    assert!(!child.runs() && !group_runs(group(&child)));
    machine.until("alone", || !supervisor.runs());
    let status = machine.status();
    assert_eq!(status.condition, ServiceCondition::Stopped);
    assert_eq!(status.label.as_deref(), Some("1.2.3"));
    assert_eq!(status.detail, "stopped, as was asked for");
    machine.stop(10_000);
}

#[test]
fn stop_waits_for_the_whole_group_then_kills_what_will_not_end() {
    let machine = Machine::new();
    // The shell ends at once, its child takes a moment, its other child never ends.
    let script = "(trap 'sleep 0.3; echo bye; exit 0' TERM; while :; do sleep 0.05; done) &
        (trap '' TERM; while :; do sleep 0.05; done) & echo up; wait";
    machine.run(script);
    machine.until("up", || machine.log().contains("up"));
    thread::sleep(Duration::from_millis(200));
    let child = machine.child();
    machine.stop(1500);
    assert!(machine.log().ends_with("bye\n"), "{}", machine.log());
    machine.until("cleared", || !group_runs(group(&child)));
}

#[test]
fn a_stop_while_it_is_down_ends_the_restarts() {
    let machine = Machine::new();
    machine.run("echo began; exit 1");
    machine.until("in a long pause", || machine.status().restarts >= 4);
    machine.stop(1000);
    let log = machine.log();
    thread::sleep(Duration::from_secs(2));
    assert_eq!(machine.log(), log);
}

#[test]
fn what_cannot_be_started_is_told() {
    let machine = Machine::new();
    let mut service = machine.service("");
    let refused = |service: &Service| {
        let text = machine.start(service).expect_err("is refused").to_string();
        text.replace(&machine.path().display().to_string(), "FOLDER")
    };
    service.argv = vec!["no-such-program".to_owned()];
    assert_eq!(
        refused(&service),
        "cannot start the service `shop-prod`: cannot run `no-such-program`: No such file or directory (os error 2)"
    );
    assert_eq!(machine.status().condition, ServiceCondition::Stopped);
    service.argv = vec!["./shop".to_owned()];
    assert!(refused(&service).contains("cannot run `FOLDER/./shop`"));
    service.argv.clear();
    assert!(refused(&service).ends_with("no program is named"));
    service = machine.service("");
    service.log = "/dev/null/shop.log".to_owned();
    assert!(refused(&service).contains("cannot open the log `/dev/null/shop.log`"));
    service.cwd = format!("{}/gone", service.cwd);
    assert!(refused(&service).ends_with("its folder `FOLDER/gone` is not there"));
    service.name = "../shop".to_owned();
    service.cwd = "/".to_owned();
    assert!(refused(&service).starts_with("cannot start the service `../shop`: a name has"));

    let broken = Services::new(machine.path().join("data/services"), "/no/such/runner".into());
    let error = broken.start(&machine.service("sleep 1"), Vec::new());
    assert_eq!(
        error.expect_err("is refused").to_string(),
        "cannot start the service `shop-prod`: cannot run its supervisor `/no/such/runner`: No such file or directory \
         (os error 2)"
    );
}

#[test]
fn what_was_never_started_is_stopped() {
    let machine = Machine::new();
    machine.stop(1000);
    assert_eq!(machine.status().condition, ServiceCondition::Stopped);
    assert_eq!(machine.status().detail, "was never started here");
    assert!(!machine.path().join("data").exists(), "asking makes nothing");
}
