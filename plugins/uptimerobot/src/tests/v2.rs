use runner_sdk::metrics::Reading;
use runner_sdk::testing::{START, ScriptedHost};
use runner_sdk::{Error, Level, Nature};
use serde_json::{Value, json};

use super::{config, one, sample};

const API: &str = "https://api.uptimerobot.com/v2/getMonitors";
/// The clock of the tests, in seconds.
const NOW: u64 = START / 1000;

/// A monitor that has been in its state for so long, checked every five minutes, the last time a minute ago.
fn monitor(id: u64, status: u64, lasting: u64) -> Value {
    json!({
        "id": id, "friendly_name": "shop", "url": "https://shop.example", "type": 1, "interval": 300, "status": status,
        "custom_uptime_ratio": "100.000-99.980", "all_time_uptime_ratio": "99.9", "average_response_time": "412.5",
        "response_times": [{"datetime": NOW - 60, "value": 137}],
        "logs": [{"type": 2, "datetime": NOW - lasting, "duration": lasting}],
    })
}

fn ok(monitors: &[Value]) -> Value {
    json!({"stat": "ok", "pagination": {"offset": 0, "limit": 50, "total": monitors.len()}, "monitors": monitors})
}

fn answered(monitors: &[Value]) -> ScriptedHost {
    ScriptedHost::new().post(API).answers_json(200, &ok(monitors))
}

fn up(status: u64) -> Reading {
    one(&answered(&[monitor(11, status, 9)]), "v2", "up prod", None).unwrap()
}

#[test]
fn one_request_answers_all_queries() {
    let host = ScriptedHost::new()
        .post(API)
        .with_nature(Nature::Read)
        .with_header("Content-Type", "application/x-www-form-urlencoded")
        .with_payload(
            "api_key={{secret:robot}}&format=json&monitors=11-22&logs=1&logs_limit=1&response_times=1\
             &response_times_limit=1&limit=50&custom_uptime_ratios=1-30",
        )
        .answers_json(
            200,
            &ok(&[monitor(11, 2, 9), monitor(22, 9, 9), monitor(33, 2, 9)]),
        );
    let queries = [
        "up prod",
        "response-time prod",
        "uptime prod 30d",
        "uptime prod",
        "up staging",
        "response-time staging",
    ];
    let snapshot = sample(&host, config("v2"), &queries, None).unwrap();
    assert_eq!(
        snapshot.readings,
        [
            Ok(Reading::Value(1.0)),
            Ok(Reading::Value(137.0)),
            Ok(Reading::Value(99.98)),
            Ok(Reading::Value(100.0)),
            Ok(Reading::Value(0.0)),
            Ok(Reading::NoData),
        ]
    );
    assert!(host.logs().is_empty());
}

#[test]
fn every_status_is_what_it_means() {
    for (status, reading) in [
        (0, Reading::NoData),
        (1, Reading::NoData),
        (2, Reading::Value(1.0)),
        (8, Reading::Value(0.0)),
        (9, Reading::Value(0.0)),
        (7, Reading::Value(0.0)),
    ] {
        assert_eq!(up(status), reading, "{status}");
    }
    let host = answered(&[monitor(11, 7, 9)]);
    one(&host, "v2", "up prod", None).unwrap();
    assert_eq!(
        host.logs(),
        [(
            Level::Warn,
            "UptimeRobot says `7` of `prod`, which is not known: it counts as not up".to_owned()
        )]
    );
}

