//! After a crash, what may have been done is done again: twice is the same as once.

use runner_sdk::testing::{Twice, twice};

use super::*;

/// The database as the first release left it, whatever was done to it.
fn anew(cluster: &Cluster) -> RealHost {
    cluster.sql("postgres", "drop database chat with (force)");
    cluster.sql("postgres", "create database chat owner app");
    cluster.sql_as_app(SCHEMA);
    RealHost::new()
}

/// A backup, a migration, and the way back while somebody is connected; with all that was answered, and all that is left.
fn life(fixture: &Fixture, host: &Twice<RealHost>) -> (Vec<String>, Vec<String>, String) {
    let more = json!({ "keep": 2, "terminate-connections": true, "folder": host.folder("backups") });
    let context = fixture.app(more);
    let kept = Postgres::create(host, &context).expect("a backup");
    fixture.cluster.sql_as_app(MIGRATION);
    let session = fixture.cluster.session("begin; select * from users limit 1;");
    let answers = vec![
        format!(
            "{:?}",
            kept.iter().map(|artifact| &artifact.name).collect::<Vec<_>>()
        ),
        format!("{:?}", Postgres::verify(host, &context, &kept)),
        format!("{:?}", Postgres::restore(host, &context, &kept)),
    ];
    drop(session);
    (answers, host.list("backups"), fixture.content())
}

#[test]
fn a_life_in_which_any_change_is_made_twice_ends_the_same() {
    let Some(fixture) = fixture() else { return };
    let before = fixture.content();
    let tried = twice(|| anew(&fixture.cluster), |host| life(&fixture, host));
    assert!(tried >= 6, "{tried} changes are too few for such a life");
    assert_eq!(fixture.content(), before);
}
