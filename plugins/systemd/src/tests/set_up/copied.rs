//! The copy of another database: filled once, whole, whatever is done again and whatever goes wrong.

use super::*;

/// What goes wrong once the dump is made.
fn after_the_dump(server: &Server, what: impl Fn(&Server) + 'static) {
    *server.meanwhile.borrow_mut() = Some(Box::new(move |server, line| {
        if line.contains("pg_dump") {
            what(server);
        }
    }));
}

fn tables(server: &Server) -> Option<String> {
    server.database.borrow().get("tables").cloned()
}

fn set_up(server: &Server) -> Result<String, String> {
    applied(server, staging(), "staging").map_err(message)
}

#[test]
fn a_copy_that_was_whole_before_a_crash_is_gone_on_from() {
    let server = Server::new();
    // What is done again after the crash finds what the one before it left.
    after_the_dump(&server, |server| {
        server.database.borrow_mut().insert("tables".into(), "3".into());
    });
    let changes = set_up(&server).unwrap();
    assert!(
        changes.contains("+ filled with a copy of agentiq_chat"),
        "{changes}"
    );
    let told = server.told();
    assert!(
        told.contains("rm -f /var/tmp/agentiq-staging-copy.dump"),
        "{told}"
    );
    assert!(told.contains("/etc/nginx/sites-enabled"), "{told}");
    assert_eq!(set_up(&server), Ok(String::new()));
    assert_eq!(server.told(), "");
}

#[test]
fn a_copy_that_failed_is_told_and_made_by_the_next_set_up() {
    let server = Server::new();
    let refused =
        "pg_restore: error: could not execute query: ERROR:  role \"agentiq_staging\" does not exist";
    server.broken.borrow_mut().push(("pg_restore", 1, refused));
    let error = set_up(&server).unwrap_err();
    assert_eq!(
        error,
        format!("filling the database `agentiq_chat_staging`: ended with exit code 1: {refused}")
    );
    assert_eq!(tables(&server), None);
    server.broken.borrow_mut().clear();
    set_up(&server).unwrap();
    assert_eq!(tables(&server).as_deref(), Some("3"));
}

#[test]
fn what_postgresql_does_not_answer_is_not_taken_for_a_copy() {
    let lost = "pg_restore: error: could not execute query: server closed the connection unexpectedly";
    for (code, said) in [
        (
            2,
            "psql: error: connection to server failed: FATAL:  the database system is starting up",
        ),
        (0, ""),
    ] {
        let server = Server::new();
        after_the_dump(&server, move |server| {
            let broken = [("pg_restore", 1, lost), ("from pg_class", code, said)];
            server.broken.borrow_mut().extend(broken);
        });
        let error = set_up(&server).unwrap_err();
        assert!(error.ends_with(lost), "{error}");
    }
}

#[test]
fn a_disk_that_is_full_is_told() {
    let server = Server::new();
    server.broken.borrow_mut().push((
        "pg_restore",
        1,
        "pg_restore: error: ERROR:  could not extend file \"base/1/2\": No space left on device",
    ));
    let error = set_up(&server).unwrap_err();
    assert!(
        error.ends_with("No space left on device: the disk of vps is full: make room there, then try again"),
        "{error}"
    );
}

#[test]
fn a_database_with_tables_is_never_filled() {
    let server = Server::new();
    server.database.borrow_mut().insert("tables".into(), "1".into());
    let changes = set_up(&server).unwrap();
    assert!(!changes.contains("copy of"), "{changes}");
    assert!(!server.told().contains("pg_restore"));
}
