//! The text format of metrics: prometheus.io, "Exposition formats", "Text-based format", version 0.0.4.

use std::collections::BTreeMap;
use std::fmt::{self, Write as _};

use runner_sdk::Error;

/// One series and its value.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Series {
    pub(crate) name: String,
    pub(crate) labels: BTreeMap<String, String>,
    pub(crate) value: f64,
}

impl Series {
    /// Whether both are the same series, at different times.
    pub(crate) fn is(&self, other: &Self) -> bool {
        self.name == other.name && self.labels == other.labels
    }
}

impl fmt::Display for Series {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)?;
        let mut before = '{';
        for (name, value) in &self.labels {
            write!(f, "{before}{name}=\"")?;
            for c in value.chars() {
                match c {
                    '\\' => f.write_str("\\\\")?,
                    '"' => f.write_str("\\\"")?,
                    '\n' => f.write_str("\\n")?,
                    c => f.write_char(c)?,
                }
            }
            f.write_char('"')?;
            before = ',';
        }
        if before == ',' {
            f.write_char('}')?;
        }
        write!(f, " {}", self.value)
    }
}

/// Reads a whole page. Comments (`# HELP`, `# TYPE`) tell nothing that a query needs; timestamps are of no use beside the
/// time of the scrape.
pub(crate) fn parse(text: &str) -> Result<Vec<Series>, Error> {
    let mut all = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let series = series(line).map_err(|why| {
            let start: String = line.chars().take(80).collect();
            Error::failed(format!("line {} is no metric: {why}: `{start}`", index + 1))
        })?;
        all.push(series);
    }
    Ok(all)
}

fn series(line: &str) -> Result<Series, &'static str> {
    let (name, rest) = name(line).ok_or("it starts with no name")?;
    let rest = rest.trim_start();
    let (labels, rest) = match rest.strip_prefix('{') {
        Some(inner) => labels(inner)?,
        None => (BTreeMap::new(), rest),
    };
    let mut words = rest.split_whitespace();
    let value = words.next().ok_or("it has no value")?;
    let value = value.parse().map_err(|_| "its value is no number")?;
    match words.next() {
        Some(timestamp) if timestamp.parse::<i64>().is_err() => return Err("its timestamp is none"),
        _ => {}
    }
    if words.next().is_some() {
        return Err("there is more than a value and a timestamp");
    }
    Ok(Series {
        name: name.to_owned(),
        labels,
        value,
    })
}

/// A name and what follows it.
pub(crate) fn name(text: &str) -> Option<(&str, &str)> {
    let end = text
        .find(|c: char| !(c.is_ascii_alphanumeric() || c == '_' || c == ':'))
        .unwrap_or(text.len());
    let (name, rest) = text.split_at(end);
    let first = name.chars().next()?;
    (!first.is_ascii_digit()).then_some((name, rest))
}

/// The labels after `{`, and what follows `}`.
fn labels(mut text: &str) -> Result<(BTreeMap<String, String>, &str), &'static str> {
    let mut labels = BTreeMap::new();
    loop {
        text = text.trim_start();
        if let Some(rest) = text.strip_prefix('}') {
            return Ok((labels, rest));
        }
        let (label, rest) = name(text).ok_or("a label has no name")?;
        let rest = rest
            .trim_start()
            .strip_prefix('=')
            .ok_or("a label has no value")?;
        let (value, rest) = quoted(rest.trim_start())?;
        labels.insert(label.to_owned(), value);
        let rest = rest.trim_start();
        text = match rest.strip_prefix(',') {
            Some(rest) => rest,
            None if rest.starts_with('}') => rest,
            None => return Err("there is neither `,` nor `}` after a label"),
        };
    }
}

/// A text in quotes, and what follows it. `\\`, `\"` and `\n` are escapes; before anything else a backslash is one.
pub(crate) fn quoted(text: &str) -> Result<(String, &str), &'static str> {
    let inner = text.strip_prefix('"').ok_or("a label's value is not in quotes")?;
    let mut value = String::new();
    let mut chars = inner.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => return Ok((value, &inner[at + 1..])),
            '\\' => match chars.next() {
                Some((_, 'n')) => value.push('\n'),
                Some((_, c @ ('\\' | '"'))) => value.push(c),
                Some((_, c)) => value.extend(['\\', c]),
                None => break,
            },
            c => value.push(c),
        }
    }
    Err("a quote is not closed")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_a_page() {
        let page = r#"
# HELP http_requests_total The "total", in \ and {braces}.
# TYPE http_requests_total counter
http_requests_total{method="post",code="200"} 1027 1395066363000
http_requests_total { method = "post" , code="400", }    3
  msdos_file_access_time_seconds{path="C:\\DIR\\FILE.TXT",error="Cannot find file:\n\"FILE.TXT\"",re="a\.b"} 1.458255915e9
metric_without_timestamp_and_labels 12.47
something_weird{problem="division by zero"} +Inf -3982045
not_a_number NaN
rpc:latency{le="+Inf",x="щ{}, "} -Inf
empty{} 0
"#;
        let all: Vec<_> = parse(page).unwrap().iter().map(ToString::to_string).collect();
        insta::assert_snapshot!(all.join("\n"), @r#"
        http_requests_total{code="200",method="post"} 1027
        http_requests_total{code="400",method="post"} 3
        msdos_file_access_time_seconds{error="Cannot find file:\n\"FILE.TXT\"",path="C:\\DIR\\FILE.TXT",re="a\\.b"} 1458255915
        metric_without_timestamp_and_labels 12.47
        something_weird{problem="division by zero"} inf
        not_a_number NaN
        rpc:latency{le="+Inf",x="щ{}, "} -inf
        empty 0
        "#);
    }

    #[test]
    fn what_it_writes_it_reads() {
        let series = Series {
            name: "a:b_c".into(),
            labels: [
                ("x".to_owned(), "\\\"\n,}{=щ\\n".to_owned()),
                ("y".to_owned(), String::new()),
            ]
            .into(),
            value: 0.1 + 0.2,
        };
        assert_eq!(parse(&series.to_string()).unwrap(), [series]);
    }

    #[test]
    fn a_page_that_is_none_is_an_error() {
        for text in [
            "<html>",
            "a",
            "a b",
            "1a 2",
            "a{b} 1",
            "a{b=c} 1",
            "a{b=\"c} 1",
            "a{b=\"c\" d=\"e\"} 1",
            "a{b=\"c\"",
            "a 1 2 3",
            "a 1 x",
            "{} 1",
        ] {
            assert!(parse(text).is_err(), "{text}");
        }
        insta::assert_snapshot!(parse("a 1\n\nb{c=\"d\"} one").unwrap_err().message(), @r#"line 3 is no metric: its value is no number: `b{c="d"} one`"#);
    }
}
