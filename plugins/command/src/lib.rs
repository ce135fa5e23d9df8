//! Gate `command`: runs a command and judges its exit code and output.

use std::collections::BTreeMap;

use runner_sdk::{
    Command, Context, Duration, Error, Exit, Finding, Gate, Host, Measure, Nature, Severity, Verdict,
};
use schemars::JsonSchema;
use serde::Deserialize;

/// How many of the last lines of the output a failure shows.
const SHOWN_LINES: usize = 20;

/// Runs a command and judges its exit code and output.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Config {
    /// Program and arguments; never a shell line.
    #[schemars(length(min = 1))]
    run: Vec<String>,
    /// Working folder, relative to the workspace.
    cwd: Option<String>,
    /// Environment variables; `{{secret:name}}` in a value is filled in by the host. `RUNNER_ENVIRONMENT`, `RUNNER_URL` and
    /// `RUNNER_VERSION` are there too where they mean something.
    #[serde(default)]
    env: BTreeMap<String, String>,
    /// How long it may take.
    #[serde(default = "ten_minutes")]
    timeout: Duration,
    /// What it does to the world: decides what becomes of it in a plan and after a crash.
    #[serde(default)]
    nature: Kind,
    /// Exit codes that pass.
    #[serde(default = "zero")]
    exit: Vec<i32>,
    /// Texts that must not be in its output.
    #[serde(default)]
    forbid_output: Vec<String>,
    /// Texts that must be in its output.
    #[serde(default)]
    require_output: Vec<String>,
}

/// What a command does to the world.
#[derive(Clone, Copy, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
enum Kind {
    /// Changes nothing: done in a plan too, done again after a crash.
    Read,
    /// Doing it twice is the same as once: listed in a plan, done again after a crash.
    #[default]
    Idempotent,
    /// Listed in a plan; never done again after a crash in the middle.
    Write,
}

fn ten_minutes() -> Duration {
    Duration::from_secs(600)
}

fn zero() -> Vec<i32> {
    vec![0]
}

/// The gate.
pub struct CommandGate;

impl Gate for CommandGate {
    type Config = Config;

    fn check(host: &impl Host, context: &Context<Config>) -> Result<Verdict, Error> {
        let config = &context.config;
        let exit = host.run(&command(config).envs(context.variables()))?;
        // What a plan foresees has no output to judge.
        let foreseen = context.is_plan() && !matches!(config.nature, Kind::Read);
        let wrong = if foreseen {
            Vec::new()
        } else {
            judge(config, &exit)
        };
        let name = config.run.join(" ");
        let verdict = match wrong.first() {
            None if foreseen => Verdict::passed(format!("`{name}` is not run in a plan")),
            None => Verdict::passed(format!("`{name}` ended with {}", exit.status())),
            Some(first) => Verdict::failed(format!("`{name}` {first}")).findings(findings(&wrong, &exit)),
        };
        if foreseen {
            return Ok(verdict);
        }
        Ok(verdict.measure(Measure::new("wall time", exit.wall_ms as f64, "ms")))
    }
}

fn command(config: &Config) -> Command {
    let command = Command::new(&config.run)
        .cwd(config.cwd.as_deref())
        .envs(&config.env)
        .timeout(config.timeout)
        .nature(match config.nature {
            Kind::Read => Nature::Read,
            Kind::Idempotent => Nature::Idempotent,
            Kind::Write => Nature::Write,
        });
    // A plan goes on to the checks after this one.
    command.foresee_success()
}

/// Everything that is wrong, each to follow the command's name.
fn judge(config: &Config, exit: &Exit) -> Vec<String> {
    let mut wrong = Vec::new();
    if !exit.code.is_some_and(|code| config.exit.contains(&code)) {
        wrong.push(format!("ended with {}", exit.status()));
    }
    let output = exit.stdout_text() + "\n" + &exit.stderr_text();
    for text in config.forbid_output.iter().filter(|text| output.contains(*text)) {
        wrong.push(format!("printed `{text}`, which `forbid-output` names"));
    }
    for text in config
        .require_output
        .iter()
        .filter(|text| !output.contains(*text))
    {
        wrong.push(format!("did not print `{text}`, which `require-output` names"));
    }
    wrong
}

fn findings(wrong: &[String], exit: &Exit) -> Vec<Finding> {
    let mut findings: Vec<Finding> = wrong
        .iter()
        .map(|what| Finding::new(Severity::High, format!("the command {what}")))
        .collect();
    for (stream, text) in [("stdout", exit.stdout_text()), ("stderr", exit.stderr_text())] {
        let lines: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).collect();
        if !lines.is_empty() {
            let last = lines[lines.len().saturating_sub(SHOWN_LINES)..].join("\n");
            findings.push(Finding::new(Severity::Info, last).rule(stream));
        }
    }
    findings
}

