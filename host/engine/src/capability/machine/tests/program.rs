use std::{
    os::unix::fs::PermissionsExt as _,
    time::{Duration, Instant},
};

use super::*;

#[test]
fn arguments_arrive_byte_for_byte() {
    let Some(bench) = Bench::new() else { return };
    // What a login prints is not the program's.
    std::fs::write(
        bench.server.folder.path().join("home/.bashrc"),
        "echo noise; echo noise >&2; printf without-end",
    )
    .expect("written");
    let words = [
        "",
        " ",
        "a b",
        "'",
        "''",
        "\"",
        "$(touch /tmp/pwned)",
        "`id`",
        "\\",
        "\\n",
        "a\nb\n",
        "\n",
        "~",
        "*",
        "-n",
        "--",
        "!x",
        "ü€😀",
        "\u{1}\u{7f}",
        "; exit 3",
        "&& x",
        "$HOME",
        "#",
        "}",
        ")",
        "a'b\"c$d`e\\f",
    ];
    let mut argv = vec!["sh", "-c", "for word; do printf '%s\\0' \"$word\"; done", "sh"];
    argv.extend(words);
    let exit = bench.exit(&on_vps(&argv));
    let expected: String = words.iter().map(|word| format!("{word}\0")).collect();
    assert_eq!(exit.stdout.text(), expected);
    assert_eq!((exit.code, exit.stderr.text().as_ref()), (Some(0), ""));
}

#[test]
fn bash_will_do_for_sh() {
    let folder = tempfile::tempdir().expect("a folder");
    std::os::unix::fs::symlink("/bin/bash", folder.path().join("sh")).expect("linked");
    let env = format!("PATH={}:/usr/bin:/bin", folder.path().display());
    let Some(server) = Server::start_with(&env) else {
        return;
    };
    let bench = Bench::with(server);
    let mut command = sh("cat; echo \"$ODD\"; exit 7");
    command.nature = Nature::Idempotent;
    command.env = vec![("ODD".into(), "a'b\n$(id)\\".into())];
    command.stdin = Some("in\n".into());
    let exit = bench.exit(&command);
    assert_eq!(
        (exit.code, exit.stdout.text().as_ref()),
        (Some(7), "in\na'b\n$(id)\\\n")
    );
    assert_eq!(exit.stderr.text(), "");
    let exit = bench.exit(&sh("kill -9 $$"));
    assert_eq!((exit.signal, exit.stderr.text().as_ref()), (Some(9), ""));
    let path = bench.path("a/b");
    assert_eq!(
        bench.files.create(Some("vps"), &path, b"x"),
        Ok(Response::Flag(true))
    );
    assert_eq!(
        bench.files.create(Some("vps"), &path, b"x"),
        Ok(Response::Flag(false))
    );
    assert_eq!(
        bench.files.link(Some("vps"), &bench.path("l"), "a"),
        Ok(Response::Done)
    );
    let read = bench.files.read(Some("vps"), &path, 9);
    assert_eq!(read, Ok(Response::Content(Some("x".into()))));
}

