//! What the models' APIs refuse before a model sees anything: keys, versions, names they do not know, forms that are not strict.
//! Facts: the reference of each API, and the specifications in anthropics/anthropic-sdk-typescript and openai/openai-openapi.

use serde_json::{Value, json};

use super::server::{Received, Reply};

/// The key of each API.
pub(super) const ANTHROPIC_KEY: &str = "sk-ant-of-the-stand-in";
pub(super) const OPENAI_KEY: &str = "sk-of-the-stand-in";
/// What the models are named.
pub(super) const CLAUDE: &str = "claude-x";
pub(super) const GPT: &str = "gpt-x";
/// What each API knows, those of the profile `agentiq` too.
const ANTHROPICS: [&str; 3] = [CLAUDE, "claude-opus-5-5", "claude-sonnet-5-5"];
const OPENAIS: [&str; 3] = [GPT, "gpt-6-sol", "gpt-6-luna"];

/// The properties of a request that are documented, by path.
const KNOWN: [(&str, &[&str]); 3] = [
    (
        "/v1/messages",
        &[
            "model",
            "messages",
            "max_tokens",
            "system",
            "metadata",
            "stop_sequences",
            "stream",
            "temperature",
            "thinking",
            "tool_choice",
            "tools",
            "top_k",
            "top_p",
            "service_tier",
            "container",
            "output_config",
            "cache_control",
        ],
    ),
    (
        "/v1/responses",
        &[
            "model",
            "input",
            "instructions",
            "background",
            "conversation",
            "include",
            "max_output_tokens",
            "max_tool_calls",
            "metadata",
            "parallel_tool_calls",
            "previous_response_id",
            "prompt",
            "prompt_cache_key",
            "reasoning",
            "safety_identifier",
            "service_tier",
            "store",
            "stream",
            "temperature",
            "text",
            "tool_choice",
            "tools",
            "top_p",
            "truncation",
            "user",
        ],
    ),
    (
        "/v1/chat/completions",
        &[
            "model",
            "messages",
            "frequency_penalty",
            "logit_bias",
            "logprobs",
            "max_completion_tokens",
            "max_tokens",
            "metadata",
            "modalities",
            "n",
            "parallel_tool_calls",
            "prediction",
            "presence_penalty",
            "prompt_cache_key",
            "reasoning_effort",
            "response_format",
            "safety_identifier",
            "seed",
            "service_tier",
            "stop",
            "store",
            "stream",
            "temperature",
            "tool_choice",
            "tools",
            "top_logprobs",
            "top_p",
            "user",
            "verbosity",
        ],
    ),
];

/// The body of a request that is in order, or what the real API answers.
pub(super) fn accepted(received: &Received) -> Result<Value, Reply> {
    let path = received.path.as_str();
    let Some((_, known)) = KNOWN.iter().find(|(known, _)| *known == path) else {
        return Err(refusal(path, 404, "not_found_error", "Not Found", None));
    };
    if received.method != "POST" {
        return Err(refusal(
            path,
            405,
            "invalid_request_error",
            "Method Not Allowed",
            None,
        ));
    }
    may_ask(received)?;
    let invalid = |message: String| refusal(path, 400, "invalid_request_error", &message, None);
    if received.header("content-type") != Some("application/json") {
        return Err(invalid("the content type is not `application/json`".to_owned()));
    }
    let body: Value =
        serde_json::from_slice(&received.body).map_err(|error| invalid(format!("not JSON: {error}")))?;
    let properties = body
        .as_object()
        .ok_or_else(|| invalid("not an object".to_owned()))?;
    if let Some(name) = properties.keys().find(|name| !known.contains(&name.as_str())) {
        return Err(match path {
            "/v1/messages" => invalid(format!("{name}: Extra inputs are not permitted")),
            _ => refusal(
                path,
                400,
                "invalid_request_error",
                &format!("Unknown parameter: '{name}'."),
                Some("unknown_parameter"),
            ),
        });
    }
    let model = body["model"].as_str().unwrap_or_default();
    let there = if path == "/v1/messages" {
        ANTHROPICS
    } else {
        OPENAIS
    };
    if !there.contains(&model) {
        return Err(match path {
            "/v1/messages" => refusal(path, 404, "not_found_error", &format!("model: {model}"), None),
            _ => refusal(
                path,
                404,
                "invalid_request_error",
                &format!("The model `{model}` does not exist or you do not have access to it."),
                Some("model_not_found"),
            ),
        });
    }
    asked(path, &body).map_err(invalid)?;
    Ok(body)
}

