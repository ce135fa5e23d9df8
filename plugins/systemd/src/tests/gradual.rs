//! Strategy `canary`.

use runner_sdk::Traffic;

use super::server::App;
use super::*;

const CONFIG: &str = "canary";

fn shares(server: &Server) -> String {
    let nginx = server.nginx.borrow();
    nginx
        .lines()
        .find_map(|line| line.strip_prefix("# shares: "))
        .unwrap_or_default()
        .to_owned()
}

fn context(version: &str) -> Context<Config> {
    about(prod(CONFIG), "prod", version, Some("0.1.0"))
}

fn arrived() -> Server {
    let server = running(&prod(CONFIG), "prod", &["0.1.0"]);
    deploy(&server, &prod(CONFIG), "0.2.0", Some("0.1.0")).unwrap();
    server
}

#[test]
fn clients_come_little_by_little() {
    let server = arrived();
    assert_eq!(shares(&server), "8001=100");
    server.told();
    Systemd::shift(&server, &context("0.2.0"), 5).unwrap();
    insta::assert_snapshot!(file(&server, "/etc/nginx/runner/agentiq-prod.conf"), @r#"
        # runner: agentiq/prod
        # shares: 8001=95,8003=5
        upstream agentiq-prod-8001 { server 127.0.0.1:8001; }
        upstream agentiq-prod-8003 { server 127.0.0.1:8003; }
        split_clients "${remote_addr}${http_user_agent}" $agentiq_prod_slot {
            5% 8003;
            * 8001;
        }
        map $host $agentiq_prod_shares { default "8001=95,8003=5"; }
        "#);
    // The same again changes no file.
    server.told();
    Systemd::shift(&server, &context("0.2.0"), 5).unwrap();
    insta::assert_snapshot!(server.told(), @"sudo -n systemctl reload nginx");
    Systemd::shift(&server, &context("0.2.0"), 50).unwrap();
    assert_eq!(shares(&server), "8001=50,8003=50");
    server.told();
    Systemd::finish(&server, &context("0.2.0")).unwrap();
    insta::assert_snapshot!(short(&server.told()), @r"
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
    assert_eq!(shares(&server), "8003=100");
    Systemd::finish(&server, &context("0.2.0")).unwrap();
    Systemd::shift(&server, &context("0.2.0"), 100).unwrap();
    assert_eq!(server.told(), "");
}

#[test]
fn a_breach_gives_all_clients_back() {
    let server = arrived();
    Systemd::shift(&server, &context("0.2.0"), 50).unwrap();
    server.told();
    roll_back(&server, &prod(CONFIG), "0.2.0", "0.1.0").unwrap();
    assert_eq!(shares(&server), "8001=100");
    let told = server.told();
    assert!(
        told.contains("--on-active 30s systemctl stop agentiq-chat@8003.service"),
        "{told}"
    );
    assert!(!told.contains("restart"), "{told}");
    assert_eq!(
        version(server.served("agentiq-prod", "agentiq-chat")).as_deref(),
        Some("0.1.0")
    );
}

#[test]
fn one_roll_out_at_a_time() {
    let server = arrived();
    Systemd::shift(&server, &context("0.2.0"), 5).unwrap();
    let error = deploy(&server, &prod(CONFIG), "0.3.0", Some("0.1.0")).unwrap_err();
    insta::assert_snapshot!(message(error), @"a gradual roll-out is under way (8001=95,8003=5): end it, or take it back with `runner rollback prod`");
    let error = Systemd::shift(&server, &context("0.9.0"), 5).unwrap_err();
    insta::assert_snapshot!(message(error), @"0.9.0 runs on no port of prod: deploy it first");
}

#[test]
fn what_does_not_come_up_gets_no_client() {
    let mut server = running(&prod(CONFIG), "prod", &["0.1.0"]);
    server.apps.insert("0.2.0", App::Dies);
    deploy(&server, &prod(CONFIG), "0.2.0", Some("0.1.0")).unwrap_err();
    assert_eq!(shares(&server), "8001=100");
}

#[test]
fn other_strategies_take_no_part_of_it() {
    let server = running(&prod("blue-green"), "prod", &["0.1.0"]);
    let context = about(prod("blue-green"), "prod", "0.1.0", None);
    Systemd::finish(&server, &context).unwrap();
    assert!(matches!(
        Systemd::shift(&server, &context, 5),
        Err(Error::InvalidConfig(_))
    ));
}
