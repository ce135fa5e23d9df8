//! OpenAI's Responses API. Source: openai/openai-openapi, August 2026.

use serde_json::{Value, json};

use super::{Question, Reply, count};
use crate::answer::NAME;
use crate::price::Tokens;

pub(super) fn body(question: &Question<'_>) -> Value {
    json!({
        "model": question.model,
        "instructions": question.system,
        "input": question.user,
        "max_output_tokens": question.max_output,
        "store": false,
        "text": { "format": { "type": "json_schema", "name": NAME, "strict": true, "schema": question.schema } },
    })
}

pub(super) fn reply(body: &Value) -> Reply {
    let usage = &body["usage"];
    let tokens = usage.is_object().then(|| Tokens {
        input: count(&usage["input_tokens"]),
        cached: count(&usage["input_tokens_details"]["cached_tokens"]),
        cache_write: count(&usage["input_tokens_details"]["cache_write_tokens"]),
        output: count(&usage["output_tokens"]),
    });
    let text = match body["status"].as_str() {
        Some("completed") => text(body),
        Some("incomplete") => Err(match body["incomplete_details"]["reason"].as_str() {
            Some("max_output_tokens") => "its answer was cut: raise `max-output-tokens`".to_owned(),
            Some("content_filter") => "a filter stopped its answer".to_owned(),
            other => format!(
                "its answer is incomplete: {}",
                other.unwrap_or("it does not say why")
            ),
        }),
        Some(other) => {
            let why = body["error"]["message"].as_str().unwrap_or_default();
            Err(format!("its answer is `{other}` {why}").trim_end().to_owned())
        }
        None => Err("what answered is not the Responses API: is `url` right?".to_owned()),
    };
    Reply { tokens, text }
}

/// `output_text` at the top is an invention of OpenAI's libraries; the wire has messages with parts.
fn text(body: &Value) -> Result<String, String> {
    let output = body["output"].as_array().map(Vec::as_slice).unwrap_or_default();
    let messages = output.iter().filter(|part| part["type"] == "message");
    let parts = messages.flat_map(|message| {
        message["content"]
            .as_array()
            .map(Vec::as_slice)
            .unwrap_or_default()
    });
    let mut text = String::new();
    for part in parts {
        match part["type"].as_str() {
            Some("output_text") => text.push_str(part["text"].as_str().unwrap_or_default()),
            Some("refusal") => return Err("it refused to answer".to_owned()),
            _ => {}
        }
    }
    Ok(text)
}