/// The key, and the version of the API.
fn may_ask(received: &Received) -> Result<(), Reply> {
    let path = received.path.as_str();
    if path == "/v1/messages" {
        match received.header("x-api-key") {
            Some(ANTHROPIC_KEY) => {}
            Some(_) => {
                return Err(refusal(
                    path,
                    401,
                    "authentication_error",
                    "invalid x-api-key",
                    None,
                ));
            }
            None => {
                return Err(refusal(
                    path,
                    401,
                    "authentication_error",
                    "x-api-key header is required",
                    None,
                ));
            }
        }
        return match received.header("anthropic-version") {
            Some("2023-06-01") => Ok(()),
            _ => Err(refusal(
                path,
                400,
                "invalid_request_error",
                "anthropic-version: header is required",
                None,
            )),
        };
    }
    match received
        .header("authorization")
        .map(|value| value.strip_prefix("Bearer "))
    {
        Some(Some(OPENAI_KEY)) => Ok(()),
        Some(_) => Err(refusal(
            path,
            401,
            "invalid_request_error",
            "Incorrect API key provided",
            Some("invalid_api_key"),
        )),
        None => Err(refusal(
            path,
            401,
            "invalid_request_error",
            "You didn't provide an API key.",
            None,
        )),
    }
}

/// What is asked, how long the answer may be, and in which form.
fn asked(path: &str, body: &Value) -> Result<(), String> {
    let (most, format) = match path {
        "/v1/messages" => ("max_tokens", &body["output_config"]["format"]),
        "/v1/responses" => ("max_output_tokens", &body["text"]["format"]),
        _ => ("max_completion_tokens", &body["response_format"]),
    };
    // Anthropic's must be there; the others have a default.
    if !(body[most].is_u64() || body[most].is_null() && most != "max_tokens") {
        return Err(format!("{most}: Field required"));
    }
    if format["type"] != "json_schema" {
        return Err("this stand-in answers in a form that is asked for".to_owned());
    }
    match path {
        "/v1/messages" => {
            only(format, &["type", "schema"])?;
            messages(body, &["user", "assistant"])?;
            strict(&format["schema"])
        }
        "/v1/responses" => {
            only(format, &["type", "name", "schema", "strict", "description"])?;
            if !body["input"].is_string() {
                return Err("Missing required parameter: 'input'.".to_owned());
            }
            named(format)
        }
        _ => {
            only(format, &["type", "json_schema"])?;
            only(
                &format["json_schema"],
                &["name", "schema", "strict", "description"],
            )?;
            messages(body, &["developer", "system", "user", "assistant"])?;
            named(&format["json_schema"])
        }
    }
}

fn messages(body: &Value, roles: &[&str]) -> Result<(), String> {
    let messages = body["messages"].as_array().filter(|all| !all.is_empty());
    let messages = messages.ok_or("messages: at least one message is required")?;
    let good = |message: &Value| {
        message["role"].as_str().is_some_and(|role| roles.contains(&role)) && message["content"].is_string()
    };
    messages
        .iter()
        .all(good)
        .then_some(())
        .ok_or_else(|| "messages: Input should be 'user' or 'assistant'".to_owned())
}

/// OpenAI's forms have a name.
fn named(format: &Value) -> Result<(), String> {
    let name = format["name"].as_str().unwrap_or_default();
    let letters = name
        .chars()
        .all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-');
    if name.is_empty() || name.len() > 64 || !letters {
        return Err("Invalid 'name': string does not match pattern '^[a-zA-Z0-9_-]+$'.".to_owned());
    }
    match format["strict"] == true {
        true => strict(&format["schema"]),
        false => Ok(()),
    }
}

