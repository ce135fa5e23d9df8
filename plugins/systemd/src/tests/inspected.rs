//! What runs there, and the lock.

use runner_sdk::lock::Holder;
use runner_sdk::target::Condition;
use runner_sdk::{Lock, Traffic};

use super::server::App;
use super::*;

fn seen(server: &Server, config: Value, environment: &str, version: &str) -> String {
    let there = Systemd::inspect(server, &about(config, environment, version, None)).unwrap();
    let mut text = format!("{}\n", there.version.as_deref().unwrap_or("nothing"));
    for service in there.services {
        let version = service.version.unwrap_or_else(|| "-".into());
        let condition = format!("{:?}", service.condition).replace("Condition::", "");
        text.push_str(
            &format!("{} {version} {condition} {}\n", service.name, service.detail).replace(" \n", "\n"),
        );
    }
    short(&text)
}

#[test]
fn nothing_is_no_version() {
    assert_eq!(seen(&Server::new(), staging(), "staging", "0.1.0"), "nothing\n");
    assert_eq!(
        seen(
            &running(&prod("blue-green"), "prod", &[]),
            prod("blue-green"),
            "prod",
            "0.1.0"
        ),
        "nothing\n"
    );
}

#[test]
fn one_unit() {
    let server = running(&staging(), "staging", &["0.1.0"]);
    insta::assert_snapshot!(seen(&server, staging(), "staging", "0.1.0"), @r"
        0.1.0
        web 0.1.0 Healthy
        celery 0.1.0 Healthy
        ");
    // Somebody switched the link by hand.
    running_with_link(&server, "releases/0.1.0-ffffffffffff");
    assert_eq!(seen(&server, staging(), "staging", "0.1.0"), "nothing\n");
    let mut server = running(&staging(), "staging", &["0.1.0"]);
    server.units.borrow_mut().remove("agentiq-staging-celery.service");
    insta::assert_snapshot!(seen(&server, staging(), "staging", "0.1.0"), @r"
        0.1.0
        web 0.1.0 Healthy
        celery 0.1.0 Stopped `agentiq-staging-celery.service` is inactive
        ");
    server.apps.insert("0.2.0", App::Good);
    deploy(&server, &staging(), "0.2.0", Some("0.1.0")).unwrap();
    let old = server
        .units
        .borrow()
        .get("agentiq-staging.service")
        .cloned()
        .unwrap();
    let old = super::server::Unit {
        folder: old.folder.replace("0.2.0-", "0.1.0-"),
        ..old
    };
    server
        .units
        .borrow_mut()
        .insert("agentiq-staging.service".into(), old);
    insta::assert_snapshot!(seen(&server, staging(), "staging", "0.2.0"), @r"
        0.2.0
        web - Unhealthy it still runs 0.1.0-DIGEST
        celery 0.2.0 Healthy
        ");
}

fn running_with_link(server: &Server, to: &str) {
    server
        .nodes
        .borrow_mut()
        .insert("/opt/agentiq-staging/current".into(), Node::Link(to.into()));
}

#[test]
fn what_lacks_something_may_start_and_is_not_healthy() {
    let mut server = running(&staging(), "staging", &[]);
    server.apps.insert("0.1.0", App::Degraded);
    deploy(&server, &staging(), "0.1.0", None).unwrap();
    insta::assert_snapshot!(seen(&server, staging(), "staging", "0.1.0"), @r#"
        0.1.0
        web 0.1.0 Unhealthy http://127.0.0.1:8002/health: says that it is `degraded`: {"status":"degraded"}
        celery 0.1.0 Healthy
        "#);
}

#[test]
fn both_ports() {
    let server = running(&prod("blue-green"), "prod", &["0.1.0", "0.2.0"]);
    insta::assert_snapshot!(seen(&server, prod("blue-green"), "prod", "0.2.0"), @r"
        0.2.0
        web 0.2.0 Healthy
        celery 0.2.0 Healthy
        web:8001 - Healthy 0.1.0-45f102f1fb82, without clients
        ");
    // It ends between two looks.
    let mut units = server.units.borrow_mut();
    units.get_mut("agentiq-chat@8001.service").unwrap().folder.clear();
    drop(units);
    insta::assert_snapshot!(seen(&server, prod("blue-green"), "prod", "0.2.0"), @r"
        0.2.0
        web 0.2.0 Healthy
        celery 0.2.0 Healthy
        ");
    let server = running(&prod("canary"), "prod", &["0.1.0"]);
    deploy(&server, &prod("canary"), "0.2.0", Some("0.1.0")).unwrap();
    Systemd::shift(&server, &about(prod("canary"), "prod", "0.2.0", Some("0.1.0")), 5).unwrap();
    insta::assert_snapshot!(seen(&server, prod("canary"), "prod", "0.2.0"), @r"
        0.2.0
        web 0.2.0 Healthy 5 % of the clients
        celery - Healthy the old version's, until it has all clients
        web:8001 - Healthy 0.1.0-45f102f1fb82, 95 % of the clients
        ");
    // Who asks for the old one is told of that.
    insta::assert_snapshot!(seen(&server, prod("canary"), "prod", "0.1.0"), @r"
        0.1.0
        web 0.1.0 Healthy 95 % of the clients
        celery 0.1.0 Healthy
        web:8003 - Healthy 0.2.0-b1267c1461af, 5 % of the clients
        ");
}

#[test]
fn a_unit_that_is_down_and_a_proxy_that_does_not_answer() {
    let server = running(&prod("blue-green"), "prod", &["0.1.0"]);
    *server.nginx.borrow_mut() = String::new();
    insta::assert_snapshot!(seen(&server, prod("blue-green"), "prod", "0.1.0"), @r"
        0.1.0
        web 0.1.0 Unhealthy nginx answers for agentiq.ru: curl: (7) Failed to connect
        celery 0.1.0 Healthy
        ");
    server.units.borrow_mut().clear();
    insta::assert_snapshot!(seen(&server, prod("blue-green"), "prod", "0.1.0"), @r"
        0.1.0
        web 0.1.0 Stopped `agentiq-chat@8001.service` is inactive
        celery 0.1.0 Stopped `agentiq-celery@8001.service` is inactive
        ");
    let context = about(prod("blue-green"), "prod", "0.1.0", None);
    assert_eq!(
        Systemd::inspect(&server, &context).unwrap().services[0].condition,
        Condition::Stopped
    );
}

#[test]
fn the_lock_is_the_first_ones() {
    let server = running(&staging(), "staging", &[]);
    let context = about(staging(), "staging", "0.1.0", None);
    let holder = |run: &str| Holder {
        owner: "ann".into(),
        run_id: run.into(),
        reason: "release".into(),
        since: 0,
    };
    let take = |run, replaces| {
        Systemd::acquire(&server, &context, &holder(run), replaces)
            .unwrap()
            .map(|other| other.run_id)
    };
    assert_eq!(take("r1", None), None);
    assert_eq!(take("r1", None), None);
    assert_eq!(take("r2", None).as_deref(), Some("r1"));
    assert_eq!(take("r2", Some("r0")).as_deref(), Some("r1"));
    assert_eq!(take("r2", Some("r1")), None);
    <Systemd as Lock>::release(&server, &context, "r1").unwrap();
    assert_eq!(take("r1", None).as_deref(), Some("r2"));
    <Systemd as Lock>::release(&server, &context, "r2").unwrap();
    assert_eq!(take("r1", None), None);
    let bare = Systemd::acquire(&Server::new(), &context, &holder("r1"), None).unwrap_err();
    insta::assert_snapshot!(message(bare), @"`/opt/agentiq-staging` on vps is not set up: run `runner env setup staging` first");
}
