//! Stand-ins for the models: Anthropic's Messages, OpenAI's Responses and Chat Completions. Whoever is not told what to answer
//! judges what it was sent, as a model would: it looks for the change between the fences and finds what is wrong there.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::server::{Received, Reply, serve};
use super::strict::{accepted, refusal};

/// What a model does with a request that is in order.
#[derive(Clone, Debug)]
pub(super) enum Turn {
    /// Ends its turn with this text.
    Says(String),
    /// Writes as much as it may, which is not all.
    Cut(String),
    Refuses,
    /// 429, and nobody is let in for so long.
    Busy(u64),
    /// 529, 503: no idea for how long.
    Overloaded,
    /// 429, and no pause helps.
    OutOfMoney,
    /// Goes away in the middle of the head.
    Html,
}

/// What is known behind the API.
#[derive(Default)]
pub(super) struct State {
    turns: BTreeMap<String, VecDeque<Turn>>,
    closed_until: Option<Instant>,
    /// Requests that came although a pause was asked for.
    pub(super) too_early: u32,
    /// All requests, whatever they were answered: path, and the body's bytes as text.
    pub(super) received: Vec<(String, String)>,
    /// What was answered, by status.
    pub(super) answered: Vec<u16>,
}

/// The stand-ins, at one address.
#[derive(Clone, Default)]
pub(super) struct Models(Arc<Mutex<State>>);

impl Models {
    pub(super) fn start() -> (Self, String) {
        let models = Self::default();
        let serving = models.clone();
        let url = serve(move |received| serving.answer(received));
        (models, url)
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().expect("no test panics here")
    }

    /// What a model does next, and then after that.
    pub(super) fn will(&self, model: &str, turns: impl IntoIterator<Item = Turn>) {
        self.state()
            .turns
            .entry(model.to_owned())
            .or_default()
            .extend(turns);
    }

    /// The models that were asked, in order.
    pub(super) fn asked(&self) -> Vec<String> {
        let state = self.state();
        let bodies = state
            .received
            .iter()
            .map(|(_, body)| serde_json::from_str::<Value>(body));
        bodies
            .map(|body| body.map_or(String::new(), |body| text(&body["model"])))
            .collect()
    }

    fn answer(&self, received: &Received) -> Reply {
        let mut state = self.state();
        let body = String::from_utf8_lossy(&received.body).into_owned();
        state.received.push((received.path.clone(), body));
        let reply = match accepted(received) {
            Ok(body) => state.turn(&received.path, &body),
            Err(refused) => refused,
        };
        state.answered.push(reply.status);
        reply
    }
}

impl State {
    fn turn(&mut self, path: &str, body: &Value) -> Reply {
        let limited = |seconds: u64| {
            let (kind, code) = match path {
                "/v1/messages" => ("rate_limit_error", None),
                _ => ("requests", Some("rate_limit_exceeded")),
            };
            let mut reply = refusal(path, 429, kind, "Rate limit reached", code);
            reply
                .headers
                .push(("retry-after".to_owned(), seconds.to_string()));
            reply
        };
        if self.closed_until.is_some_and(|until| Instant::now() < until) {
            self.too_early += 1;
            return limited(1);
        }
        let queue = self.turns.entry(text(&body["model"])).or_default();
        // The last one is kept: what is so stays so.
        let turn = match queue.len() {
            0 => Turn::Says(judged(&prompt(path, body)).to_string()),
            1 => queue[0].clone(),
            _ => queue.pop_front().expect("there are several"),
        };
        match turn {
            Turn::Says(text) => said(path, body, Ok(&text)),
            Turn::Cut(text) => said(path, body, Err(Some(&text))),
            Turn::Refuses => said(path, body, Err(None)),
            Turn::Busy(seconds) => {
                self.closed_until = Some(Instant::now() + Duration::from_secs(seconds));
                limited(seconds)
            }
            Turn::Overloaded if path == "/v1/messages" => {
                refusal(path, 529, "overloaded_error", "Overloaded", None)
            }
            Turn::Overloaded => refusal(
                path,
                503,
                "server_error",
                "The engine is currently overloaded",
                None,
            ),
            Turn::OutOfMoney if path == "/v1/messages" => {
                refusal(path, 400, "billing_error", "Your credit balance is too low", None)
            }
            Turn::OutOfMoney => {
                let message = "You exceeded your current quota, please check your plan and billing details.";
                refusal(
                    path,
                    429,
                    "insufficient_quota",
                    message,
                    Some("insufficient_quota"),
                )
            }
            Turn::Html => Reply::new(200, "<html><body>Welcome to the proxy</body></html>"),
        }
    }
}

