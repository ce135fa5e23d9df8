//! The go/no-go checklist before production, within a release: asked once staging is good, and before anything of production
//! is touched.

use std::path::Path;

use crate::env::TestEnv;

/// Two environments on this machine; the second has a checklist with one item for each: a machine, the order, a person.
fn shop() -> TestEnv {
    let env = TestEnv::with_profile("[project]\nname = \"shop\"\n");
    let target = |name: &str| {
        format!(
            "first-deploy = \"allow\"\ntarget.plugin = \"local\"\n\
             target.config = {{ root = \"{}\", services.web.run = [\"{{{{release}}}}/shop\"] }}\n",
            env.place(name)
        )
    };
    let profile = format!(
        r#"
[project]
name = "shop"

[gate.build]
plugin = "command"
config.run = ["sh", "-c", "mkdir -p out && echo '#!/bin/sh' > out/shop && echo 'exec sleep 600' >> out/shop && chmod +x out/shop"]

[gate.go-no-go]
plugin = "checklist"
config.people = ["ann@example.org"]
config.items = [
    {{ id = "no-claude-md", group = "code", text = "`CLAUDE.md` is not committed", not-committed = "CLAUDE.md" }},
    {{ id = "backup-created", group = "production", text = "A backup is made", because = "without one it stops" }},
    {{ id = "changelog-prepared", group = "communication", text = "The changelog is written", run = ["sh", "-c", "git show \"v$RUNNER_VERSION:CHANGELOG.md\" | grep -qF \"$RUNNER_VERSION\""] }},
    {{ id = "qa-done", group = "staging", text = "The QA checklist is done" }},
]

[notify.team]
plugin = "file"
events = ["approval"]
config.path = ".runner/notices.log"

[artifacts.shop]
path = "out/shop"

[release]
environments = ["staging", "prod"]

[environments.staging]
{}
[environments.prod]
before = ["go-no-go"]
{}
"#,
        target("staging"),
        target("prod")
    );
    env.write("runner.toml", &profile);
    env.write(".gitignore", "out\n.runner\n");
    env.commit("feat: places to deploy to");
    env
}

const QUESTION: &str = "prod/gate/go-no-go/qa-done";

fn steps(env: &TestEnv) -> String {
    let shown = env.run(&["show"]).stdout;
    let lines = shown
        .lines()
        .filter(|line| line.contains("prod/") || line.contains("staging/record"));
    lines.collect::<Vec<_>>().join("\n")
}

