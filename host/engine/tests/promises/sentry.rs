//! The plugin `sentry`, as built, in its three roles against a stand-in for the API that keeps state: issues by environment,
//! releases, deploys. It answers as docs.sentry.io says: pages with a `Link` header, 201 and 208, 404 for an environment
//! that it never heard of, 429 with `X-Sentry-Rate-Limit-*`.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard},
};

use runner_core::{effect::Request, fault::Fault, rules::Reading};
use runner_engine::plugin::{Notice, Query, notice};
use serde_json::{Value, json};

use super::{
    components::load,
    conversation::context,
    server::{Received, Reply, serve},
    wire::Wire,
};

pub(crate) const TOKEN: &str = "sntrys_stand-in";

/// The state behind the API.
#[derive(Default)]
struct Sentry {
    /// Levels of the unresolved issues, by environment.
    issues: BTreeMap<&'static str, Vec<&'static str>>,
    /// Whether it was finalised, by release.
    releases: BTreeMap<String, bool>,
    deploys: Vec<Value>,
    /// How many more requests are too many.
    flood: u32,
}

/// The API.
#[derive(Clone, Default)]
pub(crate) struct StandIn(Arc<Mutex<Sentry>>);

impl StandIn {
    /// One that knows nothing, and its URL.
    pub(crate) fn start() -> (Self, String) {
        let stand_in = Self::default();
        let serving = stand_in.clone();
        let url = serve(move |received| serving.answer(received));
        (stand_in, url)
    }

    /// Which releases it knows, and which run where.
    pub(crate) fn told(&self) -> String {
        let state = self.state();
        let deploys: Vec<_> = state
            .deploys
            .iter()
            .map(|deploy| (&deploy["release"], &deploy["environment"]))
            .collect();
        format!("{:?} {deploys:?}", state.releases)
    }

    fn state(&self) -> MutexGuard<'_, Sentry> {
        self.0.lock().expect("no test panics here")
    }

    fn answer(&self, received: &Received) -> Reply {
        let mut state = self.state();
        if received.header("authorization") != Some(&format!("Bearer {TOKEN}")) {
            return detail(401, "Invalid token");
        }
        if state.flood > 0 {
            state.flood -= 1;
            let mut reply = detail(429, "You are attempting to use this endpoint too frequently.");
            let now = runner_engine::clock::now() / 1000;
            for (name, value) in [("Limit", 40), ("Remaining", 0), ("Reset", now + 1)] {
                let name = format!("X-Sentry-Rate-Limit-{name}");
                reply.headers.push((name, value.to_string()));
            }
            return reply;
        }
        let (path, query) = received.path.split_once('?').unwrap_or((&received.path, ""));
        let asked: BTreeMap<String, String> = url::form_urlencoded::parse(query.as_bytes())
            .into_owned()
            .collect();
        let body: Value = serde_json::from_slice(&received.body).unwrap_or_default();
        // Without the slash at the end it is another path.
        let Some(path) = path.strip_prefix("/api/0/organizations/acme/") else {
            return detail(404, "The requested resource does not exist");
        };
        let segments: Vec<String> = path
            .split('/')
            .map(|segment| segment.replace("%40", "@"))
            .collect();
        let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
        match (received.method.as_str(), segments.as_slice()) {
            ("GET", ["issues", ""]) => state.list(&asked),
            ("GET", ["events", ""]) => state.count(&asked),
            ("POST", ["releases", ""]) => state.create(&body),
            (method, ["releases", version, rest @ ..]) => state.change(method, version, rest, body),
            _ => detail(404, "The requested resource does not exist"),
        }
    }
}

impl Sentry {
    /// The issues of the environment whose level the search names; none for an environment that never sent anything.
    fn found(&self, asked: &BTreeMap<String, String>) -> Option<Vec<&'static str>> {
        let all = self.issues.get(asked.get("environment")?.as_str())?;
        let search = asked.get("query").map_or("", String::as_str);
        let level = search
            .split_whitespace()
            .find_map(|filter| filter.strip_prefix("level:"));
        let found = all
            .iter()
            .copied()
            .filter(|own| level.is_none_or(|level| level == *own));
        Some(found.collect())
    }

    fn list(&self, asked: &BTreeMap<String, String>) -> Reply {
        let Some(found) = self.found(asked) else {
            return detail(404, "The requested resource does not exist");
        };
        let offset: usize = asked
            .get("cursor")
            .and_then(|cursor| cursor.split(':').nth(1)?.parse().ok())
            .unwrap_or(0);
        let limit: usize = asked
            .get("limit")
            .and_then(|limit| limit.parse().ok())
            .unwrap_or(25);
        let page = found.iter().enumerate().skip(offset).take(limit);
        let page: Vec<_> = page
            .map(|(id, level)| {
                json!({ "id": id.to_string(), "shortId": format!("SHOP-{id}"), "title": "Boom", "level": level, "count": "3" })
            })
            .collect();
        let (next, more) = (offset + limit, offset + limit < found.len());
        let mut reply = Reply::new(200, Value::from(page).to_string());
        let link = format!(
            "<http://sentry.example/?cursor=0:0:1>; rel=\"previous\"; results=\"false\"; cursor=\"0:0:1\", \
             <http://sentry.example/?cursor=0:{next}:0>; rel=\"next\"; results=\"{more}\"; cursor=\"0:{next}:0\""
        );
        reply.headers.push(("Link".to_owned(), link));
        reply
    }

    fn count(&self, asked: &BTreeMap<String, String>) -> Reply {
        match self.found(asked) {
            Some(found) => Reply::new(200, json!({ "data": [{ "count()": found.len() }] }).to_string()),
            None => detail(404, "The requested resource does not exist"),
        }
    }

    fn create(&mut self, body: &Value) -> Reply {
        let version = body["version"].as_str().unwrap_or_default().to_owned();
        let is_new = !self.releases.contains_key(&version);
        self.releases.entry(version).or_default();
        Reply::new(if is_new { 201 } else { 208 }, body.to_string())
    }

    fn change(&mut self, method: &str, version: &str, rest: &[&str], mut body: Value) -> Reply {
        let Some(finalised) = self.releases.get_mut(version) else {
            return detail(404, "The requested resource does not exist");
        };
        match (method, rest) {
            ("PUT", [""]) => {
                *finalised = body["dateReleased"].is_string();
                Reply::new(200, "{}")
            }
            ("POST", ["deploys", ""]) => {
                body["release"] = json!(version);
                self.deploys.push(body);
                Reply::new(201, "{}")
            }
            ("GET", ["deploys", ""]) => {
                let own = self.deploys.iter().filter(|deploy| deploy["release"] == version);
                Reply::new(200, own.cloned().collect::<Value>().to_string())
            }
            _ => detail(404, "The requested resource does not exist"),
        }
    }
}

