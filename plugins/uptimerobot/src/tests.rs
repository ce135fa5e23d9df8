//! Whole conversations with UptimeRobot.

mod v2;
mod v3;

use runner_sdk::metrics::{Query, Reading, Snapshot};
use runner_sdk::testing::{START, ScriptedHost, context, raw_context};
use runner_sdk::{Error, Metrics};
use serde_json::{Value, json};

use crate::{Config, UptimeRobotMetrics};

fn config(api: &str) -> Value {
    json!({"api": api, "key": "{{secret:robot}}", "monitors": {"prod": 11, "staging": 22}})
}

fn sample(
    host: &ScriptedHost,
    config: Value,
    expressions: &[&str],
    since: Option<u64>,
) -> Result<Snapshot, Error> {
    let query = |expression: &&str| Query {
        name: "rule".into(),
        expression: (*expression).into(),
        window_ms: 60_000,
    };
    let queries: Vec<_> = expressions.iter().map(query).collect();
    let memory = since.map(|since| format!(r#"{{"since":{since}}}"#));
    UptimeRobotMetrics::sample(host, &context(config), &queries, memory.as_deref())
}

fn one(host: &ScriptedHost, api: &str, expression: &str, since: Option<u64>) -> Result<Reading, Error> {
    sample(host, config(api), &[expression], since)
        .unwrap()
        .readings
        .remove(0)
}

#[test]
fn says_what_is_wrong_with_a_query_and_asks_nothing() {
    let wrong = |api: &str, expression: &str| {
        let error = one(&ScriptedHost::new(), api, expression, None).unwrap_err();
        assert!(matches!(error, Error::InvalidConfig(_)));
        error.message().to_owned()
    };
    let lines = [
        wrong("v2", "down prod"),
        wrong("v2", "up"),
        wrong("v2", "up web"),
        wrong("v2", "uptime prod 7"),
        wrong("v2", "uptime prod 0d"),
        wrong("v3", "response-time prod"),
        wrong("v3", "uptime prod 7d"),
    ];
    insta::assert_snapshot!(lines.join("\n"), @r#"
    `down prod` is no query: there are `up MONITOR`, `response-time MONITOR` and `uptime MONITOR [DAYS]`
    `up` is no query: there are `up MONITOR`, `response-time MONITOR` and `uptime MONITOR [DAYS]`
    `up web` asks for `web`, and `monitors` has `prod`, `staging`
    `uptime prod 7` is no query: `7` is no number of days from `1d` to `365d`
    `uptime prod 0d` is no query: `0d` is no number of days from `1d` to `365d`
    `response-time prod` cannot be answered: API v3 has no response times; set `api = "v2"`
    `uptime prod 7d` cannot be answered: API v3 has the uptime of one day only; set `api = "v2"`
    "#);
}

#[test]
fn a_key_in_the_profile_is_refused() {
    for key in ["ur123-abc", "{{secret:}}"] {
        let config = json!({"key": key, "monitors": {"prod": 11}});
        let error = sample(&ScriptedHost::new(), config, &["up prod"], None).unwrap_err();
        assert!(
            matches!(&error, Error::InvalidConfig(text) if !text.contains("ur123")),
            "{error:?}"
        );
    }
    for odd in [
        json!({"key": "{{secret:a}}", "monitors": {"a": "x"}}),
        json!({"key": "{{secret:a}}", "monitors": {}, "api": "v4"}),
    ] {
        assert!(raw_context::<Config>(odd).is_err());
    }
}

#[test]
fn what_is_remembered_is_when_the_watch_began() {
    let first = sample(&ScriptedHost::new(), config("v3"), &[], None).unwrap();
    assert_eq!(first.memory, Some(format!(r#"{{"since":{START}}}"#)));
    let second = sample(&ScriptedHost::new(), config("v3"), &[], Some(5)).unwrap();
    assert_eq!(second.memory.as_deref(), Some(r#"{"since":5}"#));
}
