//! The file of the units' variables.

use super::*;

#[test]
fn secrets_are_compared_and_written_on_the_server_only() {
    let server = running(&staging(), "staging", &[]);
    let path = "/etc/runner/agentiq-staging.env";
    insta::assert_snapshot!(file(&server, path), @r#"
        # runner: agentiq/staging
        DATABASE_URL="postgresql://agentiq_staging:{{secret:staging-db|quoted}}@127.0.0.1/agentiq_chat_staging"
        ENV="staging"
        "#);
    let mut config = staging();
    config["env"]["ENV"] = json!("stage");
    insta::assert_snapshot!(applied(&server, config.clone(), "staging").unwrap(), @r"
        == /etc/runner/agentiq-staging.env
        ~ values
        ~ units have it from their next start
        ");
    config["env"] = json!({"OTHER": "a\"b\\c $x"});
    insta::assert_snapshot!(applied(&server, config, "staging").unwrap(), @r"
        == /etc/runner/agentiq-staging.env
        -DATABASE_URL
        -ENV
        +OTHER
        ~ units have it from their next start
        ");
    insta::assert_snapshot!(file(&server, path), @r#"
        # runner: agentiq/staging
        OTHER="a\"b\\c \$x"
        "#);
}

#[test]
fn a_value_may_have_quotes_and_several_lines() {
    let server = running(&staging(), "staging", &[]);
    let mut config = staging();
    config["env"] = json!({"KEY": "-----BEGIN-----\nZm9v=\n-----END-----", "ODD": "`{{secret:a}}\"{{secret:b|quoted}}{{secret:\\}}"});
    applied(&server, config.clone(), "staging").unwrap();
    insta::assert_snapshot!(file(&server, "/etc/runner/agentiq-staging.env"), @r#"
        # runner: agentiq/staging
        KEY="-----BEGIN-----
        Zm9v=
        -----END-----"
        ODD="\`{{secret:a|quoted}}\"{{secret:b|quoted}}{{secret:\\|quoted}}"
        "#);
    // The names of variables are told, and no line of a value.
    config["env"] = json!({"OTHER": "x"});
    insta::assert_snapshot!(applied(&server, config.clone(), "staging").unwrap(), @r"
        == /etc/runner/agentiq-staging.env
        -KEY
        -ODD
        +OTHER
        ~ units have it from their next start
        ");
    config["env"] = json!({"OTHER": "a\0b"});
    let error = applied(&server, config, "staging").unwrap_err();
    assert_eq!(
        message(error),
        "`env.OTHER` holds a zero byte, which no variable can"
    );
}

#[test]
fn a_role_gets_the_password_of_the_profile_when_it_does_not_get_in_with_it() {
    let server = running(&staging(), "staging", &[]);
    let mut config = staging();
    config["database"]["password"] = json!("{{secret:another}}");
    server.plan.set(true);
    let plan = Systemd::apply(
        &server,
        &about(config.clone(), "staging", "0.0.0", None).in_plan(),
    )
    .unwrap();
    server.plan.set(false);
    insta::assert_snapshot!(applied(&server, config.clone(), "staging").unwrap(), @r"
        == database role agentiq_staging
        ~ another password, since it could not log in with this one; what runs has the old one until it is deployed again
        ");
    assert_eq!(plan.len(), 1);
    assert_eq!(applied(&server, config.clone(), "staging").unwrap(), "");
    // Somebody's `pg_hba.conf` lets nobody in.
    *server.broken.borrow_mut() = vec![("--no-password", 2, "psql: error: FATAL:  no pg_hba.conf entry")];
    let refused = message(applied(&server, config.clone(), "staging").unwrap_err());
    assert!(refused.contains("cannot log in at 127.0.0.1"), "{refused}");
    // PostgreSQL does not listen there at all: the application finds another way.
    server.broken.borrow_mut().push(("pg_isready", 2, ""));
    assert_eq!(applied(&server, config, "staging").unwrap(), "");
}
