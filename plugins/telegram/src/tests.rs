use runner_sdk::Nature;
use runner_sdk::notifier::{GateResult, Notes, Undo};
use runner_sdk::testing::{ScriptedHost, context};

use super::*;

const API: &str = "https://api.telegram.org/bot{{secret:telegram-token}}/sendMessage";
const GROUP: i64 = -1_001_234_567_890;

fn config(chats: Value) -> Value {
    json!({"token": "{{secret:telegram-token}}", "chats": chats})
}

fn notify(host: &ScriptedHost, config: Value, event: &Event) -> Result<Option<String>, Error> {
    let context = context(config)
        .with_release("1.2.3")
        .with_environment("prod", None);
    TelegramNotifier::notify(host, &context, event)
}

fn sent(id: i64) -> Value {
    json!({"ok": true, "result": {"message_id": 7, "date": 0, "chat": {"id": id, "type": "supergroup"}}})
}

fn refused(code: u16, description: &str, parameters: Value) -> Value {
    json!({"ok": false, "error_code": code, "description": description, "parameters": parameters})
}

#[test]
fn the_words_of_the_requirements_reach_every_chat() {
    let undo = Undo {
        from_version: "1.2.3".into(),
        to_version: "1.2.2".into(),
        reason: "error rate 4 % > 1 %".into(),
    };
    let gate = GateResult {
        passed: 11,
        total: 12,
        failed: vec!["lint".into()],
    };
    for (event, text) in [
        (Event::DeployStarted, "🚀 Deploying v1.2.3 to prod"),
        (Event::DeploySucceeded, "✅ v1.2.3 deployed to prod successfully"),
        (
            Event::DeployFailed("no <health> & co".into()),
            "❌ Deploy v1.2.3 to prod FAILED: no <health> & co",
        ),
        (
            Event::RolledBack(undo),
            "⚠️ ROLLBACK: prod v1.2.3 → v1.2.2: error rate 4 % > 1 %",
        ),
        (Event::Gate(gate), "📋 Quality Gate: 11/12 passed"),
    ] {
        let body = |chat: Value| json!({"chat_id": chat, "text": text, "link_preview_options": {"is_disabled": true}});
        let host = ScriptedHost::new()
            .post(API)
            .with_nature(Nature::Write)
            .with_json(body(json!(GROUP)))
            .answers_json(200, &sent(GROUP))
            .post(API)
            .with_json(body(json!("@shop")))
            .answers_json(200, &sent(5));
        let link = notify(&host, config(json!([GROUP, "@shop"])), &event).unwrap();
        assert_eq!(link.as_deref(), Some("https://t.me/c/1234567890/7"));
    }
}

#[test]
fn a_public_chat_has_a_link_and_a_person_none() {
    let answer =
        |id: i64| json!({"ok": true, "result": {"message_id": 7, "chat": {"id": id, "username": "shop"}}});
    for (id, link) in [(GROUP, Some("https://t.me/shop/7")), (12, None)] {
        let host = ScriptedHost::new().post(API).answers_json(200, &answer(id));
        assert_eq!(
            notify(&host, config(json!([id])), &Event::DeployStarted)
                .unwrap()
                .as_deref(),
            link
        );
    }
}

#[test]
fn a_topic_and_another_server() {
    let mut config = config(json!([GROUP]));
    config["thread"] = json!(42);
    config["api"] = json!("http://127.0.0.1:8081/");
    let host = ScriptedHost::new()
        .post("http://127.0.0.1:8081/bot{{secret:telegram-token}}/sendMessage")
        .with_payload_containing("\"message_thread_id\":42")
        .answers_json(200, &sent(GROUP));
    notify(&host, config, &Event::DeployStarted).unwrap();
}

#[test]
fn too_many_messages_are_waited_for() {
    let busy = refused(429, "Too Many Requests: retry after 3", json!({"retry_after": 3}));
    let host = ScriptedHost::new()
        .post(API)
        .answers_json(429, &busy)
        .post(API)
        .answers_json(200, &sent(GROUP));
    notify(&host, config(json!([GROUP])), &Event::DeployStarted).unwrap();
    assert_eq!(host.pauses(), [3000]);
}

