use serde_json::json;

use super::*;

fn response(status: u16, body: &Value) -> Response {
    Response {
        status,
        headers: Vec::new(),
        body: body.to_string().into_bytes(),
        truncated: false,
    }
}

fn why(reply: Reply) -> String {
    reply.text.unwrap_err()
}

#[test]
fn the_end_of_a_message_decides() {
    let message = |stop: &str| {
        anthropic::reply(&json!({
            "stop_reason": stop,
            "content": [
                { "type": "thinking", "thinking": "hm" },
                { "type": "text", "text": "{\"a\":" },
                { "type": "text", "text": "1}" },
            ],
            "usage": { "input_tokens": 10, "cache_creation_input_tokens": null, "cache_read_input_tokens": 90, "output_tokens": 7 },
        }))
    };
    let tokens = Tokens {
        input: 100,
        cached: 90,
        cache_write: 0,
        output: 7,
    };
    assert_eq!(
        message("end_turn"),
        Reply {
            tokens: Some(tokens),
            text: Ok("{\"a\":1}".into())
        }
    );
    let stops = [
        "refusal",
        "max_tokens",
        "tool_use",
        "pause_turn",
        "model_context_window_exceeded",
    ];
    let said: Vec<_> = stops.iter().map(|stop| why(message(stop))).collect();
    insta::assert_snapshot!(said.join("\n"), @r"
    it refused to answer
    its answer was cut: raise `max-output-tokens`
    it stopped for another reason than being done: `tool_use`
    it stopped for another reason than being done: `pause_turn`
    the change is too large for it: lower `context-tokens`
    ");
    insta::assert_snapshot!(why(anthropic::reply(&json!({"hello": 1}))), @"what answered is not the Messages API: is `url` right?");
}

#[test]
fn the_status_of_a_response_decides() {
    let usage = json!({
        "input_tokens": 100, "input_tokens_details": { "cached_tokens": 60 },
        "output_tokens": 9, "output_tokens_details": { "reasoning_tokens": 5 }, "total_tokens": 109,
    });
    let done = json!({
        "status": "completed", "usage": usage,
        "output": [
            { "type": "reasoning", "summary": [] },
            { "type": "message", "content": [{ "type": "output_text", "text": "{}" }] },
        ],
    });
    let tokens = Tokens {
        input: 100,
        cached: 60,
        cache_write: 0,
        output: 9,
    };
    assert_eq!(
        responses::reply(&done),
        Reply {
            tokens: Some(tokens),
            text: Ok("{}".into())
        }
    );
    let refused = json!({
        "status": "completed",
        "output": [{ "type": "message", "content": [{ "type": "refusal", "refusal": "I will not" }] }],
    });
    let said = [
        refused,
        json!({"status": "incomplete", "incomplete_details": {"reason": "max_output_tokens"}}),
        json!({"status": "incomplete", "incomplete_details": {"reason": "content_filter"}}),
        json!({"status": "failed", "error": {"message": "server error"}}),
        json!({"status": "queued"}),
        json!([]),
    ]
    .map(|body| why(responses::reply(&body)));
    insta::assert_snapshot!(said.join("\n"), @r"
    it refused to answer
    its answer was cut: raise `max-output-tokens`
    a filter stopped its answer
    its answer is `failed` server error
    its answer is `queued`
    what answered is not the Responses API: is `url` right?
    ");
}

#[test]
fn the_finish_of_a_choice_decides() {
    let choice = |finish: &str, refusal: Value| {
        chat::reply(&json!({
            "choices": [{ "finish_reason": finish, "message": { "content": "{}", "refusal": refusal } }],
            "usage": { "prompt_tokens": 5, "completion_tokens": 2, "prompt_tokens_details": { "cached_tokens": 4 } },
        }))
    };
    assert_eq!(choice("stop", Value::Null).text, Ok("{}".into()));
    assert_eq!(choice("stop", Value::Null).tokens.unwrap().cached, 4);
    let said = [
        choice("stop", json!("I will not")),
        choice("length", Value::Null),
        choice("content_filter", Value::Null),
        choice("tool_calls", Value::Null),
        chat::reply(&json!({"choices": []})),
    ]
    .map(why);
    insta::assert_snapshot!(said.join("\n"), @r"
    it refused to answer
    its answer was cut: raise `max-output-tokens`
    a filter stopped its answer
    it stopped for another reason than being done: `tool_calls`
    what answered is not Chat Completions: is `url` right?
    ");
}

#[test]
fn what_may_be_tried_again_is() {
    let busy = json!({"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}});
    let mut answer = response(529, &busy);
    assert_eq!(
        refused("m", &answer),
        Error::transient("asking `m`: answered 529: Overloaded")
    );
    answer.headers = vec![("Retry-After".into(), "7".into())];
    assert_eq!(
        refused("m", &answer),
        Error::transient_after("asking `m`: answered 529: Overloaded", 7000)
    );
    answer.headers.push(("retry-after-ms".into(), "250".into()));
    assert_eq!(
        refused("m", &answer),
        Error::transient_after("asking `m`: answered 529: Overloaded", 250)
    );
    answer.headers = vec![("x-should-retry".into(), "false".into())];
    assert!(matches!(refused("m", &answer), Error::Failed(_)));
}

#[test]
fn what_may_not_says_what_to_do() {
    let message = |status: u16, code: &str, message: &str| {
        let error = refused(
            "m",
            &response(status, &json!({"error": {"code": code, "message": message}})),
        );
        assert!(matches!(error, Error::Failed(_)), "{error:?}");
        error.message().to_owned()
    };
    let said = [
        message(429, "insufficient_quota", "You exceeded your current quota"),
        message(401, "invalid_api_key", "Incorrect API key"),
        message(404, "model_not_found", "The model `m` does not exist"),
        message(400, "", "bad\nschema"),
    ];
    insta::assert_snapshot!(said.join("\n"), @r"
    asking `m`: answered 429: You exceeded your current quota; the account has nothing left: pay, or raise its limit
    asking `m`: answered 401: Incorrect API key; the key is wrong or was revoked
    asking `m`: answered 404: The model `m` does not exist; there is no such model for this key: check its name under `models`
    asking `m`: answered 400: bad schema
    ");
    let html = Response {
        body: b"<html>".to_vec(),
        ..response(502, &json!(null))
    };
    assert_eq!(
        refused("m", &html),
        Error::transient("asking `m`: answered 502: <html>")
    );
}

#[test]
fn a_secret_that_the_change_names_is_not_filled_in() {
    let body = json!({"content": "token = {{secret:github-token}} {{{x}}}"});
    let text = String::from_utf8(harmless(&body)).unwrap();
    assert!(!text.contains("{{"), "{text}");
    assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), body);
}