#[test]
fn the_environment_and_the_input_arrive_and_no_secret_is_seen() {
    let Some(bench) = Bench::new() else { return };
    let mut command = sh(
        "cat; printf '%s|%s|' \"$ODD\" \"$EMPTY\"; ps -ewwo args; ls -laR \"$HOME\"; cat \"$HOME\"/.cache/runner/effects/*; echo $KEY; \
         printf %s \"$KEY\" | wc -c; test -z \"$RUNNER_CRASH\" && echo own",
    );
    let odd = "a'b\n$(id)`\"\\ü";
    command.nature = Nature::Idempotent;
    command.env = vec![
        ("KEY".into(), "{{secret:token}}".into()),
        ("ODD".into(), odd.into()),
        ("EMPTY".into(), String::new()),
    ];
    let mut input: Vec<u8> = (0..=255).cycle().take(300_000).collect();
    input.extend_from_slice(b"{{secret:token}}\n");
    command.stdin = Some(input.clone().into());
    command.capture = 2_000_000;
    let exit = bench.exit(&command);
    assert_eq!(exit.code, Some(0), "{}", exit.stderr.text());
    // The secret that the program was given, and printed, comes back as its name.
    assert!(exit.stdout.0.starts_with(&input));
    let after = String::from_utf8_lossy(&exit.stdout.0[input.len()..]).into_owned();
    assert!(after.starts_with(&format!("{odd}||")), "{after}");
    assert!(after.ends_with("{{secret:token}}\n13\nown\n"), "{after}");
    // Once: not in `ps`, not in a file.
    assert_eq!(after.matches("{{secret:token}}").count(), 1, "{after}");
    assert!(!after.contains("secret-of-vps"));
    assert!(after.contains("ps -ewwo args"), "{after}");
    let mut bad = sh("true");
    bad.env = vec![("A B".into(), "x".into())];
    insta::assert_snapshot!(bench.fault(bench.run(&bad)), @"cannot set the variable `A B` on machine `vps`: a name has letters, digits and `_`");
}

#[test]
fn how_a_program_ended_is_told() {
    let Some(bench) = Bench::new() else { return };
    for code in [0, 1, 3, 124, 127, 128, 255] {
        let exit = bench.exit(&sh(&format!("exit {code}")));
        assert_eq!((exit.code, exit.signal), (Some(code), None));
    }
    for signal in [1, 2, 9, 15] {
        let exit = bench.exit(&sh(&format!("kill -{signal} $$")));
        assert_eq!((exit.code, exit.signal), (None, Some(signal)));
        assert_eq!(exit.stderr.text(), "", "no shell of ours speaks of it");
    }
    // Not ignored, as a shell would have it for what it runs in the background.
    let exit = bench.exit(&sh("trap 'echo heard; exit 4' INT; kill -INT $$; echo not"));
    assert_eq!((exit.code, exit.stdout.text().as_ref()), (Some(4), "heard\n"));
}

#[test]
fn output_is_shown_logged_and_captured_as_it_is_here() {
    let Some(bench) = Bench::new() else { return };
    let mut command = sh(
        "echo one; sleep 0.3; printf 'runner-' >&2; sleep 0.3; echo two >&2; sleep 0.3; printf last; printf x >&2",
    );
    let exit = bench.exit(&command);
    assert_eq!(exit.stdout.text(), "one\nlast");
    assert_eq!(exit.stderr.text(), "runner-two\nx");
    let log = std::fs::read_to_string(bench.log()).expect("a log");
    assert!(log.starts_with("one\nrunner-two\n"), "{log}");
    assert_eq!(bench.lines()[..2], ["Stdout one", "Stderr runner-two"]);
    command = sh("i=0; while [ $i -lt 30000 ]; do echo line $i; i=$((i+1)); done");
    command.capture = 11;
    let exit = bench.exit(&command);
    assert_eq!(
        (exit.stdout.text().as_ref(), exit.truncated),
        ("line 29999\n", true)
    );
    // What it leaves behind does not hold it up, nor is it ended.
    let began = Instant::now();
    let exit = bench.exit(&sh("sleep 20 & echo $!"));
    assert!(began.elapsed() < Duration::from_secs(10));
    let pid = exit.stdout.text().trim().to_owned();
    let ended = bench.exit(&on_vps(&["kill", &pid]));
    assert_eq!(ended.code, Some(0), "{}", ended.stderr.text());
}

