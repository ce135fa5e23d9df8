use runner_sdk::Nature;
use runner_sdk::metrics::Reading;
use runner_sdk::testing::{START, ScriptedHost, context};
use serde_json::json;

use super::*;

const PAGE: &str = "http://127.0.0.1:8080/metrics";

fn queries(expressions: &[&str], window_ms: u64) -> Vec<Query> {
    let query = |expression: &&str| Query {
        name: (*expression).to_owned(),
        expression: (*expression).to_owned(),
        window_ms,
    };
    expressions.iter().map(query).collect()
}

/// Samples one page after another, 15 seconds apart, with a window of a minute.
fn watch(expressions: &[&str], pages: &[&str]) -> Vec<Snapshot> {
    let queries = queries(expressions, 60_000);
    let context: Context<Config> =
        context(json!({})).with_environment("prod", Some("http://127.0.0.1:8080/"));
    let mut memory = None;
    let mut snapshots = Vec::new();
    for (index, page) in pages.iter().enumerate() {
        let host = ScriptedHost::new();
        Host::sleep(&host, 15_000 * index as u64);
        let host = match *page {
            "down" => host.get(PAGE).fails(Error::transient("connection refused")),
            page => host.get(PAGE).with_nature(Nature::Read).answers(200, page),
        };
        let snapshot = ScrapeMetrics::sample(&host, &context, &queries, memory.as_deref()).unwrap();
        memory.clone_from(&snapshot.memory);
        snapshots.push(snapshot);
    }
    snapshots
}

/// The readings of the last page.
fn last(expressions: &[&str], pages: &[&str]) -> Vec<Result<Reading, Error>> {
    watch(expressions, pages).pop().unwrap().readings
}

fn one(expression: &str, pages: &[&str]) -> Reading {
    last(&[expression], pages).pop().unwrap().unwrap()
}

#[test]
fn a_value_needs_no_earlier_scrape() {
    let page = "lag{topic=\"a\"} 3\nlag{topic=\"b\"} 4\nlagging 100\nodd NaN\n";
    assert_eq!(one("value lag", &[page]), Reading::Value(7.0));
    assert_eq!(one("value lag{topic=\"b\"}", &[page]), Reading::Value(4.0));
    assert_eq!(one("value gone", &[page]), Reading::NoData);
    assert_eq!(one("value odd", &[page]), Reading::NoData);
    assert_eq!(watch(&["value lag"], &[page])[0].at, START);
}

#[test]
fn the_first_scrape_only_primes() {
    let page = "n 100\n";
    for query in ["rate n", "increase n", "share n / n", "quantile 0.5 n"] {
        assert_eq!(one(query, &[page]), Reading::NoData, "{query}");
    }
    assert_eq!(one("increase n", &[page, "n 130"]), Reading::Value(30.0));
    assert_eq!(one("rate n", &[page, "n 130"]), Reading::Value(2.0));
}

#[test]
fn a_counter_that_falls_was_started_again() {
    assert_eq!(
        one("increase n", &["n 100", "n 110", "n 4", "n 6"]),
        Reading::Value(16.0)
    );
}

#[test]
fn the_first_error_counts_from_zero() {
    let share = r#"share http_requests_total{status=~"5.."} / http_requests_total"#;
    let (before, after) = (
        "http_requests_total{status=\"200\"} 1000\n",
        "http_requests_total{status=\"200\"} 1098\nhttp_requests_total{status=\"500\"} 2\n",
    );
    assert_eq!(one(share, &[before, after]), Reading::Share((2.0, 100.0)));
    // No error yet is none of a hundred, not unknown.
    assert_eq!(
        one(share, &[before, "http_requests_total{status=\"200\"} 1100"]),
        Reading::Share((0.0, 100.0))
    );
    // No traffic says nothing about errors.
    assert_eq!(one(share, &[before, before]), Reading::NoData);
    assert_eq!(
        one("rate http_requests_total{status=\"500\"}", &[before, before]),
        Reading::NoData
    );
}

