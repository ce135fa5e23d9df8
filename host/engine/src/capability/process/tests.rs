use std::{collections::BTreeMap, os::unix::fs::PermissionsExt as _, sync::Mutex};

use runner_core::{effect::Nature, event::Level, profile::SecretSource};
use tokio::runtime::Runtime;

use super::*;

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

struct Bench {
    _runtime: Runtime,
    folder: tempfile::TempDir,
    processes: Processes,
    seen: Seen,
}

impl Bench {
    fn new() -> Self {
        let runtime = Runtime::new().expect("a runtime");
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::write(folder.path().join("token"), "hunter22\n").expect("written");
        let stop = Stop::default();
        let sources = BTreeMap::from([
            ("token".to_owned(), SecretSource::File("token".to_owned())),
            // Any variable that is set wherever tests run.
            ("shell".to_owned(), SecretSource::Env("CARGO_PKG_NAME".to_owned())),
        ]);
        let secrets = Secrets::new(sources, folder.path(), runtime.handle().clone(), stop.clone());
        let workspace = Workspace::open(folder.path()).expect("a workspace");
        let processes = Processes::new(
            workspace,
            Machines::default(),
            Arc::new(secrets),
            runtime.handle().clone(),
            stop,
        );
        Self {
            _runtime: runtime,
            folder,
            processes,
            seen: Seen::default(),
        }
    }

    fn log(&self) -> PathBuf {
        self.folder.path().join("run/logs/gate-0.log")
    }

    fn run(&self, command: &Command) -> Outcome {
        self.processes.run(command, Some(&self.log()), &self.seen)
    }

    fn exit(&self, command: &Command) -> Exit {
        match self.run(command) {
            Ok(Response::Exit(exit)) => exit,
            other => panic!("{other:?}"),
        }
    }

    fn fault(&self, command: &Command) -> String {
        let text = self.run(command).expect_err("a fault").to_string();
        text.replace(
            self.folder
                .path()
                .canonicalize()
                .expect("exists")
                .to_str()
                .expect("UTF-8"),
            "WORK",
        )
        .replace(self.folder.path().to_str().expect("UTF-8"), "WORK")
    }

    fn logged(&self) -> String {
        std::fs::read_to_string(self.log()).expect("a log")
    }

    fn lines(&self) -> Vec<String> {
        self.seen.0.lock().expect("not poisoned").clone()
    }
}

fn command(argv: &[&str]) -> Command {
    Command {
        machine: None,
        argv: argv.iter().map(|word| (*word).to_owned()).collect(),
        env: vec![],
        cwd: None,
        stdin: None,
        timeout_ms: 20_000,
        nature: Nature::Read,
        foresee_success: false,
        capture: 1000,
    }
}

fn sh(script: &str) -> Command {
    command(&["sh", "-c", script])
}

#[test]
fn output_is_shown_logged_and_captured_by_stream() {
    let bench = Bench::new();
    let exit = bench.exit(&sh(
        "echo one; sleep 0.1; echo two >&2; sleep 0.1; printf '10%%\\r100%%\\nlast'; exit 3",
    ));
    assert_eq!((exit.code, exit.signal, exit.truncated), (Some(3), None, false));
    assert_eq!(exit.stdout.text(), "one\n10%\r100%\nlast");
    assert_eq!(exit.stderr.text(), "two\n");
    assert!((200..20_000).contains(&exit.wall_ms), "{}", exit.wall_ms);
    assert_eq!(
        bench.lines(),
        ["Stdout one", "Stderr two", "Stdout 100%", "Stdout last"]
    );
    assert_eq!(bench.logged(), "one\ntwo\n10%\r100%\nlast");
}

#[test]
fn a_signal_is_told_apart_from_a_code() {
    let exit = Bench::new().exit(&sh("kill -9 $$"));
    assert_eq!((exit.code, exit.signal), (None, Some(9)));
}

