//! What reviews cost: held against the budget before a call, and shown after it.

use super::models::Turn;
use super::shop::{BY_CLAUDE, BY_CODEX, SAFE, Shop, UNSAFE, about};
use super::strict::CLAUDE;
use crate::env::TestEnv;

#[test]
fn what_the_stand_ins_bill_is_what_runner_costs_shows() {
    let shop = Shop::with("budget = { per-month = 5.0 }");
    insta::assert_snapshot!(shop.env.run(&["costs"]), @r"
    --- stderr ---
    no language model was asked yet
    [EOF]
    ");
    shop.commit("app/search.py", UNSAFE, "");
    shop.models.will(
        CLAUDE,
        [
            Turn::Refuses,
            Turn::Busy(1),
            Turn::Says("{\"summary\": \"s\", \"findings\": []}".to_owned()),
        ],
    );
    insta::assert_snapshot!(about(&shop.review()), @r"
           warn: gate/review: `claude-x`: it refused to answer
    FAIL  gate/review $T  1 finding that blocks in 1 file (claude-x $0.0123; gpt-x $0.0040; $0.0163 of $5.00 this month)
           critical sql-injection: The name goes into the statement as it came. [gpt-x] (app/search.py:3)
    blocked in $T: gate/review: 1 finding that blocks in 1 file (claude-x $0.0123; gpt-x $0.0040; $0.0163 of $5.00 this month)
    next: mend what failed, then `runner quality-gate`
    [exit code 10]
    ");
    let month = month();
    insta::assert_snapshot!(shop.env.run(&["costs"]).to_string().replace(&month, "$MONTH"), @r"
    month    check   model     calls  tokens in  cached  tokens out  USD
    $MONTH  review  claude-x  2      4000       1000    200         0.0123
    $MONTH  review  gpt-x     1      2000       500     100         0.0040
    all                        3      6000       1500    300         0.0163
    [EOF]
    ");
}

#[test]
fn what_does_not_fit_into_the_month_is_not_asked() {
    let shop = Shop::with("budget = { per-month = 0.2 }");
    shop.commit("app/search.py", SAFE, BY_CODEX);
    let passed = shop.review();
    assert_eq!(passed.code, Some(0), "{passed}");
    let ledger = shop.env.read(".runner/ai-costs.jsonl").expect("written");
    // Somebody else's run has reserved nearly all of it, and was never heard of again.
    let reserved = ledger
        .lines()
        .next()
        .expect("a line")
        .replace("\"call\":\"", "\"call\":\"other ")
        .replace("\"line\":\"", "\"line\":\"other ");
    let (start, rest) = reserved.split_once("\"usd\":").expect("a cost");
    let (_, end) = rest.split_once(',').expect("more");
    shop.env.write(
        ".runner/ai-costs.jsonl",
        &format!("{ledger}{start}\"usd\":0.19,{end}\n"),
    );
    let output = shop.review();
    assert_eq!(shop.sent().len(), 1, "no request arrived");
    insta::assert_snapshot!(about(&output).replace(|c: char| c.is_ascii_digit(), "0"), @r"
    FAIL  gate/review $T  from plugin `ai-review 0.0.0`: the next call may cost $0.0000, and of the $0.00 for this month $0.0000 are spent or reserved: wait for the next month, or raise `budget.per-month`; `runner costs` shows what it went to
    blocked in $T: gate/review: from plugin `ai-review 0.0.0`: the next call may cost $0.0000, and of the $0.00 for this month $0.0000 are spent or reserved: wait for the next month, or raise `budget.per-month`; `runner costs` shows what it went to
    next: mend what failed, then `runner quality-gate`
    [exit code 00]
    ");
    // And one that never fits.
    let shop = Shop::with("budget = { per-month = 0.01 }");
    shop.commit("app/search.py", SAFE, BY_CLAUDE);
    assert_eq!(shop.review().code, Some(10));
    assert!(shop.sent().is_empty(), "no request arrived");
    insta::assert_snapshot!(shop.env.run(&["costs"]), @r"
    --- stderr ---
    no language model was asked yet
    [EOF]
    ");
}

#[test]
fn what_a_machine_spent_that_is_no_more_counts_on_the_next() {
    let shop = Shop::with("budget = { per-month = 5.0 }");
    let store = shop.env.place("store");
    std::fs::create_dir(&store).expect("made");
    let profile = shop.env.read("runner.toml").expect("there");
    let profile = format!("store = \"file://{store}\"\n{profile}");
    shop.env.write("runner.toml", &profile);
    shop.commit("app/search.py", SAFE, BY_CODEX);
    let first = shop.review();
    assert_eq!(first.code, Some(0), "{first}");
    let ledger = |env: &TestEnv| env.read(".runner/ai-costs.jsonl").expect("written");
    let there = ledger(&shop.env);

    let next = shop.env.another();
    let costs = next.run(&["costs"]).to_string().replace(&month(), "$MONTH");
    insta::assert_snapshot!(costs, @r"
    month    check   model     calls  tokens in  cached  tokens out  USD
    $MONTH  review  claude-x  1      2000       500     100         0.0062
    [EOF]
    ");
    // Enough for one call, were it not for the other machine's.
    let line: serde_json::Value = serde_json::from_str(there.lines().next().expect("a line")).expect("JSON");
    let limit = line["usd"].as_f64().expect("a cost") + 0.003;
    let set = format!("gate.review.config.budget.per-month={limit}");
    let refused = next.run(&["quality-gate", "--set", &set]);
    assert_eq!(refused.code, Some(10), "{refused}");
    assert!(
        refused.stderr.contains("for this month $0.0062 are spent"),
        "{refused}"
    );
    assert_eq!(shop.sent().len(), 1, "no request arrived");
    // All of it is in its own ledger now, once.
    assert!(ledger(&next).starts_with(&there), "{}", ledger(&next));
    assert_eq!(next.run(&["quality-gate", "--set", &set]).code, Some(10));
    assert_eq!(ledger(&next).matches("\"event\":\"spent\"").count(), 3);
}

/// That of the lines just written.
fn month() -> String {
    let date = std::process::Command::new("date")
        .args(["-u", "+%Y-%m"])
        .output()
        .expect("date runs");
    String::from_utf8_lossy(&date.stdout).trim().to_owned()
}
