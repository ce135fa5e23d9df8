//! Things that go wrong with a dump. What the programs say is as PostgreSQL 15 says it.

use super::*;

/// A dump that ends like this; the file that it began is cleared away.
fn dump_says(more: Value, code: i32, stderr: &str) -> String {
    let path = partial("unreleased", 1);
    let host = ScriptedHost::new()
        .run(pg_dump(&path))
        .on("vps")
        .exits(code)
        .stderr(stderr)
        .removes(&path);
    let error = Postgres::create(&host, &config(more)).unwrap_err();
    assert!(matches!(error, Error::Failed(_)), "{error:?}");
    error.message().to_owned()
}

#[test]
fn each_says_what_to_do() {
    let says = |stderr| dump_says(json!({}), 1, stderr);
    insta::assert_snapshot!(says("pg_dump: error: aborting because of server version mismatch\n\
        pg_dump: detail: server version: 16.2 (Debian 16.2-1.pgdg120+2); pg_dump version: 15.18 (Debian 15.18-0+deb12u1)\n"), @r"
        dumping `chat`: ended with exit code 1: pg_dump: error: aborting because of server version mismatch
        pg_dump: detail: server version: 16.2 (Debian 16.2-1.pgdg120+2); pg_dump version: 15.18 (Debian 15.18-0+deb12u1); install postgresql-client-16 on machine `vps`, and set `programs` where `pg_dump` stays the older one
        ");
    insta::assert_snapshot!(says("pg_dump: error: connection to server on socket \"/var/run/postgresql/.s.PGSQL.5432\" failed: \
        FATAL:  database \"chat\" does not exist\n"), @r#"dumping `chat`: ended with exit code 1: pg_dump: error: connection to server on socket "/var/run/postgresql/.s.PGSQL.5432" failed: FATAL:  database "chat" does not exist; the database is gone: look whether `database` and `host` are right; to restore into a new one, make it with `createdb -O OWNER chat` first"#);
    insta::assert_snapshot!(says("could not change directory to \"/home/ubuntu\": Permission denied\n\
        pg_dump: error: could not write to output file: No space left on device\n"), @"dumping `chat`: ended with exit code 1: pg_dump: error: could not write to output file: No space left on device; make room in `/var/backups/chat` on machine `vps`, or name another `folder`");
    insta::assert_snapshot!(says("pg_dump: error: query failed: ERROR:  canceling statement due to statement timeout\n\
        pg_dump: detail: Query was: LOCK TABLE public.users IN ACCESS SHARE MODE\n"), @r"
        dumping `chat`: ended with exit code 1: pg_dump: error: query failed: ERROR:  canceling statement due to statement timeout
        pg_dump: detail: Query was: LOCK TABLE public.users IN ACCESS SHARE MODE; something holds a lock on `chat`, such as a migration: wait for it, or raise `lock-wait-timeout` (`select pid, query from pg_stat_activity` shows who it is)
        ");
    insta::assert_snapshot!(says("sudo: a password is required\n"), @"dumping `chat`: ended with exit code 1: sudo: a password is required; let `sudo -n` run the programs without a password, by a line in /etc/sudoers.d of machine `vps`");
    insta::assert_snapshot!(says("pg_dump: error: connection to server on socket \"/var/run/postgresql/.s.PGSQL.5432\" failed: \
        No such file or directory\n\tIs the server running locally and accepting connections on that socket?\n"), @r#"
        dumping `chat`: ended with exit code 1: pg_dump: error: connection to server on socket "/var/run/postgresql/.s.PGSQL.5432" failed: No such file or directory
        	Is the server running locally and accepting connections on that socket?; no server answers there: start it, or correct `host` and `port` as seen from machine `vps`
        "#);
    insta::assert_snapshot!(says("pg_dump: error: could not open output file \"/var/backups/chat/x\": Permission denied\n"), @r#"dumping `chat`: ended with exit code 1: pg_dump: error: could not open output file "/var/backups/chat/x": Permission denied; both `postgres` and the machine's own user must write to it: `install -d -o USER -g postgres -m 2770 /var/backups/chat` on machine `vps`, as root"#);
    insta::assert_snapshot!(says("could not change directory to \"/root\": Permission denied\n"), @"dumping `chat`: ended with exit code 1: it said nothing");
    insta::assert_snapshot!(says("pg_dump: error: query failed: ERROR:  permission denied for table users\n"), @"dumping `chat`: ended with exit code 1: pg_dump: error: query failed: ERROR:  permission denied for table users; grant pg_read_all_data to `postgres`, or use `sudo-user`");
}

#[test]
fn a_program_that_is_not_there_is_named() {
    let path = partial("unreleased", 1);
    let host = ScriptedHost::new()
        .run(pg_dump(&path))
        .on("vps")
        .fails(Error::failed("cannot run `pg_dump`: no such program"))
        .removes(&path);
    let error = Postgres::create(&host, &config(json!({}))).unwrap_err();
    assert_eq!(
        error.message(),
        "dumping `chat`: cannot run `pg_dump`: no such program"
    );
}

/// A dump that is made well and then answered for by `answers`.
fn read_back_says(more: Value, answers: impl FnOnce(ScriptedHost, &str) -> ScriptedHost) -> String {
    let path = partial("unreleased", 1);
    let host = answers(ScriptedHost::new().run(pg_dump(&path)).on("vps"), &path).removes(&path);
    Postgres::create(&host, &config(more))
        .unwrap_err()
        .message()
        .to_owned()
}

#[test]
fn a_dump_without_data_is_none() {
    let said = read_back_says(json!({}), |host, path| {
        host.run(["pg_restore", "--list", path])
            .on("vps")
            .stdout(";\n215; 1259 16389 TABLE public users app\n")
            .run(["pg_restore", "-f", "/dev/null", path])
            .on("vps")
    });
    insta::assert_snapshot!(said, @"reading back the dump of `chat`: it holds the data of no table; set `allow-empty` where that is as it should be, before a first release");
}

#[test]
fn a_dump_without_data_is_one_where_that_is_said() {
    // It goes on to the next thing that could be wrong.
    let said = read_back_says(json!({ "allow-empty": true }), |host, path| {
        host.run(["pg_restore", "--list", path])
            .on("vps")
            .stdout(";\n")
            .run(["pg_restore", "-f", "/dev/null", path])
            .on("vps")
            .run(["sha256sum", "--", path])
            .on("vps")
            .stdout("none\n")
    });
    insta::assert_snapshot!(said, @"reading back the dump of `chat`: `sha256sum` printed no digest but `none`");
}

#[test]
fn a_dump_that_is_cut_short_is_none() {
    // Its table of contents is whole.
    let said = read_back_says(json!({}), |host, path| {
        host.run(["pg_restore", "--list", path])
            .on("vps")
            .stdout(LIST)
            .run(["pg_restore", "-f", "/dev/null", path])
            .on("vps")
            .exits(1)
            .stderr("pg_restore: error: could not read from input file: end of file\n")
    });
    insta::assert_snapshot!(said, @"reading back the dump of `chat`: reading all of it: ended with exit code 1: pg_restore: error: could not read from input file: end of file");
}

#[test]
fn a_dump_that_is_too_small_or_was_changed_on_its_way_is_none() {
    let name = "chat-unreleased-20260101T000000Z.dump";
    let said = read_back_says(json!({"minimum-size": 10_000}), |host, path| {
        host.reads_and_digests(path)
            .artifact_put(Some("vps"), path, artifact(name))
    });
    insta::assert_snapshot!(said, @"`chat-unreleased-20260101T000000Z.dump` has 4096 bytes, and `minimum-size` is 10000: look whether `chat` still holds its data");
    let said = read_back_says(json!({}), |host, path| {
        let other = Artifact {
            digest: format!("sha256:{}", "0".repeat(64)),
            ..artifact(name)
        };
        host.reads_and_digests(path)
            .artifact_put(Some("vps"), path, other)
    });
    insta::assert_snapshot!(said, @"keeping `chat-unreleased-20260101T000000Z.dump`: the store has sha256:0000000000000000000000000000000000000000000000000000000000000000 and the machine sha256:c0ffee00c0ffee00c0ffee00c0ffee00c0ffee00c0ffee00c0ffee00c0ffee00: it was changed on its way");
}

#[test]
fn a_strange_digest_is_told() {
    let said = read_back_says(json!({}), |host, path| {
        host.reads(path)
            .run(["sha256sum", "--", path])
            .on("vps")
            .stdout("Usage: sha256sum\n")
    });
    insta::assert_snapshot!(said, @"reading back the dump of `chat`: `sha256sum` printed no digest but `Usage: sha256sum`");
}

#[test]
fn what_cannot_be_cleared_away_fails_nothing() {
    let path = partial("unreleased", 1);
    let name = "chat-unreleased-20260101T000000Z.dump";
    let host = ScriptedHost::new()
        .run(pg_dump(&path))
        .on("vps")
        .reads_and_digests(&path)
        .artifact_put(Some("vps"), &path, artifact(name))
        .removes(&path)
        .fails(Error::failed("the file is busy"))
        .machine_list(Some("vps"), "/var/backups/chat", None)
        .fails(Error::failed("no such folder"));
    assert_eq!(Postgres::create(&host, &config(json!({}))).unwrap().len(), 1);
    let told: Vec<_> = host.logs().into_iter().map(|(_, text)| text).collect();
    assert_eq!(
        told,
        [
            format!("cannot remove `{path}`: the file is busy"),
            "cannot list `/var/backups/chat`: no such folder".to_owned()
        ]
    );
}
