//! What the programs of an environment write.

use std::fs::OpenOptions;
use std::io::{BufRead as _, BufReader, Write as _};
use std::process::Command;

use crate::env::TestEnv;

const SHOP: &str = "\
[project]
name = \"shop\"

[environments.staging.target]
plugin = \"local\"
config.root = \"site\"
config.services.web.run = [\"{{release}}/shop\"]
config.services.web.env.DB = \"postgresql://shop:{{secret:db}}@localhost/shop\"
config.services.worker.run = [\"{{release}}/worker\"]

[secrets]
db = { env = \"SHOP_DB\" }
";

fn shop() -> TestEnv {
    let env = TestEnv::with_profile(SHOP).set("SHOP_DB", "hunter2 hunter2");
    env.write(
        "site/logs/web.log",
        "starting\n\
         2026-03-15T10:00:00.250Z \u{1b}[32mINFO\u{1b}[0m GET /\n\
         2026-03-15T10:00:02.000Z cannot connect to postgresql://shop:hunter2 hunter2@localhost/shop\n  \
         at db.py:7\n\
         2026-03-15T10:00:09Z unfinished",
    );
    env.write(
        "site/logs/worker.log",
        "2026-03-15T10:00:01Z task 1\n2026-03-15T10:00:03Z task 2\n",
    );
    env
}

/// As the command prints it: nothing in these outputs differs from run to run.
fn stdout(env: &TestEnv, arguments: &[&str]) -> String {
    let output = env
        .command_of_runner()
        .args(arguments)
        .output()
        .expect("runner runs");
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{stderr}");
    format!("{}{stderr}", String::from_utf8_lossy(&output.stdout))
}

#[test]
fn all_sources_in_order_of_time() {
    let env = shop();
    insta::assert_snapshot!(stdout(&env, &["logs", "staging"]), @r"
                             web     starting
    2026-03-15 10:00:00.250Z web     2026-03-15T10:00:00.250Z INFO GET /
    2026-03-15 10:00:01.000Z worker  2026-03-15T10:00:01Z task 1
    2026-03-15 10:00:02.000Z web     2026-03-15T10:00:02.000Z cannot connect to postgresql://shop:{{secret:db}}@localhost/shop
    2026-03-15 10:00:02.000Z web       at db.py:7
    2026-03-15 10:00:03.000Z worker  2026-03-15T10:00:03Z task 2
    ");
    insta::assert_snapshot!(stdout(&env, &["logs", "staging", "-n", "2", "--color", "always"]).replace('\u{1b}', "ESC"), @r"
    ESC[2m2026-03-15 10:00:02.000ZESC[0m ESC[36mwebESC[0m       at db.py:7
    ESC[2m2026-03-15 10:00:03.000ZESC[0m ESC[33mworkerESC[0m  2026-03-15T10:00:03Z task 2
    ");
    insta::assert_snapshot!(stdout(&env, &["logs", "staging", "-u", "worker", "--since", "2026-03-15T10:00:02Z"]), @r"
    2026-03-15 10:00:03.000Z worker  2026-03-15T10:00:03Z task 2
    ");
    insta::assert_snapshot!(stdout(&env, &["logs", "staging", "--unit", "web", "-n", "3", "--output", "json"]), @r#"
    {"at":1773568800250,"source":"web","text":"2026-03-15T10:00:00.250Z \u001b[32mINFO\u001b[0m GET /"}
    {"at":1773568802000,"source":"web","text":"2026-03-15T10:00:02.000Z cannot connect to postgresql://shop:{{secret:db}}@localhost/shop"}
    {"at":1773568802000,"source":"web","text":"  at db.py:7"}
    "#);
    assert_eq!(
        stdout(&env, &["logs", "staging", "-u", "worker", "--since", "1s"]),
        "no lines\n"
    );
    assert_eq!(env.run(&["history"]).stdout, "", "looking is no run");
}

#[test]
fn what_is_asked_for_wrongly() {
    let env = shop();
    insta::assert_snapshot!(env.run(&["logs", "staging", "--unit", "nginx"]), @r"
    --- stderr ---
    error: staging has no unit `nginx`
    hint: it has web, worker
    [exit code 3]
    ");
    insta::assert_snapshot!(env.run(&["logs", "prod"]), @r"
    --- stderr ---
    error: the profile has no environment `prod`; it has `staging`
    hint: runner profile show
    [exit code 3]
    ");
    insta::assert_snapshot!(env.run(&["logs", "staging", "--since", "yesterday"]), @r"
    --- stderr ---
    error: invalid value 'yesterday' for '--since <WHEN>': neither a length of time like `1h` or `30m`, nor an instant like $DAYT10:00:00Z

    For more information, try '--help'.
    [exit code 2]
    ");
}

#[test]
fn a_secret_that_is_not_to_be_had_is_told_of() {
    let env = TestEnv::with_profile(SHOP);
    insta::assert_snapshot!(env.run(&["logs", "staging"]), @r"
    --- stderr ---
    `web` has written nothing yet
    `worker` has written nothing yet
    the secret `db` could not be told from other text here, and may stand in these lines: no secret `db`: the environment has no variable `SHOP_DB`
    no lines
    [EOF]
    ");
}

#[test]
fn following_goes_on_until_ctrl_c() {
    let env = shop();
    let mut runner = env
        .command_of_runner()
        .args(["logs", "staging", "--follow", "-n", "1"])
        .stdout(std::process::Stdio::piped())
        .spawn()
        .expect("runner runs");
    let mut lines = BufReader::new(runner.stdout.take().expect("piped")).lines();
    let mut next = || lines.next().expect("a line").expect("UTF-8");
    assert!(next().ends_with("worker  2026-03-15T10:00:03Z task 2"));
    let append = |path: &str, text: &str| {
        let log = OpenOptions::new().append(true).open(env.work().join(path));
        log.expect("there").write_all(text.as_bytes()).expect("written");
    };
    append("site/logs/web.log", " no more\nboom hunter2 hunter2\n");
    assert_eq!(
        next(),
        "2026-03-15 10:00:09.000Z web     2026-03-15T10:00:09Z unfinished no more"
    );
    assert_eq!(next(), "2026-03-15 10:00:09.000Z web     boom {{secret:db}}");
    env.write("site/logs/worker.log", "another file\n");
    assert_eq!(next(), "                         worker  another file");
    let ctrl_c = Command::new("kill")
        .args(["-INT", &runner.id().to_string()])
        .status();
    assert!(ctrl_c.expect("kill runs").success());
    assert_eq!(runner.wait().expect("ended").code(), Some(130));
}
