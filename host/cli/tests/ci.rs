//! The workflows of a CI service.

use crate::env::TestEnv;

const SHOP: &str = r#"
[project]
name = "shop"

[ci]
install = "cargo install --locked --git https://git.example/runner runner-cli"

[release]
environments = ["staging", "prod"]

[environments.staging.target]
plugin = "local"
config.root = "deploy/staging"
config.services.shop = { run = ["{{release}}/shop"], port = 8080, health = "/health" }

[environments.prod.target]
plugin = "local"
config.root = "deploy/prod"
config.services.shop = { run = ["{{release}}/shop"], port = 8081, health = "/health" }
"#;

const STAGING: &str = ".github/workflows/deploy-staging.yml";

#[test]
fn workflows_are_printed_written_and_compared() {
    let env = TestEnv::with_profile(SHOP);
    let printed = env.run(&["ci", "github"]);
    assert_eq!(printed.code, Some(0), "{}", printed.stderr);
    assert!(
        printed.stdout.starts_with(&format!("# {STAGING}\n# Written by")),
        "{}",
        printed.stdout
    );
    assert_eq!(env.read(STAGING), None);

    let missing = env.run(&["ci", "github", "--check"]);
    assert_eq!(missing.code, Some(1));
    assert!(
        missing.stderr.contains("runner ci github --write"),
        "{}",
        missing.stderr
    );

    assert_eq!(env.run(&["ci", "github", "--write"]).code, Some(0));
    let written = env.read(STAGING).expect("written");
    assert!(written.contains("runner deploy staging\n"), "{written}");
    assert_eq!(env.run(&["ci", "github", "--check"]).code, Some(0));

    env.write(STAGING, "name: mine\n");
    let changed = env.run(&["ci", "github", "--check"]);
    assert_eq!(changed.code, Some(1));
    assert!(
        changed
            .stderr
            .contains(&format!("not as the profile wants them: `{STAGING}`")),
        "{}",
        changed.stderr
    );
}

#[test]
fn how_a_job_gets_runner_must_be_said() {
    let env = TestEnv::with_profile("[project]\nname = \"shop\"\n");
    let output = env.run(&["ci", "github"]);
    assert_eq!(output.code, Some(3));
    assert!(output.stderr.contains("ci.install = "), "{}", output.stderr);
}
