//! Backups that people make, look for and restore.

use std::fs;

use crate::env::{CommandOutput, TestEnv};

/// Two environments with a backup of their own, one without, and somebody who is told.
fn shop() -> TestEnv {
    let env = TestEnv::with_profile("[project]\nname = \"shop\"\n");
    let target = |name: &str| {
        format!(
            "target.plugin = \"local\"\ntarget.config = {{ root = \"{}\", services.web.run = [\"x\"] }}\n",
            env.place(name)
        )
    };
    let profile = format!(
        r#"
[project]
name = "shop"

[backup.files]
plugin = "backup-files"
config = {{ root = "{}", paths = ["{{{{environment}}}}.db"] }}

[notify.log]
plugin = "file"
config.path = "told.log"

[environments.dev]
{}
[environments.staging]
backup = ["files"]
{}
[environments.prod]
backup = ["files"]
{}"#,
        env.place("live"),
        target("dev"),
        target("staging"),
        target("prod")
    );
    env.write("runner.toml", &profile);
    env.write(".gitignore", ".runner\ntold.log\n");
    env.commit("feat: data to keep");
    fs::create_dir(env.place("live")).expect("made");
    env
}

fn put(env: &TestEnv, text: &str) {
    fs::write(format!("{}/prod.db", env.place("live")), text).expect("written");
    fs::write(format!("{}/staging.db", env.place("live")), text).expect("written");
}

fn there(env: &TestEnv) -> String {
    fs::read_to_string(format!("{}/prod.db", env.place("live"))).expect("there")
}

/// Ids of all backups, newest first.
fn ids(env: &TestEnv) -> Vec<String> {
    let list: serde_json::Value =
        serde_json::from_str(&env.run(&["backup", "list", "--output", "json"]).stdout).expect("JSON");
    let list = list.as_array().expect("a list").iter();
    list.map(|kept| kept["id"].as_str().expect("an id").to_owned())
        .collect()
}

/// With `$1` for the oldest backup, `$2` for the next one.
fn plain(env: &TestEnv, output: &CommandOutput) -> String {
    let mut text = output.to_string();
    for (number, id) in ids(env).iter().rev().enumerate() {
        text = text.replace(id, &format!("${}", number + 1));
    }
    text
}

