//! After a crash, what may have been done is done again: twice is the same as once.

use std::fmt::Debug;

use runner_sdk::testing::twice;
use runner_sdk::{Host, Traffic};

use super::*;

/// Without the account, and with something that stood there before `runner` came and is moved aside.
fn server() -> Server {
    let server = Server::new();
    server.account.set(false);
    server.put("/var/www/agentiq/index.html", "of before");
    server
}

/// A set-up, two releases and the way back, and a set-up that is asked for something else; all that was answered.
fn life(host: &impl Host, config: &Value, environment: &str) -> Vec<String> {
    let set_up = |config: &Value| {
        let context = about(config.clone(), environment, "0.0.0", None);
        format!("{:?}", Systemd::apply(host, &context))
    };
    let deploy = |version: &str, previous: Option<&str>| {
        let context = about(config.clone(), environment, version, previous);
        let deployed = format!("{:?}", Systemd::deploy(host, &context));
        match config["strategy"] == "canary" {
            true => deployed + &format!("{:?}", <Systemd as Traffic>::finish(host, &context)),
            false => deployed,
        }
    };
    let back = about(config.clone(), environment, "0.2.0", Some("0.1.0"));
    let mut other = config.clone();
    other["env"]["TOLD"] = json!("another");
    other["nginx"]["body-limit"] = json!("64m");
    vec![
        set_up(config),
        deploy("0.1.0", None),
        deploy("0.2.0", Some("0.1.0")),
        format!("{:?}", Systemd::inspect(host, &back)),
        format!("{:?}", Systemd::rollback(host, &back, &built("0.1.0"))),
        set_up(&other),
        set_up(&other),
    ]
}

/// All that a server is left with, but for what tells one start of a process from another.
fn end(server: &Server) -> impl PartialEq + Debug + use<> {
    let units = server.units.borrow();
    let units: Vec<_> = units
        .iter()
        .map(|(name, unit)| (name.clone(), unit.folder.clone()))
        .collect();
    (
        server.nodes.borrow().clone(),
        server.nginx.borrow().clone(),
        server.database.borrow().clone(),
        server.revision.borrow().clone(),
        units,
    )
}

fn is_the_same_twice(config: &Value, environment: &str) {
    let answers = life(&server(), config, environment);
    assert!(
        answers.iter().all(|answer| answer.starts_with("Ok(")),
        "{answers:#?}"
    );
    let tried = twice(server, |server| (life(server, config, environment), end(server)));
    assert!(tried > 50, "{tried} changes are too few for such a life");
}

#[test]
fn a_life_of_restarts_in_which_any_change_is_made_twice_ends_the_same() {
    is_the_same_twice(&staging(), "staging");
}

#[test]
fn a_life_of_two_ports_in_which_any_change_is_made_twice_ends_the_same() {
    is_the_same_twice(&prod("blue-green"), "prod");
}

#[test]
fn a_life_of_canaries_in_which_any_change_is_made_twice_ends_the_same() {
    is_the_same_twice(&prod("canary"), "prod");
}
