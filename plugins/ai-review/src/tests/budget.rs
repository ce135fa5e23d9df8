//! What a review may cost, and what the ledger says of calls that nobody knows the end or the price of.

use runner_sdk::Retry;

use super::*;

#[test]
fn a_call_of_which_nobody_knows_stays_reserved() {
    let script = Script::new(DIFF, CODEX)
        .reserved("claude-x")
        .map(|host| {
            host.post(ANTHROPIC)
                .fails(Error::Interrupted("runner stopped".into()))
        })
        .reserved("claude-x")
        .map(|host| {
            host.post(ANTHROPIC).fails(Error::Transient(Retry {
                message: "timed out".into(),
                after_ms: None,
            }))
        })
        .slept(2000)
        .reserved("claude-x")
        .map(|host| {
            host.post(ANTHROPIC)
                .answers_json(200, &claude_says(&answer(json!([]))))
        })
        .spent("claude-x", [2000, 1000, 100], "0.0048")
        .ends();
    let verdict = check(&script.host, config()).unwrap();
    assert_eq!(script.host.pauses(), [0, 2000]);
    let cost = verdict
        .measures
        .iter()
        .find(|measure| measure.name == "claude-x cost");
    assert!(cost.unwrap().value > 0.1, "all three count: {cost:?}");
}

#[test]
fn what_does_not_fit_into_the_budget_is_not_asked() {
    let spent = "{\"ledger\":1,\"event\":\"spent\",\"call\":\"r-0 gate/review 1\",\"at\":\"2026-01-01T00:00:00.000Z\",\"project\":\"shop\",\"check\":\"review\",\"model\":\"gpt-x\",\"input-tokens\":1,\"cached-tokens\":0,\"cache-write-tokens\":0,\"output-tokens\":1,\"usd\":4.99, \"line\":\"r-0 gate/review 1 spent\"}";
    let review = |ledger: &str, config: Value| {
        let host = Loose::new(DIFF, commits(CLAUDE));
        host.ledger.borrow_mut().push_str(ledger);
        let said = AiReviewGate::check(&host, &context(config));
        assert_eq!(host.sent.borrow().len(), 0, "nothing was asked");
        let last = host.ledger.borrow().lines().last().unwrap().to_owned();
        assert!(
            last.contains("\"spent\"") && last.contains("\"usd\":0.0"),
            "{last}"
        );
        said.unwrap_err().message().to_owned()
    };
    let mut small = config();
    small["budget"]["per-review"] = json!(0.01);
    let mut other = config();
    other["models"]["gpt-x"]["price"] = json!({"input": 1e6, "output": 8.0});
    let said = [
        review(&format!("{spent}\n"), config()),
        review("", small),
        review("", other),
    ];
    let digits = |text: &str| {
        // What a call may cost depends on the prompts' length.
        let (before, rest) = text.split_once("may cost $").unwrap();
        let (_, after) = rest.split_once(',').unwrap();
        format!("{before}may cost $N,{after}")
    };
    insta::assert_snapshot!(said.each_ref().map(|text| digits(text)).join("\n"), @r"
    the next call may cost $N, and of the $5.00 for this month $4.9900 are spent or reserved: wait for the next month, or raise `budget.per-month`; `runner costs` shows what it went to
    the next call may cost $N, and of the $0.01 for a review $0.0000 are spent: exclude files, take a cheaper model, or raise `budget.per-review`
    the next call may cost $N, and of the $5.00 for this month $0.0000 are spent or reserved: wait for the next month, or raise `budget.per-month`; `runner costs` shows what it went to
    ");
}

#[test]
fn a_model_without_a_price_costs_an_unknown_sum_and_never_nothing() {
    let mut config = config();
    config["models"]["gpt-x"].as_object_mut().unwrap().remove("price");
    insta::assert_snapshot!(check(&ScriptedHost::new(), config.clone()).unwrap_err().message(), @"the model `gpt-x` has no `price`, so no budget can be kept: add it, or remove `budget`");
    config.as_object_mut().unwrap().remove("budget");
    let host = Loose::new(DIFF, commits(CLAUDE));
    host.say(gpt_says(&answer(json!([]))));
    let verdict = AiReviewGate::check(&host, &context(config)).unwrap();
    insta::assert_snapshot!(verdict.summary, @"no findings in 1 file (gpt-x, cost unknown)");
    assert!(
        verdict
            .measures
            .iter()
            .all(|measure| !measure.name.contains("cost"))
    );
    assert!(host.ledger.borrow().contains("\"usd\":null"));
}
