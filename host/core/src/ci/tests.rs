//! The workflows of a profile such as AgentIQ's, whole.

use serde_json::{Value, json};

use super::{CiError, Workflows, has_ssh};
use crate::profile::Profile;

fn agentiq() -> Value {
    json!({
        "project": { "name": "agentiq" },
        "ci": { "install": "cargo install --locked --git https://git.example/runner --tag v0.1.0 runner-cli" },
        "store": "s3://releases/agentiq",
        "gate": {
            "lint": { "plugin": "command", "config": { "run": ["make", "lint"] } },
            "unit": { "plugin": "tests", "config": { "env": { "KEY": "{{secret:test-key}}" } } },
            "review": {
                "plugin": "ai-review",
                "config": { "anthropic": { "key": "{{secret:anthropic}}" }, "github": { "token": "{{secret:github}}" } },
            },
        },
        "environments": {
            "staging": {
                "url": "https://staging.agentiq.ru",
                "target": { "plugin": "systemd", "config": { "env": { "DATABASE_URL": "{{secret:staging-db}}" } } },
                "gate": ["lint", "unit"],
                "smoke": ["health"],
            },
            "production": {
                "url": "https://agentiq.ru",
                "target": { "plugin": "systemd", "config": {} },
                "gate": ["lint"],
                "before": ["review"],
                "backup": ["db"],
                "approval": {},
            },
        },
        "release": { "environments": ["staging", "production"] },
        "smoke": { "health": { "plugin": "command", "config": { "run": ["make", "smoke"] } } },
        "backup": { "db": { "plugin": "backup-postgres", "config": { "password": "{{secret:prod-db}}" } } },
        "notify": { "telegram": { "plugin": "telegram", "config": { "token": "{{secret:bot}}" } } },
        "secrets": {
            "anthropic": { "env": "ANTHROPIC_API_KEY" },
            "github": { "env": "GITHUB_TOKEN" },
            "test-key": { "env": "TEST_KEY" },
            "staging-db": { "env": "STAGING_DATABASE_URL" },
            "prod-db": { "command": ["op", "read", "op://vault/db"] },
            "bot": { "env": "TELEGRAM_TOKEN" },
        },
    })
}

fn of(profile: &Value) -> Result<Workflows, CiError> {
    let profile: Profile = serde_json::from_value(profile.clone()).expect("a profile");
    Workflows::of(&profile, Some("agentiq"))
}

fn texts(workflows: &Workflows) -> Vec<(&'static str, String)> {
    workflows
        .files()
        .into_iter()
        .map(|file| (file.path, file.text))
        .collect()
}

