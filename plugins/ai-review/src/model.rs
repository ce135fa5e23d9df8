//! Models: how each API is asked, and what its answers mean.

mod anthropic;
mod chat;
mod responses;

use runner_sdk::{Duration, Error, Request, Response};
use serde_json::Value;

use crate::config::{Config, Model, OpenAiApi, Provider};
use crate::price::Tokens;

/// The longest answer to take, in bytes.
const LONGEST: u32 = 4 * 1024 * 1024;

/// What a model is asked.
pub(crate) struct Question<'a> {
    /// Its name.
    pub(crate) model: &'a str,
    /// How much it may write, in tokens.
    pub(crate) max_output: u32,
    pub(crate) system: &'a str,
    pub(crate) user: &'a str,
    /// The form of the answer.
    pub(crate) schema: &'a Value,
}

/// What came back with status 200.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Reply {
    /// None where the answer does not say.
    pub(crate) tokens: Option<Tokens>,
    /// The text that should be the review, or why there is none.
    pub(crate) text: Result<String, String>,
}

/// The APIs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Api {
    Anthropic,
    Responses,
    Chat,
}

impl Api {
    fn of(config: &Config, model: &Model) -> Self {
        match model.provider {
            Provider::Anthropic => Self::Anthropic,
            Provider::Openai => match config.openai.as_ref().map(|api| api.api) {
                Some(OpenAiApi::Chat) => Self::Chat,
                _ => Self::Responses,
            },
        }
    }
}

/// The request. A call costs money each time, so it is a write: after a crash in the middle it is `interrupted`.
pub(crate) fn request(config: &Config, model: &Model, question: &Question<'_>, timeout: Duration) -> Request {
    let (path, body) = match Api::of(config, model) {
        Api::Anthropic => ("/v1/messages", anthropic::body(question)),
        Api::Responses => ("/v1/responses", responses::body(question)),
        Api::Chat => ("/v1/chat/completions", chat::body(question)),
    };
    let (url, key) = match model.provider {
        Provider::Anthropic => config.anthropic.as_ref().map(|api| (&api.url, &api.key)),
        Provider::Openai => config.openai.as_ref().map(|api| (&api.url, &api.key)),
    }
    .expect("the config is checked: each model has its provider");
    let request = Request::post(format!("{}{path}", url.trim_end_matches('/')))
        .header("Content-Type", "application/json")
        .timeout(timeout)
        .max_response(LONGEST)
        .body(harmless(&body));
    match model.provider {
        Provider::Anthropic => request
            .header("x-api-key", key)
            .header("anthropic-version", "2023-06-01"),
        Provider::Openai => request.header("Authorization", format!("Bearer {key}")),
    }
}

/// The body as JSON in which no `{{secret:...}}` of the change stands: the host would fill it in. What the model reads is the
/// same, for `\u007b` is `{`.
pub(crate) fn harmless(body: &Value) -> Vec<u8> {
    body.to_string().replace("{{", "{\\u007b").into_bytes()
}

/// What an answer with status 200 says.
pub(crate) fn reply(config: &Config, model: &Model, response: &Response) -> Reply {
    let spoilt = |why: &str| Reply {
        tokens: None,
        text: Err(why.to_owned()),
    };
    if response.truncated {
        return spoilt("its answer is longer than 4 MiB");
    }
    let Ok(body) = serde_json::from_slice::<Value>(&response.body) else {
        return spoilt("what answered speaks no JSON: is `url` right?");
    };
    match Api::of(config, model) {
        Api::Anthropic => anthropic::reply(&body),
        Api::Responses => responses::reply(&body),
        Api::Chat => chat::reply(&body),
    }
}

/// What an answer with another status means: transient where the same request may be answered later.
pub(crate) fn refused(name: &str, response: &Response) -> Error {
    let body: Value = serde_json::from_slice(&response.body).unwrap_or_default();
    let text = |key: &str| body["error"][key].as_str().unwrap_or_default();
    let said = match text("message") {
        "" => response.text(),
        message => message.to_owned(),
    };
    let said: String = said
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .take(200)
        .collect();
    let colon = if said.trim().is_empty() { "" } else { ": " };
    let message = format!(
        "asking `{name}`: answered {}{colon}{}",
        response.status,
        said.trim()
    );
    // A quota that is used up answers 429 as well, and no pause helps.
    let used_up = [text("code"), text("type")].iter().any(|word| {
        matches!(
            *word,
            "insufficient_quota" | "billing_error" | "billing_hard_limit_reached"
        )
    });
    if used_up {
        return Error::failed(format!(
            "{message}; the account has nothing left: pay, or raise its limit"
        ));
    }
    let again = matches!(response.status, 408 | 409 | 425 | 429 | 500..);
    if !again || response.header("x-should-retry") == Some("false") {
        let hint = match response.status {
            401 => "; the key is wrong or was revoked",
            403 => "; the key may not use this model",
            404 => "; there is no such model for this key: check its name under `models`",
            413 => "; the request is too large: lower `context-tokens`",
            _ => "",
        };
        return Error::failed(message + hint);
    }
    let number = |name: &str| response.header(name)?.trim().parse::<f64>().ok();
    let pause = number("retry-after-ms").or_else(|| number("retry-after").map(|seconds| seconds * 1000.0));
    match pause.filter(|pause| pause.is_finite() && *pause >= 0.0) {
        Some(pause) => Error::transient_after(message, pause as u64),
        None => Error::transient(message),
    }
}

/// A number of tokens; what is none counts as none.
fn count(value: &Value) -> u64 {
    value.as_u64().unwrap_or_default()
}

#[cfg(test)]
mod tests;
