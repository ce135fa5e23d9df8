//! The notifier `telegram`, as built, against a stand-in for the Bot API that keeps state and answers as documented in
//! <https://core.telegram.org/bots/api#making-requests>: an envelope, `error_code`, and `parameters` with `retry_after` or
//! `migrate_to_chat_id`.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard},
    time::Instant,
};

use runner_core::{
    event::{Command, Kind},
    id::StepId,
    output::Output,
    run::Run,
    step::Status,
};
use serde_json::{Value, json};

use super::{
    scratch::{Scratch, Seen, begin},
    server::{Received, Reply, serve},
    troubled::{Lost, Troubled},
};

const TOKEN: &str = "4711:AAF-stand_in-token";

/// What is known of a chat.
enum Chat {
    /// The bot is a member.
    Open,
    /// A person who has blocked the bot.
    Blocked,
    /// A group that became a supergroup.
    MovedTo(i64),
}

/// The state behind the API.
#[derive(Default)]
struct Telegram {
    chats: BTreeMap<i64, Option<Chat>>,
    messages: Vec<(i64, String)>,
    /// How many more requests are too many, and for how many seconds.
    flood: (u32, u64),
    requests: usize,
}

#[derive(Clone, Default)]
struct StandIn(Arc<Mutex<Telegram>>);

impl StandIn {
    fn with(chats: impl IntoIterator<Item = (i64, Chat)>) -> (Self, String) {
        let stand_in = Self::default();
        stand_in.state().chats = chats.into_iter().map(|(id, chat)| (id, Some(chat))).collect();
        let serving = stand_in.clone();
        let url = serve(move |received| serving.answer(received));
        (stand_in, url)
    }

    fn state(&self) -> MutexGuard<'_, Telegram> {
        self.0.lock().expect("no test panics here")
    }

    fn answer(&self, received: &Received) -> Reply {
        let mut state = self.state();
        state.requests += 1;
        let Some(rest) = received.path.strip_prefix("/bot") else {
            return refusal(404, "Not Found", json!(null));
        };
        let Some((token, "sendMessage")) = rest.split_once('/') else {
            return refusal(404, "Not Found", json!(null));
        };
        if token != TOKEN || received.method != "POST" {
            return refusal(401, "Unauthorized", json!(null));
        }
        if state.flood.0 > 0 {
            state.flood.0 -= 1;
            let seconds = state.flood.1;
            let text = format!("Too Many Requests: retry after {seconds}");
            return refusal(429, &text, json!({ "retry_after": seconds }));
        }
        let body: Value = serde_json::from_slice(&received.body).unwrap_or_default();
        let (id, text) = (
            body["chat_id"].as_i64(),
            body["text"].as_str().unwrap_or_default(),
        );
        if text.is_empty() {
            return refusal(400, "Bad Request: message text is empty", json!(null));
        }
        if text.encode_utf16().count() > 4096 {
            return refusal(400, "Bad Request: message is too long", json!(null));
        }
        let chat = id.and_then(|id| state.chats.get(&id)?.as_ref().map(|chat| (id, chat)));
        match chat {
            None => refusal(400, "Bad Request: chat not found", json!(null)),
            Some((_, Chat::Blocked)) => refusal(403, "Forbidden: bot was blocked by the user", json!(null)),
            Some((_, Chat::MovedTo(to))) => {
                let text = "Bad Request: group chat was upgraded to a supergroup chat";
                refusal(400, text, json!({ "migrate_to_chat_id": to }))
            }
            Some((id, Chat::Open)) => {
                state.messages.push((id, text.to_owned()));
                let message_id = state.messages.len();
                Reply::new(
                    200,
                    json!({ "ok": true, "result": {
                        "message_id": message_id, "date": 1_767_225_600, "text": text,
                        "chat": { "id": id, "type": "supergroup", "title": "Releases" },
                    } })
                    .to_string(),
                )
            }
        }
    }
}

fn refusal(code: u16, description: &str, parameters: Value) -> Reply {
    let mut body = json!({ "ok": false, "error_code": code, "description": description });
    if !parameters.is_null() {
        body["parameters"] = parameters;
    }
    Reply::new(code, body.to_string())
}

/// A gate that passes, told of to these chats.
fn process(scratch: &Scratch, api: &str, token: &str, chats: Value) -> Value {
    scratch.write("token", token);
    json!({
        "project": { "name": "scratch" },
        "secrets": { "bot": { "file": "token" } },
        "gate": { "true": { "plugin": "command", "config": { "run": ["true"] } } },
        "notify": { "telegram": {
            "plugin": "telegram",
            "config": { "token": "{{secret:bot}}", "chats": chats, "api": api },
        } },
    })
}

