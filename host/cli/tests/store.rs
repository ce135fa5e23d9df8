//! One store, several machines: each has a clone of the repository, a home of its own, and nothing else of the others.

#![expect(clippy::print_stderr, reason = "a test that is left out says so")]

use std::fs;
use std::thread;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::env::TestEnv;

/// Checks that write a line each into a folder that all machines see, then a release with an artifact.
fn profile(env: &TestEnv, store: &str) -> String {
    format!(
        r#"
store = "{store}"

[project]
name = "shop"

[gate.build]
plugin = "command"
config.run = ["sh", "-c", "mkdir -p out && printf '#!/bin/sh\\nexec sleep 600\\n' > out/shop && chmod +x out/shop"]
config.nature = "idempotent"

[gate.first]
plugin = "command"
config.run = ["sh", "-c", "echo first >> {world}/done"]

[artifacts.shop]
path = "out/shop"

[release]
environments = ["prod"]

[environments.prod]
first-deploy = "allow"
target.plugin = "local"
target.config = {{ root = "{prod}", services.web.run = ["{{{{release}}}}/shop"] }}
"#,
        world = env.place("world"),
        prod = env.place("prod"),
    )
}

/// The same release, which waits for a person before it deploys.
const WAITS: &str = "\n[environments.prod.approval]\nown = true\n";

fn that_waits(env: TestEnv) -> TestEnv {
    let profile = env.read("runner.toml").expect("there") + WAITS;
    env.write("runner.toml", &profile);
    env.commit("feat: a person is asked");
    env
}

/// A machine with the repository, and what its variables must be to reach the store.
fn machine(store: &str, variables: &[(&str, &str)]) -> TestEnv {
    // Compiled plugins are nothing that a machine knows of another: they are only not compiled for each of them.
    let cache = concat!(env!("CARGO_TARGET_TMPDIR"), "/store-cache");
    let env = TestEnv::with_profile("[project]\nname = \"shop\"\n").set("RUNNER_CACHE_DIR", cache);
    fs::create_dir(env.place("world")).expect("made");
    env.write(
        "runner.toml",
        &profile(&env, &store.replace("$PLACE", &env.place(""))),
    );
    env.write(".gitignore", "out\n.runner\n");
    env.commit("feat: a shop that is released");
    variables
        .iter()
        .fold(env, |env, (name, value)| env.set(name, value))
}

fn in_a_folder() -> TestEnv {
    let env = machine("file://$PLACEstore", &[]);
    fs::create_dir(env.place("store")).expect("made");
    env
}

/// A store on the S3 server of `scripts/test-s3.sh`, in a prefix that nothing else has; none where there is no server.
fn on_s3() -> Option<TestEnv> {
    let endpoint = std::env::var("RUNNER_TEST_S3").ok();
    let Some(endpoint) = endpoint.filter(|endpoint| !endpoint.is_empty()) else {
        assert!(
            std::env::var("CI").map_or(true, |ci| ci != "true"),
            "CI tests the store against an S3 server: sh scripts/test-s3.sh COMMAND..."
        );
        eprintln!(
            "LEFT OUT: no S3 server to test against: `pip install 'moto[server]'`, then `sh scripts/test-s3.sh COMMAND...`"
        );
        return None;
    };
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970");
    let store = format!("s3://runner-test/cli/{}-{}", now.as_nanos(), std::process::id());
    Some(machine(
        &store,
        &[
            ("AWS_ENDPOINT", &endpoint),
            ("AWS_REGION", "us-east-1"),
            ("AWS_ACCESS_KEY_ID", "test"),
            ("AWS_SECRET_ACCESS_KEY", "test"),
        ],
    ))
}

fn done(env: &TestEnv) -> String {
    fs::read_to_string(format!("{}/done", env.place("world"))).unwrap_or_default()
}

/// Kills a release at its n-th append; another machine takes it to its end.
fn another_machine_goes_on(env: &TestEnv, point: &str) {
    let killed = env.run_crashing(point, &["release"]);
    assert_eq!(killed.code, None, "{point}: {killed}");
    let (other, third) = (env.another(), env.another());
    let resumed = other.run(&["resume"]);
    assert_eq!(resumed.code, Some(0), "{point}: {resumed}");
    // It is where an uninterrupted one ends, seen from any machine.
    let history = third.run(&["history"]);
    assert!(history.stdout.contains("released"), "{point}: {history}");
    assert_eq!(other.git(&["tag"]), "v0.1.0\n", "{point}");
    let deployed = fs::read_to_string(format!("{}/current/shop", env.place("prod")));
    assert!(deployed.expect("deployed").contains("sleep 600"), "{point}");
    assert_eq!(done(env), "first\n", "{point}");
    let again = third.run(&["resume"]);
    assert!(
        again.stderr.contains("there is no run that has not ended"),
        "{point}: {again}"
    );
}

/// Not between the checks and `package`: what the checks built is gone with their machine. Not once the target's processes
/// run, which are the machine's, too.
#[test]
fn another_machine_goes_on_from_a_shared_folder() {
    for point in [
        "after:2",
        "after:34",
        "before:39",
        "after:43",
        "after:45",
        "after:49",
    ] {
        another_machine_goes_on(&in_a_folder(), point);
    }
}

#[test]
fn another_machine_goes_on_from_s3() {
    for point in ["after:34", "after:45"] {
        let Some(env) = on_s3() else { return };
        another_machine_goes_on(&env, point);
    }
}

