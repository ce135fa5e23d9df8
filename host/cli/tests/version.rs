//! The next version and its changelog.

use crate::env::TestEnv;

const SHOP: &str = "[project]\nname = \"shop\"\n";

fn shop() -> TestEnv {
    let env = TestEnv::with_profile(SHOP);
    env.git(&["tag", "v0.1.0"]);
    env
}

#[test]
fn the_first_version() {
    let env = TestEnv::with_profile(SHOP);
    insta::assert_snapshot!(env.run(&["version"]), @r"
    0.1.0
    --- stderr ---
    the first version
    [EOF]
    ");
}

#[test]
fn follows_the_commits() {
    let env = shop();
    env.commit("feat(cart): привет, корзина (#45)");
    env.commit("fix: an order of nothing");
    insta::assert_snapshot!(env.run(&["version"]), @r"
    0.2.0
    --- stderr ---
    minor, because of 1 feat, 1 fix since v0.1.0
    [EOF]
    ");
    insta::assert_snapshot!(env.run(&["version", "--pre", "rc"]), @r"
    0.2.0-rc.1
    --- stderr ---
    minor, because of 1 feat, 1 fix since v0.1.0
    [EOF]
    ");
    insta::assert_snapshot!(env.run(&["version", "--output", "json"]), @r#"
    {"last":"v0.1.0","reason":"minor, because of 1 feat, 1 fix since v0.1.0","tag":"v0.2.0","version":"0.2.0"}
    [EOF]
    "#);
    insta::assert_snapshot!(env.run(&["changelog"]), @r"
    ## v0.2.0 ($DAY)

    ### Features

    - **cart:** привет, корзина (#45)

    ### Bug Fixes

    - an order of nothing
    [EOF]
    ");
}

#[test]
fn nothing_to_release_is_no_error() {
    let env = shop();
    env.commit("docs: where to read");
    insta::assert_snapshot!(env.run(&["version"]), @r"
    --- stderr ---
    nothing to release: 1 commit since v0.1.0, none of which changes the version (1 docs)
    [EOF]
    ");
    insta::assert_snapshot!(env.run(&["changelog"]), @r"
    --- stderr ---
    nothing to release: 1 commit since v0.1.0, none of which changes the version (1 docs)
    [EOF]
    ");
    insta::assert_snapshot!(env.run(&["version", "--output", "json"]), @r#"
    {"reason":"nothing to release: 1 commit since v0.1.0, none of which changes the version (1 docs)","version":null}
    [EOF]
    "#);
}

#[test]
fn a_channel_that_is_none() {
    let env = shop();
    env.commit("feat: more");
    insta::assert_snapshot!(env.run(&["version", "--pre", "1"]), @r"
    --- stderr ---
    error: `1` cannot name a pre-release: use letters, digits and `-`, not digits alone, e.g. `rc`
    [exit code 10]
    ");
}
