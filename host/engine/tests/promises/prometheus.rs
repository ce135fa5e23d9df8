//! The metrics sources, as built, against a real Prometheus through the real HTTP capability: `prometheus` asks its API,
//! `scrape` reads its `/metrics`. Where the server is: `RUNNER_TEST_PROMETHEUS`, e.g. `http://127.0.0.1:9090`; it must scrape
//! itself.

use std::sync::Arc;

use runner_core::{
    effect::{Request, Response},
    event::End,
    id::StepId,
    output::Output,
    rules::Reading,
    step::Status,
};
use runner_engine::{
    capability::http::Http,
    plugin::{MetricsAnswer, Query},
    secret::Secrets,
    stop::Stop,
};
use serde_json::{Value, json};

use super::{
    components::load,
    conversation::{Conversation, context, of_runtime},
    scratch::{Scratch, Seen, begin, release},
};

/// The server; none where the tests are to be left out, which CI never does.
fn server() -> Option<String> {
    match std::env::var("RUNNER_TEST_PROMETHEUS") {
        Ok(url) if !url.is_empty() => Some(url.trim_end_matches('/').to_owned()),
        _ if std::env::var("CI").is_ok_and(|ci| ci == "true") => {
            panic!("RUNNER_TEST_PROMETHEUS is not set: start a Prometheus that scrapes itself")
        }
        _ => {
            eprintln!(
                "LEFT OUT: no Prometheus to test against. Install one (`apt-get install prometheus`, `brew install \
                 prometheus`), and run the tests by `sh scripts/test-prometheus.sh cargo test ...`."
            );
            None
        }
    }
}

/// One sample, through the real HTTP capability, now.
fn sample(plugin: &str, config: &Value, queries: &[&str], memory: Option<&str>) -> MetricsAnswer {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let (handle, stop) = (runtime.handle().clone(), Stop::default());
    let secrets = Secrets::new(
        std::collections::BTreeMap::new(),
        "/".as_ref(),
        handle.clone(),
        stop.clone(),
    );
    let http = Http::new(Arc::new(secrets), handle, stop);
    let (calls, _) = Conversation::by(move |n, request| match request {
        Request::Now => Ok(Response::Instant(runner_engine::clock::now())),
        Request::Send(request) => http.send(request),
        other => of_runtime(n, other).expect("nothing else is asked for"),
    });
    let queries: Vec<_> = queries
        .iter()
        .map(|&expression| Query {
            name: expression.to_owned(),
            expression: expression.to_owned(),
            window_ms: 60_000,
        })
        .collect();
    let answer = load(plugin).sample(calls, context(config, false), &queries, memory);
    answer.expect("no crash").expect("an answer")
}

#[test]
fn prometheus_is_asked_through_its_api() {
    let Some(url) = server() else { return };
    let readings = sample(
        "prometheus",
        &json!({ "url": url }),
        &[
            "scalar(vector(42))",
            "max(up)",
            "vector(1) / vector(0)",
            "no_such_metric_4711",
            "share sum(prometheus_http_requests_total{code=\"777\"}) ;; sum(prometheus_build_info)",
            "sum(prometheus_build_info{",
            "count_values(\"x\", up) or vector(3)",
            "max(count_over_time(up[{{window}}])) > bool 0",
        ],
        None,
    )
    .readings;
    assert_eq!(readings[0], Reading::Value(42.0));
    assert_eq!(readings[1], Reading::Value(1.0), "it does not scrape itself");
    assert!(
        matches!(&readings[2], Reading::NoData | Reading::Error(_)),
        "{:?}",
        readings[2]
    );
    assert_eq!(readings[3], Reading::NoData);
    assert_eq!(
        readings[4],
        Reading::Share {
            part: 0.0,
            whole: 1.0
        }
    );
    match &readings[5] {
        Reading::Error(told) => assert!(told.contains("parse error"), "{told}"),
        other => panic!("{other:?}"),
    }
    match &readings[6] {
        Reading::Error(told) => assert!(told.contains("series"), "{told}"),
        other => panic!("{other:?}"),
    }
    assert_eq!(readings[7], Reading::Value(1.0), "the window was filled in");
}

#[test]
fn its_metrics_page_is_scraped() {
    let Some(url) = server() else { return };
    let config = json!({ "url": format!("{url}/metrics") });
    let queries = [
        "value prometheus_build_info",
        "increase prometheus_http_requests_total{handler=\"/metrics\"}",
        "share prometheus_http_requests_total{code=\"777\"} / prometheus_http_requests_total{handler=\"/metrics\"}",
        "quantile 0.95 prometheus_http_request_duration_seconds{handler=\"/metrics\"}",
        "value no_such_metric_4711",
    ];
    let first = sample("scrape", &config, &queries, None);
    assert_eq!(first.readings[0], Reading::Value(1.0));
    assert_eq!(first.readings[1], Reading::NoData, "nothing to compare with yet");
    std::thread::sleep(std::time::Duration::from_millis(50));
    let second = sample("scrape", &config, &queries, first.memory.as_deref());
    // The first scrape itself is counted by the second one; others may scrape meanwhile.
    match second.readings[1] {
        Reading::Value(rise) => assert!(rise >= 1.0, "{rise}"),
        ref other => panic!("{other:?}"),
    }
    assert!(
        matches!(second.readings[2], Reading::Share { part: 0.0, whole } if whole >= 1.0),
        "{:?}",
        second.readings[2]
    );
    match second.readings[3] {
        Reading::Value(seconds) => assert!((0.0..10.0).contains(&seconds), "{seconds}"),
        ref other => panic!("{other:?}"),
    }
    assert_eq!(second.readings[4], Reading::NoData);
}

#[test]
fn a_release_is_watched_by_it_and_rolled_back_on_a_breach() {
    let Some(url) = server() else { return };
    let scratch = Scratch::new();
    let process = |query: &str| {
        json!({
            "project": { "name": "scratch" },
            "environments": { "prod": {
                "target": { "plugin": "probe", "config": { "root": scratch.folder().join("prod") } },
                "first-deploy": "allow",
                "health": { "timeout": "1s", "interval": "10ms" },
                "watch": { "duration": "400ms", "interval": "100ms", "rules": {
                    "errors": { "source": "prometheus", "query": query, "above": 0.5, "failures": 1, "action": "rollback" },
                } },
            } },
            "metrics": { "prometheus": { "plugin": "prometheus", "config": { "url": url } } },
            "release": { "environments": ["prod"] },
        })
    };
    let run = |query: &str| {
        let session = begin(&scratch.setup(), &process(query), release(), &Seen::default());
        (session.drive().expect("ends"), session.state())
    };
    let (end, state) = run("0 * max(up)");
    assert_eq!(end, End::Released, "{:?}", state.end);
    match state.status(&StepId::from("prod/watch")) {
        Status::Done(Output::Watched(report)) => assert!(!report.samples.is_empty()),
        other => panic!("{other:?}"),
    }
    scratch.git(&["commit", "--quiet", "--allow-empty", "--message", "feat: a bug"]);
    let (end, state) = run("max(up)");
    assert_eq!(end, End::RolledBack, "{:?}", state.end);
    let version = std::fs::read_to_string(scratch.folder().join("prod/version")).expect("deployed");
    assert_eq!(version, "0.1.0");
}
