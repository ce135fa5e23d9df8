//! Whole conversations. Those with a real server are in `tests/real.rs`.

mod restoring;
mod troubles;

use runner_sdk::machine_files::{Entry, Kind};
use runner_sdk::testing::{ScriptedHost, context};
use runner_sdk::{Artifact, Backup, Context, Error, Nature};
use serde_json::{Value, json};

use crate::{Config, Postgres};

const DIGEST: &str = "c0ffee00c0ffee00c0ffee00c0ffee00c0ffee00c0ffee00c0ffee00c0ffee00";
const LIST: &str =
    ";\n; Archive\n215; 1259 16389 TABLE public users app\n3351; 0 16389 TABLE DATA public users app\n";

/// Of an administrator on a machine; more from `more`.
fn config(more: Value) -> Context<Config> {
    let mut config =
        json!({"machine": "vps", "database": "chat", "sudo-user": "postgres", "folder": "/var/backups/chat"});
    let all = config.as_object_mut().unwrap();
    for (key, value) in more.as_object().unwrap() {
        match value {
            Value::Null => all.remove(key),
            value => all.insert(key.clone(), value.clone()),
        };
    }
    context(config).with_environment("prod", None)
}

fn artifact(name: &str) -> Artifact {
    Artifact {
        name: name.into(),
        digest: format!("sha256:{DIGEST}"),
        size: 4096,
        location: "x".into(),
    }
}

fn partial(label: &str, attempt: u32) -> String {
    format!("/var/backups/chat/.chat-{label}-20260101T000000Z.{attempt}.partial")
}

fn pg_dump(path: &str) -> Vec<String> {
    let line = format!(
        "sudo -n -u postgres pg_dump --no-password -d chat -Fc -Z6 --lock-wait-timeout=10000 -f {path}"
    );
    line.split(' ').map(str::to_owned).collect()
}

trait Script {
    /// Reads a dump back.
    fn reads(self, path: &str) -> Self;
    /// Reads a dump back and takes its digest.
    fn reads_and_digests(self, path: &str) -> Self;
    fn removes(self, path: &str) -> Self;
    fn lists(self, names: &[&str]) -> Self;
}

impl Script for ScriptedHost {
    fn reads(self, path: &str) -> Self {
        self.run(["pg_restore", "--list", path])
            .on("vps")
            .with_nature(Nature::Read)
            .stdout(LIST)
            .run(["pg_restore", "-f", "/dev/null", path])
            .on("vps")
            .with_nature(Nature::Read)
    }

    fn reads_and_digests(self, path: &str) -> Self {
        self.reads(path)
            .run(["sha256sum", "--", path])
            .on("vps")
            .with_nature(Nature::Read)
            .stdout(format!("{DIGEST}  {path}\n"))
    }

    fn removes(self, path: &str) -> Self {
        self.machine_remove(Some("vps"), path)
    }

    fn lists(self, names: &[&str]) -> Self {
        let entry = |name: &&str| Entry {
            name: (*name).to_owned(),
            kind: Kind::File,
            size: 1,
            target: None,
        };
        let entries = names.iter().map(entry).collect();
        self.machine_list(Some("vps"), "/var/backups/chat", Some(entries))
    }
}

#[test]
fn a_dump_is_made_read_back_and_kept() {
    let path = partial("before-1.3.0", 1);
    let name = "chat-before-1.3.0-20260101T000000Z.dump";
    let host = ScriptedHost::new()
        .run(pg_dump(&path))
        .on("vps")
        .with_nature(Nature::Write)
        .with_env("LC_ALL", "C")
        .reads_and_digests(&path)
        .artifact_put(Some("vps"), &path, artifact(name))
        .removes(&path)
        .lists(&["chat-at-1.2.0-20250101T000000Z.dump"])
        .removes("/var/backups/chat/chat-at-1.2.0-20250101T000000Z.dump");
    let kept = Postgres::create(&host, &config(json!({})).with_release("1.3.0")).unwrap();
    assert_eq!(kept, [artifact(name)]);
}

#[test]
fn a_password_goes_by_the_environment_and_the_folder_is_private() {
    let path = "/srv/.chat-at-1.2.0-20260101T000000Z.1.partial";
    let name = "chat-at-1.2.0-20260101T000000Z.dump";
    let host = ScriptedHost::new()
        .run(["mkdir", "-p", "-m", "700", "--", "/srv/"])
        .with_nature(Nature::Idempotent)
        .run(
            format!(
                "/opt/pg16/bin/pg_dump --no-password -h 10.0.0.5 -p 5433 -U app -d chat -Fc -Z6 --lock-wait-timeout=1500 -f {path}"
            )
            .split(' '),
        )
        .with_env("PGPASSWORD", "{{secret:db}}")
        .run(["/opt/pg16/bin/pg_restore", "--list", path])
        .stdout(LIST)
        .run(["/opt/pg16/bin/pg_restore", "-f", "/dev/null", path])
        .run(["sha256sum", "--", path])
        .stdout(format!("{DIGEST}  {path}\n"))
        .artifact_put(None, path, artifact(name))
        .run(["ln", "-f", "--", path, &format!("/srv/{name}")])
        .with_nature(Nature::Idempotent)
        .machine_remove(None, path)
        .machine_list(None, "/srv", None);
    let more = json!({
        "machine": null, "sudo-user": null, "folder": "/srv/", "host": "10.0.0.5", "port": 5433, "user": "app",
        "password": "{{secret:db}}", "programs": "/opt/pg16/bin/", "lock-wait-timeout": "1500ms", "keep": 7,
    });
    let kept = Postgres::create(&host, &config(more).with_previous("1.2.0")).unwrap();
    assert_eq!(kept.len(), 1);
}

