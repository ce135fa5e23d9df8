//! Strategy `blue-green`.

use super::server::App;
use super::*;

const CONFIG: &str = "blue-green";

fn served(server: &Server) -> Option<String> {
    version(server.served("agentiq-prod", "agentiq-chat"))
}

#[test]
fn the_new_version_starts_beside_the_old_one_and_takes_over() {
    let server = running(&prod(CONFIG), "prod", &["0.1.0"]);
    deploy(&server, &prod(CONFIG), "0.2.0", Some("0.1.0")).unwrap();
    insta::assert_snapshot!(short(&server.told()), @r"
        unpack /opt/agentiq/releases/0.2.0-DIGEST/backend
        unpack /opt/agentiq/releases/0.2.0-DIGEST/frontend
        write /opt/agentiq/releases/0.2.0-DIGEST/.env
        link /opt/agentiq/releases/0.2.0-DIGEST/venv -> /opt/agentiq/venvs/DIGEST
        write /opt/agentiq/releases/0.2.0-DIGEST/frontend/version.json
        sudo -n chown -R www-data: /opt/agentiq/releases/0.2.0-DIGEST/frontend
        write /opt/agentiq/releases/0.2.0-DIGEST/.release.json
        sudo -n systemctl stop agentiq-prod-drain-8003.timer
        link /opt/agentiq/slots/8003 -> ../releases/0.2.0-DIGEST
        sudo -n systemctl restart agentiq-chat@8003.service
        sudo -n systemctl restart agentiq-celery@8003.service
        sudo -n install -m 0644 -o root -g root /dev/stdin /etc/nginx/runner/.agentiq-prod.conf.runner
        sudo -n mv -fT /etc/nginx/runner/.agentiq-prod.conf.runner /etc/nginx/runner/agentiq-prod.conf
        sudo -n systemctl reload nginx
        link /opt/agentiq/current -> releases/0.2.0-DIGEST
        sudo -n ln -sfn /opt/agentiq/releases/0.2.0-DIGEST/frontend /var/www/.agentiq.runner
        sudo -n mv -fT /var/www/.agentiq.runner /var/www/agentiq
        sudo -n systemctl enable --quiet --no-reload agentiq-chat@8003.service agentiq-celery@8003.service
        sudo -n systemctl disable --quiet --no-reload agentiq-chat@8001.service agentiq-celery@8001.service
        sudo -n systemctl stop --no-block agentiq-celery@8001.service
        sudo -n systemctl stop agentiq-prod-drain-8001.timer
        sudo -n systemd-run --quiet --collect --unit agentiq-prod-drain-8001 --on-active 30s systemctl stop agentiq-chat@8001.service
        ");
    assert_eq!(served(&server).as_deref(), Some("0.2.0"));
    // The old one ends what it is at, and only then ends.
    assert!(server.units.borrow().contains_key("agentiq-chat@8001.service"));
    insta::assert_snapshot!(file(&server, "/etc/nginx/runner/agentiq-prod.conf"), @r#"
        # runner: agentiq/prod
        # shares: 8003=100
        upstream agentiq-prod-8003 { server 127.0.0.1:8003; }
        map $host $agentiq_prod_slot { default 8003; }
        map $host $agentiq_prod_shares { default "8003=100"; }
        "#);
}

#[test]
fn a_rollback_switches_back_to_what_still_runs() {
    let server = running(&prod(CONFIG), "prod", &["0.1.0", "0.2.0"]);
    roll_back(&server, &prod(CONFIG), "0.2.0", "0.1.0").unwrap();
    insta::assert_snapshot!(short(&server.told()), @r"
        sudo -n systemctl stop agentiq-prod-drain-8001.timer
        sudo -n systemctl start --no-block agentiq-celery@8001.service
        sudo -n install -m 0644 -o root -g root /dev/stdin /etc/nginx/runner/.agentiq-prod.conf.runner
        sudo -n mv -fT /etc/nginx/runner/.agentiq-prod.conf.runner /etc/nginx/runner/agentiq-prod.conf
        sudo -n systemctl reload nginx
        link /opt/agentiq/current -> releases/0.1.0-DIGEST
        sudo -n ln -sfn /opt/agentiq/releases/0.1.0-DIGEST/frontend /var/www/.agentiq.runner
        sudo -n mv -fT /var/www/.agentiq.runner /var/www/agentiq
        sudo -n systemctl enable --quiet --no-reload agentiq-chat@8001.service agentiq-celery@8001.service
        sudo -n systemctl disable --quiet --no-reload agentiq-chat@8003.service agentiq-celery@8003.service
        sudo -n systemctl stop --no-block agentiq-celery@8003.service
        sudo -n systemctl stop agentiq-prod-drain-8003.timer
        sudo -n systemd-run --quiet --collect --unit agentiq-prod-drain-8003 --on-active 30s systemctl stop agentiq-chat@8003.service
        ");
    assert_eq!(served(&server).as_deref(), Some("0.1.0"));
}

/// What a rollback from 0.2.0 to 0.1.0 says of the database.
fn newer_data(server: &Server, asked_for: bool) -> Option<String> {
    let version = if asked_for { "0.1.0" } else { "0.2.0" };
    let context = about(prod(CONFIG), "prod", version, Some("0.1.0"));
    let there = Systemd::rollback(server, &context, &built("0.1.0")).unwrap();
    assert_eq!(
        served(server).as_deref(),
        Some("0.1.0"),
        "the code goes back whatever the data is"
    );
    there.newer_data
}

#[test]
fn a_rollback_says_what_was_done_to_the_database_and_cannot_be_undone() {
    let untouched = running(&prod(CONFIG), "prod", &["0.1.0", "0.2.0"]);
    assert_eq!(newer_data(&untouched, false), None, "0.2.0 has no migration");
    let migrated = || {
        let mut server = running(&prod(CONFIG), "prod", &["0.1.0"]);
        server.heads = "c3 (head)\n";
        deploy(&server, &prod(CONFIG), "0.2.0", Some("0.1.0")).unwrap();
        server
    };
    assert_eq!(newer_data(&migrated(), false), None, "Alembic could undo it");
    let cannot = "Traceback (most recent call last):\nNotImplementedError: the suggestions are gone\n";
    let breaks = ("downgrade c3:b2 --sql", 1, cannot);
    for asked_for in [false, true] {
        let server = migrated();
        server.broken.borrow_mut().push(breaks);
        insta::allow_duplicates! {
            insta::assert_snapshot!(newer_data(&server, asked_for).unwrap(), @"0.2.0 brought the database from `b2` to `c3`, which Alembic cannot undo: NotImplementedError: the suggestions are gone");
        }
    }
    let silent = migrated();
    silent
        .broken
        .borrow_mut()
        .push(("alembic current", 1, "could not connect to server"));
    assert_eq!(
        newer_data(&silent, false),
        None,
        "nobody can tell, and going back goes on"
    );
    let undone = migrated();
    undone.broken.borrow_mut().push(breaks);
    *undone.revision.borrow_mut() = "b2\n".into();
    assert_eq!(
        newer_data(&undone, false),
        None,
        "the migration had failed, and changed nothing"
    );
    let again = migrated();
    again.broken.borrow_mut().push(breaks);
    roll_back(&again, &prod(CONFIG), "0.2.0", "0.1.0").unwrap();
    deploy(&again, &prod(CONFIG), "0.2.0", Some("0.1.0")).unwrap();
    assert_eq!(
        newer_data(&again, false),
        None,
        "a backup from before this deploy would not help"
    );
}

#[test]
fn a_rollback_starts_what_was_stopped_since() {
    let server = running(&prod(CONFIG), "prod", &["0.1.0", "0.2.0"]);
    server.units.borrow_mut().remove("agentiq-chat@8001.service");
    roll_back(&server, &prod(CONFIG), "0.2.0", "0.1.0").unwrap();
    assert!(
        server
            .told()
            .contains("systemctl restart agentiq-chat@8001.service")
    );
    assert_eq!(served(&server).as_deref(), Some("0.1.0"));
}

#[test]
fn what_does_not_come_up_is_stopped_and_never_gets_a_client() {
    for app in [App::Dies, App::DiesLater, App::Sick] {
        let mut server = running(&prod(CONFIG), "prod", &["0.1.0"]);
        server.apps.insert("0.2.0", app);
        let error = message(deploy(&server, &prod(CONFIG), "0.2.0", Some("0.1.0")).unwrap_err());
        assert!(error.ends_with("what ran before still serves"), "{error}");
        let told = server.told();
        assert!(
            !told.contains("nginx") && told.ends_with("systemctl stop agentiq-chat@8003.service"),
            "{told}"
        );
        assert_eq!(served(&server).as_deref(), Some("0.1.0"));
    }
}

#[test]
fn nginx_that_refuses_or_does_not_listen_gets_its_file_back() {
    let failed = |change: fn(&Server)| {
        let server = running(&prod(CONFIG), "prod", &["0.1.0"]);
        let before = file(&server, "/etc/nginx/runner/agentiq-prod.conf");
        change(&server);
        let error = message(deploy(&server, &prod(CONFIG), "0.2.0", Some("0.1.0")).unwrap_err());
        assert_eq!(file(&server, "/etc/nginx/runner/agentiq-prod.conf"), before);
        assert_eq!(served(&server).as_deref(), Some("0.1.0"));
        assert!(!server.units.borrow().contains_key("agentiq-chat@8003.service"));
        error
    };
    insta::assert_snapshot!(failed(|server| server.refused.set(Some("8003"))), @r#"nginx refuses `/etc/nginx/runner/agentiq-prod.conf`, which is as it was again: nginx: [emerg] unexpected "8003"; what ran before still serves"#);
    insta::assert_snapshot!(failed(|server| server.deaf.set(true)), @"nginx was reloaded and does not serve 8003=100: look for `emerg` in its error log; it answered: HTTP/1.1 200 OK · Server: nginx · x-runner-shares: 8001=100; what ran before still serves");
    insta::assert_snapshot!(failed(|server| server.broken.borrow_mut().push(("openssl x509 -noout -checkend 0", 1, ""))), @"the certificate `/etc/ssl/runner/agentiq.ru.crt` on vps has expired or is not there, so nothing was touched: `runner env setup prod` makes a new one");
    insta::assert_snapshot!(failed(|server| server.listens.set(Some(8003))), @r#"port 8003 of vps is taken by another program ("grafana",pid=7,fd=3): stop it, or give this environment another port in `web.ports`"#);
    insta::assert_snapshot!(failed(|server| server.broken.borrow_mut().push(("restart agentiq-celery@8003", 1, "Job failed."))), @r"
        starting `agentiq-celery@8003.service`: ended with exit code 1: Job failed.
        it said last:
        ModuleNotFoundError: No module named 'fastapi'; what ran before still serves
        ");
}

/// Whatever change the server fails at, clients are served by one whole version: the old one, or the new one.
#[test]
fn nothing_is_half_published_wherever_it_fails() {
    for strategy in ["blue-green", "canary"] {
        let changes = {
            let server = running(&prod(strategy), "prod", &["0.1.0"]);
            deploy(&server, &prod(strategy), "0.2.0", Some("0.1.0")).unwrap();
            server.changes.borrow().len()
        };
        assert!(changes > 5, "{changes}");
        for index in 0..changes {
            let server = running(&prod(strategy), "prod", &["0.1.0"]);
            server.fails_at.set(Some(index));
            let failed = deploy(&server, &prod(strategy), "0.2.0", Some("0.1.0")).is_err();
            let told = server.told();
            let serves = served(&server).unwrap_or_else(|| panic!("nothing serves after {told}"));
            let current = server.link_to("/opt/agentiq/current").unwrap();
            let front = server.link_to("/var/www/agentiq").unwrap();
            if failed && !told.contains("chown -R ubuntu:") {
                assert_eq!(serves, "0.1.0", "{told}");
            }
            assert!(
                current.contains(&serves) && front.contains(&serves),
                "{serves}: {current}, {front} after {told}"
            );
            // And it can be done again.
            server.fails_at.set(None);
            deploy(&server, &prod(strategy), "0.2.0", Some("0.1.0")).unwrap();
        }
    }
}

#[test]
fn old_releases_go_and_what_is_needed_stays() {
    let server = running(&prod(CONFIG), "prod", &["0.1.0", "0.2.0", "0.3.0", "0.4.0"]);
    let nodes = server.nodes.borrow();
    let there = |version: &str| {
        nodes
            .keys()
            .any(|path| path.starts_with(&format!("/opt/agentiq/releases/{version}-")))
    };
    assert_eq!(
        ["0.1.0", "0.2.0", "0.3.0", "0.4.0"].map(there),
        [false, false, true, true]
    );
}

#[test]
fn a_plan_lists_the_switch() {
    let server = running(&prod(CONFIG), "prod", &["0.1.0"]);
    let (before, nginx) = (server.nodes.borrow().clone(), server.nginx.borrow().clone());
    server.plan.set(true);
    Systemd::deploy(
        &server,
        &about(prod(CONFIG), "prod", "0.2.0", Some("0.1.0")).in_plan(),
    )
    .unwrap();
    let told = server.told();
    assert!(
        told.contains("systemctl reload nginx")
            && told.contains("--on-active 30s systemctl stop agentiq-chat@8001"),
        "{told}"
    );
    assert_eq!(
        (&*server.nodes.borrow(), &*server.nginx.borrow()),
        (&before, &nginx)
    );
    // The same deploy, done: what was listed, and nothing else.
    server.plan.set(false);
    deploy(&server, &prod(CONFIG), "0.2.0", Some("0.1.0")).unwrap();
    // What the requirements and migrations need is known only when they are there.
    let foreseen = |text: &str| -> Vec<String> {
        let lines = text
            .lines()
            .filter(|line| !line.contains("/venvs/") && !line.contains("upgrade head"));
        let mut lines: Vec<_> = lines.map(str::to_owned).collect();
        // The record is written once more before a migration.
        lines.dedup();
        lines
    };
    assert_eq!(foreseen(&told), foreseen(&server.told()));
}
