//! Against a real PostgreSQL, which each test starts for itself, through a host that really runs the programs.
//!
//! Without PostgreSQL, or without an account to run it as, the tests are left out loudly; CI never leaves them out.
#![expect(clippy::print_stderr, reason = "a test that is left out says so")]

#[path = "real/host.rs"]
mod host;
#[path = "real/postgres.rs"]
mod postgres;
#[path = "real/twice.rs"]
mod twice;

use host::RealHost;
use plugin_backup_postgres::{Config, Postgres};
use postgres::Cluster;
use runner_sdk::testing::context;
use runner_sdk::{Artifact, Backup, Context, Error};
use serde_json::{Value, json};

/// As a first release leaves it.
const SCHEMA: &str = "
    create type tone as enum ('kind', 'plain');
    create table users (id serial primary key, name text not null, tone tone default 'plain');
    create table messages (id bigint generated always as identity primary key, author int references users, body text);
    create index on messages (author);
    create view loud as select upper(body) as body from messages;
    create function shout(text) returns text language sql as 'select upper($1)';
    insert into users (name) select 'user ' || n from generate_series(1, 500) n;
    insert into messages (author, body) select id, repeat('привет ', 20) || id from users;";

/// As the next release's migration leaves it: what `pg_restore --clean` alone cannot undo.
const MIGRATION: &str = "
    create type mood as enum ('up', 'down');
    create table likes (id serial primary key, message bigint references messages, who int references users, mood mood);
    insert into likes (message, who) select id, author from messages;
    create schema audit; create table audit.log (at timestamptz);
    alter table users drop column tone;
    alter table messages add column edited bool;
    drop view loud;
    delete from users where id not in (select author from messages limit 100) and false;
    update users set name = 'changed';
    create function whisper(text) returns text language sql as 'select lower($1)';
    create type pair as (a int, b text);";

struct Fixture {
    cluster: Cluster,
    host: RealHost,
}

/// None where these tests are left out.
fn fixture() -> Option<Fixture> {
    let cluster = Cluster::start()?;
    cluster.sql("postgres", "create role app login password 'word'");
    cluster.sql("postgres", "create database chat owner app");
    cluster.sql_as_app(SCHEMA);
    Some(Fixture {
        cluster,
        host: RealHost::new(),
    })
}

impl Fixture {
    /// As the role of the application, by password and TCP.
    fn app(&self, more: Value) -> Context<Config> {
        let mut config = json!({
            "database": "chat", "user": "app", "password": "{{secret:db}}", "host": "127.0.0.1",
            "port": self.cluster.port, "programs": self.cluster.programs, "folder": self.host.folder("backups"),
            "minimum-size": 1000, "lock-wait-timeout": "300ms",
        });
        for (key, value) in more.as_object().unwrap() {
            config[key] = value.clone();
        }
        context(config)
            .with_environment("prod", None)
            .with_release("1.3.0")
    }

    fn create(&self, context: &Context<Config>) -> Result<Vec<Artifact>, Error> {
        Postgres::create(&self.host, context)
    }

    /// The database's schema and data as text.
    fn content(&self) -> String {
        let text = self.cluster.dump("chat");
        // Random in newer versions.
        let lines = text
            .lines()
            .filter(|line| !line.starts_with("\\restrict") && !line.starts_with("\\unrestrict"));
        lines.collect::<Vec<_>>().join("\n")
    }
}

#[test]
fn a_database_is_kept_verified_and_restored_to_exactly_what_it_was() {
    let Some(fixture) = fixture() else { return };
    let context = fixture.app(json!({"keep": 2}));
    let before = fixture.content();
    let kept = fixture.create(&context).unwrap();
    assert_eq!(kept.len(), 1);
    assert!(kept[0].name.starts_with("chat-before-1.3.0-"), "{}", kept[0].name);
    Postgres::verify(&fixture.host, &context, &kept).unwrap();

    fixture.cluster.sql_as_app(MIGRATION);
    let migrated = fixture.content();
    assert_ne!(before, migrated);
    Postgres::restore(&fixture.host, &context, &kept).unwrap();
    assert_eq!(fixture.content(), before);
    // The migration can be made again.
    fixture.cluster.sql_as_app(MIGRATION);

    // What was there before the restore was kept, and can be had back too.
    let safety = fixture.host.stored("chat-safety-");
    Postgres::restore(&fixture.host, &context, &[safety]).unwrap();
    assert_eq!(fixture.content(), migrated);
    let left = fixture.host.list("backups");
    assert_eq!(
        left.len(),
        3,
        "two usual ones at most, and the last two before a restore: {left:?}"
    );
    assert!(left.iter().all(|name| name.ends_with(".dump")), "{left:?}");
}

#[test]
fn a_restore_done_twice_is_as_done_once() {
    let Some(fixture) = fixture() else { return };
    let context = fixture.app(json!({}));
    let before = fixture.content();
    let kept = fixture.create(&context).unwrap();
    assert_eq!(
        fixture.host.list("backups"),
        [""; 0],
        "the dump is in the store only"
    );
    fixture.cluster.sql_as_app(MIGRATION);
    for _ in 0..2 {
        Postgres::restore(&fixture.host, &context, &kept).unwrap();
        assert_eq!(fixture.content(), before);
    }
}

