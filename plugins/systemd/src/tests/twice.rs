//! After a crash, what may have been done is done again: twice is the same as once.

use super::*;

/// A set-up, two releases and the way back.
fn life(config: &Value, environment: &str, twice: bool) -> Server {
    let server = Server::new();
    // What stood there before `runner` came, and is moved aside.
    server.put("/var/www/agentiq/index.html", "of before");
    server.twice.set(twice);
    let server = running_with(server, config, environment, &["0.1.0", "0.2.0"]);
    roll_back(&server, config, "0.2.0", "0.1.0").unwrap();
    server
}

#[test]
fn a_life_in_which_every_change_is_made_twice_ends_the_same() {
    for (config, environment) in [
        (staging(), "staging"),
        (prod("blue-green"), "prod"),
        (prod("canary"), "prod"),
    ] {
        let (once, twice) = (
            life(&config, environment, false),
            life(&config, environment, true),
        );
        assert_eq!(*once.nodes.borrow(), *twice.nodes.borrow());
        assert_eq!(*once.nginx.borrow(), *twice.nginx.borrow());
        assert_eq!(*once.database.borrow(), *twice.database.borrow());
    }
}
