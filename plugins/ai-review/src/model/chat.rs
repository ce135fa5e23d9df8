//! OpenAI's Chat Completions, and what speaks like it (vLLM, OpenRouter, LiteLLM). Source: openai/openai-openapi, August 2026.

use serde_json::{Value, json};

use super::{Question, Reply, count};
use crate::answer::NAME;
use crate::price::Tokens;

pub(super) fn body(question: &Question<'_>) -> Value {
    json!({
        "model": question.model,
        "max_completion_tokens": question.max_output,
        "messages": [
            { "role": "system", "content": question.system },
            { "role": "user", "content": question.user },
        ],
        "response_format": {
            "type": "json_schema",
            "json_schema": { "name": NAME, "strict": true, "schema": question.schema },
        },
    })
}

pub(super) fn reply(body: &Value) -> Reply {
    let usage = &body["usage"];
    let tokens = usage.is_object().then(|| Tokens {
        input: count(&usage["prompt_tokens"]),
        cached: count(&usage["prompt_tokens_details"]["cached_tokens"]),
        cache_write: 0,
        output: count(&usage["completion_tokens"]),
    });
    let choice = &body["choices"][0];
    let message = &choice["message"];
    let refused = message["refusal"].as_str().is_some_and(|text| !text.is_empty());
    let text = match choice["finish_reason"].as_str() {
        _ if refused => Err("it refused to answer".to_owned()),
        Some("stop") => Ok(message["content"].as_str().unwrap_or_default().to_owned()),
        Some("length") => Err("its answer was cut: raise `max-output-tokens`".to_owned()),
        Some("content_filter") => Err("a filter stopped its answer".to_owned()),
        Some(other) => Err(format!(
            "it stopped for another reason than being done: `{other}`"
        )),
        None => Err("what answered is not Chat Completions: is `url` right?".to_owned()),
    };
    Reply { tokens, text }
}