#[test]
fn a_dump_that_was_cut_off_is_begun_under_another_name_and_counts_once() {
    let (first, second) = (partial("unreleased", 1), partial("unreleased", 2));
    let name = "chat-unreleased-20260101T000000Z.dump";
    let host = ScriptedHost::new()
        .run(pg_dump(&first))
        .on("vps")
        .fails(Error::Interrupted("the connection to `vps` was lost".into()))
        .run(pg_dump(&second))
        .on("vps")
        .reads_and_digests(&second)
        .artifact_put(Some("vps"), &second, artifact(name))
        .removes(&first)
        .removes(&second)
        .lists(&[]);
    assert_eq!(
        Postgres::create(&host, &config(json!({}))).unwrap(),
        [artifact(name)]
    );
}

#[test]
fn a_connection_that_is_always_lost_ends_it() {
    let mut host = ScriptedHost::new();
    for attempt in 1..=3 {
        host = host
            .run(pg_dump(&partial("unreleased", attempt)))
            .on("vps")
            .fails(Error::Interrupted("lost".into()));
    }
    for attempt in 1..=3 {
        host = host.removes(&partial("unreleased", attempt));
    }
    let error = Postgres::create(&host, &config(json!({}))).unwrap_err();
    assert_eq!(error, Error::Interrupted("dumping `chat`: lost".into()));
}

#[test]
fn a_plan_lists_every_write() {
    let path = partial("before-1.3.0", 1);
    let name = "chat-before-1.3.0-20260101T000000Z.dump";
    let planned = Artifact {
        digest: "sha256:not-yet-made".into(),
        ..artifact(name)
    };
    let host = ScriptedHost::new()
        .run(pg_dump(&path))
        .on("vps")
        .with("foresee-success", "true")
        .artifact_put(Some("vps"), &path, planned)
        .run([
            "sudo",
            "-n",
            "-u",
            "postgres",
            "ln",
            "-f",
            "--",
            &path,
            &format!("/var/backups/chat/{name}"),
        ])
        .on("vps")
        .with("foresee-success", "true")
        .removes(&path)
        .lists(&[]);
    let context = config(json!({"keep": 1, "minimum-size": 9999}))
        .with_release("1.3.0")
        .in_plan();
    assert_eq!(Postgres::create(&host, &context).unwrap().len(), 1);
}

#[test]
fn a_backup_is_verified_in_the_store_and_by_reading_it_again() {
    let path = partial("fetched", 1);
    let kept = artifact("chat-before-1.3.0-20251231T000000Z.dump");
    let host = ScriptedHost::new()
        .artifact_verify(&kept.name)
        .machine_fetch(&kept.name, Some("vps"), &path)
        .with("mode", "644")
        .reads(&path)
        .removes(&path);
    Postgres::verify(&host, &config(json!({})), std::slice::from_ref(&kept)).unwrap();

    let host = ScriptedHost::new()
        .artifact_verify(&kept.name)
        .machine_fetch(&kept.name, Some("vps"), &path)
        .run(["pg_restore", "--list", &path])
        .on("vps")
        .exits(1)
        .stderr("pg_restore: error: did not find magic string in file header\n")
        .removes(&path);
    let error = Postgres::verify(&host, &config(json!({})), &[kept]).unwrap_err();
    insta::assert_snapshot!(error.message(), @"reading back `chat-before-1.3.0-20251231T000000Z.dump`: listing what it holds: ended with exit code 1: pg_restore: error: did not find magic string in file header");
    assert!(Postgres::verify(&ScriptedHost::new(), &config(json!({})), &[]).is_err());

    // A plan lists the same, and reads no file that is not there.
    let kept = artifact("chat-before-1.3.0-20251231T000000Z.dump");
    let host = ScriptedHost::new()
        .artifact_verify(&kept.name)
        .machine_fetch(&kept.name, Some("vps"), &path)
        .removes(&path);
    Postgres::verify(&host, &config(json!({})).in_plan(), &[kept]).unwrap();
}

#[test]
fn a_config_that_makes_no_sense_is_refused() {
    let refused = |more: Value| {
        let error = Postgres::create(&ScriptedHost::new(), &config(more)).unwrap_err();
        assert!(matches!(error, Error::InvalidConfig(_)), "{error:?}");
        error.message().to_owned()
    };
    insta::assert_snapshot!(refused(json!({"database": "host=evil dbname=chat"})), @"`host=evil dbname=chat` in `database` is no name of letters, digits, `_` and `-`");
    insta::assert_snapshot!(refused(json!({"database": ""})), @"`` in `database` is no name of letters, digits, `_` and `-`");
    insta::assert_snapshot!(refused(json!({"user": "app"})), @"`sudo-user` is known to the server without `user` and `password`: leave them out");
    insta::assert_snapshot!(refused(json!({"sudo-user": null, "user": "app", "password": "hunter2"})), @"`password` is written out: name a secret, as in `{{secret:database}}`");
    insta::assert_snapshot!(refused(json!({"folder": "backups"})), @"`backups` in `folder` is no absolute folder");
    insta::assert_snapshot!(refused(json!({"programs": "bin"})), @"`bin` in `programs` is no absolute folder");
}