#[test]
fn what_cannot_be_run_is_told() {
    let Some(bench) = Bench::new() else { return };
    std::fs::write(bench.there("plain"), "x").expect("written");
    let mut nowhere = on_vps(&["pwd"]);
    nowhere.cwd = Some(bench.path("nowhere"));
    let mut relative = on_vps(&["pwd"]);
    relative.cwd = Some("sub".into());
    let mut other = on_vps(&["pwd"]);
    other.machine = Some("vsp".into());
    let commands = [
        on_vps(&["no-such-program-9"]),
        on_vps(&["./none"]),
        on_vps(&[&bench.path("plain")]),
        on_vps(&[]),
        nowhere,
        relative,
        other,
    ];
    let said = commands
        .map(|command| bench.fault(bench.run(&command)))
        .join("\n");
    insta::assert_snapshot!(said, @r"
    on machine `vps`: cannot start `no-such-program-9`: no program of that name is on the PATH; install it or write its path
    on machine `vps`: cannot start `./none`: there is no such program, or what its first line names is missing
    on machine `vps`: cannot start `DIR/there/plain`: it is not executable; run e.g. `chmod +x DIR/there/plain`
    cannot run a command without a program: `argv` is empty
    cannot run `pwd` on machine `vps` in `DIR/there/nowhere`: there is no such folder, or it may not be entered
    cannot run a program in `sub` on machine `vps`: write an absolute path, or none for the user's home
    no machine `vsp` in the profile: leave it out, or write `local`, for the machine that `runner` runs on, or add `[machines.vsp]`
    ");
    let mut home = on_vps(&["pwd"]);
    assert_eq!(bench.exit(&home).code, Some(0));
    home.cwd = Some(bench.path(""));
    assert!(bench.exit(&home).stdout.text().ends_with("/there\n"));
}

#[test]
fn sudo_that_wants_a_password_is_told() {
    let Some(bench) = Bench::new() else { return };
    let sudo = bench.there("sudo");
    std::fs::write(
        &sudo,
        "#!/bin/sh\necho 'sudo: a password is required' >&2\nexit 1\n",
    )
    .expect("written");
    std::fs::set_permissions(&sudo, std::fs::Permissions::from_mode(0o755)).expect("set");
    let mut command = on_vps(&["sudo", "-n", "systemctl", "restart", "shop"]);
    command.env = vec![("PATH".into(), format!("{}:/usr/bin:/bin", bench.path("")))];
    insta::assert_snapshot!(bench.fault(bench.run(&command)), @"`sudo -n systemctl restart shop` on machine `vps` was not run, because `sudo` wants a password: allow it without one, by `visudo -f /etc/sudoers.d/runner` and a line such as `USER ALL=(root) NOPASSWD: /path/of/systemctl`");
}

#[test]
fn running_out_of_time_ends_it_there() {
    let Some(bench) = Bench::new() else { return };
    let alive = bench.path("alive");
    let mut command = sh(&format!(
        "echo begun; (trap '' TERM; while :; do date >{alive}; sleep 0.2; done) & sleep 60"
    ));
    command.timeout_ms = 1500;
    let began = Instant::now();
    let said = bench.fault(bench.run(&command));
    assert!(
        said.contains("on machine `vps` did not end within 1 s 500 ms: it was ended; what it printed is in `DIR/logs/0.log`"),
        "{said}"
    );
    assert!(began.elapsed() < Duration::from_secs(12), "{:?}", began.elapsed());
    std::fs::remove_file(&alive).expect("it lived");
    std::thread::sleep(Duration::from_secs(1));
    assert!(!bench.there("alive").exists(), "what it started lives on");
}

#[test]
fn stopping_ends_it_there() {
    let Some(bench) = Bench::new() else { return };
    let (began, bye) = (bench.path("began"), bench.path("bye"));
    let mut command = sh(&format!(
        "trap 'echo >{bye}; exit' TERM; echo >{began}; sleep 60 & wait"
    ));
    command.nature = Nature::Write;
    let outcome = std::thread::scope(|scope| {
        scope.spawn(|| {
            while !bench.there("began").exists() {
                std::thread::sleep(Duration::from_millis(20));
            }
            bench.stop.stop();
        });
        bench.run(&command)
    });
    let said = bench.fault(outcome);
    assert!(said.starts_with("interrupted: "), "{said}");
    assert!(
        said.ends_with("on machine `vps` was under way when `runner` was told to stop; it was ended"),
        "{said}"
    );
    assert!(bench.there("bye").exists());
}

/// A program that notes when it begins and ends, and takes a while.
fn noting(bench: &Bench, nature: Nature) -> Command {
    let notes = bench.path("notes");
    let mut command = sh(&format!("echo begin >>{notes}; sleep 3; echo end >>{notes}"));
    command.nature = nature;
    command
}

fn once_begun(bench: &Bench, command: &Command, cut: fn(&Server)) -> Outcome {
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !bench.there("notes").exists() {
                std::thread::sleep(Duration::from_millis(20));
            }
            cut(&bench.server);
        });
        bench.run(command)
    })
}