#[test]
fn a_window_forgets() {
    let pages: Vec<String> = [0, 1000, 1010, 1020, 1030, 1040, 1050]
        .iter()
        .map(|n| format!("n {n}\nother 1"))
        .collect();
    let pages: Vec<&str> = pages.iter().map(String::as_str).collect();
    assert_eq!(one("increase n", &pages[..5]), Reading::Value(1030.0));
    assert_eq!(one("increase n", &pages[..6]), Reading::Value(40.0));
    let memory = watch(&["increase n"], &pages).pop().unwrap().memory.unwrap();
    insta::assert_snapshot!(memory, @r#"[{"at":1767225630000,"series":["n 1010"]},{"at":1767225645000,"series":["n 1020"]},{"at":1767225660000,"series":["n 1030"]},{"at":1767225675000,"series":["n 1040"]},{"at":1767225690000,"series":["n 1050"]}]"#);
}

#[test]
fn a_quantile_is_of_the_window() {
    let page = |low: u32, high: u32, all: u32| {
        format!(
            "d_bucket{{le=\"0.25\"}} {low}\nd_bucket{{le=\"0.5\"}} {high}\nd_bucket{{le=\"+Inf\"}} {all}\nd_count {all}\n"
        )
    };
    let (before, after) = (page(1000, 1000, 1000), page(1050, 1100, 1100));
    let pages = [before.as_str(), after.as_str()];
    assert_eq!(one("quantile 0.5 d", &pages), Reading::Value(0.25));
    assert_eq!(one("quantile 0.75 d_bucket", &pages), Reading::Value(0.375));
    assert_eq!(one("quantile 0.5 d", &[&before, &before]), Reading::NoData);
}

#[test]
fn a_source_that_is_down_is_an_error_and_forgets_nothing() {
    let snapshots = watch(&["increase n", "what n"], &["n 1", "down", "n 5"]);
    let down = &snapshots[1];
    insta::assert_debug_snapshot!(down.readings, @r#"
    [
        Err(
            Error::Transient(
                Retry {
                    message: "reading `http://127.0.0.1:8080/metrics`: connection refused",
                    after-ms: None,
                },
            ),
        ),
        Err(
            Error::InvalidConfig(
                "`what n` is no query: there are `value SERIES`, `increase SERIES`, `rate SERIES`, `share SERIES / SERIES` and `quantile 0.95 HISTOGRAM`",
            ),
        ),
    ]
    "#);
    assert_eq!(down.memory, snapshots[0].memory);
    assert_eq!(snapshots[2].readings[0], Ok(Reading::Value(4.0)));
}

#[test]
fn what_is_no_page_of_metrics_is_an_error() {
    let url = "https://x.example/m";
    let read = |host: ScriptedHost| {
        let context = context::<Config>(json!({"url": url, "timeout": "2s"}));
        let mut snapshot = ScrapeMetrics::sample(&host, &context, &queries(&["value n"], 1), None).unwrap();
        snapshot.readings.remove(0).unwrap_err().message().to_owned()
    };
    let asked = || ScriptedHost::new().get(url).with("timeout-ms", "2000");
    insta::assert_snapshot!(read(asked().answers(404, "no such page")), @"reading `https://x.example/m`: answered 404: no such page");
    insta::assert_snapshot!(read(asked().answers(200, "<!doctype html>")), @"reading `https://x.example/m`: line 1 is no metric: it starts with no name: `<!doctype html>`");
    insta::assert_snapshot!(read(asked().answers(200, "n 1").truncated()), @"reading `https://x.example/m`: the page is longer than 16777216 bytes");
    assert!(
        read(asked().answers(200, [b'n', 0xff])).starts_with("reading `https://x.example/m`: invalid utf-8")
    );
}

#[test]
fn a_denial_is_told_as_one() {
    let host = ScriptedHost::new()
        .get(PAGE)
        .fails(Error::Denied("add a line".into()));
    let context: Context<Config> = context(json!({})).with_environment("prod", Some("http://127.0.0.1:8080"));
    assert!(matches!(
        ScrapeMetrics::sample(&host, &context, &[], None),
        Err(Error::Denied(_))
    ));
}

#[test]
fn somewhere_there_must_be_metrics() {
    let context = context::<Config>(json!({})).with_environment("prod", None);
    let error = ScrapeMetrics::sample(&ScriptedHost::new(), &context, &[], None).unwrap_err();
    insta::assert_snapshot!(error.message(), @"there is no `url`, and the environment has none either: say where the metrics are");
}