fn one_of_two_resumes(env: TestEnv) {
    let env = that_waits(env);
    let mut release = env.start(&["release"]);
    let (b, c) = (env.another(), env.another());
    b.wait_for(&["history"], "waiting");
    release.kill().expect("killed");
    release.wait().expect("ends");
    let (mut one, mut two) = (b.start(&["resume"]), c.start(&["resume"]));
    // One waits for the answer; the other is told who drives, and ends.
    let (loser, status, winner) = loop {
        match (one.try_wait().expect("asks"), two.try_wait().expect("asks")) {
            (Some(status), _) => break (&b, status, &mut two),
            (_, Some(status)) => break (&c, status, &mut one),
            _ => thread::sleep(Duration::from_millis(20)),
        }
    };
    assert_eq!(status.code(), Some(10));
    loser.wait_for(&["history"], "waiting");
    let told = loser.run(&["resume"]);
    assert!(told.stderr.contains("is driven by ann@example.org on "), "{told}");
    let answer = loser.run(&["approve", "--quiet"]);
    assert_eq!(answer.code, Some(0), "{answer}");
    assert_eq!(winner.wait().expect("ends").code(), Some(0));
    let shown = env.run(&["show"]).stdout;
    assert!(
        shown.contains("ann@example.org answered `approve` to prod/approval"),
        "{shown}"
    );
}

#[test]
fn of_two_that_resume_at_once_one_does() {
    one_of_two_resumes(in_a_folder());
    if let Some(env) = on_s3() {
        one_of_two_resumes(env);
    }
}

/// The store goes away in the middle of a run: what cannot be written down is not done.
#[test]
fn nothing_is_done_that_the_store_does_not_have() {
    let env = TestEnv::with_profile("[project]\nname = \"shop\"\n");
    let (store, away) = (env.place("store"), env.place("away"));
    fs::create_dir(&store).expect("made");
    let profile = format!(
        r#"
store = "file://{store}"

[project]
name = "shop"

[gate.breaks]
plugin = "command"
config.run = ["sh", "-c", "test -e moved || (touch moved && mv '{store}' '{away}')"]
config.nature = "idempotent"

[artifacts.shop]
path = "moved"
"#
    );
    env.write("runner.toml", &profile);
    env.write(".gitignore", "moved\n.runner\n");
    env.commit("feat: a store that goes away");
    let head = env.git(&["rev-parse", "HEAD"]);
    let stopped = env.run(&["release"]);
    insta::assert_snapshot!(stopped, @r#"
    --- stderr ---
    release shop, run $RUN
      ok  preflight $T  $COMMIT on main
    error: cannot append to the journal in `file://$TEST_ENV/store`: cannot look at `$TEST_ENV/store`: No such file or directory (os error 2)
    hint: nothing is done that cannot be written down first
    hint: when the store can be written again: `runner resume $RUN`
    [exit code 15]
    "#);
    assert_eq!(env.git(&["rev-parse", "HEAD"]), head);
    assert_eq!(env.git(&["tag"]), "");
    fs::rename(&away, &store).expect("is back");
    let resumed = env.run(&["resume"]);
    assert_eq!(resumed.code, Some(0), "{resumed}");
    assert_eq!(env.git(&["tag"]), "v0.1.0\n");
}

#[test]
fn a_plan_and_a_look_leave_nothing_in_the_store() {
    let env = in_a_folder();
    for arguments in [&["release", "--plan"][..], &["history"], &["status"]] {
        let output = env.run(arguments);
        assert_eq!(output.code, Some(0), "{output}");
    }
    let left = fs::read_dir(env.place("store")).expect("there").count();
    assert_eq!(left, 0);
}

/// The line of the store, and the hint below it.
fn doctor(env: &TestEnv) -> String {
    let output = env.run(&["doctor"]).stdout;
    let from = output.lines().skip_while(|line| !line.contains("  store  "));
    let line: Vec<_> = from
        .take(2)
        .filter(|line| line.contains("store  ") || line.contains("hint"))
        .collect();
    line.join("\n")
}

#[test]
fn doctor_tries_a_shared_store() {
    let env = in_a_folder();
    insta::assert_snapshot!(doctor(&env).trim_start(), @r#"
    ok  store       file://$TEST_ENV/store, 0 runs, conditional writes work, $T a write
    "#);
    fs::remove_dir_all(env.place("store")).expect("removed");
    insta::assert_snapshot!(doctor(&env).trim_start(), @r#"
    FAIL  store       cannot use the store `file://$TEST_ENV/store`: there is no folder `$TEST_ENV/store`
                      hint: mount it, or make it: mkdir
    "#);
    let env = machine("s3://runner-test/none", &[]);
    insta::assert_snapshot!(doctor(&env).trim_start(), @r#"
    FAIL  store       cannot use the store `s3://runner-test/none`: there are no credentials
                      hint: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY; with the AWS command line: `eval "$(aws configure export-credentials --format env)"`
    "#);
    let env = machine("ftp://example.org/store", &[]);
    insta::assert_snapshot!(doctor(&env).trim_start(), @r#"
    FAIL  store       cannot use the store `ftp://example.org/store`: `ftp` is no kind of store
                      hint: known are `s3://bucket/prefix` and `file:///folder`
    "#);
    let Some(env) = on_s3() else { return };
    let good = doctor(&env);
    assert!(
        good.contains("  ok  store") && good.contains("conditional writes work"),
        "{good}"
    );
    let env = env.set("RUNNER_STORE", "s3://there-is-none/store");
    insta::assert_snapshot!(doctor(&env).trim_start(), @r#"
    FAIL  store       cannot use the store `s3://there-is-none/store`: there is no such bucket
                      hint: make the bucket, or see whether AWS_ENDPOINT and AWS_REGION are the right ones
    "#);
    let nobody = "s3://runner-test/unreachable";
    let env = env
        .set("RUNNER_STORE", nobody)
        .set("AWS_ENDPOINT", "http://127.0.0.1:9");
    let unreachable = doctor(&env);
    assert!(unreachable.contains("FAIL  store"), "{unreachable}");
}
