//! Who reviews whose change: a model of another family, and what it answers becomes a verdict.

use runner_sdk::Nature;

use super::*;

#[test]
fn what_claude_wrote_is_reviewed_by_openai_and_what_is_critical_blocks() {
    let script = Script::new(DIFF, CLAUDE)
        .reserved("gpt-x")
        .map(|host| {
            host.post(OPENAI)
                .with_nature(Nature::Write)
                .with_header("authorization", "Bearer {{secret:openai}}")
                .with_payload_containing("\"model\":\"gpt-x\"")
                .with_payload_containing("+   11|     sql = f")
                .answers_json(200, &gpt_says(&answer(json!([injection()]))))
        })
        .spent("gpt-x", [2000, 0, 100], "0.0048")
        .ends();
    let verdict = check(&script.host, config()).unwrap();
    assert!(!verdict.is_passed());
    insta::assert_snapshot!(verdict.summary, @"1 finding that blocks in 1 file (gpt-x $0.0048; $0.0048 of $5.00 this month)");
    assert_eq!(
        verdict.findings[0].message,
        "The name goes into the statement. [gpt-x]"
    );
    assert_eq!(verdict.findings[0].location.as_ref().unwrap().line, Some(11));
    let measures: Vec<_> = verdict
        .measures
        .iter()
        .map(|measure| format!("{}: {} {}", measure.name, measure.value, measure.unit))
        .collect();
    insta::assert_snapshot!(measures.join("\n"), @r"
    files: 1 files
    findings: 1 findings
    gpt-x in: 2000 tokens
    gpt-x cached: 0 tokens
    gpt-x out: 100 tokens
    gpt-x cost: 0.0048 USD
    cost this month: 0.0048 USD
    ");
    let calls = script.host.calls();
    let request: Value = serde_json::from_slice(&calls[5].payload).unwrap();
    assert_eq!(request["store"], false);
    assert_eq!(request["text"]["format"]["strict"], true);
    insta::assert_snapshot!(calls.last().unwrap().text(), @r"
    ## ❌ Review: 1 finding that blocks in 1 file (gpt-x $0.0048; $0.0048 of $5.00 this month)

    Written by Claude; feature; `main` to `c0ffeec0ffee`; prompts `c94e5e66ab3f`.

    ### Findings

    - **critical** sql-injection `app/search.py:11`: The name goes into the statement. (gpt-x)

    ### In short

    - `gpt-x`: Adds a search.

    | Model | Calls | Tokens in | of these cached | Tokens out | Cost |
    |---|---:|---:|---:|---:|---:|
    | `gpt-x` | 1 | 2000 | 0 | 100 | $0.0048 |
    ");
}

#[test]
fn what_openai_wrote_is_reviewed_by_claude() {
    let script = Script::new(DIFF, CODEX)
        .reserved("claude-x")
        .map(|host| {
            host.post(ANTHROPIC)
                .with_header("x-api-key", "{{secret:anthropic}}")
                .with_header("anthropic-version", "2023-06-01")
                .answers_json(200, &claude_says(&answer(json!([]))))
        })
        .spent("claude-x", [2000, 1000, 100], "0.0048")
        .ends();
    let verdict = check(&script.host, config()).unwrap();
    assert!(verdict.is_passed());
    insta::assert_snapshot!(verdict.summary, @"no findings in 1 file (claude-x $0.0048; $0.0048 of $5.00 this month)");
}

#[test]
fn what_a_person_wrote_is_reviewed_by_both_and_security_by_its_own() {
    let models = |by: &str, diff: &str| {
        let host = Loose::new(diff, commits(by));
        let error = AiReviewGate::check(&host, &context(config()).in_plan()).unwrap_err();
        assert!(error.is_planned());
        host.models.borrow().join(" ")
    };
    assert_eq!(models("Bob <bob@example.org>", DIFF), "claude-x gpt-x");
    let auth = DIFF.replace("app/search.py", "app/auth/login.py");
    assert_eq!(models(CLAUDE, &auth), "gpt-s");
}

#[test]
fn a_kind_that_nobody_is_named_for_says_so() {
    let mut config = config();
    config["reviewers"]["claude"]["docs"] = json!([]);
    config.as_object_mut().unwrap().remove("budget");
    let diff = DIFF.replace("app/search.py", "docs/search.md");
    let host = Loose::new(&diff, commits(CLAUDE));
    let verdict = AiReviewGate::check(&host, &context(config)).unwrap();
    assert!(verdict.is_passed());
    insta::assert_snapshot!(verdict.summary, @"no findings in 1 file; `reviewers` names no model for a change of the kind `docs`");
}
