//! Notifier `telegram`: writes to chats through a bot (Telegram Bot API, `sendMessage`).
//!
//! Sending twice would be two messages, so a message whose fate is unknown (a crash, no answer) is not sent again. Text is
//! sent plain, without a parse mode: no version or reason can break its markup.

mod answer;
mod text;

use runner_sdk::notifier::Event;
use runner_sdk::{Context, Error, Host, Level, Notifier, Request, retry, wording};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use answer::Sent;

/// How often a message that was refused because of too many is sent.
const TRIES: u32 = 4;

/// Writes to Telegram chats.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Config {
    /// The bot's token, as `{{secret:NAME}}`; @BotFather gives it.
    token: String,
    /// Numbers of chats, or `@names` of public ones. The bot must be a member, and a person must have written to it first.
    #[schemars(length(min = 1))]
    chats: Vec<Chat>,
    /// Number of the topic, in a group that has topics.
    thread: Option<i64>,
    /// Where the Bot API is.
    #[serde(default = "official")]
    api: String,
}

/// A chat.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(untagged)]
enum Chat {
    Id(i64),
    Name(String),
}

impl std::fmt::Display for Chat {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Id(id) => write!(f, "{id}"),
            Self::Name(name) => f.write_str(name),
        }
    }
}

fn official() -> String {
    "https://api.telegram.org".to_owned()
}

/// The notifier.
pub struct TelegramNotifier;

impl Notifier for TelegramNotifier {
    type Config = Config;

    fn notify(host: &impl Host, context: &Context<Config>, event: &Event) -> Result<Option<String>, Error> {
        let config = &context.config;
        check(config)?;
        let pieces = text::pieces(&wording::full(context, event));
        let mut links = Vec::new();
        let mut failures = Vec::new();
        for chat in &config.chats {
            match tell(host, config, chat, &pieces) {
                Ok(link) => links.extend(link),
                // One chat that cannot be reached does not keep the others from being told.
                Err(Error::Failed(text)) => failures.push(text),
                Err(Error::Transient(again)) => failures.push(again.message),
                Err(other) => return Err(other),
            }
        }
        match failures.is_empty() {
            true => Ok(links.into_iter().next()),
            false => Err(Error::Failed(failures.join("; "))),
        }
    }
}

fn check(config: &Config) -> Result<(), Error> {
    if !config.token.starts_with("{{secret:") {
        let why = "`token` is not `{{secret:NAME}}`: put the token into [secrets], and its name here";
        return Err(Error::invalid_config(why));
    }
    if config.chats.is_empty() {
        return Err(Error::invalid_config("`chats` is empty: say who is told"));
    }
    Ok(())
}

/// All pieces, in order; returns where the first can be found.
fn tell(host: &impl Host, config: &Config, chat: &Chat, pieces: &[String]) -> Result<Option<String>, Error> {
    let mut chat = chat.clone();
    let mut first = None;
    for piece in pieces {
        let mut sent = send(host, config, &chat, piece)?;
        if let Sent::Moved(to) = sent {
            host.log(
                Level::Warn,
                &format!("the Telegram chat {chat} is now {to}: change `chats` in the profile"),
            );
            chat = Chat::Id(to);
            sent = send(host, config, &chat, piece)?;
        }
        if let Sent::Message(link) = sent {
            first = first.or(link);
        }
    }
    Ok(first)
}

fn send(host: &impl Host, config: &Config, chat: &Chat, text: &str) -> Result<Sent, Error> {
    let url = format!(
        "{}/bot{}/sendMessage",
        config.api.trim_end_matches('/'),
        config.token
    );
    let request = Request::post(url).json(&message(config, chat, text)).foresee(200);
    retry(host, TRIES, || match host.send(&request) {
        Ok(response) => answer::read(&response, chat, config.thread),
        Err(Error::Interrupted(_)) => {
            let note = format!(
                "`runner` was stopped while it wrote to the Telegram chat {chat}: it is not done again"
            );
            host.log(Level::Warn, &note);
            Ok(Sent::Message(None))
        }
        Err(Error::Transient(none)) => Err(Error::Failed(format!(
            "no answer from Telegram, so it is not known whether the chat {chat} was told: {}",
            none.message
        ))),
        Err(other) => Err(other),
    })
}

fn message(config: &Config, chat: &Chat, text: &str) -> Value {
    let mut message = json!({"chat_id": chat, "text": text, "link_preview_options": {"is_disabled": true}});
    if let Some(thread) = config.thread {
        message["message_thread_id"] = json!(thread);
    }
    message
}

runner_sdk::export! { notifier: TelegramNotifier }

#[cfg(test)]
mod tests;
