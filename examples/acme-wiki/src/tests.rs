//! The conversations with the wiki.

use runner_sdk::Nature;
use runner_sdk::testing::{ScriptedHost, context};
use serde_json::json;

use super::*;

const PAGE: &str = "https://wiki.acme.example/api/pages/1.2.3";

fn notify(host: &ScriptedHost, event: &Event) -> Result<Option<String>, Error> {
    let config = json!({
        "url": "https://wiki.acme.example/api", "token": "{{secret:wiki-token}}", "labels": ["release"],
    });
    AcmeWiki::notify(host, &context(config).with_release("1.2.3"), event)
}

fn released() -> Event {
    Event::Released(Notes {
        version: "1.2.3".into(),
        markdown: "### Features\n\n- a cart\n".into(),
        structural: false,
    })
}

#[test]
fn a_release_is_a_page() {
    let host = ScriptedHost::new()
        .request("PUT", PAGE)
        .with_nature(Nature::Idempotent)
        .with_header("Authorization", "Bearer {{secret:wiki-token}}")
        .with_json(json!({
            "title": "shop v1.2.3", "markdown": "### Features\n\n- a cart", "labels": ["release"],
        }))
        .answers_json(201, &json!({"url": "https://wiki.acme.example/shop/1.2.3"}));
    let place = notify(&host, &released());
    assert_eq!(place, Ok(Some("https://wiki.acme.example/shop/1.2.3".into())));
}

#[test]
fn a_plan_goes_on_as_if_it_were_published() {
    let host = ScriptedHost::new()
        .request("PUT", PAGE)
        .with("foresee-status", "200")
        .answers(200, "");
    assert_eq!(notify(&host, &released()), Ok(None));
}

#[test]
fn other_events_are_not_for_a_wiki() {
    let host = ScriptedHost::new();
    for event in [
        Event::DeployStarted,
        Event::DeploySucceeded,
        Event::Alert("lag".into()),
    ] {
        assert_eq!(notify(&host, &event), Ok(None));
    }
    assert!(host.calls().is_empty());
}

#[test]
fn a_wiki_that_restarts_is_waited_for() {
    let host = ScriptedHost::new()
        .request("PUT", PAGE)
        .answers(503, "")
        .request("PUT", PAGE)
        .answers(204, "");
    assert_eq!(notify(&host, &released()), Ok(None));
    assert_eq!(host.pauses(), [1000]);
}

#[test]
fn a_refusal_is_told() {
    let host = ScriptedHost::new()
        .request("PUT", PAGE)
        .answers(403, "the robot may not write here");
    let error = notify(&host, &released()).unwrap_err();
    assert_eq!(
        error.message(),
        "publishing the page: answered 403: the robot may not write here"
    );
}
