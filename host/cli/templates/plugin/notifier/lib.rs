//! Notifier `{{name}}`: posts what happens to a web hook.

use runner_sdk::notifier::Event;
use runner_sdk::{Context, Error, Host, Notifier, Request, wording};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What a profile says under `config`. Its JSON Schema is checked by the host and shown to users.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Config {
    /// The web hook; `{{secret:name}}` in it is filled in by the host, and never seen here.
    url: String,
}

#[derive(Serialize)]
struct Message {
    text: String,
}

/// The notifier.
pub struct {{type}};

impl Notifier for {{type}} {
    type Config = Config;

    // A failure is told to the user, and never fails a release.
    fn notify(host: &impl Host, context: &Context<Config>, event: &Event) -> Result<Option<String>, Error> {
        let message = Message { text: wording::full(context, event) };
        // A chat says everything twice if it is told twice: a write, not done again after a crash in the middle.
        let request = Request::post(&context.config.url).json(&message).foresee(200);
        host.send(&request)?.require_success("posting the message")?;
        Ok(None)
    }
}

runner_sdk::export! { notifier: {{type}} }

#[cfg(test)]
mod tests {
    use runner_sdk::testing::{ScriptedHost, context};
    use serde_json::json;

    use super::*;

    const HOOK: &str = "https://chat.example.org/hooks/releases";

    fn notify(host: ScriptedHost) -> Result<Option<String>, Error> {
        let context = context(json!({"url": HOOK})).with_release("1.2.3").with_environment("prod", None);
        {{type}}::notify(&host, &context, &Event::DeployStarted)
    }

    #[test]
    fn posts_the_message() {
        let host = ScriptedHost::new()
            .post(HOOK)
            .with_json(json!({"text": "🚀 Deploying v1.2.3 to prod"}))
            .answers(200, "ok");
        assert_eq!(notify(host), Ok(None));
    }

    #[test]
    fn a_refusal_is_an_error() {
        assert!(notify(ScriptedHost::new().post(HOOK).answers(403, "no")).is_err());
    }
}
