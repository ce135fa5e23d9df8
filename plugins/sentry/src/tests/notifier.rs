use runner_sdk::notifier::{Approval, Event, GateResult, Notes, Undo};
use runner_sdk::testing::ScriptedHost;
use runner_sdk::{Error, Nature, Notifier};
use serde_json::{Value, json};

use super::{ORGANIZATION, config, prod};
use crate::SentryNotifier;

const NOW: &str = "2026-01-01T00:00:00.000Z";

fn releases() -> String {
    format!("{ORGANIZATION}/releases/")
}

fn deploys() -> String {
    format!("{ORGANIZATION}/releases/shop%401.2.3/deploys/")
}

fn deploy() -> Value {
    json!({
        "environment": "production", "name": "run-1", "dateFinished": NOW, "projects": ["shop", "web"],
        "url": "https://shop.example",
    })
}

fn created(host: ScriptedHost, version: &str, status: u16) -> ScriptedHost {
    host.post(&releases())
        .with_nature(Nature::Idempotent)
        .with("foresee-status", "201")
        .with_header("Authorization", "Bearer {{secret:sentry}}")
        .with_json(json!({"version": version, "projects": ["shop", "web"], "ref": "a".repeat(40)}))
        .answers_json(status, &json!({"version": version}))
}

fn notify(host: &ScriptedHost, event: &Event) -> Result<Option<String>, Error> {
    SentryNotifier::notify(host, &prod(config()), event)
}

fn released() -> Event {
    Event::Released(Notes {
        version: "1.2.3".into(),
        markdown: "- a".into(),
        structural: false,
    })
}

#[test]
fn a_deploy_that_starts_creates_the_release() {
    for status in [201, 208] {
        let host = created(ScriptedHost::new(), "shop@1.2.3", status);
        let page = notify(&host, &Event::DeployStarted).unwrap();
        assert_eq!(
            page.as_deref(),
            Some("https://sentry.io/organizations/acme/releases/shop%401.2.3/")
        );
    }
}

#[test]
fn a_deploy_that_succeeded_is_one_of_sentry() {
    let host = created(ScriptedHost::new(), "shop@1.2.3", 208)
        .post(&deploys())
        .with_nature(Nature::Write)
        .with("foresee-status", "201")
        .with_json(deploy())
        .answers_json(201, &json!({"id": "7", "environment": "production"}));
    assert!(notify(&host, &Event::DeploySucceeded).unwrap().is_some());
}

#[test]
fn a_release_that_is_out_is_finalised() {
    let host = created(ScriptedHost::new(), "shop@1.2.3", 208)
        .request("PUT", &format!("{ORGANIZATION}/releases/shop%401.2.3/"))
        .with_nature(Nature::Idempotent)
        .with_json(json!({"dateReleased": NOW}))
        .answers_json(200, &json!({"version": "shop@1.2.3"}));
    assert!(notify(&host, &released()).unwrap().is_some());
}

#[test]
fn a_rollback_is_a_deploy_of_the_version_before() {
    let mut back = deploy();
    back["name"] = json!("run-1 rollback");
    let host = created(ScriptedHost::new(), "shop@1.2.2", 208)
        .post(&format!("{ORGANIZATION}/releases/shop%401.2.2/deploys/"))
        .with_json(back)
        .answers_json(201, &json!({}));
    let undo = |to: &str| {
        Event::RolledBack(Undo {
            from_version: "1.2.3".into(),
            to_version: to.into(),
            reason: "errors".into(),
        })
    };
    notify(&host, &undo("1.2.2")).unwrap();
    assert_eq!(notify(&ScriptedHost::new(), &undo("")), Ok(None));
}

