//! The contract of `/metrics`: starts the real process on a free port, visits it, and reads what it tells.
//!
//! Dashboards and the watch of a release rely on these names, types and labels.

mod exposition;

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use exposition::{Family, Sample};

/// A running shop, with a data folder of its own; both end with it.
struct Running {
    process: Child,
    address: String,
    data_dir: PathBuf,
}

impl Running {
    fn start(test: &str) -> Self {
        let data_dir = std::env::temp_dir().join(format!("shop-contract-{test}-{}", std::process::id()));
        let mut process = Command::new(env!("CARGO_BIN_EXE_shop"))
            .env("PORT", "0")
            .env("APP_VERSION", "1.2.3")
            .env("APP_ENV", "test")
            .env("DATA_DIR", &data_dir)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(process.stdout.take().unwrap())
            .read_line(&mut line)
            .unwrap();
        let address = line
            .trim()
            .strip_prefix("listening on http://")
            .unwrap()
            .to_owned();
        Self {
            process,
            address,
            data_dir,
        }
    }

    /// Makes one request; returns the whole answer.
    fn ask(&self, method: &str, path: &str, body: &str) -> String {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        let length = body.len();
        write!(
            stream,
            "{method} {path} HTTP/1.1\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n{body}"
        )
        .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    }

    fn metrics(&self) -> BTreeMap<String, Family> {
        let answer = self.ask("GET", "/metrics", "");
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        assert!(head.starts_with("HTTP/1.1 200 OK"), "{head}");
        assert!(head.contains("content-type: text/plain; version=0.0.4"), "{head}");
        exposition::parse(body).unwrap_or_else(|why| panic!("{why}\n{body}"))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
        let _ = std::fs::remove_dir_all(&self.data_dir);
    }
}

/// The value of the series with exactly these labels.
fn value(family: &Family, labels: &[(&str, &str)]) -> Option<f64> {
    let labels = labels
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect();
    family
        .samples
        .iter()
        .find(|sample| sample.labels == labels)
        .map(|sample| sample.value)
}

#[test]
fn families_have_their_names_types_and_help() {
    let families = Running::start("families").metrics();
    let told: Vec<_> = families
        .iter()
        .map(|(name, family)| (name.as_str(), family.kind.as_str()))
        .collect();
    let expected = [
        ("http_request_duration_seconds", "histogram"),
        ("http_requests_total", "counter"),
        ("process_start_time_seconds", "gauge"),
        ("shop_build_info", "gauge"),
        ("shop_orders_total", "counter"),
    ];
    assert_eq!(told, expected);
    assert!(families.values().all(|family| family.help.ends_with('.')));
}

#[test]
fn requests_are_counted_with_path_method_and_status() {
    let shop = Running::start("requests");
    shop.ask("GET", "/", "");
    shop.ask("POST", "/checkout", "item=tea");
    shop.ask("POST", "/checkout", "item=samovar");
    shop.ask("GET", "/no/such/page", "");
    let families = shop.metrics();
    let requests = &families["http_requests_total"];
    for sample in &requests.samples {
        assert_eq!(sample.label_names(), ["method", "path", "status"]);
    }
    for (path, method, status) in [
        ("/", "GET", "200"),
        ("/checkout", "POST", "201"),
        ("/checkout", "POST", "422"),
        ("other", "GET", "404"),
    ] {
        let labels = [("path", path), ("method", method), ("status", status)];
        assert_eq!(value(requests, &labels), Some(1.0), "{labels:?}");
    }
    assert_eq!(value(&families["shop_orders_total"], &[]), Some(1.0));
}

#[test]
fn durations_are_a_histogram_for_each_path() {
    let shop = Running::start("durations");
    shop.ask("GET", "/", "");
    shop.ask("GET", "/", "");
    let families = shop.metrics();
    let of = |suffix: &str| -> Vec<&Sample> {
        let name = format!("http_request_duration_seconds{suffix}");
        let all = &families["http_request_duration_seconds"].samples;
        all.iter()
            .filter(|sample| sample.name == name && sample.labels["path"] == "/")
            .collect()
    };
    let buckets = of("_bucket");
    assert!(
        buckets
            .iter()
            .all(|bucket| bucket.label_names() == ["le", "path"])
    );
    let bounds: Vec<f64> = buckets
        .iter()
        .map(|bucket| bucket.labels["le"].parse().unwrap())
        .collect();
    assert!(
        bounds.is_sorted() && bounds.last() == Some(&f64::INFINITY),
        "{bounds:?}"
    );
    assert!(
        bounds.contains(&0.2) && bounds.contains(&0.5),
        "a release is judged at 200 and 500 ms"
    );
    assert!(
        buckets.is_sorted_by_key(|bucket| bucket.value),
        "buckets hold all that is below them"
    );
    let (sum, count) = (of("_sum")[0].value, of("_count")[0].value);
    assert_eq!((count, buckets[buckets.len() - 1].value), (2.0, 2.0));
    assert!(sum > 0.0 && sum < 2.0, "{sum}");
}

#[test]
fn the_process_tells_its_version_and_its_start() {
    let families = Running::start("build").metrics();
    let labels = [("version", "1.2.3"), ("environment", "test")];
    assert_eq!(value(&families["shop_build_info"], &labels), Some(1.0));
    let now = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap()
        .as_secs_f64();
    let start = value(&families["process_start_time_seconds"], &[]).unwrap();
    assert!(
        (0.0..60.0).contains(&(now - start)),
        "{start} is not just before {now}"
    );
}
