//! Configs that are refused before anything is read.

use super::*;

#[test]
fn who_may_not_judge_and_what_leads_nowhere_is_refused() {
    let message = |change: &dyn Fn(&mut Value)| {
        let mut config = config();
        change(&mut config);
        let error = check(&ScriptedHost::new(), config).unwrap_err();
        assert!(matches!(error, Error::InvalidConfig(_)), "{error:?}");
        error.message().to_owned()
    };
    let said = [
        message(&|c| c["reviewers"]["claude"]["docs"] = json!(["claude-x"])),
        message(&|c| c["reviewers"]["person"]["default"] = json!(["gpt-0"])),
        message(&|c| c["models"]["gpt-x"]["family"] = json!("claude")),
        message(&|c| c["openai"]["key"] = json!("sk-123")),
        message(&|c| c["anthropic"] = Value::Null),
        message(&|c| c["pull-request"] = json!(3)),
        message(&|c| c["checklist"] = json!({})),
        message(&|c| c["models"]["gpt-x"]["max-output-tokens"] = json!(200_000)),
        message(&|c| c["models"]["gpt-x"]["price"]["input"] = json!(-1)),
    ];
    insta::assert_snapshot!(said.join("\n"), @r#"
    `reviewers.claude` names `claude-x`, which is of the family that wrote the change: name a model of another
    `reviewers.person` names the model `gpt-0`, and there is no [models."gpt-0"]
    `reviewers.claude` names `gpt-x`, which is of the family that wrote the change: name a model of another
    `openai.key` is not `{{secret:NAME}}`: put it into [secrets], and its name here
    the model `claude-x` is asked through `anthropic`, and there is no such table with a key
    `pull-request` is set, and `github` does not say where it is
    `checklist` is empty, so there is nothing to judge by: write what must hold as `checklist.GROUP.NAME = "..."`
    the model `gpt-x` may write all that it can hold: `max-output-tokens` must be less than `context-tokens`
    a price of the model `gpt-x` is below zero
    "#);
}