#[test]
fn open_connections_stop_a_restore_or_are_ended() {
    let Some(fixture) = fixture() else { return };
    let before = fixture.content();
    let kept = fixture.create(&fixture.app(json!({}))).unwrap();
    fixture.cluster.sql_as_app(MIGRATION);
    let migrated = fixture.content();
    let session = fixture.cluster.session("begin; select * from users limit 1;");
    let error = Postgres::restore(&fixture.host, &fixture.app(json!({})), &kept).unwrap_err();
    assert!(
        error
            .message()
            .contains("`chat` has 1 open connections (a-worker)"),
        "{}",
        error.message()
    );
    assert_eq!(fixture.content(), migrated);
    let allowed = fixture.app(json!({"terminate-connections": true}));
    Postgres::restore(&fixture.host, &allowed, &kept).unwrap();
    drop(session);
    assert_eq!(fixture.content(), before);
}

#[test]
fn what_the_server_says_is_understood() {
    let Some(fixture) = fixture() else { return };
    let says = |more: Value| {
        fixture
            .create(&fixture.app(more))
            .unwrap_err()
            .message()
            .to_owned()
    };
    let gone = says(json!({"database": "chatt"}));
    assert!(gone.contains("the database is gone"), "{gone}");
    let wrong = says(json!({"password": "{{secret:other}}"}));
    assert!(wrong.contains("check `user` and `password`"), "{wrong}");
    assert!(!wrong.contains("not-the-word"), "{wrong}");
    let down = says(json!({"port": postgres::free_port()}));
    assert!(down.contains("no server answers there"), "{down}");
    let small = says(json!({"minimum-size": 100_000_000}));
    assert!(small.contains("`minimum-size` is 100000000"), "{small}");

    let session = fixture
        .cluster
        .session("begin; lock table users in access exclusive mode;");
    let locked = says(json!({}));
    assert!(locked.contains("something holds a lock on `chat`"), "{locked}");
    drop(session);

    fixture.cluster.sql("postgres", "create database bare owner app;");
    let bare = says(json!({"database": "bare", "minimum-size": 0}));
    assert!(bare.contains("it holds the data of no table"), "{bare}");
    fixture.cluster.sql("chat", "create table secrets (x int);");
    let denied = says(json!({}));
    assert!(denied.contains("grant pg_read_all_data to `app`"), "{denied}");
    assert_eq!(
        fixture.host.list("backups"),
        [""; 0],
        "nothing is left of any of them"
    );
    assert_eq!(
        fixture.host.stored_names("chat-before"),
        1,
        "the one that was too small is in no backup"
    );
}

#[test]
fn a_full_disk_is_told() {
    let Some(fixture) = fixture() else { return };
    // Big enough that it does not fit.
    fixture.cluster.sql_as_app("insert into messages (body) select string_agg(md5(random()::text), '') from generate_series(1, 99999);");
    let Some(small) = fixture.host.small_disk() else {
        return postgres::left_out("no right to mount a small disk");
    };
    let error = fixture
        .create(&fixture.app(json!({"folder": small.path()})))
        .unwrap_err();
    assert!(error.message().contains("make room in"), "{}", error.message());
    assert_eq!(std::fs::read_dir(small.path()).unwrap().count(), 0);
}

#[test]
fn a_dump_that_was_damaged_is_found() {
    let Some(fixture) = fixture() else { return };
    let context = fixture.app(json!({}));
    let before = fixture.content();
    let mut kept = fixture.create(&context).unwrap();
    fixture.host.cut_in_store(&mut kept[0]);
    let error = Postgres::verify(&fixture.host, &context, &kept).unwrap_err();
    assert!(
        error.message().starts_with("reading back `chat-before-1.3.0-"),
        "{}",
        error.message()
    );
    assert!(Postgres::restore(&fixture.host, &context, &kept).is_err());
    assert_eq!(fixture.content(), before);
}

#[test]
fn an_administrator_gives_everything_its_owner_back() {
    let Some(fixture) = fixture() else { return };
    let Some(account) = fixture.cluster.sudo_account() else {
        return postgres::left_out("no `sudo`, or not root");
    };
    fixture.cluster.sql(
        "chat",
        "create extension pg_trgm; create index on users using gin (name gin_trgm_ops); comment on extension pg_trgm is 'x'; \
         create role reader; grant select on users to reader;",
    );
    let folder = fixture.host.shared_folder("shared", account);
    let config = json!({
        "database": "chat", "sudo-user": account, "host": fixture.cluster.socket(), "port": fixture.cluster.port,
        "programs": fixture.cluster.programs, "folder": folder, "keep": 1,
    });
    let context = context(config)
        .with_environment("prod", None)
        .with_previous("1.2.0");
    let before = fixture.content();
    let kept = fixture.create(&context).unwrap();
    Postgres::verify(&fixture.host, &context, &kept).unwrap();
    fixture.cluster.sql_as_app(MIGRATION);
    Postgres::restore(&fixture.host, &context, &kept).unwrap();
    assert_eq!(fixture.content(), before);
    // Still the application's own.
    fixture
        .cluster
        .sql_as_app("insert into users (name) values ('new'); drop table messages cascade;");
    let left = fixture.host.list("shared");
    assert_eq!(left.len(), 2, "{left:?}");

    let closed = fixture.host.folder("closed");
    std::fs::create_dir(&closed).unwrap();
    let config = json!({
        "database": "chat", "sudo-user": account, "host": fixture.cluster.socket(), "port": fixture.cluster.port,
        "programs": fixture.cluster.programs, "folder": closed,
    });
    let error = fixture.create(&runner_sdk::testing::context(config)).unwrap_err();
    assert!(
        error.message().contains("install -d -o USER -g postgres -m 2770"),
        "{}",
        error.message()
    );
}