runner_sdk::export! { gate: CommandGate }

#[cfg(test)]
mod tests {
    use runner_sdk::testing::{ScriptedHost, context, raw_context};
    use serde_json::json;

    use super::*;

    #[test]
    fn passes_when_the_command_does() {
        let host = ScriptedHost::new()
            .run(["make", "build"])
            .in_folder("web")
            .with_env("CI", "1")
            .with("timeout-ms", "120000")
            .with("foresee-success", "true")
            .with_nature(Nature::Idempotent);
        let config = json!({"run": ["make", "build"], "cwd": "web", "env": {"CI": "1"}, "timeout": "2m"});
        let verdict = CommandGate::check(&host, &context(config)).unwrap();
        assert!(verdict.is_passed());
        assert_eq!(verdict.summary, "`make build` ended with exit code 0");
        assert!(verdict.findings.is_empty());
    }

    #[test]
    fn a_failure_shows_the_last_lines() {
        let long: String = (0..100).map(|n| format!("line {n}\n\n")).collect();
        let host = ScriptedHost::new()
            .run(["make"])
            .exits(2)
            .stdout(long)
            .stderr("make: *** [all] Error 1\n");
        let verdict = CommandGate::check(&host, &context(json!({"run": ["make"]}))).unwrap();
        assert!(!verdict.is_passed());
        assert_eq!(verdict.summary, "`make` ended with exit code 2");
        assert_eq!(verdict.findings[0].message, "the command ended with exit code 2");
        let shown: Vec<&str> = verdict.findings[1].message.lines().collect();
        assert_eq!((shown.len(), shown[0], shown[19]), (20, "line 80", "line 99"));
        assert_eq!(verdict.findings[2].message, "make: *** [all] Error 1");
    }

    #[test]
    fn a_signal_is_a_failure_even_where_all_codes_pass() {
        let host = ScriptedHost::new().run(["x"]).killed(9);
        let verdict = CommandGate::check(&host, &context(json!({"run": ["x"], "exit": [0, 1, 9]}))).unwrap();
        assert_eq!(verdict.summary, "`x` ended with signal 9");
    }

    #[test]
    fn output_is_judged() {
        let config =
            json!({"run": ["x"], "exit": [0, 3], "forbid-output": ["WARN"], "require-output": ["done"]});
        let run = |host: ScriptedHost| CommandGate::check(&host, &context(config.clone())).unwrap();
        assert!(run(ScriptedHost::new().run(["x"]).exits(3).stderr("done")).is_passed());
        let both = run(ScriptedHost::new().run(["x"]).stdout("WARN: old"));
        assert_eq!(both.summary, "`x` printed `WARN`, which `forbid-output` names");
        assert_eq!(
            both.findings[1].message,
            "the command did not print `done`, which `require-output` names"
        );
    }

    #[test]
    fn a_plan_does_not_judge_what_was_not_run() {
        let config = json!({"run": ["x"], "require-output": ["done"]});
        let host = ScriptedHost::new().run(["x"]);
        let verdict = CommandGate::check(&host, &context(config.clone()).in_plan()).unwrap();
        assert!(verdict.is_passed());
        assert_eq!(verdict.summary, "`x` is not run in a plan");
        assert_eq!(verdict.measures.len(), 0);
        let read = json!({"run": ["x"], "require-output": ["done"], "nature": "read"});
        let host = ScriptedHost::new().run(["x"]).with_nature(Nature::Read);
        assert!(
            !CommandGate::check(&host, &context(read).in_plan())
                .unwrap()
                .is_passed()
        );
    }

    #[test]
    fn a_command_that_cannot_be_started_is_an_error() {
        let host = ScriptedHost::new()
            .run(["x"])
            .fails(Error::failed("no program `x`"));
        assert_eq!(
            CommandGate::check(&host, &context(json!({"run": ["x"]}))),
            Err(Error::failed("no program `x`"))
        );
    }

    #[test]
    fn a_wrong_config_names_the_place() {
        let error = raw_context::<Config>(json!({"run": ["x"], "timeout": "soon"}))
            .err()
            .unwrap();
        insta::assert_snapshot!(error.message(), @"`timeout`: `soon` is no length of time, such as `500ms`, `90s`, `10m` or `1h 30m`");
    }
}
