//! A machine of the profile that is the one that `runner` runs on: nothing goes over SSH, and the rest is as it was.

use super::*;

/// The capabilities; machine `vps` is here, and `ssh` would not get there.
struct Bench {
    folder: tempfile::TempDir,
    processes: Processes,
    files: MachineFiles,
    _runtime: Runtime,
}

fn bench() -> Bench {
    let runtime = Runtime::new().expect("a runtime");
    let handle = runtime.handle().clone();
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("token"), "secret-of-vps\n").expect("written");
    let workspace = Workspace::open(folder.path()).expect("a workspace");
    let stop = Stop::default();
    let sources = BTreeMap::from([("token".to_owned(), SecretSource::File("token".to_owned()))]);
    let secrets = Arc::new(Secrets::new(
        sources,
        workspace.root(),
        handle.clone(),
        stop.clone(),
    ));
    let vps = Machine {
        ssh: "nobody@127.0.0.1".to_owned(),
        ssh_config: Some("/dev/null".to_owned()),
        connect_timeout: Length::from_secs(1),
    };
    let known = BTreeMap::from([("vps".to_owned(), vps)]);
    let machines = Machines::new("r-1", &known, Some("vps"), &workspace, &secrets, &handle, &stop);
    let store = folder.path().join("store");
    let artifacts = Artifacts::new(store, workspace.clone(), machines.clone(), stop.clone());
    Bench {
        processes: Processes::new(workspace, machines.clone(), secrets, handle, stop),
        files: MachineFiles::new(Arc::new(artifacts), machines),
        folder,
        _runtime: runtime,
    }
}

fn exit(bench: &Bench, command: &Command) -> Exit {
    match bench.processes.run(command, None, &Seen::default()) {
        Ok(Response::Exit(exit)) => exit,
        other => panic!("{other:?}"),
    }
}

#[test]
fn programs_run_in_the_home_with_their_secrets_and_without_ours() {
    let bench = bench();
    let mut command =
        sh("cat; echo \"$KEY\" | wc -c; test -z \"$RUNNER_CRASH\" && pwd; echo \"$KEY\" >&2; exit 7");
    command.nature = Nature::Idempotent;
    command.env = vec![("KEY".into(), "{{secret:token}}".into())];
    command.stdin = Some("a'b\n".into());
    let exit = exit(&bench, &command);
    let home = std::env::home_dir().expect("a home");
    let expected = format!("a'b\n14\n{}\n", home.display());
    assert_eq!(
        (exit.code, exit.stdout.text().as_ref()),
        (Some(7), expected.as_str())
    );
    assert_eq!(exit.stderr.text(), "{{secret:token}}\n");
}

#[test]
fn ends_are_told_as_they_are() {
    let bench = bench();
    assert_eq!(exit(&bench, &sh("exit 255")).code, Some(255));
    assert_eq!(exit(&bench, &sh("kill -9 $$")).signal, Some(9));
    let none = bench
        .processes
        .run(&on_vps(&["no-such-program"]), None, &Seen::default());
    assert_eq!(
        none.expect_err("none").to_string(),
        "on machine `vps`: cannot start `no-such-program`: no program of that name is on the PATH; install it or write its path"
    );
    let mut slow = sh("sleep 60");
    slow.timeout_ms = 200;
    let ended = bench.processes.run(&slow, None, &Seen::default());
    let ended = ended.expect_err("too slow").to_string();
    assert!(ended.contains("did not end within 200 ms"), "{ended}");
}

#[test]
fn files_are_written_whole() {
    let bench = bench();
    let path = bench.folder.path().join("a/b").display().to_string();
    let content: Vec<u8> = (0..=255).cycle().take(300_000).collect();
    let written = bench.files.write(Some("vps"), &path, &content, 0o640);
    assert_eq!(written, Ok(Response::Done));
    let read = bench.files.read(Some("vps"), &path, 1_000_000);
    assert_eq!(read, Ok(Response::Content(Some(content.into()))));
    let created = bench.files.create(Some("vps"), &path, b"x");
    assert_eq!(created, Ok(Response::Flag(false)));
    assert_eq!(bench.files.remove(Some("vps"), &path), Ok(Response::Done));
    assert_eq!(
        bench.files.read(Some("vps"), &path, 9),
        Ok(Response::Content(None))
    );
}