#[test]
fn only_the_last_bytes_are_captured_and_all_are_logged() {
    let bench = Bench::new();
    let mut command = sh("i=0; while [ $i -lt 30000 ]; do echo line $i; i=$((i+1)); done; echo э");
    command.capture = 14;
    let exit = bench.exit(&command);
    assert_eq!(exit.stdout.text(), "line 29999\nэ\n");
    assert!(exit.truncated);
    let logged = bench.logged();
    assert_eq!(logged.lines().count(), 30_001);
    assert!(logged.starts_with("line 0\nline 1\n") && logged.ends_with("line 29999\nэ\n"));
    assert_eq!(bench.lines().len(), 30_001);
    command.capture = 2;
    // The first of its two bytes would have been cut off.
    assert_eq!(bench.exit(&command).stdout.text(), "\n");
}

#[test]
fn secrets_go_in_and_do_not_come_out() {
    let bench = Bench::new();
    let mut command = sh(
        "cat; echo $KEY | cut -c1-4; printf hunt; sleep 0.2; echo er22; test \"$1\" = hunter22 && echo same; exit $TWO",
    );
    command
        .argv
        .extend(["sh".to_owned(), "{{secret:token}}".to_owned()]);
    command.env = vec![
        ("KEY".into(), "{{secret:token}}".into()),
        ("TWO".into(), "2".into()),
    ];
    command.stdin = Some("in: {{secret:token}}\n".into());
    let exit = bench.exit(&command);
    assert_eq!(exit.code, Some(2));
    let expected = "in: {{secret:token}}\nhunt\n{{secret:token}}\nsame\n";
    assert_eq!(exit.stdout.text(), expected);
    assert_eq!(bench.logged(), expected);
    assert!(bench.lines().iter().all(|line| !line.contains("hunter22")));
    command.env = vec![("KEY".into(), "{{secret:nobody}}".into())];
    assert!(
        bench
            .fault(&command)
            .starts_with("the profile has no secret `nobody`")
    );
}

#[test]
fn variables_that_hold_secrets_are_not_handed_on() {
    let bench = Bench::new();
    assert!(std::env::var("CARGO_PKG_NAME").is_ok(), "cargo sets it");
    let exit = bench.exit(&sh("echo \"[$CARGO_PKG_NAME]\"; test -n \"$PATH\""));
    assert_eq!((exit.code, exit.stdout.text().as_ref()), (Some(0), "[]\n"));
}

#[test]
fn a_program_runs_in_the_workspace_or_where_it_is_told() {
    let bench = Bench::new();
    let work = bench.folder.path().canonicalize().expect("exists");
    std::fs::create_dir(work.join("sub")).expect("made");
    std::fs::write(work.join("sub/here.sh"), "#!/bin/sh\npwd\n").expect("written");
    let mut pwd = command(&["pwd"]);
    assert_eq!(
        bench.exit(&pwd).stdout.text().trim_end(),
        work.to_str().expect("UTF-8")
    );
    pwd.cwd = Some("/".to_owned());
    assert_eq!(bench.exit(&pwd).stdout.text(), "/\n");
    pwd.cwd = Some("sub".to_owned());
    pwd.argv = vec!["./here.sh".to_owned()];
    insta::assert_snapshot!(bench.fault(&pwd), @"cannot start `./here.sh`: it is not executable; run e.g. `chmod +x ./here.sh`");
    let executable = std::fs::Permissions::from_mode(0o755);
    std::fs::set_permissions(work.join("sub/here.sh"), executable).expect("set");
    assert_eq!(
        bench.exit(&pwd).stdout.text().trim_end(),
        work.join("sub").to_str().expect("UTF-8")
    );
}

