//! Texts without what differs from run to run: ids, times, durations, digests, ports, places.

use std::sync::LazyLock;

use regex_lite::Regex;

macro_rules! pattern {
    ($name:ident, $text:literal) => {
        static $name: LazyLock<Regex> = LazyLock::new(|| Regex::new($text).expect("a pattern of ours"));
    };
}

pattern!(RUN, r"r-\d{8}-\d{6}-[0-9a-f]{4}");
pattern!(
    INSTANT,
    r"\d{4}-\d\d-\d\d[T ]\d\d[:-]?\d\d([:-]?\d\d(\.\d+)?)?Z?|\d{8}T\d{6}Z?"
);
pattern!(CLOCK, r"\b\d\d:\d\d(:\d\d(\.\d+)?)?\b");
pattern!(EPOCH, r"\b1[6-9]\d{11}\b|\b1[6-9]\d{8}\b");
pattern!(
    SPAN,
    r"\b\d+(\.\d+)? ?(ms|s|min|h)\b( \d+(\.\d+)? ?(ms|s|min)\b)*"
);
// The first two digits of a digest are a folder of the store's.
pattern!(SHELF, r"\bsha256(/|&#x2f;)[0-9a-f]{2}(/|&#x2f;)");
pattern!(HEX, r"\b[0-9a-f]{40,64}\b|\b[0-9a-f]{7,12}\b");
// Seconds that a request took, below the threshold of the demo's rule.
pattern!(QUICK, r"\b0\.[01]\d+\b");
pattern!(PROCESS, r"\bpid \d+");

/// Makes texts comparable.
#[derive(Clone, Debug)]
pub struct Plain {
    places: Vec<(String, &'static str)>,
    passing: Vec<&'static str>,
}

impl Plain {
    /// With names for places, ports and the like that differ.
    pub fn new(places: Vec<(String, &'static str)>) -> Self {
        Self {
            places,
            passing: Vec::new(),
        }
    }

    /// And without the lines that have this in them: they depend on when somebody looked.
    #[must_use]
    pub fn without_lines(mut self, word: &'static str) -> Self {
        self.passing.push(word);
        self
    }

    /// The text without the ids of runs and moments in time, and with all else.
    pub fn timeless(text: &str) -> String {
        INSTANT
            .replace_all(&RUN.replace_all(text, "RUN"), "INSTANT")
            .into_owned()
    }

    /// The text without what differs.
    pub fn text(&self, text: &str) -> String {
        let mut text = match self.passing.as_slice() {
            [] => text.to_owned(),
            passing => text
                .split_inclusive('\n')
                .filter(|line| !passing.iter().any(|word| line.contains(word)))
                .collect(),
        };
        for (place, name) in &self.places {
            text = text.replace(place, name);
        }
        for (pattern, name) in [
            (&RUN, "RUN"),
            (&INSTANT, "INSTANT"),
            (&CLOCK, "CLOCK"),
            (&EPOCH, "EPOCH"),
            (&SPAN, "SPAN"),
            (&SHELF, "SHELF/"),
            (&HEX, "HEX"),
            (&QUICK, "QUICK"),
            (&PROCESS, "PID"),
        ] {
            text = pattern.replace_all(&text, name).into_owned();
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_differs_is_named_and_the_rest_stays() {
        let places = vec![("/tmp/x".to_owned(), "SCRATCH"), ("21001".to_owned(), "PROD")];
        let plain = Plain::new(places).without_lines("web:80");
        for (text, expected) in [
            ("run r-20260315-100000-3f2a of v0.2.0", "run RUN of v0.2.0"),
            ("2026-03-15T10:00:00.123Z ok", "INSTANT ok"),
            ("took 1.2 s, 300 ms", "took SPAN, SPAN"),
            (
                "http://127.0.0.1:21001/health in /tmp/x/shop",
                "http://127.0.0.1:PROD/health in SCRATCH/shop",
            ),
            (
                "p95 0.0044 and 0.00095, over at 0.2",
                "p95 QUICK and QUICK, over at 0.2",
            ),
            ("commit 1234567 of 5 tests", "commit HEX of 5 tests"),
            ("at 1772700000123", "at EPOCH"),
            ("0.2.0-0123456789ab", "0.2.0-HEX"),
            ("kept as sha256/a6/0123456789ab", "kept as SHELF/HEX"),
            ("one\n| web:8003 |\ntwo\n", "one\ntwo\n"),
        ] {
            assert_eq!(plain.text(text), expected);
        }
    }
}
