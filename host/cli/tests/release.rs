//! Plans and runs that need no environment. Whole releases are run elsewhere.

use std::fs;

use crate::env::TestEnv;

const SHOP: &str = "\
[project]
name = \"shop\"

[gate.tests]
plugin = \"command\"
config.run = [\"sh\", \"-c\", \"echo 3 tests passed\"]
config.nature = \"read\"

[gate.build]
plugin = \"command\"
config.run = [\"sh\", \"-c\", \"mkdir -p out && echo shop > out/shop\"]

[artifacts.shop]
path = \"out/shop\"
";

fn shop() -> TestEnv {
    let env = TestEnv::with_profile(SHOP);
    env.write(".gitignore", "out\n.runner\n");
    env.commit("chore: leave out what is built");
    env
}

#[test]
fn a_plan_lists_what_would_be_written_and_writes_nothing() {
    let env = shop();
    insta::assert_snapshot!(env.run(&["release", "--plan"]), @r"
    plan of release shop; nothing is written
      ok  preflight  $COMMIT on main
      ok  gate/build  `sh -c mkdir -p out && echo shop > out/shop` is not run in a plan
            would run sh -c 'mkdir -p out && echo shop > out/shop'
      ok  gate/tests  `sh -c echo 3 tests passed` ended with exit code 0
      ok  version  0.1.0 (the first version)
      ok  changelog  commit planned
            would commit CHANGELOG.md: chore(release): v0.1.0
      ok  tag  v0.1.0 at planned
            would tag v0.1.0
      ok  package  shop not-yet-made 0 B
            would keep out/shop as artifact shop
      ok  report  5 files in .runner/reports/$RUN
            would write .runner/reports/$RUN/_summary.json
            would write .runner/reports/$RUN/quality-gate-report.json
            would write .runner/reports/$RUN/changelog-v0.1.0.md
            would write .runner/reports/$RUN/junit.xml
            would write .runner/reports/$RUN/report.html
    8 steps, 9 writes, all foreseen
    [EOF]
    ");
    assert_eq!(env.read("out/shop"), None);
    assert_eq!(env.git(&["tag"]), "");
    insta::assert_snapshot!(env.run(&["history"]), @r"
    --- stderr ---
    no run of this project yet: `runner release --plan` shows what one would do
    [EOF]
    ");
}

#[test]
fn a_plan_as_json_is_the_same_events() {
    let env = shop();
    let output = env.run(&["quality-gate", "--plan", "--output", "json"]);
    assert_eq!((output.code, output.stderr.as_str()), (Some(0), ""), "{output}");
    let kinds: Vec<String> = output
        .stdout
        .lines()
        .map(|line| {
            serde_json::from_str::<serde_json::Value>(line).expect("JSON")["event"]
                .as_str()
                .unwrap_or_default()
                .to_owned()
        })
        .collect();
    assert_eq!(kinds.first().map(String::as_str), Some("run-started"));
    assert!(kinds.iter().any(|kind| kind == "planned"), "{kinds:?}");
    assert_eq!(kinds.last().map(String::as_str), Some("run-finished"));
}

#[test]
fn a_gate_that_passes() {
    let env = shop();
    let output = env.run(&["quality-gate"]);
    insta::assert_snapshot!(sorted(&output.stderr), @r"
      ok  gate/build $T  `sh -c mkdir -p out && echo shop > out/shop` ended with exit code 0
      ok  gate/tests $T  `sh -c echo 3 tests passed` ended with exit code 0
      ok  preflight $T  $COMMIT on main
      ok  report $T  4 files in .runner/reports/$RUN
    done in $T: every check passed
    quality-gate shop, run $RUN
    reports: .runner/reports/$RUN
    ");
    assert_eq!((output.code, output.stdout.as_str()), (Some(0), ""));
    insta::assert_snapshot!(env.run(&["history"]), @r"
    run                     command       version  end   by               started (UTC)        took
    $RUN  quality-gate  -        done  ann@example.org  $TIME $T
    [EOF]
    ");
    insta::assert_snapshot!(env.run(&["show", "--log", "gate/tests"]), @r"
    3 tests passed
    [EOF]
    ");
    insta::assert_snapshot!(env.run(&["show", "--log", "gate/test"]), @r"
    --- stderr ---
    error: run `$RUN` has no step `gate/test`
    hint: it has `preflight`, `gate/build`, `gate/tests`, `report`
    [exit code 10]
    ");
    let shown = env.run(&["show", "--effects"]).stdout;
    assert!(shown.contains("saw run sh -c 'echo 3 tests passed'"), "{shown}");
}

#[test]
fn a_gate_that_fails_blocks_and_says_why() {
    let profile = "[project]\nname = \"shop\"\n\n[gate.lint]\nplugin = \"command\"\n\
                   config.run = [\"sh\", \"-c\", \"echo line 7: unused; exit 3\"]\n";
    let summary = tempfile::NamedTempFile::new().expect("a file");
    let path = summary.path().display().to_string();
    let env = TestEnv::with_profile(profile).set("GITHUB_STEP_SUMMARY", &path);
    insta::assert_snapshot!(env.run(&["quality-gate"]), @r"
    --- stderr ---
    quality-gate shop, run $RUN
      ok  preflight $T  $COMMIT on main
    FAIL  gate/lint $T  `sh -c echo line 7: unused; exit 3` ended with exit code 3
           high: the command ended with exit code 3
           info stdout: line 7: unused
      ok  report $T  4 files in .runner/reports/$RUN
    blocked in $T: gate/lint: `sh -c echo line 7: unused; exit 3` ended with exit code 3
    next: mend what failed, then `runner quality-gate`
    reports: .runner/reports/$RUN
    [exit code 10]
    ");
    let markdown = fs::read_to_string(summary.path()).expect("there");
    assert!(
        markdown.starts_with("## shop: quality-gate: blocked\n"),
        "{markdown}"
    );
    assert!(markdown.contains("| gate/lint | FAIL |"), "{markdown}");
    insta::assert_snapshot!(env.run(&["quality-gate", "--quiet"]), @r"
    --- stderr ---
    blocked in $T: gate/lint: `sh -c echo line 7: unused; exit 3` ended with exit code 3
    next: mend what failed, then `runner quality-gate`
    reports: .runner/reports/$RUN
    [exit code 10]
    ");
}

#[test]
fn nothing_to_release_is_done() {
    let env = shop();
    env.git(&["tag", "v0.1.0"]);
    let output = env.run(&["release"]);
    assert_eq!(output.code, Some(0), "{output}");
    assert!(output.stderr.contains("nothing-to-release"), "{output}");
}

#[test]
fn a_release_without_environments_tags() {
    let env = shop();
    let output = env.run(&["release"]);
    assert_eq!(output.code, Some(0), "{output}");
    assert_eq!(env.git(&["tag"]), "v0.1.0\n");
    assert!(
        output
            .stderr
            .lines()
            .any(|line| line.starts_with("released 0.1.0 in $T")),
        "{output}"
    );
    let again = env.run(&["resume"]);
    insta::assert_snapshot!(again, @r"
    --- stderr ---
    error: there is no run that has not ended
    hint: runner history
    [exit code 10]
    ");
    let ended = env.run(&["cancel", "$RUN"]);
    assert_eq!(ended.code, Some(10), "{ended}");
}

/// Checks run side by side, so their lines come in any order.
fn sorted(text: &str) -> String {
    let mut lines: Vec<&str> = text.lines().collect();
    lines.sort_unstable();
    lines.join("\n")
}