#[test]
fn what_may_have_arrived_is_not_sent_again() {
    let stopped = ScriptedHost::new()
        .post(API)
        .fails(Error::Interrupted("POST".into()));
    assert_eq!(
        notify(&stopped, config(json!([GROUP])), &Event::DeployStarted),
        Ok(None)
    );
    assert_eq!(stopped.logs()[0].0, Level::Warn);

    let silent = ScriptedHost::new().post(API).fails(Error::transient("timed out"));
    let error = notify(&silent, config(json!([GROUP])), &Event::DeployStarted).unwrap_err();
    insta::assert_snapshot!(error.message(), @"no answer from Telegram, so it is not known whether the chat -1001234567890 was told: timed out");

    let broken = ScriptedHost::new().post(API).answers(502, "<html>");
    let error = notify(&broken, config(json!([GROUP])), &Event::DeployStarted).unwrap_err();
    insta::assert_snapshot!(error.message(), @"telling the Telegram chat -1001234567890: answered 502, and not as Telegram does: is `api` right?");
}

#[test]
fn a_group_that_moved_is_followed() {
    let moved = refused(
        400,
        "group chat was upgraded",
        json!({"migrate_to_chat_id": GROUP}),
    );
    let host = ScriptedHost::new()
        .post(API)
        .answers_json(400, &moved)
        .post(API)
        .with_payload_containing("-1001234567890")
        .answers_json(200, &sent(GROUP));
    assert!(
        notify(&host, config(json!([-55])), &Event::DeployStarted)
            .unwrap()
            .is_some()
    );
    insta::assert_snapshot!(host.logs()[0].1, @"the Telegram chat -55 is now -1001234567890: change `chats` in the profile");
}

#[test]
fn refusals_say_what_to_do() {
    let message = |code: u16, description: &str| {
        let host = ScriptedHost::new()
            .post(API)
            .answers_json(code, &refused(code, description, json!({})));
        notify(&host, config(json!([-55])), &Event::DeployStarted)
            .unwrap_err()
            .message()
            .to_owned()
    };
    insta::assert_snapshot!(message(401, "Unauthorized"), @"telling the Telegram chat -55: answered 401: Unauthorized; the token is wrong or was revoked: ask @BotFather for the bot's token");
    insta::assert_snapshot!(message(400, "Bad Request: chat not found"), @"telling the Telegram chat -55: answered 400: Bad Request: chat not found; check the number in `chats` (a supergroup's starts with -100), and add the bot to the chat");
    insta::assert_snapshot!(message(403, "Forbidden: bot was blocked by the user"), @"telling the Telegram chat -55: answered 403: Forbidden: bot was blocked by the user; the bot may not write there: add it to -55, or let the person write to it first");
    insta::assert_snapshot!(message(400, "Bad Request: message thread not found"), @"telling the Telegram chat -55: answered 400: Bad Request: message thread not found; the chat has no topic 0: check `thread`");
    insta::assert_snapshot!(message(400, "Bad Request: something new"), @"telling the Telegram chat -55: answered 400: Bad Request: something new");
}

#[test]
fn one_chat_that_fails_does_not_silence_the_others() {
    let host = ScriptedHost::new()
        .post(API)
        .answers_json(400, &refused(400, "Bad Request: chat not found", json!({})))
        .post(API)
        .with_payload_containing("@shop")
        .answers_json(200, &sent(5));
    let error = notify(&host, config(json!([-55, "@shop"])), &Event::DeployStarted).unwrap_err();
    assert!(
        error
            .message()
            .starts_with("telling the Telegram chat -55: answered 400"),
        "{error:?}"
    );
}

#[test]
fn long_notes_are_several_messages() {
    let notes = Notes {
        version: "1.2.3".into(),
        markdown: format!("{}\n", "- feature".repeat(100)).repeat(7),
        structural: false,
    };
    let host = ScriptedHost::new()
        .post(API)
        .with_payload_containing("📦 v1.2.3 released")
        .answers_json(200, &sent(GROUP))
        .post(API)
        .answers_json(200, &sent(GROUP));
    notify(&host, config(json!([GROUP])), &Event::Released(notes)).unwrap();
}

#[test]
fn a_plan_sends_nothing_and_goes_on() {
    let host = ScriptedHost::new()
        .post(API)
        .with("foresee-status", "200")
        .answers(200, "")
        .post(API)
        .answers(200, "");
    assert_eq!(
        notify(&host, config(json!([1, 2])), &Event::DeployStarted),
        Ok(None)
    );
}

#[test]
fn a_token_in_the_profile_is_refused() {
    let config = json!({"token": "123:abc", "chats": [1]});
    let error = notify(&ScriptedHost::new(), config, &Event::DeployStarted).unwrap_err();
    insta::assert_snapshot!(error.message(), @"`token` is not `{{secret:NAME}}`: put the token into [secrets], and its name here");
}