fn only(value: &Value, names: &[&str]) -> Result<(), String> {
    let properties = value.as_object().ok_or("an object is missing")?;
    match properties.keys().find(|name| !names.contains(&name.as_str())) {
        Some(name) => Err(format!("{name}: Extra inputs are not permitted")),
        None => Ok(()),
    }
}

/// Every property is required, and nothing else is allowed.
fn strict(schema: &Value) -> Result<(), String> {
    if schema["type"] == "array" {
        return strict(&schema["items"]);
    }
    if schema["type"] != "object" {
        return schema
            .is_object()
            .then_some(())
            .ok_or_else(|| "Invalid schema: it is none".to_owned());
    }
    if schema["additionalProperties"] != false {
        return Err(
            "Invalid schema: 'additionalProperties' is required to be supplied and to be false.".to_owned(),
        );
    }
    let properties = schema["properties"]
        .as_object()
        .ok_or("Invalid schema: no 'properties'")?;
    let required = schema["required"]
        .as_array()
        .map(Vec::as_slice)
        .unwrap_or_default();
    if required.len() != properties.len() {
        return Err("Invalid schema: 'required' is required to include every key in properties.".to_owned());
    }
    properties.values().try_for_each(strict)
}

/// An error as each API words it.
pub(super) fn refusal(path: &str, status: u16, kind: &str, message: &str, code: Option<&str>) -> Reply {
    let body = match path {
        "/v1/messages" => {
            json!({ "type": "error", "error": { "type": kind, "message": message }, "request_id": "req_011" })
        }
        _ => json!({ "error": { "message": message, "type": kind, "param": null, "code": code } }),
    };
    let mut reply = Reply::new(status, body.to_string());
    reply
        .headers
        .push(("Content-Type".to_owned(), "application/json".to_owned()));
    reply
}

/// A stand-in that takes everything would show nothing.
#[test]
fn what_the_real_ones_refuse_is_refused() {
    let form = json!({ "type": "object", "additionalProperties": false, "required": [], "properties": {} });
    let good = json!({
        "model": CLAUDE, "max_tokens": 10, "system": "s", "messages": [{ "role": "user", "content": "c" }],
        "output_config": { "format": { "type": "json_schema", "schema": form } },
    });
    let status = |drop: &str, pointer: &str, value: Value| {
        let headers = [
            ("content-type", "application/json"),
            ("x-api-key", ANTHROPIC_KEY),
            ("anthropic-version", "2023-06-01"),
        ];
        let headers = headers.iter().filter(|(name, _)| *name != drop);
        let mut body = good.clone();
        match body.pointer_mut(pointer) {
            Some(there) => *there = value,
            None => body[pointer.trim_start_matches('/')] = value,
        }
        let received = Received {
            method: "POST".to_owned(),
            path: "/v1/messages".to_owned(),
            headers: headers
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                .collect(),
            body: body.to_string().into_bytes(),
        };
        accepted(&received).map_or_else(|refused| refused.status, |_| 200)
    };
    let model = || json!(CLAUDE);
    let open = json!({ "type": "object", "required": [], "properties": {} });
    assert_eq!(status("", "/model", model()), 200);
    assert_eq!(status("x-api-key", "/model", model()), 401);
    assert_eq!(status("anthropic-version", "/model", model()), 400);
    assert_eq!(status("content-type", "/model", model()), 400);
    assert_eq!(status("", "/model", json!("claude-0")), 404);
    assert_eq!(status("", "/max_tokens", Value::Null), 400);
    assert_eq!(status("", "/max_output_tokens", json!(10)), 400);
    assert_eq!(status("", "/messages", json!([])), 400);
    assert_eq!(status("", "/messages/0/role", json!("system")), 400);
    assert_eq!(status("", "/output_config/format/schema", open), 400);
}
