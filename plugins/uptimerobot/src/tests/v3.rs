use runner_sdk::metrics::Reading;
use runner_sdk::testing::{START, ScriptedHost};
use runner_sdk::{Error, Nature};
use serde_json::{Value, json};

use super::{config, one, sample};

const API: &str = "https://api.uptimerobot.com/v3/monitors";

/// A monitor that has been in its state for so long, checked every five minutes.
fn monitor(id: u64, status: &str, lasting: u64) -> Value {
    json!({
        "id": id, "friendlyName": "shop", "url": "https://shop.example", "type": "HTTP", "interval": 300, "status": status,
        "currentStateDuration": lasting, "lastIncident": null, "tags": [],
        "lastDayUptimes": {"bucketSize": 3600, "histogram": [
            {"timestamp": 1, "uptime": 100}, {"timestamp": 2, "uptime": 99},
        ]},
    })
}

fn answered(monitors: &[Value]) -> ScriptedHost {
    ScriptedHost::new()
        .get(API)
        .answers_json(200, &json!({"data": monitors, "nextLink": null}))
}

fn refused(status: u16, body: &str) -> Error {
    let host = ScriptedHost::new().get(API).answers(status, body);
    one(&host, "v3", "up prod", None).unwrap_err()
}

#[test]
fn reads_pages_until_all_are_found() {
    let host = ScriptedHost::new()
        .get(API)
        .with_nature(Nature::Read)
        .with_header("Authorization", "Bearer {{secret:robot}}")
        .answers_json(
            200,
            &json!({"data": [monitor(11, "UP", 9)], "nextLink": format!("{API}?limit=50&cursor=50")}),
        )
        .get(&format!("{API}?cursor=50"))
        .answers_json(
            200,
            &json!({"monitors": [monitor(33, "DOWN", 9)], "nextCursorId": 100}),
        )
        .get(&format!("{API}?cursor=100"))
        .answers_json(
            200,
            &json!({"data": [monitor(22, "LOOKS_DOWN", 9)], "nextCursorId": 150}),
        );
    let snapshot = sample(
        &host,
        config("v3"),
        &["up prod", "up staging", "uptime prod"],
        None,
    )
    .unwrap();
    assert_eq!(
        snapshot.readings,
        [1.0, 0.0, 99.5].map(|value| Ok(Reading::Value(value)))
    );
}

#[test]
fn pages_that_go_in_circles_end() {
    let page = json!({"data": [], "nextCursorId": "x"});
    let host = ScriptedHost::new()
        .get(API)
        .answers_json(200, &page)
        .get(&format!("{API}?cursor=x"))
        .answers_json(200, &page);
    assert_eq!(one(&host, "v3", "up prod", None), Ok(Reading::NoData));
    assert_eq!(host.logs().len(), 1);
    // A link that would lead elsewhere is not followed.
    let odd = json!({"data": [], "nextLink": "https://evil.example/?cursor=../../x"});
    let host = ScriptedHost::new().get(API).answers_json(200, &odd);
    assert_eq!(one(&host, "v3", "up prod", None), Ok(Reading::NoData));
}

#[test]
fn every_status_is_what_it_means() {
    for (status, reading) in [
        ("UP", Reading::Value(1.0)),
        ("DOWN", Reading::Value(0.0)),
        ("LOOKS_DOWN", Reading::Value(0.0)),
        ("PAUSED", Reading::NoData),
        ("STARTED", Reading::NoData),
        ("DEGRADED", Reading::Value(0.0)),
        ("", Reading::Value(0.0)),
    ] {
        let host = answered(&[monitor(11, status, 9)]);
        assert_eq!(one(&host, "v3", "up prod", None), Ok(reading), "{status}");
    }
}

#[test]
fn what_is_older_than_the_deploy_is_no_data() {
    let at = |status: &str, lasting: u64, began: u64| {
        let host = answered(&[monitor(11, status, lasting)]);
        one(&host, "v3", "up prod", Some(START - began * 1000)).unwrap()
    };
    assert_eq!(at("UP", 600, 30), Reading::NoData);
    assert_eq!(at("DOWN", 31, 30), Reading::NoData, "it fell before");
    assert_eq!(at("DOWN", 29, 30), Reading::Value(0.0), "it fell since");
    assert_eq!(at("UP", 600, 299), Reading::NoData);
    assert_eq!(at("UP", 600, 300), Reading::Value(1.0), "a check was due since");
}

#[test]
fn an_empty_day_has_no_uptime() {
    for histogram in [
        json!([]),
        json!([{"uptime": 86_400}]),
        json!([{"uptime": 100}, {}]),
    ] {
        let mut monitor = monitor(11, "UP", 9);
        monitor["lastDayUptimes"]["histogram"] = histogram;
        assert_eq!(
            one(&answered(&[monitor]), "v3", "uptime prod", None),
            Ok(Reading::NoData)
        );
    }
}

#[test]
fn says_why_in_its_words() {
    let lines = [
        refused(401, r#"{"message":"Unauthorized.","code":"401-001"}"#),
        refused(403, r#"{"error":"Forbidden"}"#),
        refused(404, r#"{"detail":"Cannot GET /v3/monitors"}"#),
        refused(400, "plain"),
        refused(302, ""),
        refused(200, "<html>"),
        refused(200, r#"{"data":{}}"#),
        refused(200, r#"{"data":[{"id":11}]}"#),
    ]
    .map(|error| error.message().to_owned());
    insta::assert_snapshot!(lines.join("\n"), @"
    asking UptimeRobot for monitors: answered 401: Unauthorized; check the key, and that it is one for API v3
    asking UptimeRobot for monitors: answered 403: Forbidden; check the key, and that it is one for API v3
    asking UptimeRobot for monitors: answered 404: Cannot GET /v3/monitors; is `url` right?
    asking UptimeRobot for monitors: answered 400: plain
    asking UptimeRobot for monitors: answered 302
    asking UptimeRobot for monitors: the answer is not what was expected: expected value at line 1 column 1
    asking UptimeRobot for monitors: the answer has no `data`: is `url` right?
    asking UptimeRobot for monitors: a monitor has no `status`
    ");
}

#[test]
fn too_many_requests_wait_once() {
    let limit = r#"{"message":"Too many requests","code":"429-001"}"#;
    let host = ScriptedHost::new()
        .get(API)
        .answers(429, limit)
        .answer_header("Retry-After", "6")
        .get(API)
        .answers_json(200, &json!({"data": [monitor(11, "UP", 9)]}));
    assert_eq!(one(&host, "v3", "up prod", None), Ok(Reading::Value(1.0)));
    assert_eq!(host.pauses(), [6000]);
    let down = ScriptedHost::new()
        .get(API)
        .answers(429, limit)
        .get(API)
        .answers(500, "");
    assert!(matches!(
        one(&down, "v3", "up prod", None),
        Err(Error::Transient(_))
    ));
}