#[test]
fn what_cannot_be_started_is_told() {
    let bench = Bench::new();
    let mut outside = command(&["pwd"]);
    outside.cwd = Some("../x".to_owned());
    let mut nowhere = command(&["pwd"]);
    nowhere.cwd = Some("nowhere".to_owned());
    let mut remote = command(&["pwd"]);
    remote.machine = Some("vps".to_owned());
    let commands = [
        command(&["no-such-program-9"]),
        command(&["./none"]),
        command(&[]),
        outside,
        nowhere,
        remote,
    ];
    let said = commands.map(|command| bench.fault(&command)).join("\n");
    insta::assert_snapshot!(said, @"
    cannot start `no-such-program-9`: no program of that name is on the PATH; install it or write its path
    cannot start `./none`: there is no such program, or what its first line names is missing
    cannot run a command without a program: `argv` is empty
    denied: `../x` is outside the workspace `WORK`: only files in it can be named
    cannot run `pwd` in `WORK/nowhere`: there is no such folder
    no machine `vps` in the profile: leave it out, or write `local`, for the machine that `runner` runs on, or add `[machines.vps]`
    ");
}

#[test]
fn running_out_of_time_ends_the_whole_group() {
    let bench = Bench::new();
    let mut command = sh("echo begun; (trap '' TERM; sleep 0.3; echo $$ > survivor; sleep 60) & sleep 60");
    command.timeout_ms = 200;
    let began = Instant::now();
    insta::assert_snapshot!(bench.fault(&command), @"`sh -c echo begun; (trap '' TERM; sleep 0.3; echo $$ > survivor; sleep 60) & sleep 60` did not end within 200 ms: it was ended; what it printed is in `WORK/run/logs/gate-0.log`");
    // The child that ignores TERM got its 5 s, holding the pipes, and then KILL.
    let took = began.elapsed();
    assert!((4_800..15_000).contains(&took.as_millis()), "{took:?}");
    assert_eq!(bench.logged(), "begun\n");
}

#[test]
fn a_program_that_heeds_term_ends_at_once() {
    let bench = Bench::new();
    let mut command = sh("trap 'echo bye; exit 0' TERM; sleep 30 & wait");
    command.timeout_ms = 200;
    let began = Instant::now();
    assert!(bench.fault(&command).contains("did not end within 200 ms"));
    assert!(began.elapsed() < Duration::from_secs(4));
    assert_eq!(bench.logged(), "bye\n");
}

#[test]
fn stopping_interrupts() {
    let bench = Bench::new();
    let began = Instant::now();
    let outcome = std::thread::scope(|scope| {
        scope.spawn(|| {
            std::thread::sleep(Duration::from_millis(200));
            bench.processes.stop.stop();
        });
        bench.run(&command(&["sleep", "60"]))
    });
    let Err(Fault::Interrupted { message }) = outcome else {
        panic!("{outcome:?}")
    };
    assert_eq!(
        message,
        "`sleep 60` was under way when `runner` was told to stop; it was ended"
    );
    assert!(began.elapsed() < Duration::from_secs(4));
}

#[test]
fn what_a_program_leaves_behind_does_not_hold_it_up() {
    let bench = Bench::new();
    let began = Instant::now();
    let exit = bench.exit(&sh("sleep 30 & echo done"));
    assert_eq!((exit.code, exit.stdout.text().as_ref()), (Some(0), "done\n"));
    assert!(began.elapsed() < Duration::from_secs(10));
}

#[test]
fn input_that_nobody_reads_and_output_that_everybody_writes() {
    let bench = Bench::new();
    let mut command =
        sh("exec 0<&-; head -c 300000 /dev/zero | tr '\\0' 'x'; head -c 300000 /dev/zero | tr '\\0' 'y' >&2");
    command.stdin = Some(vec![b'z'; 1_000_000].into());
    let exit = bench.exit(&command);
    assert_eq!(
        (exit.code, exit.stdout.0.len(), exit.truncated),
        (Some(0), 1000, true)
    );
    assert_eq!(bench.logged().len(), 600_000);
}

#[test]
fn several_run_at_once_and_come_back_in_order() {
    let bench = Bench::new();
    // Each waits for the other.
    let commands = [
        sh("touch a; while [ ! -e b ]; do sleep 0.05; done; echo first"),
        sh("touch b; while [ ! -e a ]; do sleep 0.05; done; echo second"),
        command(&["no-such-program-9"]),
    ];
    let logs: Vec<_> = (0..3)
        .map(|n| Some(bench.folder.path().join(format!("logs/gate-{n}.log"))))
        .collect();
    let Ok(Response::Exits(exits)) = bench.processes.run_all(&commands, &logs, &bench.seen) else {
        panic!("no exits")
    };
    let said: Vec<_> = exits
        .iter()
        .map(|exit| {
            exit.as_ref()
                .map_or_else(ToString::to_string, |exit| exit.stdout.text().into_owned())
        })
        .collect();
    assert_eq!(said[..2], ["first\n", "second\n"]);
    assert!(said[2].starts_with("cannot start `no-such-program-9`"));
    assert_eq!(
        std::fs::read_to_string(logs[1].as_ref().expect("one")).expect("a log"),
        "second\n"
    );
}
