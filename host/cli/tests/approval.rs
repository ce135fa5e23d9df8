//! A person's answer: shown, signed, checked, and heard by the run that waits for it.

use std::fs;
use std::process::Command;

use crate::env::TestEnv;

/// A release that waits for a person before anything is deployed.
fn shop() -> TestEnv {
    let env = TestEnv::with_profile("[project]\nname = \"shop\"\n");
    let profile = format!(
        r#"
[project]
name = "shop"

[gate.build]
plugin = "command"
config.run = ["sh", "-c", "mkdir -p out && echo shop > out/shop"]

[artifacts.shop]
path = "out/shop"

[release]
environments = ["prod"]

[environments.prod]
first-deploy = "allow"
target.plugin = "local"
target.config = {{ root = "{}", services.web.run = ["{{{{release}}}}/shop"] }}

[environments.prod.approval]
approvers = ["bob@example.org"]
allowed-signers = "signers"
"#,
        env.place("prod")
    );
    env.write("runner.toml", &profile);
    env.write(".gitignore", "out\n.runner\nkey*\n");
    let key = env.work().join("key");
    let made = Command::new("ssh-keygen")
        .args(["-q", "-t", "ed25519", "-N", "", "-C", "bob", "-f"])
        .arg(&key)
        .status();
    assert!(made.expect("ssh-keygen runs").success());
    let public = fs::read_to_string(env.work().join("key.pub")).expect("made");
    env.write("signers", &format!("bob@example.org {public}"));
    env.commit("feat: a place to deploy to");
    env
}

#[test]
fn a_plan_and_a_status_of_an_environment_with_nothing_in_it() {
    let env = shop();
    insta::assert_snapshot!(env.run(&["status"]), @r"
    prod  nothing deployed
    [EOF]
    ");
    insta::assert_snapshot!(env.run(&["release", "--plan"]), @r"
    plan of release shop; nothing is written
      ok  preflight  $COMMIT on main
      ok  gate/build  `sh -c mkdir -p out && echo shop > out/shop` is not run in a plan
            would run sh -c 'mkdir -p out && echo shop > out/shop'
      ok  version  0.1.0 (the first version)
      ok  changelog  commit planned
            would commit CHANGELOG.md: chore(release): v0.1.0
      ok  tag  v0.1.0 at planned
            would tag v0.1.0
      ok  package  shop not-yet-made 0 B
            would keep out/shop as artifact shop
    skip  prod/approval  depends on what a plan cannot foresee: ask a person: deploy shop 0.1.0 to prod?
            would ask a person: deploy shop 0.1.0 to prod?
                  its result cannot be foreseen, nor what this step does after it
      ok  prod/lock
            would lock prod
            would create $TEST_ENV/prod/lock
      ok  prod/deploy  0.1.0, 0 of 1 service healthy
            would write $TEST_ENV/prod/state.json
            would copy artifact shop to $TEST_ENV/prod/releases/0.1.0-unbuilt/shop
            would write $TEST_ENV/prod/releases/0.1.0-unbuilt/.release.json
            would link $TEST_ENV/prod/current -> releases/0.1.0-unbuilt
            would start service shop-prod-web (0.1.0)
    skip  prod/health  would read the health of prod once the release is there
      ok  prod/record  0.1.0 is good
            would record 0.1.0 as good in prod
      ok  prod/unlock
            would remove $TEST_ENV/prod/lock
            would unlock prod
      ok  report  6 files in .runner/reports/$RUN
            would write .runner/reports/$RUN/_summary.json
            would write .runner/reports/$RUN/quality-gate-report.json
            would write .runner/reports/$RUN/changelog-v0.1.0.md
            would write .runner/reports/$RUN/deploy-log-prod-$TIME.md
            would write .runner/reports/$RUN/junit.xml
            would write .runner/reports/$RUN/report.html
    13 steps, 21 writes; 2 steps cannot be foreseen in full
    [EOF]
    ");
    insta::assert_snapshot!(env.run(&["rollback", "prod"]), @r"
    --- stderr ---
    rollback shop, run $RUN
    FAIL  preflight $T  an earlier release is not recorded as good in prod; recorded: none
           hint: a rollback goes only to what was good there
      ok  report $T  3 files in .runner/reports/$RUN
    blocked in $T: preflight: an earlier release is not recorded as good in prod; recorded: none
    next: mend what failed, then `runner rollback prod`
    reports: .runner/reports/$RUN
    [exit code 10]
    ");
}

#[test]
fn a_signed_answer_of_somebody_who_may_counts_and_no_other() {
    let env = shop();
    let mut release = env.start(&["release"]);
    env.wait_for(&["history"], "waiting");
    insta::assert_snapshot!(env.run(&["approve", "--choice", "perhaps"]), @r"
    --- stderr ---
    error: deploy shop 0.1.0 to prod?: `perhaps` is no answer to it
    hint: --choice 'approve'
    hint: --choice 'reject'
    [exit code 10]
    ");
    insta::assert_snapshot!(env.run(&["approve", "--quiet"]), @r"
    --- stderr ---
    error: the answer `approve` of ann@example.org would not count: only bob@example.org may answer
    [exit code 10]
    ");
    let bob = env.set("RUNNER_ACTOR", "bob@example.org");
    insta::assert_snapshot!(bob.run(&["approve", "--quiet"]), @r"
    --- stderr ---
    error: the answer `approve` of bob@example.org would not count: it is not signed: `runner approve --key ~/.ssh/id_ed25519`
    [exit code 10]
    ");
    let answer = bob.run(&["reject", "--note", "not before Monday", "--key", "key"]);
    let digests = |line: &&str| {
        !["bound to", "version ", "as of"]
            .iter()
            .any(|word| line.contains(word))
    };
    let shown: Vec<&str> = answer.stderr.lines().filter(digests).collect();
    insta::assert_snapshot!(shown.join("\n"), @r"
    deploy shop 0.1.0 to prod?
      run      $RUN, release of ann@example.org
      artifact shop sha256:0f94d09be3a83267368f2c71408d7e0342f6c7be219409d1f729c405af82b733, 5 B
      check    build: `sh -c mkdir -p out && echo shop > out/shop` ended with exit code 0
      to       prod
    answered `reject` as bob@example.org
    ");
    assert_eq!(release.wait().expect("ends").code(), Some(11));
    let shown = bob.run(&["show"]).stdout;
    let last = shown.lines().last().expect("a decision");
    insta::assert_snapshot!(last, @"$TIME UTC  bob@example.org answered `reject` to prod/approval, signed: not before Monday");
}

#[test]
fn a_run_that_was_killed_goes_on_where_it_was() {
    let env = shop();
    let mut release = env.start(&["release"]);
    env.wait_for(&["history"], "waiting");
    release.kill().expect("killed");
    release.wait().expect("ends");
    env.wait_for(&["history"], "stopped");
    let mut again = env.start(&["resume"]);
    env.wait_for(&["history"], "waiting");
    let driven = env.run(&["resume"]);
    assert!(
        driven.stderr.contains("is driven by ann@example.org on "),
        "{driven}"
    );
    insta::assert_snapshot!(env.run(&["cancel", "--quiet"]), @"[EOF]");
    assert_eq!(again.wait().expect("ends").code(), Some(14));
    insta::assert_snapshot!(env.run(&["resume"]), @r"
    --- stderr ---
    error: there is no run that has not ended
    hint: runner history
    [exit code 10]
    ");
}
