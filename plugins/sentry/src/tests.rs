//! Whole conversations with Sentry.

mod gate;
mod metrics;
mod notifier;

use runner_sdk::Context;
use runner_sdk::testing::{context, raw_context};
use serde_json::{Value, json};

use crate::Config;

const ORGANIZATION: &str = "https://sentry.io/api/0/organizations/acme";

fn config() -> Value {
    json!({"organization": "acme", "projects": ["shop", "web"], "token": "{{secret:sentry}}", "environments": {"prod": "production"}})
}

fn prod(config: Value) -> Context<Config> {
    context(config)
        .with_release("1.2.3")
        .with_previous("1.2.2")
        .with_environment("prod", Some("https://shop.example"))
}

/// A page's `Link` header, as Sentry writes it.
fn link(cursor: &str, more: bool) -> String {
    format!(
        "<{ORGANIZATION}/issues/?cursor=0:0:1>; rel=\"previous\"; results=\"false\"; cursor=\"0:0:1\", \
         <{ORGANIZATION}/issues/?cursor={cursor}>; rel=\"next\"; results=\"{more}\"; cursor=\"{cursor}\""
    )
}

#[test]
fn a_token_in_the_profile_is_refused() {
    for token in ["sntrys_abc", "{{secret:}}", "x{{secret:a}}"] {
        let mut config = config();
        config["token"] = json!(token);
        let error = prod(config).config.check().unwrap_err();
        assert!(!error.message().contains("sntrys"), "{error:?}");
    }
    let mut none = config();
    none["projects"] = json!([]);
    assert!(prod(none).config.check().is_err());
    let mut unknown = config();
    unknown["project"] = json!("shop");
    assert!(raw_context::<Config>(unknown).is_err());
}
