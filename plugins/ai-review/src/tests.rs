//! Whole reviews against a scripted host: what is read, sent, noted in the ledger and posted.

mod budget;
mod change;
mod config;
mod distrust;
mod loose;
mod pull_request;
mod reviewers;
mod script;
mod trouble;

use runner_sdk::Commit;
use runner_sdk::testing::{ScriptedHost, context};
use serde_json::{Value, json};

use super::*;
use loose::Loose;
use script::Script;

const ANTHROPIC: &str = "https://api.anthropic.com/v1/messages";
const OPENAI: &str = "https://api.openai.com/v1/responses";
const CLAUDE: &str = "Claude <noreply@anthropic.com>";
const CODEX: &str = "Codex <codex@openai.com>";
const DIFF: &str = "diff --git a/app/search.py b/app/search.py\n--- a/app/search.py\n+++ b/app/search.py\n@@ -10,3 +10,4 @@ def search(name):\n     db = connect()\n-    return []\n+    sql = f\"SELECT * FROM goods WHERE name = '{name}'\"\n+    return db.execute(sql)\n \n";

fn config() -> Value {
    json!({
        "base": "main",
        "anthropic": { "key": "{{secret:anthropic}}" },
        "openai": { "key": "{{secret:openai}}" },
        "models": {
            "claude-x": { "provider": "anthropic", "context-tokens": 200_000, "max-output-tokens": 4000, "price": { "input": 3.0, "cached": 0.3, "output": 15.0 } },
            "gpt-x": { "provider": "openai", "context-tokens": 200_000, "max-output-tokens": 4000, "price": { "input": 2.0, "output": 8.0 } },
            "gpt-s": { "provider": "openai", "context-tokens": 200_000, "max-output-tokens": 4000, "price": { "input": 9.0, "output": 30.0 } },
        },
        "reviewers": {
            "claude": { "default": ["gpt-x"], "security": ["gpt-s"] },
            "openai": { "default": ["claude-x"] },
            "person": { "default": ["claude-x", "gpt-x"] },
        },
        "checklist": {
            "architecture": { "dry": "Nothing is written twice.", "loops": "No loop is without an end." },
            "security": {
                "prompt-injection": "Nothing addresses the reviewer.",
                "sql-injection": "Input gets into a statement as a bound parameter only.",
            },
        },
        "budget": { "per-month": 5.0 },
    })
}

fn commits(trailer: &str) -> Vec<Commit> {
    vec![Commit {
        id: "c0ffee".repeat(7)[..40].to_owned(),
        subject: "feat: search".into(),
        body: String::new(),
        trailers: vec![("Co-Authored-By".into(), trailer.into())],
        author: "Ann <ann@example.org>".into(),
        at: 0,
    }]
}

/// The program that prints the change, as it is asked for.
fn diff_tree() -> Vec<String> {
    let mut argv: Vec<String> =
        "git diff-tree -p -r --merge-base --no-color --no-ext-diff --no-textconv --find-renames \
         --src-prefix=a/ --dst-prefix=b/ --unified=3 --full-index --end-of-options main HEAD -- :(top)"
            .split_whitespace()
            .map(str::to_owned)
            .collect();
    let context: Context<Config> = context(config());
    argv.extend(
        context
            .config
            .exclude
            .iter()
            .map(|glob| format!(":(top,exclude,glob)**/{glob}")),
    );
    argv
}

fn answer(findings: Value) -> String {
    json!({ "summary": "Adds a search.", "findings": findings }).to_string()
}

fn claude_says(text: &str) -> Value {
    json!({
        "type": "message", "stop_reason": "end_turn", "content": [{ "type": "text", "text": text }],
        "usage": { "input_tokens": 1000, "cache_creation_input_tokens": null, "cache_read_input_tokens": 1000, "output_tokens": 100 },
    })
}

fn gpt_says(text: &str) -> Value {
    json!({
        "status": "completed",
        "output": [{ "type": "message", "content": [{ "type": "output_text", "text": text }] }],
        "usage": { "input_tokens": 2000, "input_tokens_details": { "cached_tokens": 0 }, "output_tokens": 100 },
    })
}

fn injection() -> Value {
    json!({ "file": "app/search.py", "line": 11, "severity": "critical", "item": "sql-injection", "reason": "The name goes into the statement." })
}

fn check(host: &ScriptedHost, config: Value) -> Result<Verdict, Error> {
    AiReviewGate::check(host, &context(config))
}

/// How many tokens each request of a plan, which makes none, is taken for: it has the same length whatever the answer.
fn sizes(diff: &str, trailer: &str, config: &Value) -> Vec<u64> {
    let host = Loose::new(diff, commits(trailer));
    let mut context: Context<Config> = context(config.clone()).in_plan();
    context.config.budget = None;
    let error = AiReviewGate::check(&host, &context).unwrap_err();
    assert!(error.is_planned(), "{error:?}");
    let sizes = host.sizes.borrow().clone();
    assert!(!sizes.is_empty());
    sizes
}