fn notes(bench: &Bench) -> String {
    std::fs::read_to_string(bench.there("notes"))
        .expect("notes")
        .replace('\n', " ")
}

#[test]
fn a_write_whose_connection_is_lost_is_in_doubt_once_the_dust_has_settled() {
    let Some(bench) = Bench::new() else { return };
    let said = bench.fault(once_begun(&bench, &noting(&bench, Nature::Write), Server::cut));
    assert!(
        said.starts_with("interrupted: the connection to machine `vps` was lost while it was to run `sh -c"),
        "{said}"
    );
    assert!(said.contains("so it may or may not be done"), "{said}");
    assert_eq!(notes(&bench), "begin end ");
}

#[test]
fn what_is_done_again_waits_for_its_first_attempt() {
    let Some(bench) = Bench::new() else { return };
    let outcome = once_begun(&bench, &noting(&bench, Nature::Idempotent), Server::cut);
    assert!(
        matches!(outcome, Ok(Response::Exit(Exit { code: Some(0), .. }))),
        "{outcome:?}"
    );
    assert_eq!(notes(&bench), "begin end begin end ");
}

#[test]
fn an_attempt_that_a_crash_left_behind_is_waited_for() {
    let Some(bench) = Bench::new() else { return };
    let command = noting(&bench, Nature::Write);
    std::thread::scope(|scope| {
        let first = scope.spawn(|| bench.exit(&command));
        while !bench.there("notes").exists() {
            std::thread::sleep(Duration::from_millis(20));
        }
        bench
            .processes
            .settle(std::slice::from_ref(&command))
            .expect("settled");
        assert_eq!(notes(&bench), "begin end ");
        assert_eq!(first.join().expect("ended").code, Some(0));
    });
    // The same once more, at the same time, is one after the other.
    std::thread::scope(|scope| {
        let first = scope.spawn(|| bench.exit(&command));
        bench.exit(&command);
        first.join().expect("ended");
    });
    assert_eq!(notes(&bench), "begin end begin end begin end ");
}

#[test]
fn a_connection_that_falls_silent_is_lost_too() {
    let Some(bench) = Bench::new() else { return };
    let began = Instant::now();
    let outcome = once_begun(&bench, &noting(&bench, Nature::Idempotent), Server::silence);
    assert!(
        matches!(outcome, Ok(Response::Exit(Exit { code: Some(0), .. }))),
        "{outcome:?}"
    );
    assert!(began.elapsed() < Duration::from_secs(60), "{:?}", began.elapsed());
    assert_eq!(notes(&bench), "begin end begin end ");
}

#[test]
fn a_read_is_simply_done_again() {
    let Some(bench) = Bench::new() else { return };
    let outcome = once_begun(&bench, &noting(&bench, Nature::Read), Server::cut);
    assert!(
        matches!(outcome, Ok(Response::Exit(Exit { code: Some(0), .. }))),
        "{outcome:?}"
    );
}

#[test]
fn many_run_at_once_on_both_machines() {
    let Some(bench) = Bench::new() else { return };
    let mut commands: Vec<_> = (0..20).map(|n| sh(&format!("sleep 0.2; echo {n}"))).collect();
    commands[7].machine = None;
    let logs = vec![None; 20];
    let Ok(Response::Exits(exits)) = bench.processes.run_all(&commands, &logs, &bench.seen) else {
        panic!("no exits")
    };
    for (n, exit) in exits.into_iter().enumerate() {
        assert_eq!(exit.expect("an exit").stdout.text(), format!("{n}\n"));
    }
    assert_eq!(bench.server.connections(), 1);
}
