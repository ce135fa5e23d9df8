//! Which series are meant: `http_requests_total{path="/",status=~"5.."}`.

use regex_lite::Regex;
use runner_sdk::Error;

use crate::exposition::{Series, name, quoted};

/// A name, and what must hold of the labels.
#[derive(Clone, Debug)]
pub(crate) struct Selector {
    pub(crate) name: String,
    matchers: Vec<Matcher>,
}

#[derive(Clone, Debug)]
struct Matcher {
    label: String,
    wanted: Wanted,
    /// Whether the opposite is meant.
    not: bool,
}

#[derive(Clone, Debug)]
enum Wanted {
    Exactly(String),
    Like(Regex),
}

impl Selector {
    /// Reads one at the start of a text; returns what follows it.
    pub(crate) fn parse(text: &str) -> Result<(Self, &str), Error> {
        let bad = |why: &str| Error::InvalidConfig(format!("`{text}` names no series: {why}"));
        let (name, rest) = name(text.trim_start()).ok_or_else(|| bad("it starts with no name"))?;
        let mut selector = Self {
            name: name.to_owned(),
            matchers: Vec::new(),
        };
        let Some(mut rest) = rest.trim_start().strip_prefix('{') else {
            return Ok((selector, rest));
        };
        loop {
            rest = rest.trim_start();
            if let Some(rest) = rest.strip_prefix('}') {
                return Ok((selector, rest));
            }
            let (matcher, after) = matcher(rest).map_err(|why| bad(&why))?;
            selector.matchers.push(matcher);
            rest = after.trim_start();
            rest = match rest.strip_prefix(',') {
                Some(rest) => rest,
                None if rest.starts_with('}') => rest,
                None => return Err(bad("there is neither `,` nor `}` after a label")),
            };
        }
    }

    /// Whether it means this series. A label that is not there is empty.
    pub(crate) fn matches(&self, series: &Series) -> bool {
        self.name == series.name && self.matches_labels(series)
    }

    fn matches_labels(&self, series: &Series) -> bool {
        self.matchers.iter().all(|matcher| {
            let value = series.labels.get(&matcher.label).map_or("", String::as_str);
            let holds = match &matcher.wanted {
                Wanted::Exactly(text) => value == text,
                Wanted::Like(regex) => regex.is_match(value),
            };
            holds != matcher.not
        })
    }
}

fn matcher(text: &str) -> Result<(Matcher, &str), String> {
    let (label, rest) = name(text).ok_or("a label has no name")?;
    let rest = rest.trim_start();
    let operators = [
        ("=~", true, false),
        ("!~", true, true),
        ("!=", false, true),
        ("=", false, false),
    ];
    let found = operators
        .into_iter()
        .find_map(|(sign, like, not)| Some((rest.strip_prefix(sign)?, like, not)));
    let (rest, like, not) = found.ok_or("a label is followed by `=`, `!=`, `=~` or `!~`")?;
    let (value, rest) = quoted(rest.trim_start())?;
    let wanted = match like {
        false => Wanted::Exactly(value),
        // As in Prometheus, all of the value must match.
        true => Wanted::Like(Regex::new(&format!("^(?:{value})$")).map_err(|error| error.to_string())?),
    };
    let matcher = Matcher {
        label: label.to_owned(),
        wanted,
        not,
    };
    Ok((matcher, rest))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exposition::parse;

    fn matches(selector: &str, series: &str) -> bool {
        let (selector, rest) = Selector::parse(selector).unwrap();
        assert_eq!(rest, "");
        selector.matches(&parse(series).unwrap()[0])
    }

    #[test]
    fn matches_as_prometheus_does() {
        let series = r#"a{path="/x",status="500"} 1"#;
        for (selector, is) in [
            ("a", true),
            ("a{}", true),
            ("b", false),
            (r#"a{status="500"}"#, true),
            (r#"a{status="50"}"#, false),
            (r#"a{status!="200", path="/x",}"#, true),
            (r#"a { status =~ "5.." }"#, true),
            (r#"a{status=~"5."}"#, false),
            (r#"a{status=~"4..|5.."}"#, true),
            (r#"a{status!~"5.."}"#, false),
            (r#"a{gone=""}"#, true),
            (r#"a{gone!=""}"#, false),
            (r#"a{gone=~".*"}"#, true),
            (r#"a{path="/x",status="200"}"#, false),
        ] {
            assert_eq!(matches(selector, series), is, "{selector}");
        }
    }

    #[test]
    fn a_dot_in_a_pattern_can_be_a_dot() {
        assert!(matches(r#"a{v=~"1\.2"}"#, r#"a{v="1.2"} 1"#));
        assert!(!matches(r#"a{v=~"1\.2"}"#, r#"a{v="1x2"} 1"#));
    }

    #[test]
    fn says_what_is_wrong() {
        for text in [
            "",
            "{a=\"b\"}",
            "a{b}",
            "a{b=c}",
            "a{b=\"c\"",
            "a{b=\"c\" d=\"e\"}",
            "a{b=~\"(\"}",
            "a{b==\"c\"}",
        ] {
            assert!(
                matches!(Selector::parse(text), Err(Error::InvalidConfig(_))),
                "{text}"
            );
        }
        insta::assert_snapshot!(Selector::parse("a{b=~\"(\"}").unwrap_err().message(), @r#"`a{b=~"("}` names no series: found open group without closing ')'"#);
    }
}