#[test]
fn no_go_blocks_and_leaves_production_untouched() {
    let env = shop();
    let mut release = env.start(&["release"]);
    env.wait_for(&["history"], "waiting");
    assert!(
        Path::new(&env.place("staging")).join("current").exists(),
        "staging is good first"
    );
    let said = env.run(&["reject", "--note", "two bugs are open", "--quiet"]);
    assert_eq!(said.code, Some(0), "{said}");
    assert_eq!(release.wait().expect("ends").code(), Some(10));
    insta::assert_snapshot!(env.run(&["history"]), @r"
    run                     command  version  end      by               started (UTC)        took
    $RUN  release  0.1.0    blocked  ann@example.org  $TIME $T
    [EOF]
    ");
    insta::assert_snapshot!(steps(&env), @r"
      why       prod/gate/go-no-go: NO-GO: not so: The QA checklist is done (ann@example.org: two bugs are open)
      ok  staging/record $T  0.1.0 is good
    FAIL  prod/gate/go-no-go $T  NO-GO: not so: The QA checklist is done (ann@example.org: two bugs are open)
            did write report prod/gate/go-no-go/go-no-go.md
    $TIME UTC  ann@example.org answered `no` to prod/gate/go-no-go/qa-done: two bugs are open
    ");
    insta::assert_snapshot!(told(&env), @"ALERT: prod: `prod/gate/go-no-go` waits for ann@example.org: shop v0.1.0, Staging: The QA checklist is done? `runner approve $RUN` or `runner reject $RUN`; it may ask more after that [$RUN prod/gate/go-no-go]");
    assert!(!Path::new(&env.place("prod")).exists(), "production is untouched");
    insta::assert_snapshot!(sheet(&env), @r#"
    info so: `CLAUDE.md` is not committed (git tracks no file `CLAUDE.md`)
    info so: A backup is made (by the order of the release: without one it stops)
    info so: The changelog is written (`sh -c git show "v$RUNNER_VERSION:CHANGELOG.md" | grep -qF "$RUNNER_VERSION"`: exit code 0)
    high not so: The QA checklist is done (ann@example.org: two bugs are open)
    "#);
}

#[test]
fn go_goes_on_and_a_machine_s_no_asks_nobody() {
    let env = shop();
    // Nobody is asked by what is no release.
    assert_eq!(env.run(&["quality-gate"]).code, Some(0));
    let mut release = env.start(&["release"]);
    env.wait_for(&["history"], "waiting");
    let said = env.run(&["approve", "--question", QUESTION, "--quiet"]);
    assert_eq!(said.code, Some(0), "{said}");
    assert_eq!(release.wait().expect("ends").code(), Some(0));
    assert!(Path::new(&env.place("prod")).join("current").exists());
    env.write("CLAUDE.md", "Be quick.\n");
    env.commit("feat: instructions");
    let before = told(&env);
    let refused = env.run(&["release"]);
    assert_eq!(refused.code, Some(10), "{refused}");
    assert_eq!(told(&env), before, "where nobody is asked, nobody is told");
    let end = refused
        .stderr
        .lines()
        .find(|line| line.starts_with("blocked"))
        .unwrap_or_default()
        .to_owned();
    insta::assert_snapshot!(end, @"blocked 0.2.0 in $T: prod/gate/go-no-go: NO-GO: not so: `CLAUDE.md` is not committed (git tracks `CLAUDE.md`)");
    // By itself it is asked the same.
    let refused = env.run(&["deploy", "prod"]);
    assert!(
        refused.code == Some(10) && refused.stderr.contains("NO-GO"),
        "{refused}"
    );
}

#[test]
fn a_plan_lists_the_question_and_no_option_skips_it() {
    let env = shop();
    let planned = env.run(&["release", "--plan"]);
    let lines: Vec<&str> = planned
        .stdout
        .lines()
        .skip_while(|line| !line.contains("prod/gate"))
        .take(4)
        .collect();
    insta::assert_snapshot!(lines.join("\n"), @r#"
    skip  prod/gate/go-no-go  depends on what a plan cannot foresee: ask a person: shop v0.1.0, Staging: The QA checklist is done?
            would run sh -c 'git show "v$RUNNER_VERSION:CHANGELOG.md" | grep -qF "$RUNNER_VERSION"'
            would append a line to .runner/notices.log
            would ask a person: shop v0.1.0, Staging: The QA checklist is done?
    "#);
    insta::assert_snapshot!(env.run(&["release", "--set", "environments.prod.before=[]"]), @r"
    --- stderr ---
    error: `--set` cannot change the gate of a release: no option skips a check
    hint: change runner.toml, where it is seen and reviewed
    [exit code 3]
    ");
}

/// Who was told to answer what, without the time.
fn told(env: &TestEnv) -> String {
    let all = env.normalised(&env.read(".runner/notices.log").unwrap_or_default());
    let lines = all.lines().filter_map(|line| line.split_once('🔔'));
    lines.map(|(_, text)| text.trim()).collect::<Vec<_>>().join("\n")
}

/// What the run's report has of it, a line for each item.
fn sheet(env: &TestEnv) -> String {
    let reports = env.work().join(".runner/reports");
    let run = std::fs::read_dir(reports)
        .expect("reports")
        .flatten()
        .next()
        .expect("a run")
        .path();
    let report = std::fs::read_to_string(run.join("report.html")).expect("a page");
    assert!(
        report.contains("NO-GO") && report.contains("two bugs are open"),
        "the page has it too"
    );
    let report = std::fs::read(run.join("quality-gate-report.json")).expect("a report");
    let report: serde_json::Value = serde_json::from_slice(&report).expect("JSON");
    let checks = report["checks"].as_array().expect("checks").iter();
    let found = checks.filter(|check| check["name"] == "prod/go-no-go");
    let lines = found.flat_map(|check| check["findings"].as_array().expect("findings"));
    let line = |finding: &serde_json::Value| {
        let text = |key: &str| finding[key].as_str().unwrap_or_default().to_owned();
        format!("{} {}", text("severity"), text("message"))
    };
    lines.map(line).collect::<Vec<_>>().join("\n")
}