#[test]
fn with_a_repository_sentry_finds_the_commits() {
    let mut config = config();
    config["repository"] = json!("acme/shop");
    config["release"] = json!("{{version}}");
    let mut context = prod(config);
    if let Some(before) = &mut context.previous {
        before.commit = "b".repeat(40);
    }
    let part = json!({"repository": "acme/shop", "commit": "a".repeat(40), "previousCommit": "b".repeat(40)});
    let host = ScriptedHost::new()
        .post(&releases())
        .with_json(
            json!({"version": "1.2.3", "projects": ["shop", "web"], "ref": "a".repeat(40), "refs": [part]}),
        )
        .answers_json(400, &json!({"refs": ["Unable to find repository: acme/shop"]}));
    let error = SentryNotifier::notify(&host, &context, &Event::DeployStarted).unwrap_err();
    insta::assert_snapshot!(error.message(), @"creating the Sentry release `1.2.3`: answered 400: refs: Unable to find repository: acme/shop");
}

#[test]
fn a_deploy_that_may_have_arrived_is_looked_for() {
    let there = json!([{"id": "6", "environment": "staging", "name": "run-1"}, {"id": "7", "environment": "production", "name": "run-1"}]);
    for trouble in [
        Error::Interrupted("stopped".into()),
        Error::transient("no answer"),
    ] {
        let host = created(ScriptedHost::new(), "shop@1.2.3", 208)
            .post(&deploys())
            .fails(trouble)
            .get(&deploys())
            .answers_json(200, &there);
        notify(&host, &Event::DeploySucceeded).unwrap();
        assert!(host.pauses().is_empty());
    }
}

#[test]
fn a_deploy_that_did_not_arrive_is_told_again() {
    let host = created(ScriptedHost::new(), "shop@1.2.3", 208)
        .post(&deploys())
        .fails(Error::Interrupted("stopped".into()))
        .get(&deploys())
        .answers_json(200, &json!([{"environment": "production", "name": "run-0"}]))
        .post(&deploys())
        .answers_json(429, &json!({"detail": "too many"}))
        .answer_header("Retry-After", "4")
        .get(&deploys())
        .answers_json(200, &json!([]))
        .post(&deploys())
        .with_json(deploy())
        .answers_json(201, &json!({}));
    notify(&host, &Event::DeploySucceeded).unwrap();
    assert_eq!(host.pauses(), [4000]);
}

#[test]
fn gives_up_at_last_and_says_why() {
    let mut host = created(ScriptedHost::new(), "shop@1.2.3", 201);
    for _ in 0..4 {
        host = host
            .post(&deploys())
            .answers(503, "busy")
            .get(&deploys())
            .answers_json(200, &json!([]));
    }
    let error = notify(&host, &Event::DeploySucceeded).unwrap_err();
    insta::assert_snapshot!(error.message(), @"telling Sentry that `shop@1.2.3` runs in `production`: answered 503: busy");
    assert_eq!(host.pauses(), [1000, 2000, 4000]);
}

#[test]
fn what_may_not_be_told_is_said() {
    let host = ScriptedHost::new().post(&releases()).answers_json(
        403,
        &json!({"detail": "You do not have permission to perform this action."}),
    );
    let error = notify(&host, &Event::DeployStarted).unwrap_err();
    insta::assert_snapshot!(error.message(), @"creating the Sentry release `shop@1.2.3`: answered 403: You do not have permission to perform this action; the token needs `event:read` and `org:read` to count, and `project:releases` or `org:ci` for releases, for these projects");
    let host = ScriptedHost::new().post(&releases()).answers(404, "");
    let error = notify(&host, &Event::DeployStarted).unwrap_err();
    insta::assert_snapshot!(error.message(), @"creating the Sentry release `shop@1.2.3`: answered 404; check `organization` and `projects`");
}

#[test]
fn other_events_are_none_of_its_business() {
    let events = [
        Event::Gate(GateResult {
            passed: 1,
            total: 1,
            failed: Vec::new(),
        }),
        Event::DeployFailed("x".into()),
        Event::Alert("x".into()),
        Event::Digest("x".into()),
        Event::ApprovalWanted(Approval {
            version: "1.2.3".into(),
            how: "runner approve r".into(),
        }),
    ];
    for event in events {
        assert_eq!(notify(&ScriptedHost::new(), &event), Ok(None));
    }
}
