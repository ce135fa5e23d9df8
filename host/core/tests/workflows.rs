//! The workflows that `runner ci github` writes, held against GitHub's schema by a program that knows nothing of us:
//! `check-jsonschema`, which brings the schema of <https://www.schemastore.org/github-workflow.json> along. Where it is:
//! `RUNNER_TEST_CHECK_JSONSCHEMA`, else the path. Without it the test is left out loudly; CI never leaves it out.
#![expect(clippy::print_stderr, reason = "a test that is left out says so")]

use std::path::PathBuf;
use std::process::Command;

use runner_core::ci::Workflows;
use runner_core::profile::Profile;
use serde_json::json;

fn checker() -> Option<String> {
    let program =
        std::env::var("RUNNER_TEST_CHECK_JSONSCHEMA").unwrap_or_else(|_| "check-jsonschema".to_owned());
    if Command::new(&program)
        .arg("--version")
        .output()
        .is_ok_and(|output| output.status.success())
    {
        return Some(program);
    }
    assert!(
        std::env::var("CI").as_deref() != Ok("true"),
        "there is no `{program}`"
    );
    eprintln!(
        "LEFT OUT: there is no `{program}` to check the workflows with: `pip install check-jsonschema`"
    );
    None
}

fn profile(environment: &str, url: &str) -> Profile {
    let profile = json!({
        "project": { "name": "shop" },
        "ci": { "install": "sh install.sh # \"quoted\": 'twice' | & \\", "branch": "release/1.x: #1", "variables": ["AWS_REGION"] },
        "gate": {
            "lint": { "plugin": "command", "config": { "run": ["make"] } },
            "review": { "plugin": "ai-review", "config": { "key": "{{secret:key}}" } },
        },
        "secrets": { "key": { "env": "API_KEY" } },
        "store": "s3://bucket/shop",
        "environments": {
            "staging": { "target": { "plugin": "local" }, "url": url },
            environment: { "target": { "plugin": "local" }, "approval": {} },
        },
        "release": { "environments": ["staging", environment] },
    });
    serde_json::from_value(profile).expect("a profile")
}

/// Whether the schemas say yes to all files.
fn fits(program: &str, paths: &[PathBuf]) -> Result<(), String> {
    for schema in [
        "vendor.github-workflows",
        "custom.github-workflows-require-timeout",
    ] {
        let output = Command::new(program)
            .args(["--builtin-schema", schema])
            .args(paths)
            .output()
            .expect("it starts");
        if !output.status.success() {
            return Err(format!("{schema}: {}", String::from_utf8_lossy(&output.stdout)));
        }
    }
    Ok(())
}

#[test]
fn every_workflow_is_what_github_reads() {
    let Some(program) = checker() else { return };
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut paths = Vec::new();
    for (index, (environment, url)) in [
        ("prod", "https://shop.example/?a=1#x"),
        ("on", "http://[::1]:8080"),
    ]
    .iter()
    .enumerate()
    {
        for ssh in [false, true] {
            let workflows = Workflows::of(&profile(environment, url), Some("shop")).expect("workflows");
            let files = Workflows { ssh, ..workflows }.files();
            assert_eq!(files.len(), 3);
            for (number, file) in files.iter().enumerate() {
                let path = folder.path().join(format!("{index}-{ssh}-{number}.yml"));
                std::fs::write(&path, &file.text).expect("written");
                paths.push(path);
            }
        }
    }
    if let Err(said) = fits(&program, &paths) {
        panic!("a workflow does not fit: {said}");
    }
    // The checker can say no.
    let wrong = folder.path().join("wrong.yml");
    std::fs::write(
        &wrong,
        "on: push\njobs: { a: { runs-on: x, steps: [{ runs: make }] } }\n",
    )
    .expect("written");
    assert!(fits(&program, &[wrong]).is_err());
}