#[test]
fn what_is_older_than_the_deploy_is_no_data() {
    // For ten minutes in its state; the last check was a minute ago, and one comes every five minutes.
    let at = |status: u64, began: u64, query: &str| {
        let host = answered(&[monitor(11, status, 600)]);
        one(&host, "v2", query, Some(START - began * 1000)).unwrap()
    };
    assert_eq!(at(2, 30, "up prod"), Reading::NoData);
    assert_eq!(
        at(9, 30, "up prod"),
        Reading::NoData,
        "down since before the deploy"
    );
    assert_eq!(at(2, 30, "response-time prod"), Reading::NoData);
    assert_eq!(at(2, 60, "up prod"), Reading::Value(1.0), "checked since");
    assert_eq!(at(2, 60, "response-time prod"), Reading::Value(137.0));
    assert_eq!(
        at(2, 30, "uptime prod"),
        Reading::Value(100.0),
        "of a day, whatever was deployed"
    );
    let mut silent = monitor(11, 9, 600);
    silent["response_times"] = json!([]);
    let silent_at = |began: u64| {
        let host = answered(std::slice::from_ref(&silent));
        one(&host, "v2", "up prod", Some(START - began * 1000)).unwrap()
    };
    assert_eq!(silent_at(299), Reading::NoData);
    assert_eq!(silent_at(300), Reading::Value(0.0), "a check was due since");
    // It went down after the deploy.
    let mut fallen = monitor(11, 9, 10);
    fallen["response_times"] = json!([]);
    let host = answered(&[fallen]);
    assert_eq!(
        one(&host, "v2", "up prod", Some(START - 30_000)),
        Ok(Reading::Value(0.0))
    );
}

#[test]
fn a_failure_with_200_is_an_error_without_the_key() {
    let fail = |error: Value| {
        let host = ScriptedHost::new()
            .post(API)
            .answers_json(200, &json!({"stat": "fail", "error": error}));
        one(&host, "v2", "up prod", None)
    };
    let wrong_key = fail(json!({
        "type": "invalid_parameter", "parameter_name": "api_key", "passed_value": "ur1-secret", "message": "api_key is invalid.",
    }));
    insta::assert_snapshot!(wrong_key.unwrap_err().message(), @"asking UptimeRobot for monitors: invalid_parameter: api_key is invalid; check the key, and that it is one for API v2");
    insta::assert_snapshot!(fail(json!({})).unwrap_err().message(), @"asking UptimeRobot for monitors: unknown: no reason given");
    assert_eq!(
        fail(json!({"type": "not_found", "message": "Monitor not found."})),
        Ok(Reading::NoData)
    );
}

#[test]
fn a_monitor_that_is_not_there_is_no_data_and_told() {
    let host = answered(&[]);
    assert_eq!(one(&host, "v2", "up prod", None), Ok(Reading::NoData));
    assert_eq!(
        host.logs(),
        [(
            Level::Warn,
            "UptimeRobot has no monitor 11 for this key (`prod`)".to_owned()
        )]
    );
}

#[test]
fn an_answer_that_is_none_is_an_error() {
    for body in [
        "",
        "<html>",
        "{}",
        "[]",
        r#"{"stat":"ok"}"#,
        r#"{"stat":"ok","monitors":[{"id":11}]}"#,
    ] {
        let host = ScriptedHost::new().post(API).answers(200, body);
        assert!(
            matches!(one(&host, "v2", "up prod", None), Err(Error::Failed(_))),
            "{body}"
        );
    }
    // What is odd beside the status is not there.
    let odd = json!({"id": "11", "status": "2", "interval": null, "logs": {}, "response_times": [{}], "custom_uptime_ratio": "x-"});
    let host = answered(&[odd]);
    let readings = sample(
        &host,
        config("v2"),
        &["up prod", "response-time prod", "uptime prod"],
        None,
    )
    .unwrap()
    .readings;
    assert_eq!(
        readings,
        [Ok(Reading::Value(1.0)), Ok(Reading::NoData), Ok(Reading::NoData)]
    );
}

#[test]
fn too_many_requests_wait_once() {
    let host = ScriptedHost::new()
        .post(API)
        .answers_json(429, &json!({"stat": "fail", "error": {"message": "rate limit"}}))
        .answer_header("Retry-After", "6")
        .post(API)
        .answers_json(200, &ok(&[monitor(11, 2, 9)]));
    assert_eq!(one(&host, "v2", "up prod", None), Ok(Reading::Value(1.0)));
    assert_eq!(host.pauses(), [6000]);
    let down = ScriptedHost::new()
        .post(API)
        .fails(Error::transient("no answer"))
        .post(API)
        .answers(502, "<html>");
    assert!(matches!(
        one(&down, "v2", "up prod", None),
        Err(Error::Transient(_))
    ));
    let denied = ScriptedHost::new().post(API).fails(Error::Denied("add".into()));
    assert!(matches!(
        sample(&denied, config("v2"), &["up prod"], None),
        Err(Error::Denied(_))
    ));
}
