//! Models that cannot be had, or give nothing usable: waited for, asked once more, and never taken for a yes.

use super::models::Turn;
use super::shop::{BY_CLAUDE, BY_CODEX, SAFE, Shop, about};
use super::strict::{CLAUDE, GPT};

fn reviewed(by: &str, model: &str, turns: &[Turn]) -> (String, Shop) {
    let shop = Shop::new();
    shop.commit("app/search.py", SAFE, by);
    shop.models.will(model, turns.iter().cloned());
    let output = shop.review();
    (about(&output), shop)
}

fn fine() -> Turn {
    Turn::Says("{\"summary\": \"Fine.\", \"findings\": []}".to_owned())
}

#[test]
fn a_server_that_is_busy_is_given_the_pause_that_it_asks_for() {
    for (by, model) in [(BY_CODEX, CLAUDE), (BY_CLAUDE, GPT)] {
        let (said, shop) = reviewed(by, model, &[Turn::Busy(2), fine()]);
        insta::allow_duplicates! {
            insta::assert_snapshot!(said.replace(model, "$MODEL").replace("$0.0062", "$0.0040"), @r"
              ok  gate/review $T  no findings in 1 file ($MODEL $0.0040)
            done in $T: every check passed
            [exit code 0]
            ");
        }
        let state = shop.models.state();
        assert_eq!(state.answered, [429, 200]);
        assert_eq!(state.too_early, 0, "it came back before its time");
    }
}

#[test]
fn a_server_that_stays_overloaded_blocks_with_the_reason() {
    let (said, shop) = reviewed(BY_CODEX, CLAUDE, &[Turn::Overloaded]);
    insta::assert_snapshot!(said, @r"
    FAIL  gate/review $T  from plugin `ai-review 0.1.0`: asking `claude-x`: answered 529: Overloaded
    blocked in $T: gate/review: from plugin `ai-review 0.1.0`: asking `claude-x`: answered 529: Overloaded
    next: mend what failed, then `runner quality-gate`
    [exit code 10]
    ");
    assert_eq!(shop.models.state().answered, [529; 4]);
}

#[test]
fn an_account_with_nothing_left_is_not_asked_again() {
    for (by, model) in [(BY_CODEX, CLAUDE), (BY_CLAUDE, GPT)] {
        let (said, shop) = reviewed(by, model, &[Turn::OutOfMoney]);
        assert!(
            said.contains("the account has nothing left") && said.ends_with("[exit code 10]"),
            "{said}"
        );
        assert_eq!(shop.models.asked(), [model]);
    }
}

#[test]
fn a_refusal_is_asked_once_more_and_then_blocks() {
    for (by, model) in [(BY_CODEX, CLAUDE), (BY_CLAUDE, GPT)] {
        let (said, shop) = reviewed(by, model, &[Turn::Refuses]);
        insta::allow_duplicates! {
            insta::assert_snapshot!(said.replace(model, "$MODEL"), @r"
                   warn: gate/review: `$MODEL`: it refused to answer
                   warn: gate/review: `$MODEL`: it refused to answer
            FAIL  gate/review $T  from plugin `ai-review 0.1.0`: `$MODEL` gave no review that can be used, asked 2 times: it refused to answer
            blocked in $T: gate/review: from plugin `ai-review 0.1.0`: `$MODEL` gave no review that can be used, asked 2 times: it refused to answer
            next: mend what failed, then `runner quality-gate`
            [exit code 10]
            ");
        }
        assert_eq!(shop.models.asked(), [model, model]);
        let (said, _) = reviewed(by, model, &[Turn::Refuses, fine()]);
        assert!(said.ends_with("[exit code 0]"), "{said}");
    }
}

#[test]
fn a_cut_answer_is_asked_once_more_and_then_blocks() {
    let half = "{\"summary\": \"Fine.\", \"findings\": [".to_owned();
    for (by, model) in [(BY_CODEX, CLAUDE), (BY_CLAUDE, GPT)] {
        let (said, shop) = reviewed(by, model, &[Turn::Cut(half.clone())]);
        insta::allow_duplicates! {
            insta::assert_snapshot!(said.replace(model, "$MODEL"), @r"
                   warn: gate/review: `$MODEL`: its answer was cut: raise `max-output-tokens`
                   warn: gate/review: `$MODEL`: its answer was cut: raise `max-output-tokens`
            FAIL  gate/review $T  from plugin `ai-review 0.1.0`: `$MODEL` gave no review that can be used, asked 2 times: its answer was cut: raise `max-output-tokens`
            blocked in $T: gate/review: from plugin `ai-review 0.1.0`: `$MODEL` gave no review that can be used, asked 2 times: its answer was cut: raise `max-output-tokens`
            next: mend what failed, then `runner quality-gate`
            [exit code 10]
            ");
        }
        assert_eq!(shop.models.asked(), [model, model]);
        // It says that it is done, and is not.
        let (said, _) = reviewed(by, model, &[Turn::Says(half.clone()), fine()]);
        assert!(said.ends_with("[exit code 0]"), "{said}");
    }
}

#[test]
fn what_is_cut_is_not_believed_though_it_reads_well() {
    let whole = "{\"summary\": \"Fine.\", \"findings\": []}".to_owned();
    let (said, _) = reviewed(BY_CLAUDE, GPT, &[Turn::Cut(whole)]);
    assert!(
        said.contains("its answer was cut") && said.ends_with("[exit code 10]"),
        "{said}"
    );
}

#[test]
fn chat_completions_are_refused_and_cut_as_well() {
    for (turn, why) in [
        (Turn::Refuses, "it refused to answer"),
        (Turn::Cut("{".to_owned()), "its answer was cut"),
        (Turn::Html, "what answered speaks no JSON"),
    ] {
        let shop = Shop::with("openai = { key = \"{{secret:openai}}\", url = \"URL\", api = \"chat\" }");
        shop.commit("app/search.py", SAFE, BY_CLAUDE);
        shop.models.will(GPT, [turn]);
        let output = shop.review();
        assert!(output.code == Some(10) && output.stderr.contains(why), "{output}");
    }
}

#[test]
fn a_wrong_key_blocks() {
    let Shop { env, models, pulls } = Shop::new();
    let shop = Shop {
        env: env.set("OPENAI_API_KEY", "sk-of-somebody-else"),
        models,
        pulls,
    };
    shop.commit("app/search.py", SAFE, BY_CLAUDE);
    insta::assert_snapshot!(about(&shop.review()), @r"
    FAIL  gate/review $T  from plugin `ai-review 0.1.0`: asking `gpt-x`: answered 401: Incorrect API key provided; the key is wrong or was revoked
    blocked in $T: gate/review: from plugin `ai-review 0.1.0`: asking `gpt-x`: answered 401: Incorrect API key provided; the key is wrong or was revoked
    next: mend what failed, then `runner quality-gate`
    [exit code 10]
    ");
}

#[test]
fn a_model_that_there_is_none_of_blocks() {
    let shop = Shop::new();
    let profile = shop.env.read("runner.toml").expect("there");
    shop.env.write("runner.toml", &profile.replace(GPT, "gpt-0"));
    shop.commit("app/search.py", SAFE, BY_CLAUDE);
    insta::assert_snapshot!(about(&shop.review()), @r"
    FAIL  gate/review $T  from plugin `ai-review 0.1.0`: asking `gpt-0`: answered 404: The model `gpt-0` does not exist or you do not have access to it.; there is no such model for this key: check its name under `models`
    blocked in $T: gate/review: from plugin `ai-review 0.1.0`: asking `gpt-0`: answered 404: The model `gpt-0` does not exist or you do not have access to it.; there is no such model for this key: check its name under `models`
    next: mend what failed, then `runner quality-gate`
    [exit code 10]
    ");
}

#[test]
fn nobody_there_blocks() {
    let shop = Shop::with("openai = { key = \"{{secret:openai}}\", url = \"http://127.0.0.1:9\" }");
    shop.commit("app/search.py", SAFE, BY_CLAUDE);
    insta::assert_snapshot!(about(&shop.review()), @r"
    FAIL  gate/review $T  from plugin `ai-review 0.1.0`: asking `gpt-x`: POST http://127.0.0.1:9/v1/responses: error sending request: client error (Connect): tcp connect error: Connection refused (os error 111)
    blocked in $T: gate/review: from plugin `ai-review 0.1.0`: asking `gpt-x`: POST http://127.0.0.1:9/v1/responses: error sending request: client error (Connect): tcp connect error: Connection refused (os error 111)
    next: mend what failed, then `runner quality-gate`
    [exit code 10]
    ");
}
