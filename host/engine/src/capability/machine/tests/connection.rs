use std::fs;

use super::*;

#[test]
fn one_connection_is_kept_and_closed_at_the_end() {
    let Some(bench) = Bench::new() else { return };
    for _ in 0..3 {
        bench.exit(&on_vps(&["true"]));
    }
    assert_eq!(bench.server.connections(), 1);
    // Lost while nothing is under way: nobody notices.
    bench.server.cut();
    let mut write = on_vps(&["true"]);
    write.nature = Nature::Write;
    assert_eq!(bench.exit(&write).code, Some(0));
    let Bench {
        processes,
        files,
        artifacts,
        machines,
        server,
        ..
    } = bench;
    drop((processes, files, artifacts, machines));
    let began = std::time::Instant::now();
    while server.connections() > 0 {
        assert!(began.elapsed().as_secs() < 5, "the connection outlives the run");
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
}

#[test]
fn a_host_key_that_is_not_known_stops() {
    let Some(bench) = Bench::new() else { return };
    fs::write(bench.server.folder.path().join("known_hosts"), "").expect("written");
    insta::assert_snapshot!(bench.fault(bench.run(&on_vps(&["true"]))), @"the host key of machine `vps` (`vps`) is not known here: connect once by hand with `ssh -F DIR/config vps`, and compare the fingerprint with the one that whoever runs the server gives you");
    assert_eq!(
        fs::read_to_string(bench.server.folder.path().join("known_hosts")).expect("there"),
        ""
    );
}

#[test]
fn a_host_key_that_has_changed_stops() {
    let Some(bench) = Bench::new() else { return };
    let root = bench.server.folder.path();
    server::keygen(&root.join("other"));
    let other = fs::read_to_string(root.join("other.pub")).expect("a key");
    let known = format!("[127.0.0.1]:{} {other}", bench.server.port);
    fs::write(root.join("known_hosts"), &known).expect("written");
    let said = bench.fault(bench.run(&on_vps(&["true"])));
    let shown = said
        .split('`')
        .find(|part| part.starts_with("SHA256:"))
        .expect("a fingerprint")
        .to_owned();
    insta::assert_snapshot!(said.replace(&shown, "SHA256:..."), @r#"the host key of machine `vps` (`vps`) is not the one that is known: the server was set up anew, or somebody stands between. Nothing was sent. Ask whoever runs the server for the fingerprint of its key (it shows `SHA256:...` now); only if it is that one: `ssh-keygen -f "DIR/known_hosts" -R "[127.0.0.1]:PORT"`, then `ssh -F DIR/config vps` once by hand"#);
    assert_eq!(
        fs::read_to_string(root.join("known_hosts")).expect("there"),
        known
    );
}

#[test]
fn a_key_that_is_refused_is_told() {
    let Some(bench) = Bench::new() else { return };
    fs::write(bench.server.folder.path().join("authorized"), "").expect("written");
    let said = bench.fault(bench.run(&on_vps(&["true"])));
    let user = said
        .split('@')
        .next()
        .and_then(|before| before.rsplit(' ').next())
        .expect("a user");
    let said = said.replace(&format!("{user}@"), "USER@");
    insta::assert_snapshot!(said, @"machine `vps` (`vps`) refused the key: USER@127.0.0.1: Permission denied (publickey). Try `ssh -F DIR/config vps true` by hand: the key must be in the agent (`ssh-add -l`) or named by `IdentityFile`, and stand in `~/.ssh/authorized_keys` there");
}

#[test]
fn a_server_that_is_not_there_is_told() {
    let Some(mut bench) = Bench::new() else { return };
    bench.server.end();
    let outcome = bench.run(&on_vps(&["true"]));
    assert!(matches!(outcome, Err(Fault::Transient { .. })), "{outcome:?}");
    insta::assert_snapshot!(bench.fault(outcome), @"cannot reach machine `vps` (`vps`): ssh: connect to host 127.0.0.1 port PORT: Connection refused. Is it up, and is its port open from here? Try `ssh -F DIR/config vps true`");
    let config = bench.server.folder.path().join("config");
    let text = fs::read_to_string(&config).expect("there");
    fs::write(&config, text.replace("127.0.0.1", "no-such-host.invalid")).expect("written");
    let said = bench.fault(bench.run(&on_vps(&["true"])));
    assert!(
        said.starts_with("there is no server of the name of machine `vps`")
            || said.starts_with("cannot look up"),
        "{said}"
    );
}

#[test]
fn an_account_without_a_shell_is_told() {
    let Some(bench) = Bench::new() else { return };
    let root = bench.server.folder.path();
    let key = fs::read_to_string(root.join("user.pub")).expect("a key");
    fs::write(
        root.join("authorized"),
        format!("command=\"echo only git here >&2; exit 1\" {key}"),
    )
    .expect("written");
    insta::assert_snapshot!(bench.fault(bench.run(&on_vps(&["true"]))), @"machine `vps` does not run programs for `vps`: only git here");
}

#[test]
fn services_are_for_this_machine() {
    let Some(bench) = Bench::new() else { return };
    insta::assert_snapshot!(bench.machines.local(Some("vps")).expect_err("refused"), @"`runner` supervises processes on the machine that it runs on only: on machine `vps` let systemd do it, with a unit and `systemctl`");
    assert_eq!(bench.machines.local(Some("local")), Ok(()));
}