fn run(api: &str, token: &str, chats: Value) -> (Run, Seen) {
    let scratch = Scratch::new();
    let seen = Seen::default();
    let process = process(&scratch, api, token, chats);
    let session = begin(
        &scratch.setup(),
        &process,
        Command::QualityGate { checks: Vec::new() },
        &seen,
    );
    let end = session.drive().expect("ends");
    assert_eq!(end.word(), "released", "a notifier never fails a release");
    (session.state(), seen)
}

/// What became of the message: where it is, or why it is not there.
fn told(run: &Run) -> Result<Option<String>, String> {
    match run.status(&StepId::from("notify/gate/telegram")) {
        Status::Done(Output::Notified { at }) => Ok(at.clone()),
        Status::Failed(error, _) => Err(error.message.clone()),
        other => panic!("{other:?} of {:?}", run.steps.keys()),
    }
}

#[test]
fn writes_to_every_chat_that_can_be_reached() {
    let (telegram, api) = StandIn::with([
        (-1001, Chat::Open),
        (7, Chat::Blocked),
        (-5, Chat::MovedTo(-1002)),
        (-1002, Chat::Open),
    ]);
    let (run, seen) = run(&api, TOKEN, json!([-1001, 7, -5, 99]));
    let why = told(&run).expect_err("two chats cannot be reached");
    assert!(
        why.contains("telling the Telegram chat 7: answered 403: Forbidden: bot was blocked by the user"),
        "{why}"
    );
    assert!(
        why.contains("telling the Telegram chat 99: answered 400: Bad Request: chat not found"),
        "{why}"
    );
    assert!(!why.contains(TOKEN), "{why}");
    let state = telegram.state();
    let chats: Vec<_> = state.messages.iter().map(|(chat, _)| *chat).collect();
    assert_eq!(chats, [-1001, -1002], "the group that moved was followed");
    assert_eq!(state.messages[0].1, "📋 Quality Gate: 1/1 passed");
    let warned = seen.events().into_iter().any(|event| match event.kind {
        Kind::Log { message, .. } => {
            message == "the Telegram chat -5 is now -1002: change `chats` in the profile"
        }
        _ => false,
    });
    assert!(warned);
}

#[test]
fn waits_as_long_as_it_is_told_to() {
    let (telegram, api) = StandIn::with([(-1_000_000_000_042, Chat::Open)]);
    telegram.state().flood = (2, 1);
    let began = Instant::now();
    let (run, _) = run(&api, TOKEN, json!([-1_000_000_000_042_i64]));
    assert!(told(&run).expect("told").is_some());
    assert!(began.elapsed().as_millis() >= 2_000, "{:?}", began.elapsed());
    let state = telegram.state();
    assert_eq!((state.requests, state.messages.len()), (3, 1));
}

#[test]
fn a_wrong_token_is_told_without_the_token() {
    let (telegram, api) = StandIn::with([(1, Chat::Open)]);
    let (run, _) = run(&api, "4711:revoked-long-ago", json!([1]));
    let why = told(&run).expect_err("no such bot");
    assert!(
        why.contains("answered 401: Unauthorized; the token is wrong or was revoked"),
        "{why}"
    );
    assert!(!why.contains("revoked-long-ago"), "{why}");
    assert!(telegram.state().messages.is_empty());
}

#[test]
fn a_message_that_may_have_arrived_is_not_sent_again() {
    // The store dies at every append in turn, and the run is taken up: one message at most, and one at least unless the
    // death fell between writing ahead and the record of what came of it.
    let (mut ends, mut doubts) = (0, 0);
    for from in 2..40 {
        let (telegram, api) = StandIn::with([(-1001, Chat::Open)]);
        let scratch = Scratch::new();
        let process = process(&scratch, &api, TOKEN, json!([-1001]));
        let store = Troubled::failing(Arc::clone(&scratch.store), from, Lost::Event);
        let session = begin(
            &scratch.setup_over(store),
            &process,
            Command::QualityGate { checks: Vec::new() },
            &Seen::default(),
        );
        if session.drive().is_ok() {
            ends += 1;
            break;
        }
        let before = telegram.state().messages.len();
        drop(session);
        let (end, run) = scratch.resume();
        assert_eq!(end.expect("ends").word(), "released");
        told(&run).expect("told, or known that it may have been");
        let after = telegram.state().messages.len();
        assert_eq!(
            after, 1,
            "append {from}: {before} messages before it was taken up"
        );
        doubts += before;
    }
    assert_eq!(ends, 1, "every append of the run was reached");
    assert!(doubts > 0, "some of them after the message was sent");
}
