//! What runs where, and which runs there were.

use crate::env::TestEnv;

const SHOP: &str = "[project]\nname = \"shop\"\n";

#[test]
fn without_environments() {
    let env = TestEnv::with_profile(SHOP);
    insta::assert_snapshot!(env.run(&["status"]), @r"
    --- stderr ---
    the profile has no environments
    [EOF]
    ");
    insta::assert_snapshot!(env.run(&["status", "prod"]), @r"
    --- stderr ---
    error: the profile has no environment `prod`; it has none
    hint: runner profile show
    [exit code 3]
    ");
}

#[test]
fn without_runs() {
    let env = TestEnv::with_profile(SHOP);
    insta::assert_snapshot!(env.run(&["history"]), @r"
    --- stderr ---
    no run of this project yet: `runner release --plan` shows what one would do
    [EOF]
    ");
    insta::assert_snapshot!(env.run(&["show"]), @r"
    --- stderr ---
    error: there is no run of this project yet
    hint: runner release --plan
    [exit code 10]
    ");
    insta::assert_snapshot!(env.run(&["show", "3f2a"]), @r"
    --- stderr ---
    error: there is no run `3f2a` here
    hint: runner history
    [exit code 10]
    ");
    insta::assert_snapshot!(env.run(&["resume"]), @r"
    --- stderr ---
    error: there is no run that has not ended
    hint: runner history
    [exit code 10]
    ");
    insta::assert_snapshot!(env.run(&["cancel"]), @r"
    --- stderr ---
    error: there is no run that has not ended
    hint: runner history
    [exit code 10]
    ");
    insta::assert_snapshot!(env.run(&["approve"]), @r"
    --- stderr ---
    error: no run asks anything
    hint: runner history
    [exit code 10]
    ");
    insta::assert_snapshot!(env.run(&["reject", "--question", "prod/approval"]), @r"
    --- stderr ---
    error: no run asks `prod/approval`
    hint: runner history
    [exit code 10]
    ");
}

#[test]
fn an_environment_that_is_none() {
    let env = TestEnv::with_profile(SHOP);
    insta::assert_snapshot!(env.run(&["deploy", "prod"]), @r"
    --- stderr ---
    error: the profile has no environment `prod`; it has none
    hint: runner profile show
    [exit code 3]
    ");
    insta::assert_snapshot!(env.run(&["rollback", "prod"]), @r"
    --- stderr ---
    error: the profile has no environment `prod`; it has none
    hint: runner profile show
    [exit code 3]
    ");
}
