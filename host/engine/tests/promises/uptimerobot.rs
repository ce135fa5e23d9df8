//! The metrics source `uptimerobot`, as built, against a stand-in that keeps monitors and shows them through both versions of
//! the API: v2, which answers 200 to everything, and v3, with one monitor a page.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard},
};

use runner_core::rules::Reading;
use runner_engine::plugin::{MetricsAnswer, Query};
use serde_json::{Value, json};

use super::{
    components::load,
    conversation::context,
    server::{Received, Reply, serve},
    wire::Wire,
};

const KEY: &str = "ur4711-stand-in";

/// How a monitor is.
#[derive(Clone, Copy)]
struct Monitor {
    /// In the words of v3; v2 has numbers.
    status: &'static str,
    /// Seconds since 1970.
    since: u64,
    /// Seconds between two checks.
    interval: u64,
}

#[derive(Clone, Default)]
struct StandIn(Arc<Mutex<BTreeMap<u64, Monitor>>>);

impl StandIn {
    fn start() -> (Self, String) {
        let stand_in = Self::default();
        let serving = stand_in.clone();
        let url = serve(move |received| serving.answer(received));
        (stand_in, url)
    }

    fn state(&self) -> MutexGuard<'_, BTreeMap<u64, Monitor>> {
        self.0.lock().expect("no test panics here")
    }

    fn set(&self, id: u64, status: &'static str, seconds_ago: u64) {
        let since = now() - seconds_ago;
        let interval = 300;
        self.state().insert(
            id,
            Monitor {
                status,
                since,
                interval,
            },
        );
    }

    fn answer(&self, received: &Received) -> Reply {
        let (path, query) = received.path.split_once('?').unwrap_or((&received.path, ""));
        match (received.method.as_str(), path) {
            ("POST", "/v2/getMonitors") => self.v2(&String::from_utf8_lossy(&received.body)),
            ("GET", "/v3/monitors") if received.header("authorization") != Some(&format!("Bearer {KEY}")) => {
                Reply::new(
                    401,
                    json!({ "message": "Unauthorized", "code": "401-001" }).to_string(),
                )
            }
            ("GET", "/v3/monitors") => self.v3(query),
            _ => Reply::new(404, "<html>"),
        }
    }

    fn v2(&self, form: &str) -> Reply {
        let form: BTreeMap<String, String> = url::form_urlencoded::parse(form.as_bytes())
            .into_owned()
            .collect();
        if form.get("api_key").map(String::as_str) != Some(KEY) {
            let error = json!({ "type": "invalid_parameter", "parameter_name": "api_key", "message": "api_key is invalid." });
            return Reply::new(200, json!({ "stat": "fail", "error": error }).to_string());
        }
        let wanted: Vec<&str> = form
            .get("monitors")
            .map_or("", String::as_str)
            .split('-')
            .collect();
        let state = self.state();
        let found = state
            .iter()
            .filter(|(id, _)| wanted.contains(&id.to_string().as_str()));
        let monitors: Vec<Value> = found
            .map(|(id, monitor)| {
                let status = match monitor.status {
                    "PAUSED" => 0,
                    "UP" => 2,
                    _ => 9,
                };
                let lasting = now() - monitor.since;
                json!({
                    "id": id, "status": status, "interval": monitor.interval, "response_times": [],
                    "logs": [{ "type": 1, "datetime": monitor.since, "duration": lasting }],
                })
            })
            .collect();
        Reply::new(200, json!({ "stat": "ok", "monitors": monitors }).to_string())
    }

    fn v3(&self, query: &str) -> Reply {
        let from: u64 = query
            .strip_prefix("cursor=")
            .and_then(|cursor| cursor.parse().ok())
            .unwrap_or(0);
        let state = self.state();
        let mut rest = state.range(from..);
        let page: Vec<Value> = rest
            .next()
            .map(|(id, monitor)| {
                json!({
                    "id": id, "status": monitor.status, "interval": monitor.interval,
                    "currentStateDuration": now() - monitor.since,
                })
            })
            .into_iter()
            .collect();
        let next = rest
            .next()
            .map(|(id, _)| format!("http://robot.example/v3/monitors?cursor={id}"));
        Reply::new(200, json!({ "data": page, "nextLink": next }).to_string())
    }
}

/// Seconds since 1970.
fn now() -> u64 {
    runner_engine::clock::now() / 1000
}

fn sample(url: &str, api: &str, key: &str, memory: Option<&str>) -> MetricsAnswer {
    let monitors = json!({ "up": 1, "down": 2, "paused": 3, "gone": 4 });
    let config = json!({ "url": url, "api": api, "key": "{{secret:key}}", "monitors": monitors });
    let queries = ["up up", "up down", "up paused", "up gone"].map(|expression| Query {
        name: expression.to_owned(),
        expression: expression.to_owned(),
        window_ms: 60_000,
    });
    let wire = Wire::with_secret(key);
    let answer = load("uptimerobot").sample(wire.plain(), context(&config, false), &queries, memory);
    answer.expect("no crash").expect("an answer")
}

#[test]
fn both_versions_of_the_api_say_the_same() {
    let (robot, url) = StandIn::start();
    for api in ["v2", "v3"] {
        robot.set(1, "UP", 90_000);
        robot.set(2, "DOWN", 90_000);
        robot.set(3, "PAUSED", 90_000);
        let first = sample(&url, api, KEY, None);
        let wanted = [
            Reading::Value(1.0),
            Reading::Value(0.0),
            Reading::NoData,
            Reading::NoData,
        ];
        assert_eq!(first.readings, wanted, "{api}");
        // What it knew before the watch began says nothing of what was deployed. Its next check is due in 200 s.
        let memory = json!({ "since": (now() - 100) * 1000 }).to_string();
        let early = sample(&url, api, KEY, Some(&memory));
        assert_eq!(early.readings, [const { Reading::NoData }; 4], "{api}");
        robot.set(1, "DOWN", 50);
        let later = sample(&url, api, KEY, Some(&memory));
        assert_eq!(later.readings[0], Reading::Value(0.0), "{api}: it fell since");
        assert_eq!(later.readings[1], Reading::NoData, "{api}");
    }
}

#[test]
fn a_wrong_key_is_an_error_of_every_query_without_the_key() {
    let (_robot, url) = StandIn::start();
    for api in ["v2", "v3"] {
        for reading in sample(&url, api, "ur4711-revoked", None).readings {
            match reading {
                Reading::Error(why) => {
                    assert!(why.contains("check the key") && !why.contains("ur4711"), "{why}");
                }
                other => panic!("{api}: {other:?}"),
            }
        }
    }
}