#[test]
fn where_there_is_none_it_says_what_to_do() {
    let env = shop();
    let said = |arguments: &[&str]| env.run(arguments).to_string();
    insta::assert_snapshot!(said(&["backup", "list"]), @r"
    --- stderr ---
    no backup of this project is known yet: `runner backup create prod` makes one
    [EOF]
    ");
    insta::assert_snapshot!(said(&["backup", "list", "dev"]), @r"
    --- stderr ---
    no backup of dev is known, and the profile has none: name some in [environments.dev] backup
    [EOF]
    ");
    insta::assert_snapshot!(said(&["backup", "list", "nowhere"]), @r"
    --- stderr ---
    error: the profile has no environment `nowhere`; it has `dev`, `prod`, `staging`
    hint: runner profile show
    [exit code 3]
    ");
    insta::assert_snapshot!(said(&["backup", "create", "dev"]), @r#"
    --- stderr ---
    error: dev has no backup: name some in the profile, e.g. [environments.dev] backup = ["database"] and [backup.database] plugin = "backup-postgres"
    hint: runner profile show
    [exit code 3]
    "#);
    insta::assert_snapshot!(said(&["backup", "verify", "prod"]), @r"
    --- stderr ---
    error: no backup of prod is known yet
    hint: runner backup create prod
    [exit code 10]
    ");
    insta::assert_snapshot!(said(&["backup", "restore", "prod", "3fa2"]), @r"
    --- stderr ---
    error: there is no backup `3fa2` of prod
    hint: runner backup list prod
    [exit code 10]
    ");
}

#[test]
fn one_is_planned_made_listed_and_read_back() {
    let env = shop();
    put(&env, "one\n");
    insta::assert_snapshot!(env.run(&["backup", "create", "prod", "--plan"]), @r"
    plan of backup create prod shop; nothing is written
      ok  preflight
      ok  prod/lock
            would lock prod
            would create $TEST_ENV/prod/lock
    skip  prod/backup/files  would read it back, as far as it takes, once it is made
            would keep $TEST_ENV/live/prod.db as artifact prod-prod.db-$RUN
      ok  prod/unlock
            would remove $TEST_ENV/prod/lock
            would unlock prod
    4 steps, 5 writes; 1 step cannot be foreseen in full
    [EOF]
    ");
    insta::assert_snapshot!(env.run(&["backup", "create", "prod"]), @r"
    --- stderr ---
    backup create shop, run $RUN
      ok  preflight $T
      ok  prod/lock $T
      ok  prod/backup/files $T  1 artifact kept and read back
      ok  prod/unlock $T
    done in $T: prod is backed up
    next: `runner backup list prod`
    [EOF]
    ");
    assert_eq!(env.read("told.log"), None, "people are told of what failed alone");
    insta::assert_snapshot!(plain(&env, &env.run(&["backup", "list"])), @r"
    id        made (UTC)           environment  backup  why        release  size  digest        run
    $1  $TIME  prod         files   asked for  -        4 B   2c8b08da5ce6  $RUN
    [EOF]
    ");
    assert_eq!(env.run(&["backup", "list", "staging"]).stdout, "");
    insta::assert_snapshot!(plain(&env, &env.run(&["backup", "verify", "prod"])), @r"
    --- stderr ---
    backup verify shop, run $RUN
      ok  prod/verify/files $T  1 artifact read back whole
    done in $T: backup $1 of prod can be read back
    [EOF]
    ");
}

#[test]
fn the_plan_of_a_rollback_names_what_may_be_restored() {
    let env = shop();
    let planned = env.run(&["rollback", "prod", "--plan"]).stdout;
    let restore = planned.lines().find(|line| line.contains("prod/restore/files"));
    insta::assert_snapshot!(restore.expect("it is named"), @"  if  prod/restore/files  a rollback leaves data that only the newer release can read, and a person approves it");
    let never = env.run(&[
        "rollback",
        "prod",
        "--plan",
        "--set",
        "environments.prod.restore=never",
    ]);
    assert!(!never.stdout.contains("prod/restore"), "{never}");
}

#[test]
fn one_that_fails_is_told_of_and_leaves_nothing_locked() {
    let env = shop();
    let failed = env.run(&["backup", "create", "prod", "--quiet"]);
    assert_eq!(failed.code, Some(10), "{failed}");
    let told = env.read("told.log").expect("told");
    assert!(
        told.contains("ALERT: prod: the backup failed: from plugin `backup-files "),
        "{told}"
    );
    assert_eq!(ids(&env), Vec::<String>::new());
    put(&env, "one\n");
    assert_eq!(env.run(&["backup", "create", "prod", "--quiet"]).code, Some(0));
}

#[test]
fn a_restore_is_approved_keeps_what_is_there_and_brings_back_what_was() {
    let env = shop();
    put(&env, "one\n");
    env.run(&["backup", "create", "prod"]);
    put(&env, "two\n");
    let planned = env.run(&["backup", "restore", "prod", "--plan"]);
    insta::assert_snapshot!(plain(&env, &planned), @r"
    plan of backup restore prod $1 shop; nothing is written
      ok  preflight
      ok  prod/lock
            would lock prod
            would create $TEST_ENV/prod/lock
      ok  prod/verify/files  1 artifact read back whole
      ok  prod/notify/restore/log  told.log
            would append a line to told.log
    skip  prod/restore-approval  depends on what a plan cannot foresee: ask a person: restore prod from backup $1 of files ($TIME UTC)? What was written since $TIME UTC is lost there, and kept in a fresh backup that is made first
            would ask a person: restore prod from backup $1 of files ($TIME UTC)? What was written since $TIME UTC is lost there, and kept in a fresh backup that is made first
                  its result cannot be foreseen, nor what this step does after it
    skip  prod/safety/files  would read it back, as far as it takes, once it is made
            would keep $TEST_ENV/live/prod.db as artifact prod-prod.db-$RUN
      ok  prod/restore/files  back to prod-prod.db-$RUN
            would unpack artifact prod-prod.db-$RUN to $TEST_ENV/live/prod.db
    skip  prod/health  would read the health of prod once the release is there
      ok  prod/unlock
            would remove $TEST_ENV/prod/lock
            would unlock prod
      ok  prod/notify/restored/log  told.log
            would append a line to told.log
    10 steps, 9 writes; 3 steps cannot be foreseen in full
    [EOF]
    ");
    assert_eq!(there(&env), "two\n");

    let mut restore = env.start(&["backup", "restore", "prod"]);
    env.wait_for(&["history"], "waiting");
    assert_eq!(there(&env), "two\n", "nothing before somebody said yes");
    let env = env.set("RUNNER_ACTOR", "bob@example.org");
    let approved = env.run(&["approve"]);
    let stable = |line: &&str| !["bound to", "as of"].iter().any(|word| line.contains(word));
    let shown: Vec<&str> = approved.stderr.lines().filter(stable).collect();
    let shown = CommandOutput {
        stderr: shown.join("\n") + "\n",
        ..approved
    };
    insta::assert_snapshot!(plain(&env, &shown), @r"
    --- stderr ---
    restore prod from backup $1 of files ($TIME UTC)? What was written since $TIME UTC is lost there, and kept in a fresh backup that is made first
      run      $RUN, backup restore prod $1 of ann@example.org
      backup   $1 of files, $TIME UTC, run $RUN
      artifact prod-prod.db-$RUN sha256:2c8b08da5ce60398e1f19af0e5dccc744df274b826abe585eaba68c525434806, 4 B
      to       prod
    answered `approve` as bob@example.org
    [EOF]
    ");
    assert_eq!(restore.wait().expect("ends").code(), Some(0));
    assert_eq!(there(&env), "one\n");
    let told = env.read("told.log").expect("told");
    assert!(told.contains("ALERT: prod: restored from backup "), "{told}");
    insta::assert_snapshot!(plain(&env, &env.run(&["backup", "list", "prod"])), @r"
    id        made (UTC)           environment  backup  why               release  size  digest        run
    $2  $TIME  prod         files   before a restore  -        4 B   27dd8ed44a83  $RUN
    $1  $TIME  prod         files   asked for         -        4 B   2c8b08da5ce6  $RUN
    [EOF]
    ");
}

#[test]
fn what_is_not_meant_is_refused() {
    let env = shop();
    put(&env, "one\n");
    env.run(&["backup", "create", "staging"]);
    let id = ids(&env)[0].clone();
    insta::assert_snapshot!(plain(&env, &env.run(&["backup", "restore", "prod", &id[..4]])), @r"
    --- stderr ---
    error: backup $1 is of staging, not of prod: what one environment holds is never restored to another
    hint: runner backup list prod
    [exit code 10]
    ");
    env.run(&["backup", "create", "staging"]);
    let several = env.run(&["backup", "verify", "staging", ""]);
    assert!(several.stderr.contains("hint: write more of the id"), "{several}");
    env.git(&["rm", "--quiet", "--cached", "runner.toml"]);
    let renamed = env.read("runner.toml").expect("there").replace("files", "data");
    env.write("runner.toml", &renamed.replace("backup-data", "backup-files"));
    insta::assert_snapshot!(plain(&env, &env.run(&["backup", "verify", "staging", &id])), @r"
    --- stderr ---
    error: the profile has no [backup.files] any more, by which $1 of staging was made
    hint: runner profile show
    [exit code 3]
    ");
}

#[test]
fn help_teaches() {
    let env = TestEnv::empty();
    let help = |command: &str| {
        let text = env.run(&["backup", command, "--help"]).stdout;
        let (before, rest) = text.split_once("Global options:\n").expect("it has them");
        format!(
            "{before}...{}",
            rest.split_once("\n\n").map_or("", |(_, after)| after)
        )
    };
    insta::assert_snapshot!(help("restore"), @r"
    Bring one environment's data back to what a backup holds, once a person has approved it

    Usage: runner backup restore [OPTIONS] <ENV> [ID]

    Arguments:
      <ENV>  The environment
      [ID]   Which one; without it, the newest

    Options:
          --plan  Print what would be done, in order, and do nothing
      -h, --help  Print help

    ...What was written since the backup is lost in the environment; a fresh backup of it is made first,
    and listed. The backup is read back before anybody is asked. Whoever approves releases there
    approves this too: `runner approve`.

    Examples:
      runner backup restore prod --plan      what would be done with the newest one
      runner backup restore prod             the newest one that is not itself from before a restore
      runner backup restore prod 3fa2c1d0    by its id, see `runner backup list`
    ");
}
