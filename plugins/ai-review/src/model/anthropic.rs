//! Anthropic's Messages API. Source: anthropics/anthropic-sdk-typescript, August 2026.

use serde_json::{Value, json};

use super::{Question, Reply, count};
use crate::price::Tokens;

pub(super) fn body(question: &Question<'_>) -> Value {
    json!({
        "model": question.model,
        "max_tokens": question.max_output,
        "system": question.system,
        "messages": [{ "role": "user", "content": question.user }],
        "output_config": { "format": { "type": "json_schema", "schema": question.schema } },
    })
}

/// The JSON is whole only where the model ended its turn by itself.
pub(super) fn reply(body: &Value) -> Reply {
    let usage = &body["usage"];
    let tokens = usage.is_object().then(|| {
        let (cached, cache_write) = (
            count(&usage["cache_read_input_tokens"]),
            count(&usage["cache_creation_input_tokens"]),
        );
        Tokens {
            // `input_tokens` are those that came from no cache and went into none.
            input: count(&usage["input_tokens"])
                .saturating_add(cached)
                .saturating_add(cache_write),
            cached,
            cache_write,
            output: count(&usage["output_tokens"]),
        }
    });
    let text = match body["stop_reason"].as_str() {
        Some("end_turn") => Ok(texts(body)),
        Some("refusal") => Err("it refused to answer".to_owned()),
        Some("max_tokens") => Err("its answer was cut: raise `max-output-tokens`".to_owned()),
        Some("model_context_window_exceeded") => {
            Err("the change is too large for it: lower `context-tokens`".to_owned())
        }
        Some(other) => Err(format!(
            "it stopped for another reason than being done: `{other}`"
        )),
        None => Err("what answered is not the Messages API: is `url` right?".to_owned()),
    };
    Reply { tokens, text }
}

fn texts(body: &Value) -> String {
    let blocks = body["content"].as_array().map(Vec::as_slice).unwrap_or_default();
    let texts = blocks.iter().filter(|block| block["type"] == "text");
    texts.filter_map(|block| block["text"].as_str()).collect()
}