fn detail(status: u16, text: &str) -> Reply {
    Reply::new(status, json!({ "detail": text }).to_string())
}

/// For all of the plugin's roles; the token is the secret `key`.
pub(crate) fn config(url: &str) -> Value {
    json!({ "url": url, "organization": "acme", "projects": ["shop"], "token": "{{secret:key}}", "lag": "0s" })
}

#[test]
fn the_gate_counts_all_critical_issues_of_its_environment() {
    let (sentry, url) = StandIn::start();
    let wire = Wire::with_secret(TOKEN);
    let check = || {
        load("sentry")
            .check(wire.plain(), context(&config(&url), false))
            .expect("no crash")
    };
    // It never heard of the environment, so nothing is known of it.
    match check() {
        Err(Fault::Failed { message }) => assert!(message.contains("answered 404"), "{message}"),
        other => panic!("{other:?}"),
    }
    sentry.state().issues = BTreeMap::from([("staging", vec!["error", "warning"]), ("prod", vec!["fatal"])]);
    sentry.state().flood = 2;
    let verdict = check().expect("an answer");
    assert!(verdict.passed, "{}", verdict.summary);
    sentry.state().issues.insert("staging", vec!["fatal"; 130]);
    let verdict = check().expect("an answer");
    assert!(!verdict.passed);
    assert_eq!(verdict.measures[0].value, 130.0, "both pages were read");
}

#[test]
fn a_wrong_token_is_told_without_the_token() {
    let (_sentry, url) = StandIn::start();
    let wire = Wire::with_secret("sntrys_revoked");
    match load("sentry")
        .check(wire.plain(), context(&config(&url), false))
        .expect("no crash")
    {
        Err(Fault::Failed { message }) => {
            assert!(message.contains("answered 401: Invalid token"), "{message}");
            assert!(!message.contains("sntrys_revoked"), "{message}");
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_source_counts_errors_and_issues() {
    let (sentry, url) = StandIn::start();
    sentry.state().issues = BTreeMap::from([("staging", vec!["fatal", "error", "error"])]);
    let query = |expression: &str| Query {
        name: "rule".to_owned(),
        expression: expression.to_owned(),
        window_ms: 60_000,
    };
    let queries = ["errors", "issues level:fatal", "errors level:debug"].map(query);
    let wire = Wire::with_secret(TOKEN);
    let answer = load("sentry").sample(wire.plain(), context(&config(&url), false), &queries, None);
    let readings = answer.expect("no crash").expect("an answer").readings;
    assert_eq!(readings, [3.0, 1.0, 0.0].map(Reading::Value));
}

#[test]
fn a_deploy_whose_answer_was_lost_is_one_deploy() {
    let (sentry, url) = StandIn::start();
    let wire = Wire::with_secret(TOKEN);
    let released = Notice::Released(notice::Notes {
        version: "1.2.3".to_owned(),
        markdown: String::new(),
        structural: false,
    });
    for notice in [Notice::DeployStarted, Notice::DeploySucceeded, released] {
        let (calls, _) = wire.calls(|request, outcome| match request {
            Request::Send(sent) if sent.method == "POST" && sent.url.ends_with("/deploys/") => {
                Err(Fault::Interrupted {
                    message: "stopped before the answer was written down".to_owned(),
                })
            }
            _ => outcome,
        });
        let said = load("sentry").notify(calls, context(&config(&url), false), &notice);
        let page = said.expect("no crash").expect("told").expect("a page");
        assert!(
            page.ends_with("/organizations/acme/releases/shop%401.2.3/"),
            "{page}"
        );
    }
    let state = sentry.state();
    assert_eq!(state.releases, BTreeMap::from([("shop@1.2.3".to_owned(), true)]));
    let deploys: Vec<_> = state
        .deploys
        .iter()
        .map(|deploy| (&deploy["release"], &deploy["environment"]))
        .collect();
    assert_eq!(deploys, [(&json!("shop@1.2.3"), &json!("staging"))]);
}
