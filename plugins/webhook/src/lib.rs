//! Notifier `webhook`: posts every message as JSON.
//!
//! Headers: `X-Runner-Timestamp` (seconds since 1970), `X-Runner-Delivery` (the same for every repetition of one message,
//! so a receiver drops what it has seen) and, with a `secret`, `X-Runner-Signature`: `v1=` and the hex of HMAC-SHA256 of
//! timestamp, `.` and body. A receiver compares in constant time and refuses old timestamps.

mod body;

use std::collections::BTreeMap;

use runner_sdk::notifier::Event;
use runner_sdk::{Context, Duration, Error, Host, Notifier, Request, Signing, retry};
use schemars::JsonSchema;
use serde::Deserialize;
use sha2::{Digest, Sha256};

/// How often a message is tried to be delivered.
const TRIES: u32 = 4;
/// The longest answer that is read, in bytes: only its start is shown, where it says no.
const LONGEST: u32 = 64 * 1024;

/// Posts every message as JSON.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Config {
    /// Where to; `{{secret:name}}` in it is filled in by the host.
    #[schemars(length(min = 1))]
    url: String,
    /// The key to sign with, as `{{secret:NAME}}`. Without it nothing is signed.
    secret: Option<String>,
    /// Further headers; `{{secret:name}}` in a value is filled in by the host.
    #[serde(default)]
    headers: BTreeMap<String, String>,
    /// How long one try may take.
    #[serde(default = "ten_seconds")]
    timeout: Duration,
}

fn ten_seconds() -> Duration {
    Duration::from_secs(10)
}

/// The notifier.
pub struct WebhookNotifier;

impl Notifier for WebhookNotifier {
    type Config = Config;

    fn notify(host: &impl Host, context: &Context<Config>, event: &Event) -> Result<Option<String>, Error> {
        let config = &context.config;
        let key = config.secret.as_deref().map(secret_name).transpose()?;
        let body = body::of(context, event).to_string();
        let delivery = delivery(context, &body);
        // The address may be a secret of its own, so errors do not name it.
        retry(host, TRIES, || {
            // Each try has its own time: a receiver refuses old ones.
            let request = request(config, key, &body, &delivery, host.now() / 1000);
            host.send(&request)?.require_success("posting to the webhook")
        })?;
        Ok(None)
    }
}

fn request(config: &Config, key: Option<&str>, body: &str, delivery: &str, seconds: u64) -> Request {
    // The receiver knows a repetition by its delivery, so it may be sent again after a crash.
    let mut request = Request::post(&config.url)
        .header("Content-Type", "application/json")
        .header("X-Runner-Timestamp", seconds.to_string())
        .header("X-Runner-Delivery", delivery)
        .body(body)
        .timeout(config.timeout)
        .max_response(LONGEST)
        .idempotent()
        .foresee(204);
    for (name, value) in &config.headers {
        request = request.header(name, value);
    }
    match key {
        None => request,
        Some(key) => request.sign(Signing {
            secret: key.to_owned(),
            content: format!("{seconds}.{body}").into_bytes(),
            header: "X-Runner-Signature".to_owned(),
            prefix: "v1=".to_owned(),
        }),
    }
}

fn secret_name(text: &str) -> Result<&str, Error> {
    let name = text
        .strip_prefix("{{secret:")
        .and_then(|rest| rest.strip_suffix("}}"));
    name.filter(|name| !name.is_empty() && !name.contains(['{', '}']))
        .ok_or_else(|| {
            Error::invalid_config(
                "`secret` is not `{{secret:NAME}}`: put the key into [secrets], and its name here",
            )
        })
}

/// An id that the same message of the same step always has.
fn delivery(context: &Context<Config>, body: &str) -> String {
    let hash = Sha256::digest(format!("{}\0{}\0{body}", context.run_id, context.step));
    hash.iter().take(16).map(|byte| format!("{byte:02x}")).collect()
}

runner_sdk::export! { notifier: WebhookNotifier }

