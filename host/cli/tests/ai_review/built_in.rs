//! The review of the built-in profile `agentiq`, by the very line that `runner ci github` writes for a pull request.

use super::models::Models;
use super::pulls::{NUMBER, Pulls};
use super::shop::{BY_CLAUDE, BY_CODEX, UNSAFE, about, with_keys};
use crate::env::{CommandOutput, TestEnv};

struct AgentIq {
    env: TestEnv,
    models: Models,
    pulls: Pulls,
}

impl AgentIq {
    /// What the main branch has is released, but for its newest commit, which nobody has reviewed.
    fn new() -> Self {
        let (models, api) = Models::start();
        let (pulls, github) = Pulls::start();
        let env = with_keys(&format!(
            r#"
extends = "agentiq"
ci.install = "true"

[gate.review.config]
anthropic.url = "{api}"
openai.url = "{api}"
github = {{ repository = "shop/shop", url = "{github}" }}
"#
        ));
        env.write(".gitignore", ".runner\n.github\n");
        env.commit("chore: what is not committed");
        env.git(&["tag", "v0.1.0"]);
        env.write("app/old.py", UNSAFE);
        env.commit("feat: of somebody else");
        env.git(&["update-ref", "refs/remotes/origin/main", "HEAD"]);
        Self { env, models, pulls }
    }

    /// A commit of the pull request.
    fn commit(&self, path: &str, text: &str, message: &str) {
        self.env.write(path, text);
        self.env.commit(message);
        let head = self.env.git(&["rev-parse", "HEAD"]);
        self.pulls.pushed(&head, path, 1..=text.lines().count() as u32);
    }

    /// The job's line, with the variables that the job has.
    fn job(&self) -> CommandOutput {
        assert_eq!(self.env.run(&["ci", "github", "--write"]).code, Some(0));
        let workflow = self.env.read(".github/workflows/ai-code-review.yml");
        let workflow = workflow.expect("the profile has a review");
        let line = workflow.lines().last().expect("a line").trim();
        assert!(line.starts_with("runner quality-gate review "), "{line}");
        self.env
            .run_line(line, &[("PULL_REQUEST", &NUMBER.to_string()), ("BASE", "main")])
    }
}

#[test]
fn a_pull_request_is_reviewed_for_what_it_adds_and_nobody_else_hears_of_it() {
    let agentiq = AgentIq::new();
    agentiq.commit("app/search.py", UNSAFE, &format!("feat: search\n\n{BY_CLAUDE}"));
    insta::assert_snapshot!(about(&agentiq.job()), @r"
    FAIL  gate/review $T  1 finding that blocks in 1 file (gpt-6-sol $0.0041; $0.0041 of $5.00 this month)
           critical sql-injection: The name goes into the statement as it came. [gpt-6-sol] (app/search.py:3)
    blocked in $T: gate/review: 1 finding that blocks in 1 file (gpt-6-sol $0.0041; $0.0041 of $5.00 this month)
    next: mend what failed, then `runner quality-gate review`
    [exit code 10]
    ");
    assert_eq!(agentiq.models.asked(), ["gpt-6-sol"]);
    let ours = agentiq.pulls.ours();
    assert!(ours[0].body.contains("`origin/main` to "), "{}", ours[0].body);
    let sent = agentiq.models.state().received[0].1.clone();
    assert!(sent.contains("app/search.py") && !sent.contains("app/old.py"));
    // What the profile judges by goes with it, and AgentIQ's own.
    for item in ["sql-injection", "n-plus-one", "wb-pagination", "152-fz"] {
        assert!(sent.contains(&format!("- `{item}`: ")), "{item}");
    }
}

#[test]
fn the_table_says_who_reviews_what() {
    let asked = |path: &str, message: &str| {
        let agentiq = AgentIq::new();
        agentiq.commit(path, "x = 1\n", message);
        let said = agentiq.job();
        assert_eq!(said.code, Some(0), "{said}");
        agentiq.models.asked()
    };
    let codex = |subject: &str| format!("{subject}\n\n{BY_CODEX}");
    assert_eq!(asked("app/a.py", &codex("fix: a")), ["claude-sonnet-5-5"]);
    assert_eq!(asked("app/auth/a.py", &codex("feat: a")), ["claude-opus-5-5"]);
    assert_eq!(
        asked("app/alembic/versions/1_a.py", "feat: a"),
        ["claude-opus-5-5", "gpt-6-sol"]
    );
    assert_eq!(asked("a.md", "docs: a"), ["claude-sonnet-5-5", "gpt-6-luna"]);
}
