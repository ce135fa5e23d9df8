//! What happened lately, told on the screen and to notifiers; also where there is no repository.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::thread;

use crate::env::TestEnv;

const SHOP: &str = r#"
[project]
name = "shop"
[environments.prod]
url = "http://127.0.0.1:9"
target = { plugin = "local", config = { root = "there", services = { web = { run = ["true"] } } } }
[environments.staging]
target = { plugin = "local", config = { root = "there-too", services = { web = { run = ["true"] } } } }
[notify.file]
plugin = "file"
config.path = "notices.log"
events = ["digest"]
"#;

/// A page of metrics, on a port of its own, until the test ends.
fn page(text: &'static str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("bound");
    thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let _ = stream.read(&mut [0; 4096]);
            let length = text.len();
            let _ = write!(
                stream,
                "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{text}"
            );
        }
    });
    format!("http://{address}/metrics")
}

fn with_readings(page: &str) -> String {
    format!(
        "{SHOP}[metrics.app]\nplugin = \"scrape\"\nconfig.url = \"{page}\"\n[metrics.gone]\nplugin = \"scrape\"\n\
         config.url = \"http://127.0.0.1:9/metrics\"\n[digest.readings.lag]\nsource = \"app\"\nquery = \"value lag\"\n\
         [digest.readings.fatal]\nsource = \"app\"\nquery = \"value fatal\"\nlevel = \"critical\"\n\
         [digest.readings.other]\nsource = \"gone\"\nquery = \"value x\"\n"
    )
}

