//! Restores.

use super::*;
use crate::restore::DROP_ALL;

const KEPT: &str = "chat-before-1.3.0-20251231T000000Z.dump";

fn psql(rest: &[&str]) -> Vec<String> {
    let line = "sudo -n -u postgres psql --no-password -d chat -X -q -A -t -v ON_ERROR_STOP=1";
    line.split(' ')
        .chain(rest.iter().copied())
        .map(str::to_owned)
        .collect()
}

/// Up to the question who is connected.
fn asks(host: ScriptedHost, answer: &str) -> ScriptedHost {
    let query = "select count(*), coalesce(string_agg(distinct coalesce(nullif(application_name, ''), usename), ', '), '') \
                 from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid() and \
                 coalesce(backend_type, 'client backend') = 'client backend'";
    let path = partial("fetched", 1);
    host.machine_fetch(KEPT, Some("vps"), &path)
        .reads(&path)
        .run(psql(&["-c", query]))
        .on("vps")
        .with_nature(Nature::Read)
        .stdout(answer)
}

/// Up to the transaction, which is to be scripted next.
fn prepares(host: ScriptedHost, terminates: bool) -> ScriptedHost {
    let (fetched, safety) = (partial("fetched", 1), partial("safety", 1));
    let script = "/var/backups/chat/.chat-safety-20260101T000000Z.sql.1.partial";
    let name = "chat-safety-20260101T000000Z.dump";
    let mut host = host
        .run(pg_dump(&safety))
        .on("vps")
        .reads_and_digests(&safety)
        .artifact_put(Some("vps"), &safety, artifact(name))
        .run([
            "sudo",
            "-n",
            "-u",
            "postgres",
            "ln",
            "-f",
            "--",
            &safety,
            &format!("/var/backups/chat/{name}"),
        ])
        .on("vps")
        .removes(&safety)
        .run([
            "sudo",
            "-n",
            "-u",
            "postgres",
            "pg_restore",
            "-1",
            "--clean",
            "--if-exists",
            "-f",
            script,
            &fetched,
        ])
        .on("vps");
    if terminates {
        let query = "select count(pg_terminate_backend(pid)) from pg_stat_activity where datname = current_database() and \
                     pid <> pg_backend_pid() and coalesce(backend_type, 'client backend') = 'client backend'";
        host = host
            .run(psql(&["-c", query]))
            .on("vps")
            .with_nature(Nature::Idempotent);
    }
    let drop_all = DROP_ALL.replace("{lock-timeout}", "10000");
    host.run(psql(&[
        "-o",
        "/dev/null",
        "-c",
        "BEGIN",
        "-c",
        &drop_all,
        "-f",
        script,
    ]))
    .on("vps")
    .with_nature(Nature::Idempotent)
}

fn clears_away(host: ScriptedHost) -> ScriptedHost {
    host.removes("/var/backups/chat/.chat-safety-20260101T000000Z.sql.1.partial")
        .removes(&partial("fetched", 1))
        .lists(&[
            "chat-safety-20251201T000000Z.dump",
            "chat-safety-20260101T000000Z.dump",
        ])
        .removes("/var/backups/chat/chat-safety-20251201T000000Z.dump")
}

#[test]
fn what_is_there_is_kept_before_it_is_replaced() {
    let host = clears_away(prepares(asks(ScriptedHost::new(), "0|\n"), false));
    Postgres::restore(&host, &config(json!({})), &[artifact(KEPT)]).unwrap();
    let told = &host.logs()[0].1;
    assert!(
        told.starts_with("what is there now is kept as `/var/backups/chat/chat-safety-20260101T000000Z.dump` (sha256:c0ffee"),
        "{told}"
    );
}

#[test]
fn open_connections_stop_it_before_anything_is_done() {
    let path = partial("fetched", 1);
    let host = asks(ScriptedHost::new(), "3|celery, psql, uvicorn\n")
        .removes(&path)
        .lists(&[]);
    let error = Postgres::restore(&host, &config(json!({})), &[artifact(KEPT)]).unwrap_err();
    insta::assert_snapshot!(error.message(), @"restoring `chat` from `chat-before-1.3.0-20251231T000000Z.dump`: `chat` has 3 open connections (celery, psql, uvicorn): stop what uses it, or set `terminate-connections = true`; nothing was changed");
}

#[test]
fn open_connections_are_ended_where_that_is_allowed() {
    let host = clears_away(prepares(asks(ScriptedHost::new(), "3|uvicorn\n"), true));
    let context = config(json!({"terminate-connections": true}));
    Postgres::restore(&host, &context, &[artifact(KEPT)]).unwrap();
}

