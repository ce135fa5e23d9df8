//! Strategy `restart`, and all that comes before any strategy.

use super::server::App;
use super::*;

fn served(server: &Server) -> Option<String> {
    version(server.served("agentiq-staging", "agentiq-staging"))
}

#[test]
fn a_deploy_from_nothing() {
    let server = running(&staging(), "staging", &[]);
    deploy(&server, &staging(), "0.1.0", None).unwrap();
    insta::assert_snapshot!(short(&server.told()), @r"
        unpack /opt/agentiq-staging/releases/0.1.0-DIGEST/backend
        unpack /opt/agentiq-staging/releases/0.1.0-DIGEST/frontend
        write /opt/agentiq-staging/releases/0.1.0-DIGEST/.env
        python3 -m venv --clear /opt/agentiq-staging/venvs/DIGEST
        env --chdir /opt/agentiq-staging/releases/0.1.0-DIGEST/backend /opt/agentiq-staging/venvs/DIGEST/bin/python -m pip install --no-input --disable-pip-version-check --cache-dir /opt/agentiq-staging/shared/pip-cache --requirement /opt/agentiq-staging/releases/0.1.0-DIGEST/backend/requirements.txt
        write /opt/agentiq-staging/venvs/DIGEST/.whole
        link /opt/agentiq-staging/releases/0.1.0-DIGEST/venv -> /opt/agentiq-staging/venvs/DIGEST
        sudo -n chown -R www-data: /opt/agentiq-staging/releases/0.1.0-DIGEST/frontend
        write /opt/agentiq-staging/releases/0.1.0-DIGEST/.release.json
        write /opt/agentiq-staging/releases/0.1.0-DIGEST/.release.json
        sudo -n systemd-run --quiet --collect --wait --pipe --unit agentiq-staging-migration --uid ubuntu --working-directory /opt/agentiq-staging/releases/0.1.0-DIGEST/backend --property EnvironmentFile=-/etc/runner/agentiq-staging.env --property RuntimeMaxSec=600 /opt/agentiq-staging/releases/0.1.0-DIGEST/venv/bin/alembic upgrade head
        link /opt/agentiq-staging/current -> releases/0.1.0-DIGEST
        sudo -n systemctl restart agentiq-staging.service
        sudo -n systemctl restart agentiq-staging-celery.service
        sudo -n ln -sfn /opt/agentiq-staging/releases/0.1.0-DIGEST/frontend /var/www/.staging.runner
        sudo -n mv -fT /var/www/.staging.runner /var/www/staging
        ");
    assert_eq!(served(&server).as_deref(), Some("0.1.0"));
    let record = file(
        &server,
        &server
            .nodes
            .borrow()
            .keys()
            .find(|path| path.ends_with(".release.json"))
            .unwrap()
            .clone(),
    );
    assert!(record.contains("\"alembic-before\": \"a1\""), "{record}");
}

#[test]
fn a_second_release_reuses_the_environment_and_needs_no_migration() {
    let server = running(&staging(), "staging", &["0.1.0"]);
    deploy(&server, &staging(), "0.2.0", Some("0.1.0")).unwrap();
    let told = server.told();
    assert!(
        !told.contains("pip install") && !told.contains("upgrade head"),
        "{told}"
    );
    assert_eq!(served(&server).as_deref(), Some("0.2.0"));
}

#[test]
fn what_does_not_come_up_is_taken_back() {
    for (app, said) in [
        (
            App::Dies,
            "ended by itself (exit-code, started again 1 times)\nit said last:\nModuleNotFoundError: No module named 'fastapi'",
        ),
        (
            App::DiesLater,
            "ended by itself (success, started again 1 times), within 4s of its start",
        ),
        (
            App::Sick,
            "did not become healthy within 1m: http://127.0.0.1:8002/health: answered 503: {\"database\":\"down\"}",
        ),
    ] {
        let mut server = running(&staging(), "staging", &["0.1.0"]);
        server.apps.insert("0.2.0", app);
        let error = message(deploy(&server, &staging(), "0.2.0", Some("0.1.0")).unwrap_err());
        assert!(
            error.contains(said) && error.contains("was started again"),
            "{error}"
        );
        assert_eq!(served(&server).as_deref(), Some("0.1.0"), "{app:?}");
        let front = server.link_to("/var/www/staging").unwrap();
        assert!(front.contains("/0.1.0-"), "{front}");
    }
}

#[test]
fn a_rollback_needs_neither_network_nor_migrations() {
    let server = running(&staging(), "staging", &["0.1.0", "0.2.0"]);
    roll_back(&server, &staging(), "0.2.0", "0.1.0").unwrap();
    insta::assert_snapshot!(short(&server.told()), @r"
        link /opt/agentiq-staging/current -> releases/0.1.0-DIGEST
        sudo -n systemctl restart agentiq-staging.service
        sudo -n systemctl restart agentiq-staging-celery.service
        sudo -n ln -sfn /opt/agentiq-staging/releases/0.1.0-DIGEST/frontend /var/www/.staging.runner
        sudo -n mv -fT /var/www/.staging.runner /var/www/staging
        ");
    assert_eq!(served(&server).as_deref(), Some("0.1.0"));
}

#[test]
fn a_release_deleted_by_hand_is_placed_again() {
    let server = running(&staging(), "staging", &["0.1.0", "0.2.0"]);
    let gone: Vec<_> = server
        .nodes
        .borrow()
        .keys()
        .filter(|path| path.contains("/releases/0.1.0-"))
        .cloned()
        .collect();
    gone.iter()
        .filter(|path| path.contains("/backend/"))
        .for_each(|path| {
            server.nodes.borrow_mut().remove(path);
        });
    roll_back(&server, &staging(), "0.2.0", "0.1.0").unwrap();
    assert!(server.told().contains("/backend"));
    assert_eq!(served(&server).as_deref(), Some("0.1.0"));
}

/// Everything that is said before anything is touched.
#[test]
fn a_server_that_is_not_as_it_must_be_is_not_touched() {
    let refused = |change: fn(&Server), heads: &'static str| {
        let mut server = running(&staging(), "staging", &["0.1.0"]);
        server.heads = heads;
        change(&server);
        let error = message(deploy(&server, &staging(), "0.2.0", Some("0.1.0")).unwrap_err());
        let told = server.told();
        assert!(!told.contains("systemctl") && !told.contains("current"), "{told}");
        assert_eq!(served(&server).as_deref(), Some("0.1.0"));
        error
    };
    let one = "b2 (head)\n";
    insta::assert_snapshot!(refused(|server| server.free_mib.set(100), one), @"the disk of vps is full: 100 MiB are free below `/opt/agentiq-staging`, and `min-free` is 512: make room there, or lower `keep`");
    insta::assert_snapshot!(refused(|server| server.refused.set(Some("server")), one), @r#"nginx on vps is broken already, so nothing was touched: mend what `nginx -t` says: nginx: [emerg] unexpected "server""#);
    insta::assert_snapshot!(refused(|_| (), "b2 (head)\nc3 (head)\n"), @"there are 2 heads of migrations, `b2`, `c3`: join them with `alembic merge heads`, commit, and release again");
    insta::assert_snapshot!(refused(|server| server.broken.borrow_mut().push(("nginx -t", 1, "sudo: a password is required")), one), @"`sudo` asks `ubuntu` for a password on vps: allow it without, e.g. with `ubuntu ALL=(ALL) NOPASSWD: ALL` in `/etc/sudoers.d/runner`; `runner plugin inspect systemd` lists the programs");
    insta::assert_snapshot!(refused(|server| server.put("/opt/agentiq-staging/.environment", "# runner: shop/prod\n"), one), @"`/opt/agentiq-staging` belongs to shop/prod: give `staging` a `root` of its own");
    insta::assert_snapshot!(refused(|server| { server.nodes.borrow_mut().remove("/etc/systemd/system/agentiq-staging-celery.service"); }, one), @"systemd on vps does not know `agentiq-staging-celery.service`: run `runner env setup staging` first");
    insta::assert_snapshot!(refused(|server| { server.nodes.borrow_mut().remove("/var/www/staging"); server.put("/var/www/staging/index.html", ""); }, one), @"`/var/www/staging` is a folder, and is to be a link to releases: run `runner env setup staging`, which moves it aside");
    insta::assert_snapshot!(refused(|server| {
        *server.revision.borrow_mut() = "a1\n".into();
        server.broken.borrow_mut().push(("upgrade head", 1, "sqlalchemy.exc.ProgrammingError: relation \"chats\" exists"));
    }, one), @r#"migrating the database of staging: `alembic upgrade head`: ended with exit code 1: sqlalchemy.exc.ProgrammingError: relation "chats" exists; the database is at `a1`, as before; what ran before still serves"#);
    insta::assert_snapshot!(refused(|server| server.broken.borrow_mut().push(("alembic current", 1, "could not connect to server")), one), @"asking the database for its revision: ended with exit code 1: could not connect to server");
}

#[test]
fn a_migration_that_went_on_alone_is_waited_for() {
    let server = running(&staging(), "staging", &[]);
    server.collides.set(true);
    deploy(&server, &staging(), "0.1.0", None).unwrap();
    assert_eq!(server.told().matches("upgrade head").count(), 2);
    assert_eq!(served(&server).as_deref(), Some("0.1.0"));
}

#[test]
fn a_disk_that_fills_up_says_so() {
    let server = running(&staging(), "staging", &["0.1.0"]);
    server
        .nodes
        .borrow_mut()
        .retain(|path, _| !path.contains("/venvs/"));
    server
        .broken
        .borrow_mut()
        .push(("pip install", 1, "OSError: [Errno 28] No space left on device"));
    insta::assert_snapshot!(short(&message(deploy(&server, &staging(), "0.2.0", Some("0.1.0")).unwrap_err())), @"nothing that runs was touched: installing `requirements.txt` of releases/0.2.0-b1267c1461af: ended with exit code 1: OSError: [Errno 28] No space left on device: the disk of vps is full: make room there, then try again");
    assert_eq!(served(&server).as_deref(), Some("0.1.0"));
}

#[test]
fn a_port_that_another_program_has_is_not_fought_for() {
    let server = running(&staging(), "staging", &[]);
    server.listens.set(Some(8002));
    insta::assert_snapshot!(message(deploy(&server, &staging(), "0.1.0", None).unwrap_err()), @r#"port 8002 of vps is taken by another program ("grafana",pid=7,fd=3): stop it, or give this environment another port in `web.ports`"#);
}

/// A deploy that failed before it touched anything is taken back, too.
#[test]
fn what_runs_already_is_not_restarted_by_going_back_to_it() {
    let server = running(&staging(), "staging", &["0.1.0"]);
    roll_back(&server, &staging(), "0.2.0", "0.1.0").unwrap();
    assert!(!server.told().contains("restart"), "{}", server.told());
    server.units.borrow_mut().remove("agentiq-staging-celery.service");
    roll_back(&server, &staging(), "0.2.0", "0.1.0").unwrap();
    assert!(
        server.told().contains("systemctl restart agentiq-staging-celery"),
        "{}",
        server.told()
    );
}

#[test]
fn a_plan_lists_all_and_touches_nothing() {
    let server = running(&staging(), "staging", &["0.1.0"]);
    let before = server.nodes.borrow().clone();
    server.plan.set(true);
    let mut context = about(staging(), "staging", "0.2.0", Some("0.1.0")).in_plan();
    context.release = Some(release("0.2.0"));
    Systemd::deploy(&server, &context).unwrap();
    insta::assert_snapshot!(short(&server.told()), @r"
        unpack /opt/agentiq-staging/releases/0.2.0-unbuilt/backend
        unpack /opt/agentiq-staging/releases/0.2.0-unbuilt/frontend
        write /opt/agentiq-staging/releases/0.2.0-unbuilt/.env
        python3 -m venv --clear /opt/agentiq-staging/venvs/unbuilt
        env --chdir /opt/agentiq-staging/releases/0.2.0-unbuilt/backend /opt/agentiq-staging/venvs/unbuilt/bin/python -m pip install --no-input --disable-pip-version-check --cache-dir /opt/agentiq-staging/shared/pip-cache --requirement /opt/agentiq-staging/releases/0.2.0-unbuilt/backend/requirements.txt
        write /opt/agentiq-staging/venvs/unbuilt/.whole
        link /opt/agentiq-staging/releases/0.2.0-unbuilt/venv -> /opt/agentiq-staging/venvs/unbuilt
        sudo -n chown -R www-data: /opt/agentiq-staging/releases/0.2.0-unbuilt/frontend
        write /opt/agentiq-staging/releases/0.2.0-unbuilt/.release.json
        write /opt/agentiq-staging/releases/0.2.0-unbuilt/.release.json
        sudo -n systemd-run --quiet --collect --wait --pipe --unit agentiq-staging-migration --uid ubuntu --working-directory /opt/agentiq-staging/releases/0.2.0-unbuilt/backend --property EnvironmentFile=-/etc/runner/agentiq-staging.env --property RuntimeMaxSec=600 /opt/agentiq-staging/releases/0.2.0-unbuilt/venv/bin/alembic upgrade head
        link /opt/agentiq-staging/current -> releases/0.2.0-unbuilt
        sudo -n systemctl restart agentiq-staging.service
        sudo -n systemctl restart agentiq-staging-celery.service
        sudo -n ln -sfn /opt/agentiq-staging/releases/0.2.0-unbuilt/frontend /var/www/.staging.runner
        sudo -n mv -fT /var/www/.staging.runner /var/www/staging
        ");
    assert_eq!(*server.nodes.borrow(), before);
}