#[test]
fn a_pull_request_is_reviewed() {
    let files = texts(&of(&agentiq()).unwrap());
    assert_eq!(files[0].0, ".github/workflows/ai-code-review.yml");
    insta::assert_snapshot!(files[0].1, @r#"
    # Written by `runner ci github --write`. Change the profile, not this file: `runner ci github --check` compares them.
    # A pull request from a fork has no secrets: its review fails, and says why.
    name: ai-code-review

    on:
      pull_request:

    # Nothing, but what a job asks for.
    permissions: {}

    concurrency:
      group: ai-code-review-${{ github.event.pull_request.number }}
      cancel-in-progress: true

    jobs:
      runner:
        name: Review
        runs-on: ubuntu-24.04
        timeout-minutes: 30
        permissions:
          contents: read
          pull-requests: write
        steps:
          - uses: actions/checkout@de0fac2e4500dabe0009e67214ff5f5447ce83dd # v6.0.2
            with:
              ref: ${{ github.event.pull_request.head.sha }}
              fetch-depth: 0
              persist-credentials: false
          - name: Install runner
            run: |
              cargo install --locked --git https://git.example/runner --tag v0.1.0 runner-cli
          - name: Review
            env:
              PULL_REQUEST: ${{ github.event.pull_request.number }}
              BASE: ${{ github.base_ref }}
              ANTHROPIC_API_KEY: ${{ secrets.ANTHROPIC_API_KEY }}
              AWS_ACCESS_KEY_ID: ${{ secrets.AWS_ACCESS_KEY_ID }}
              AWS_SECRET_ACCESS_KEY: ${{ secrets.AWS_SECRET_ACCESS_KEY }}
              GITHUB_TOKEN: ${{ github.token }}
            run: |
              runner quality-gate review --set gate.review.config.pull-request="$PULL_REQUEST" --set gate.review.config.base="origin/$BASE" --profile agentiq
    "#);
}

#[test]
fn a_push_is_deployed_to_staging() {
    let files = texts(&of(&agentiq()).unwrap());
    assert_eq!(files[1].0, ".github/workflows/deploy-staging.yml");
    insta::assert_snapshot!(files[1].1, @r#"
    # Written by `runner ci github --write`. Change the profile, not this file: `runner ci github --check` compares them.
    # A deploy that is cut off goes on with `runner resume`, on any machine.
    name: deploy-staging

    on:
      push:
        branches: [main]

    # Nothing, but what a job asks for.
    permissions: {}

    concurrency:
      group: runner-staging
      cancel-in-progress: false

    jobs:
      runner:
        name: Deploy
        runs-on: ubuntu-24.04
        timeout-minutes: 120
        environment:
          name: staging
          url: "https://staging.agentiq.ru"
        permissions:
          contents: read
        steps:
          - uses: actions/checkout@de0fac2e4500dabe0009e67214ff5f5447ce83dd # v6.0.2
            with:
              fetch-depth: 0
              persist-credentials: false
          - name: Install runner
            run: |
              cargo install --locked --git https://git.example/runner --tag v0.1.0 runner-cli
          - name: Deploy
            env:
              AWS_ACCESS_KEY_ID: ${{ secrets.AWS_ACCESS_KEY_ID }}
              AWS_SECRET_ACCESS_KEY: ${{ secrets.AWS_SECRET_ACCESS_KEY }}
              STAGING_DATABASE_URL: ${{ secrets.STAGING_DATABASE_URL }}
              TELEGRAM_TOKEN: ${{ secrets.TELEGRAM_TOKEN }}
              TEST_KEY: ${{ secrets.TEST_KEY }}
            run: |
              runner deploy staging --profile agentiq
    "#);
}

#[test]
fn a_person_deploys_production() {
    let mut workflows = of(&agentiq()).unwrap();
    workflows.ssh = true;
    workflows.variables = vec!["AWS_REGION".to_owned()];
    let files = texts(&workflows);
    assert_eq!(files[2].0, ".github/workflows/deploy-prod.yml");
    insta::assert_snapshot!(files[2].1, @r#"
    # Written by `runner ci github --write`. Change the profile, not this file: `runner ci github --check` compares them.
    # Who may let it begin: the required reviewers of this environment, in the repository's settings.
    name: deploy-prod

    on:
      workflow_dispatch:
        inputs:
          version:
            description: The version; without it, the newest that was good before
            type: string
            required: false

    # Nothing, but what a job asks for.
    permissions: {}

    concurrency:
      group: runner-production
      cancel-in-progress: false

    jobs:
      runner:
        name: Deploy
        runs-on: ubuntu-24.04
        timeout-minutes: 360
        environment:
          name: production
          url: "https://agentiq.ru"
        permissions:
          contents: read
        steps:
          - uses: actions/checkout@de0fac2e4500dabe0009e67214ff5f5447ce83dd # v6.0.2
            with:
              fetch-depth: 0
              persist-credentials: false
          - name: Install runner
            run: |
              cargo install --locked --git https://git.example/runner --tag v0.1.0 runner-cli
          - name: Let ssh know the machines
            env:
              SSH_KEY: ${{ secrets.RUNNER_SSH_KEY }}
              SSH_KNOWN_HOSTS: ${{ vars.RUNNER_SSH_KNOWN_HOSTS }}
            run: |
              umask 077
              mkdir -p ~/.ssh
              printf '%s\n' "$SSH_KEY" > ~/.ssh/id_ed25519
              printf '%s\n' "$SSH_KNOWN_HOSTS" > ~/.ssh/known_hosts
          - name: Deploy
            env:
              VERSION: ${{ inputs.version }}
              ANTHROPIC_API_KEY: ${{ secrets.ANTHROPIC_API_KEY }}
              AWS_ACCESS_KEY_ID: ${{ secrets.AWS_ACCESS_KEY_ID }}
              AWS_SECRET_ACCESS_KEY: ${{ secrets.AWS_SECRET_ACCESS_KEY }}
              GITHUB_TOKEN: ${{ github.token }}
              TELEGRAM_TOKEN: ${{ secrets.TELEGRAM_TOKEN }}
              AWS_REGION: ${{ vars.AWS_REGION }}
            run: |
              runner deploy production ${VERSION:+--version "$VERSION"} --profile agentiq
    "#);
}

#[test]
fn without_a_shared_store_it_says_what_is_missing() {
    let mut profile = agentiq();
    profile["store"] = json!("/var/lib/runner");
    profile["gate"].as_object_mut().unwrap().remove("review");
    let mut workflows = of(&profile).unwrap();
    workflows.profile = None;
    let files = texts(&workflows);
    assert_eq!(files.len(), 2, "there is no review");
    let start = |text: &str| {
        text.lines()
            .take(3)
            .map(str::to_owned)
            .collect::<Vec<_>>()
            .join("\n")
    };
    insta::assert_snapshot!(start(&files[0].1), @r"
    # Written by `runner ci github --write`. Change the profile, not this file: `runner ci github --check` compares them.
    # Without a shared `store` in the profile the journal is gone with this machine: nothing can be resumed.
    name: deploy-staging
    ");
    insta::assert_snapshot!(start(&files[1].1), @r"
    # Written by `runner ci github --write`. Change the profile, not this file: `runner ci github --check` compares them.
    # Who may let it begin: the required reviewers of this environment, in the repository's settings.
    # Without a shared `store` in the profile this machine knows of no deploy but its own: set one.
    ");
    assert!(files[0].1.ends_with("          runner deploy staging\n"));
}

#[test]
fn a_secret_is_named_in_one_step_only_and_never_in_a_line_of_the_shell() {
    for (path, text) in texts(&Workflows {
        ssh: true,
        ..of(&agentiq()).unwrap()
    }) {
        let mut runs = false;
        for line in text.lines() {
            runs = line.ends_with("run: |") || runs && line.starts_with("          ");
            assert!(!runs || !line.contains("${{"), "{path}: {line}");
        }
        let actions: Vec<_> = text.lines().filter(|line| line.contains("uses:")).collect();
        assert_eq!(actions.len(), 1, "{path}");
        let commit = actions[0]
            .split('@')
            .nth(1)
            .and_then(|rest| rest.split(' ').next())
            .unwrap();
        assert!(
            commit.len() == 40 && commit.bytes().all(|b| b.is_ascii_hexdigit()),
            "{path}: {commit}"
        );
        assert_eq!(
            text.matches("runner deploy ").count() + text.matches("runner quality-gate ").count(),
            1,
            "{path}"
        );
        assert!(!text.contains("pull_request_target"), "{path}");
    }
}

#[test]
fn machines_over_ssh_need_a_key() {
    assert!(has_ssh(
        &json!({"machines": {"vps": {"ssh": "ubuntu@vps.example"}}})
    ));
    assert!(!has_ssh(&json!({"machines": {"here": {}}})));
    assert!(!has_ssh(&json!({})));
}

#[test]
fn what_stands_in_the_way_is_said() {
    let refused = |change: &dyn Fn(&mut Value)| {
        let mut profile = agentiq();
        change(&mut profile);
        let error = of(&profile).unwrap_err();
        format!("{error}\nhint: {}", error.hint())
    };
    insta::assert_snapshot!(refused(&|p| p["ci"] = json!({})), @r#"
    the profile does not say how a job gets `runner`
    hint: add to runner.toml: ci.install = "cargo install --locked --git URL --tag TAG runner-cli"
    "#);
    insta::assert_snapshot!(refused(&|p| p["ci"]["install"] = json!("a\nb")), @r#"
    `ci.install` is more than one line
    hint: add to runner.toml: ci.install = "cargo install --locked --git URL --tag TAG runner-cli"
    "#);
    insta::assert_snapshot!(refused(&|p| p["release"]["environments"] = json!(["staging"])), @r#"
    `release.environments` names 1, and the workflows deploy two: the first on a push, the last by hand
    hint: release.environments = ["staging", "production"]
    "#);
    insta::assert_snapshot!(refused(&|p| p["secrets"]["bot"]["env"] = json!("GITHUB_PAT")), @r"
    `GITHUB_PAT` cannot be the name of a secret or a variable at GitHub
    hint: use another name than `GITHUB_PAT` in [secrets] and [ci]: letters, digits and `_`, not `GITHUB_...`
    ");
    insta::assert_snapshot!(refused(&|p| p["ci"]["variables"] = json!(["A-B"])), @r"
    `A-B` cannot be the name of a secret or a variable at GitHub
    hint: use another name than `A-B` in [secrets] and [ci]: letters, digits and `_`, not `GITHUB_...`
    ");
}