#[cfg(test)]
mod tests {
    use runner_sdk::Nature;
    use runner_sdk::testing::{ScriptedHost, context, raw_context};
    use serde_json::{Value, json};

    use super::*;

    const HOOK: &str = "https://hooks.example/{{secret:path}}";

    fn notify(host: &ScriptedHost, config: Value, event: &Event) -> Result<Option<String>, Error> {
        let context = context(config)
            .with_release("1.2.3")
            .with_environment("prod", None);
        WebhookNotifier::notify(host, &context, event)
    }

    fn failed() -> Event {
        Event::DeployFailed("no health".into())
    }

    #[test]
    fn a_message_is_signed_with_its_time() {
        let host = ScriptedHost::new()
            .post(HOOK)
            .with_nature(Nature::Idempotent)
            .with("foresee-status", "204")
            .with("signed with", "hook")
            .with_header("X-Runner-Timestamp", "1767225600")
            .with_header("Content-Type", "application/json")
            .with_header("X-Team", "shop")
            .with_json(json!({
                "event": "deploy-failed", "run": "run-1", "step": "test", "project": "shop", "environment": "prod",
                "version": "1.2.3", "tag": "v1.2.3", "text": "❌ Deploy v1.2.3 to prod FAILED: no health",
                "reason": "no health",
            }))
            .answers(202, "");
        let config = json!({"url": HOOK, "secret": "{{secret:hook}}", "headers": {"X-Team": "shop"}});
        notify(&host, config, &failed()).unwrap();
        let call = &host.calls()[0];
        assert_eq!(
            call.value("signed content"),
            Some(format!("1767225600.{}", call.text()).as_str())
        );
        assert_eq!(call.value("header x-runner-delivery").map(str::len), Some(32));
    }

    #[test]
    fn every_try_of_one_message_is_the_same_delivery() {
        let host = ScriptedHost::new()
            .post(HOOK)
            .answers(429, "")
            .answer_header("Retry-After", "5")
            .post(HOOK)
            .fails(Error::transient("connection reset"))
            .post(HOOK)
            .answers(503, "")
            .post(HOOK)
            .with_header("X-Runner-Timestamp", "1767225611")
            .answers(200, "ok");
        notify(&host, json!({"url": HOOK}), &failed()).unwrap();
        assert_eq!(host.pauses(), [5000, 2000, 4000]);
        let deliveries: Vec<_> = host
            .calls()
            .iter()
            .map(|call| call.value("header x-runner-delivery").unwrap().to_owned())
            .collect();
        assert!(deliveries.iter().all(|id| *id == deliveries[0]), "{deliveries:?}");
        assert_eq!(host.calls()[0].value("signed with"), None);
    }

    #[test]
    fn two_alerts_of_one_step_are_two_deliveries() {
        let host = ScriptedHost::new().post(HOOK).post(HOOK);
        for text in ["lag 12000", "lag 13000"] {
            notify(&host, json!({"url": HOOK}), &Event::Alert(text.into())).unwrap();
        }
        let calls = host.calls();
        assert_ne!(
            calls[0].value("header x-runner-delivery"),
            calls[1].value("header x-runner-delivery")
        );
    }

    #[test]
    fn a_refusal_is_final_and_does_not_name_the_address() {
        let host = ScriptedHost::new().post(HOOK).answers(410, "gone");
        let error = notify(&host, json!({"url": HOOK}), &failed()).unwrap_err();
        insta::assert_snapshot!(error.message(), @"posting to the webhook: answered 410: gone");
    }

    #[test]
    fn a_key_in_the_profile_is_refused() {
        for secret in [
            "hunter2",
            "{{secret:}}",
            "x{{secret:a}}",
            "{{secret:a}}{{secret:b}}",
        ] {
            let config = json!({"url": HOOK, "secret": secret});
            let error = notify(&ScriptedHost::new(), config, &failed()).unwrap_err();
            assert!(
                matches!(&error, Error::InvalidConfig(text) if !text.contains("hunter2")),
                "{error:?}"
            );
        }
        assert!(raw_context::<Config>(json!({"url": HOOK, "method": "PUT"})).is_err());
    }
}