#[test]
fn a_transaction_that_fails_has_changed_nothing() {
    let host = prepares(asks(ScriptedHost::new(), "0|\n"), false)
        .exits(3)
        .stderr("psql:x.sql:21: ERROR:  must be owner of extension pg_trgm\n");
    let error = Postgres::restore(&clears_away(host), &config(json!({})), &[artifact(KEPT)]).unwrap_err();
    insta::assert_snapshot!(error.message(), @r#"restoring `chat` from `chat-before-1.3.0-20251231T000000Z.dump`: nothing was changed: running it as one transaction: ended with exit code 3: psql:x.sql:21: ERROR:  must be owner of extension pg_trgm; restore as an administrator, by `sudo-user = "postgres"`"#);

    let host = prepares(asks(ScriptedHost::new(), "0|\n"), false)
        .exits(1)
        .stderr("ERROR:  canceling statement due to lock timeout\n");
    let error = Postgres::restore(&clears_away(host), &config(json!({})), &[artifact(KEPT)]).unwrap_err();
    insta::assert_snapshot!(error.message(), @"restoring `chat` from `chat-before-1.3.0-20251231T000000Z.dump`: nothing was changed: running it as one transaction: ended with exit code 1: ERROR:  canceling statement due to lock timeout; something holds a lock on `chat`, such as a migration: wait for it, or raise `lock-wait-timeout` (`select pid, query from pg_stat_activity` shows who it is)");
}

#[test]
fn a_server_that_goes_away_leaves_it_open_what_was_changed() {
    let host = prepares(asks(ScriptedHost::new(), "0|\n"), false)
        .exits(2)
        .stderr("psql:x.sql:21: error: connection to server was lost\n");
    let error = Postgres::restore(&clears_away(host), &config(json!({})), &[artifact(KEPT)]).unwrap_err();
    insta::assert_snapshot!(error.message(), @"restoring `chat` from `chat-before-1.3.0-20251231T000000Z.dump`: running it as one transaction: ended with exit code 2: psql:x.sql:21: error: connection to server was lost");
}

#[test]
fn a_dump_of_another_database_is_not_restored() {
    let refused = |artifacts: &[Artifact]| {
        let error = Postgres::restore(&ScriptedHost::new(), &config(json!({})), artifacts).unwrap_err();
        error.message().to_owned()
    };
    insta::assert_snapshot!(refused(&[artifact("chat_staging-at-1.0.0-20251231T000000Z.dump")]), @"`chat_staging-at-1.0.0-20251231T000000Z.dump` is no dump of `chat`");
    insta::assert_snapshot!(refused(&[artifact(KEPT), artifact(KEPT)]), @"`chat` is restored from one dump, not from 2");
    insta::assert_snapshot!(refused(&[]), @"`chat` is restored from one dump, not from 0");
}

#[test]
fn a_plan_lists_the_writes_and_reads_no_file_that_is_not_there() {
    let (fetched, safety) = (partial("fetched", 1), partial("safety", 1));
    let script = "/srv/chat/.chat-safety-20260101T000000Z.sql.1.partial";
    let local = |path: &str| path.replace("/var/backups/chat", "/srv/chat");
    let (fetched, safety) = (local(&fetched), local(&safety));
    let query = "select count(*), coalesce(string_agg(distinct coalesce(nullif(application_name, ''), usename), ', '), '') \
                 from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid() and \
                 coalesce(backend_type, 'client backend') = 'client backend'";
    let client = |program: &str| format!("{program} --no-password -d chat");
    let psql = |rest: &[&str]| -> Vec<String> {
        let line = format!("{} -X -q -A -t -v ON_ERROR_STOP=1", client("psql"));
        line.split(' ')
            .chain(rest.iter().copied())
            .map(str::to_owned)
            .collect()
    };
    let drop_all = DROP_ALL.replace("{lock-timeout}", "10000");
    let host = ScriptedHost::new()
        .run(["mkdir", "-p", "-m", "700", "--", "/srv/chat"])
        .machine_fetch(KEPT, None, &fetched)
        .with("mode", "600")
        .run(psql(&["-c", query]))
        .stdout("0|\n")
        .run(
            format!(
                "{} -Fc -Z6 --lock-wait-timeout=10000 -f {safety}",
                client("pg_dump")
            )
            .split(' '),
        )
        .artifact_put(None, &safety, artifact("chat-safety-20260101T000000Z.dump"))
        .run([
            "ln",
            "-f",
            "--",
            &safety,
            "/srv/chat/chat-safety-20260101T000000Z.dump",
        ])
        .machine_remove(None, &safety)
        .run([
            "pg_restore",
            "-1",
            "--clean",
            "--if-exists",
            "--no-owner",
            "-f",
            script,
            &fetched,
        ])
        .run(psql(&[
            "-o",
            "/dev/null",
            "-c",
            "BEGIN",
            "-c",
            &drop_all,
            "-f",
            script,
        ]))
        .with("foresee-success", "true")
        .machine_remove(None, script)
        .machine_remove(None, &fetched)
        .machine_list(None, "/srv/chat", None);
    let more = json!({"machine": null, "sudo-user": null, "folder": "/srv/chat"});
    Postgres::restore(&host, &config(more).in_plan(), &[artifact(KEPT)]).unwrap();
}
