//! What language models have cost.

use crate::env::TestEnv;

const REVIEWED: &str = "[project]\nname = \"shop\"\n\n[gate.review]\nplugin = \"ai-review\"\nconfig.base = \"main\"\n\
                        config.ledger = \"costs.jsonl\"\n";

const LEDGER: &str = r#"{"ledger":1,"event":"reserved","call":"r-1 gate/review 0","at":"2026-10-30T10:00:00Z","project":"shop","check":"review","model":"m","input-tokens":9000,"cached-tokens":0,"cache-write-tokens":0,"output-tokens":2000,"usd":0.05,"line":"r-1 gate/review 0 reserved"}
{"ledger":1,"event":"spent","call":"r-1 gate/review 0","at":"2026-10-30T10:00:09Z","project":"shop","check":"review","model":"m","input-tokens":7000,"cached-tokens":100,"cache-write-tokens":0,"output-tokens":500,"usd":0.03,"line":"r-1 gate/review 0 spent"}
{"ledger":1,"event":"reserved","call":"r-2 gate/review 0","at":"2026-11-02T10:00:00Z","project":"shop","check":"review","model":"m","input-tokens":9000,"cached-tokens":0,"cache-write-tokens":0,"output-tokens":2000,"usd":0.05,"line":"r-2 gate/review 0 reserved"}
"#;

#[test]
fn are_added_up_by_month_check_and_model() {
    let env = TestEnv::with_profile(REVIEWED);
    insta::assert_snapshot!(env.run(&["costs"]), @r#"
    --- stderr ---
    no language model was asked yet
    [EOF]
    "#);
    env.write("costs.jsonl", LEDGER);
    insta::assert_snapshot!(env.run(&["costs"]), @r#"
    month    check   model  calls           tokens in  cached  tokens out  USD
    2026-10  review  m      1               7000       100     500         0.0300
    2026-11  review  m      1 (1 in doubt)  9000       0       2000        at most 0.0500
    all                     2 (1 in doubt)  16000      100     2500        at most 0.0800
    [EOF]
    "#);
    insta::assert_snapshot!(env.run(&["costs", "--month", "2026-10", "--output", "json"]), @r#"
    [{"cached-tokens":100,"calls":1,"calls-of-unknown-cost":0,"check":"review","in-doubt":0,"input-tokens":7000,"model":"m","month":"2026-10","output-tokens":500,"usd":0.03}]
    [EOF]
    "#);
    insta::assert_snapshot!(env.run(&["costs", "--month", "November"]), @r#"
    --- stderr ---
    error: invalid value 'November' for '--month <YYYY-MM>': a month is written like 2026-11

    For more information, try '--help'.
    [exit code 2]
    "#);
    env.write("costs.jsonl", "{\"ledger\":1}\n");
    insta::assert_snapshot!(env.run(&["costs"]), @r#"
    --- stderr ---
    error: cannot add up `$TEST_ENV/work/costs.jsonl`: line 1 of the ledger is not understood: missing field `event` at line 1 column 12
    hint: it is written by the gate `ai-review` alone; mend or move that line
    [exit code 1]
    "#);
}
