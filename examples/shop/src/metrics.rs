//! The metrics of the process, in the text format 0.0.4 of Prometheus.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// The media type of the text format.
pub const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// The upper bounds of the histogram's buckets, in seconds; the ones a release is judged by are among them.
const BUCKETS: [f64; 10] = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.5, 1.0, 2.5];

/// The counters of one process, from its start.
pub struct Metrics {
    version: String,
    environment: String,
    started: f64,
    series: Mutex<Series>,
}

#[derive(Default)]
struct Series {
    requests: BTreeMap<(&'static str, &'static str, u16), u64>,
    durations: BTreeMap<&'static str, Histogram>,
    orders: u64,
}

#[derive(Default)]
struct Histogram {
    /// How many were in each bucket and in no lower one; the last is for what no bound holds.
    counts: [u64; BUCKETS.len() + 1],
    sum: f64,
}

impl Metrics {
    /// Starts at zero; the version and the environment become labels of `shop_build_info`.
    pub fn new(version: &str, environment: &str) -> Self {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Self {
            version: version.to_owned(),
            environment: environment.to_owned(),
            started: now.as_secs_f64(),
            series: Mutex::default(),
        }
    }

    /// Counts one answered request. `path` and `method` are of a fixed set, whatever clients send.
    pub fn request(&self, path: &'static str, method: &'static str, status: u16, took: Duration) {
        let mut series = self.series.lock().unwrap_or_else(PoisonError::into_inner);
        *series.requests.entry((path, method, status)).or_default() += 1;
        series
            .durations
            .entry(path)
            .or_default()
            .observe(took.as_secs_f64());
    }

    /// Counts one order.
    pub fn order(&self) {
        self.series.lock().unwrap_or_else(PoisonError::into_inner).orders += 1;
    }

    /// Renders everything as Prometheus reads it.
    pub fn render(&self) -> String {
        let mut out = String::new();
        self.write(&mut out).expect("a string takes all that is written");
        out
    }

    fn write(&self, out: &mut String) -> std::fmt::Result {
        let series = self.series.lock().unwrap_or_else(PoisonError::into_inner);

        family(out, "http_requests_total", "counter", "Requests answered.")?;
        for ((path, method, status), count) in &series.requests {
            let labels = format!("path=\"{path}\",method=\"{method}\",status=\"{status}\"");
            writeln!(out, "http_requests_total{{{labels}}} {count}")?;
        }
        family(
            out,
            "http_request_duration_seconds",
            "histogram",
            "Time to answer a request, in seconds.",
        )?;
        for (path, histogram) in &series.durations {
            histogram.write(out, path)?;
        }
        family(out, "shop_orders_total", "counter", "Orders placed.")?;
        writeln!(out, "shop_orders_total {}", series.orders)?;
        family(
            out,
            "shop_build_info",
            "gauge",
            "The version that runs here; always 1.",
        )?;
        let (version, environment) = (escaped(&self.version), escaped(&self.environment));
        writeln!(
            out,
            "shop_build_info{{version=\"{version}\",environment=\"{environment}\"}} 1"
        )?;
        family(
            out,
            "process_start_time_seconds",
            "gauge",
            "Start of the process, in seconds since 1970.",
        )?;
        writeln!(out, "process_start_time_seconds {:.3}", self.started)
    }
}

impl Histogram {
    fn observe(&mut self, seconds: f64) {
        let bucket = BUCKETS
            .iter()
            .position(|bound| seconds <= *bound)
            .unwrap_or(BUCKETS.len());
        self.counts[bucket] += 1;
        self.sum += seconds;
    }

    /// Writes the buckets, each with all that is below it, as the format wants.
    fn write(&self, out: &mut String, path: &str) -> std::fmt::Result {
        let name = "http_request_duration_seconds";
        let mut total = 0;
        for (bound, count) in BUCKETS
            .iter()
            .map(f64::to_string)
            .chain(["+Inf".to_owned()])
            .zip(self.counts)
        {
            total += count;
            writeln!(out, "{name}_bucket{{path=\"{path}\",le=\"{bound}\"}} {total}")?;
        }
        writeln!(out, "{name}_sum{{path=\"{path}\"}} {}", self.sum)?;
        writeln!(out, "{name}_count{{path=\"{path}\"}} {total}")
    }
}

fn family(out: &mut String, name: &str, kind: &str, help: &str) -> std::fmt::Result {
    writeln!(out, "# HELP {name} {help}\n# TYPE {name} {kind}")
}

/// Escapes the value of a label.
fn escaped(value: &str) -> String {
    value
        .replace('\\', "\\\\")
        .replace('"', "\\\"")
        .replace('\n', "\\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line<'a>(text: &'a str, start: &str) -> &'a str {
        text.lines()
            .find(|line| line.starts_with(start))
            .unwrap_or_else(|| panic!("no {start} in\n{text}"))
    }

    #[test]
    fn requests_are_counted_by_path_method_and_status() {
        let metrics = Metrics::new("1.0.0", "prod");
        metrics.request("/", "GET", 200, Duration::from_millis(3));
        metrics.request("/", "GET", 200, Duration::from_millis(3));
        metrics.request("/checkout", "POST", 500, Duration::from_millis(3));
        let text = metrics.render();
        assert!(
            text.contains("http_requests_total{path=\"/\",method=\"GET\",status=\"200\"} 2\n"),
            "{text}"
        );
        assert!(text.contains("http_requests_total{path=\"/checkout\",method=\"POST\",status=\"500\"} 1\n"));
    }

    #[test]
    fn buckets_hold_all_that_is_below_them() {
        let metrics = Metrics::new("1.0.0", "prod");
        for millis in [1, 30, 200, 9000] {
            metrics.request("/", "GET", 200, Duration::from_millis(millis));
        }
        let text = metrics.render();
        let bucket = |le: &str| {
            let start = format!("http_request_duration_seconds_bucket{{path=\"/\",le=\"{le}\"}} ");
            line(&text, &start)[start.len()..].to_owned()
        };
        assert_eq!(
            ["0.001", "0.025", "0.05", "0.2", "2.5", "+Inf"].map(bucket),
            ["1", "1", "2", "3", "3", "4"]
        );
        assert_eq!(
            line(&text, "http_request_duration_seconds_sum"),
            "http_request_duration_seconds_sum{path=\"/\"} 9.231"
        );
        assert!(line(&text, "http_request_duration_seconds_count").ends_with(" 4"));
    }

    #[test]
    fn orders_and_the_start_are_told() {
        let metrics = Metrics::new("1.0.0", "prod");
        metrics.order();
        let text = metrics.render();
        assert_eq!(line(&text, "shop_orders_total"), "shop_orders_total 1");
        let start: f64 = line(&text, "process_start_time_seconds ")[27..].parse().unwrap();
        assert!(start > 1_700_000_000.0, "{start}");
    }

    #[test]
    fn a_strange_version_does_not_break_the_format() {
        let text = Metrics::new("a\"b\\c\nd", "dev").render();
        assert!(line(&text, "shop_build_info").starts_with(r#"shop_build_info{version="a\"b\\c\nd","#));
    }

    #[test]
    fn every_family_is_described_once() {
        let text = Metrics::new("1.0.0", "prod").render();
        for kind in ["# HELP ", "# TYPE "] {
            assert_eq!(text.matches(kind).count(), 5, "{text}");
        }
    }
}