#[test]
fn nothing_to_tell_is_not_sent() {
    let env = TestEnv::with_profile(SHOP);
    insta::assert_snapshot!(env.run(&["digest", "--send"]), @r"
    prod, last 1 d: nothing to tell
    staging, last 1 d: nothing to tell
    --- stderr ---
    nothing to tell, so nobody was told
    [EOF]
    ");
    insta::assert_snapshot!(env.run(&["digest", "prod", "--output", "json"]), @r#"
    [{"environment":"prod","items":[],"since":"1d"}]
    [EOF]
    "#);
    insta::assert_snapshot!(env.run(&["digest", "pord"]), @r"
    --- stderr ---
    error: the profile has no environment `pord`; it has `prod`, `staging`
    hint: runner profile show
    [exit code 3]
    ");
    insta::assert_snapshot!(env.run(&["digest", "--level", "loud"]), @r"
    --- stderr ---
    error: invalid value 'loud' for '--level <LEVEL>': a level is `info`, `warning` or `critical`

    For more information, try '--help'.
    [exit code 2]
    ");
    assert_eq!(env.read("notices.log"), None);
}

#[test]
fn runs_and_readings_are_told_once_to_those_who_want_to_know() {
    let page = page("lag 12000\nfatal 2\n");
    let env = TestEnv::with_profile(&with_readings(&page));
    env.run(&["rollback", "prod"]);
    insta::assert_snapshot!(env.run(&["digest"]), @r"
    prod, last 1 d: 1 critical, 3 warnings
    - critical: fatal: 2 (app: value fatal)
    - warning: rollback prod: blocked: preflight: an earlier release is not recorded as good in prod; recorded: none (run $RUN by ann@example.org)
    - warning: lag: 12000 (app: value lag)
    - warning: other is not known: reading `http://127.0.0.1:9/metrics`: GET http://127.0.0.1:9/metrics: error sending request: client error (Connect): tcp connect error: Connection refused (os error 111)
    staging, last 1 d: 1 critical, 2 warnings
    - critical: fatal: 2 (app: value fatal)
    - warning: lag: 12000 (app: value lag)
    - warning: other is not known: reading `http://127.0.0.1:9/metrics`: GET http://127.0.0.1:9/metrics: error sending request: client error (Connect): tcp connect error: Connection refused (os error 111)
    [EOF]
    ");
    insta::assert_snapshot!(env.run(&["digest", "prod", "--level", "critical", "--new", "--send", "--plan"]), @r"
    prod, last 1 d: 1 critical
    - critical: fatal: 2 (app: value fatal)
    plan of digest prod shop; nothing is written
      ok  prod/notify/digest/file  notices.log
            would append a line to notices.log
    1 step, 1 write, all foreseen
    [EOF]
    ");
    assert_eq!(env.read("notices.log"), None);
    insta::assert_snapshot!(env.run(&["digest", "prod", "--level", "critical", "--new", "--send"]), @r"
    prod, last 1 d: 1 critical
    - critical: fatal: 2 (app: value fatal)
    --- stderr ---
    digest shop, run $RUN
      ok  prod/notify/digest/file $T  notices.log
    done in $T: told
    next: `runner status`
    [EOF]
    ");
    insta::assert_snapshot!(env.run(&["digest", "prod", "--level", "critical", "--new", "--send"]), @r"
    prod, last 1 d: nothing to tell
    --- stderr ---
    nothing to tell, so nobody was told
    [EOF]
    ");
    let told = env.read("notices.log").unwrap_or_default();
    assert_eq!(told.lines().count(), 1, "{told}");
    assert!(told.contains("DIGEST: prod, last 1 d: 1 critical"), "{told}");
    insta::assert_snapshot!(env.run(&["history"]), @r"
    run                     command        version  end      by               started (UTC)        took
    $RUN  digest prod    -        done     ann@example.org  $TIME $T
    $RUN  rollback prod  -        blocked  ann@example.org  $TIME $T
    [EOF]
    ");
}

#[test]
fn a_digest_that_reaches_nobody_fails() {
    let page = page("lag 12000\n");
    let profile = with_readings(&page).replace(
        "plugin = \"file\"\nconfig.path = \"notices.log\"",
        "plugin = \"webhook\"\nconfig.url = \"http://127.0.0.1:9/\"",
    );
    let env = TestEnv::with_profile(&profile);
    let output = env.run(&["digest", "prod", "--level", "warning", "--send"]);
    assert_eq!(output.code, Some(10), "{output}");
    let without =
        TestEnv::with_profile(&with_readings(&page).replace("events = [\"digest\"]", "events = [\"alert\"]"));
    insta::assert_snapshot!(without.run(&["digest", "prod", "--level", "critical", "--send", "--set", "digest.readings.lag.level=critical"]), @r#"
    prod, last 1 d: 1 critical
    - critical: lag: 12000 (app: value lag)
    --- stderr ---
    no notifier of the profile wants to know of prod: `events = ["digest"]`
    [EOF]
    "#);
}

#[test]
fn an_installed_profile_needs_no_repository() {
    let env = TestEnv::empty();
    let profile = env.place("shop.toml");
    std::fs::write(&profile, SHOP).expect("written");
    let env = env.set("RUNNER_PROFILE_FILE", &profile).set("RUNNER_HERE", "vps");
    insta::assert_snapshot!(env.run(&["digest", "prod"]), @r"
    prod, last 1 d: nothing to tell
    [EOF]
    ");
    insta::assert_snapshot!(env.run(&["rollback", "prod"]), @r"
    --- stderr ---
    rollback shop, run $RUN
    FAIL  preflight $T  `$TEST_ENV/work` is not in a git repository: run `git init` there, or run `runner` in a clone
      ok  report $T  3 files in .runner/reports/$RUN
    blocked in $T: preflight: `$TEST_ENV/work` is not in a git repository: run `git init` there, or run `runner` in a clone
    next: mend what failed, then `runner rollback prod`
    reports: .runner/reports/$RUN
    [exit code 10]
    ");
    insta::assert_snapshot!(env.run(&["digest", "prod", "--send"]), @r"
    prod, last 1 d: 1 warning
    - warning: rollback prod: blocked: preflight: `$TEST_ENV/work` is not in a git repository: run `git init` there, or run `runner` in a clone (run $RUN by ann@example.org)
    --- stderr ---
    digest shop, run $RUN
      ok  prod/notify/digest/file $T  notices.log
    done in $T: told
    next: `runner status`
    [EOF]
    ");
    assert!(
        env.read("notices.log")
            .unwrap_or_default()
            .contains("prod, last 1 d: 1 warning")
    );
}