/// What the model reads, without what it is told about its task.
pub(super) fn prompt(path: &str, body: &Value) -> String {
    text(match path {
        "/v1/messages" => &body["messages"][0]["content"],
        "/v1/responses" => &body["input"],
        _ => &body["messages"][1]["content"],
    })
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

/// An answer as each API words it: whole, cut after a text, or refused.
fn said(path: &str, body: &Value, what: Result<&str, Option<&str>>) -> Reply {
    let text = what.unwrap_or_else(|cut| cut.unwrap_or_default());
    let refused = what == Err(None);
    let cut = matches!(what, Err(Some(_)));
    let model = &body["model"];
    let answer = match path {
        "/v1/messages" => json!({
            "id": "msg_01", "type": "message", "role": "assistant", "model": model,
            "content": if refused { json!([]) } else {
                json!([{ "type": "thinking", "thinking": "Hm.", "signature": "c2ln" }, { "type": "text", "text": text }])
            },
            "stop_reason": if refused { "refusal" } else if cut { "max_tokens" } else { "end_turn" }, "stop_sequence": null,
            "usage": {
                "input_tokens": 1500, "cache_creation_input_tokens": null, "cache_read_input_tokens": 500, "output_tokens": 100,
                "service_tier": "standard",
            },
        }),
        "/v1/responses" => {
            let part = match refused {
                true => json!({ "type": "refusal", "refusal": "I can't help with that." }),
                false => json!({ "type": "output_text", "text": text, "annotations": [] }),
            };
            json!({
                "id": "resp_01", "object": "response", "created_at": 1_760_000_000, "model": model, "error": null,
                "status": if cut { "incomplete" } else { "completed" },
                "incomplete_details": if cut { json!({ "reason": "max_output_tokens" }) } else { Value::Null },
                "output": [
                    { "id": "rs_01", "type": "reasoning", "summary": [] },
                    { "id": "msg_01", "type": "message", "role": "assistant", "status": "completed", "content": [part] },
                ],
                "usage": {
                    "input_tokens": 2000, "input_tokens_details": { "cached_tokens": 500 }, "output_tokens": 100,
                    "output_tokens_details": { "reasoning_tokens": 60 }, "total_tokens": 2100,
                },
            })
        }
        _ => json!({
            "id": "chatcmpl-01", "object": "chat.completion", "created": 1_760_000_000, "model": model,
            "choices": [{
                "index": 0, "logprobs": null, "finish_reason": if cut { "length" } else { "stop" },
                "message": {
                    "role": "assistant",
                    "content": if refused { Value::Null } else { json!(text) },
                    "refusal": if refused { json!("I can't help with that.") } else { Value::Null },
                },
            }],
            "usage": {
                "prompt_tokens": 2000, "completion_tokens": 100, "total_tokens": 2100,
                "prompt_tokens_details": { "cached_tokens": 500 },
            },
        }),
    };
    let mut reply = Reply::new(200, answer.to_string());
    reply
        .headers
        .push(("Content-Type".to_owned(), "application/json".to_owned()));
    reply
}

/// The change, between its fences: the first line that is one, and the last that is the same.
pub(super) fn change(prompt: &str) -> &str {
    let fence = prompt
        .lines()
        .find(|line| line.starts_with("DIFF-"))
        .expect("a fence");
    let start = prompt.find(fence).expect("just found") + fence.len();
    let end = prompt[start..].find(fence).expect("a second one") + start;
    &prompt[start..end]
}

/// A review of what stands between the fences, by someone who knows two faults.
fn judged(prompt: &str) -> Value {
    let (mut findings, mut file) = (Vec::new(), "");
    for line in change(prompt).lines() {
        if let Some(name) = line.strip_prefix("=== ") {
            file = name.split(" (").next().unwrap_or(name);
        }
        let Some((number, code)) = line.strip_prefix('+').and_then(|line| line.split_once('|')) else {
            continue;
        };
        let fault = if code.contains("execute(f\"") {
            Some((
                "critical",
                "sql-injection",
                "The name goes into the statement as it came.",
            ))
        } else if code.to_lowercase().contains("ignore all instructions") {
            Some(("high", "prompt-injection", "This line addresses the reviewer."))
        } else if code.contains("sleep(") {
            Some(("low", "loops", "It waits for nothing."))
        } else {
            None
        };
        if let Some((severity, item, reason)) = fault {
            let line: u32 = number.trim().parse().expect("a line's number");
            findings.push(
                json!({ "file": file, "line": line, "severity": severity, "item": item, "reason": reason }),
            );
        }
    }
    json!({ "summary": "Adds a search.", "findings": findings })
}
