//! Models that refuse, that are busy, and that cannot be had.

use super::*;

#[test]
fn a_model_that_refuses_or_is_cut_is_asked_once_more_and_then_blocks() {
    let review = |answers: &[Value]| {
        let host = Loose::new(DIFF, commits(CODEX));
        for answer in answers {
            host.say(answer.clone());
        }
        let said = AiReviewGate::check(&host, &context(config()));
        assert_eq!(host.sent.borrow().len(), answers.len());
        said
    };
    let refusal =
        json!({"stop_reason": "refusal", "content": [], "usage": {"input_tokens": 9, "output_tokens": 1}});
    let cut = json!({"stop_reason": "max_tokens", "content": [{"type": "text", "text": "{\"summary\": \"a"}], "usage": {"input_tokens": 9, "output_tokens": 4000}});
    let half = claude_says("{\"summary\": \"s\", \"findings\": [{\"file\": \"app");
    let good = claude_says(&answer(json!([])));
    assert!(review(&[refusal.clone(), good.clone()]).unwrap().is_passed());
    assert!(review(&[half.clone(), good]).unwrap().is_passed());
    let said = [
        review(&[refusal.clone(), refusal]),
        review(&[cut.clone(), cut]),
        review(&[half.clone(), half]),
    ]
    .map(|said| said.unwrap_err().message().to_owned());
    insta::assert_snapshot!(said.join("\n"), @r"
    `claude-x` gave no review that can be used, asked 2 times: it refused to answer
    `claude-x` gave no review that can be used, asked 2 times: its answer was cut: raise `max-output-tokens`
    `claude-x` gave no review that can be used, asked 2 times: its answer is not in the form: EOF while parsing a string at line 1 column 43
    ");
}

#[test]
fn busy_servers_are_waited_for_and_nothing_is_billed() {
    let busy = json!({"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}});
    let script = Script::new(DIFF, CODEX)
        .reserved("claude-x")
        .map(|host| {
            host.post(ANTHROPIC)
                .answers_json(
                    429,
                    &json!({"error": {"type": "rate_limit_error", "message": "slow down"}}),
                )
                .answer_header("retry-after", "7")
        })
        .spent("claude-x", [0, 0, 0], "0.0")
        .slept(7000)
        .reserved("claude-x")
        .map(|host| host.post(ANTHROPIC).answers_json(529, &busy))
        .spent("claude-x", [0, 0, 0], "0.0")
        .slept(2000)
        .reserved("claude-x")
        .map(|host| {
            host.post(ANTHROPIC)
                .answers_json(200, &claude_says(&answer(json!([]))))
        })
        .spent("claude-x", [2000, 1000, 100], "0.0048")
        .ends();
    assert!(check(&script.host, config()).unwrap().is_passed());
    assert_eq!(script.host.pauses(), [7000, 2000]);
}

#[test]
fn a_model_that_cannot_be_had_blocks_with_the_reason() {
    let review = |status: u16, body: Value| {
        let host = Loose::new(DIFF, commits(CLAUDE));
        for _ in 0..4 {
            host.answer(status, body.clone());
        }
        let error = AiReviewGate::check(&host, &context(config())).unwrap_err();
        format!("{} after {}", error.message(), host.sent.borrow().len())
    };
    let said = [
        review(529, json!({"error": {"message": "Overloaded"}})),
        review(
            429,
            json!({"error": {"code": "insufficient_quota", "message": "You exceeded your current quota"}}),
        ),
        review(
            404,
            json!({"error": {"code": "model_not_found", "message": "The model `gpt-x` does not exist"}}),
        ),
        review(401, json!({"error": {"message": "Incorrect API key provided"}})),
    ];
    insta::assert_snapshot!(said.join("\n"), @r"
    asking `gpt-x`: answered 529: Overloaded after 4
    asking `gpt-x`: answered 429: You exceeded your current quota; the account has nothing left: pay, or raise its limit after 1
    asking `gpt-x`: answered 404: The model `gpt-x` does not exist; there is no such model for this key: check its name under `models` after 1
    asking `gpt-x`: answered 401: Incorrect API key provided; the key is wrong or was revoked after 1
    ");
}

#[test]
fn what_blocks_already_blocks_though_the_rest_cannot_be_asked() {
    let host = Loose::new(DIFF, commits("Bob <bob@example.org>"));
    host.say(claude_says(&answer(json!([injection()]))));
    host.answer(401, json!({"error": {"message": "Incorrect API key provided"}}));
    let verdict = AiReviewGate::check(&host, &context(config())).unwrap();
    assert!(!verdict.is_passed());
    insta::assert_snapshot!(verdict.summary, @"1 finding that blocks in 1 file; the review could not be finished: asking `gpt-x`: answered 401: Incorrect API key provided; the key is wrong or was revoked (claude-x $0.0048)");
}
