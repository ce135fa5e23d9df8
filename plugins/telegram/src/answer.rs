//! What Telegram answers. Its `description` is for people and no contract; the code and `parameters` are.

use runner_sdk::{Error, Response};
use serde::Deserialize;

use crate::Chat;

/// What became of a message.
#[derive(Debug, PartialEq)]
pub(crate) enum Sent {
    /// It is there; where, if it has an address.
    Message(Option<String>),
    /// It is not: the group became a supergroup, which has this number.
    Moved(i64),
}

#[derive(Deserialize)]
struct Envelope {
    ok: bool,
    result: Option<Message>,
    error_code: Option<u16>,
    #[serde(default)]
    description: String,
    #[serde(default)]
    parameters: Parameters,
}

#[derive(Default, Deserialize)]
struct Parameters {
    /// Seconds.
    retry_after: Option<u64>,
    migrate_to_chat_id: Option<i64>,
}

#[derive(Deserialize)]
struct Message {
    message_id: i64,
    chat: MessageChat,
}

#[derive(Deserialize)]
struct MessageChat {
    id: i64,
    username: Option<String>,
}

/// Reads the answer to `sendMessage`. [`Error::Transient`] only where the message was refused for now.
pub(crate) fn read(response: &Response, chat: &Chat, thread: Option<i64>) -> Result<Sent, Error> {
    // What a plan foresees.
    if response.success() && response.body.is_empty() {
        return Ok(Sent::Message(None));
    }
    let what = format!("telling the Telegram chat {chat}");
    let envelope: Envelope = match serde_json::from_slice(&response.body) {
        Ok(envelope) => envelope,
        Err(_) => {
            let status = response.status;
            return Err(Error::Failed(format!(
                "{what}: answered {status}, and not as Telegram does: is `api` right?"
            )));
        }
    };
    if envelope.ok {
        return Ok(Sent::Message(envelope.result.as_ref().and_then(link)));
    }
    if let Some(to) = envelope.parameters.migrate_to_chat_id {
        return Ok(Sent::Moved(to));
    }
    let code = envelope.error_code.unwrap_or(response.status);
    let description = &envelope.description;
    if code == 429 {
        let message = format!("{what}: {description}");
        return Err(match envelope.parameters.retry_after {
            Some(seconds) => Error::transient_after(message, seconds.saturating_mul(1000)),
            None => Error::transient(message),
        });
    }
    let advice = advice(code, description, chat, thread);
    Err(Error::Failed(format!(
        "{what}: answered {code}: {description}{advice}"
    )))
}

/// What to do about it.
fn advice(code: u16, description: &str, chat: &Chat, thread: Option<i64>) -> String {
    match code {
        // A token of the wrong form is no path of the API.
        401 | 404 => "; the token is wrong or was revoked: ask @BotFather for the bot's token".to_owned(),
        403 => {
            format!("; the bot may not write there: add it to {chat}, or let the person write to it first")
        }
        400 if description.contains("chat not found") => {
            "; check the number in `chats` (a supergroup's starts with -100), and add the bot to the chat"
                .to_owned()
        }
        400 if description.contains("thread not found") => {
            let thread = thread.unwrap_or_default();
            format!("; the chat has no topic {thread}: check `thread`")
        }
        _ => String::new(),
    }
}

/// Messages of supergroups and public chats have an address.
fn link(message: &Message) -> Option<String> {
    let id = message.message_id;
    match &message.chat.username {
        // A person has a name too, but a chat with one has no address.
        Some(name) if message.chat.id < 0 => Some(format!("https://t.me/{name}/{id}")),
        _ => message
            .chat
            .id
            .to_string()
            .strip_prefix("-100")
            .map(|chat| format!("https://t.me/c/{chat}/{id}")),
    }
}
