//! A strict reader of the text format 0.0.4: what it refuses, Prometheus may refuse.

use std::collections::BTreeMap;

/// One family of metrics.
#[derive(Debug, Default)]
pub(crate) struct Family {
    pub(crate) kind: String,
    pub(crate) help: String,
    pub(crate) samples: Vec<Sample>,
}

/// One line with a value.
#[derive(Debug)]
pub(crate) struct Sample {
    pub(crate) name: String,
    pub(crate) labels: BTreeMap<String, String>,
    pub(crate) value: f64,
}

impl Sample {
    /// The names of the labels, in alphabetical order.
    pub(crate) fn label_names(&self) -> Vec<&str> {
        self.labels.keys().map(String::as_str).collect()
    }
}

/// Reads a whole page; an error names the line.
pub(crate) fn parse(text: &str) -> Result<BTreeMap<String, Family>, String> {
    if !text.ends_with('\n') {
        return Err("the last line has no end".into());
    }
    let mut families = BTreeMap::<String, Family>::new();
    let mut current = String::new();
    for line in text.lines() {
        let wrong = |why: &str| format!("{why}: `{line}`");
        if let Some(rest) = line.strip_prefix("# HELP ") {
            let (name, help) = rest
                .split_once(' ')
                .ok_or_else(|| wrong("a help without words"))?;
            let family = Family {
                help: help.into(),
                ..Family::default()
            };
            if families.insert(name.into(), family).is_some() {
                return Err(wrong("a second help"));
            }
            current = name.into();
        } else if let Some(rest) = line.strip_prefix("# TYPE ") {
            let (name, kind) = rest.split_once(' ').ok_or_else(|| wrong("no type"))?;
            let family = families
                .get_mut(name)
                .filter(|_| name == current)
                .ok_or_else(|| wrong("no help before"))?;
            family.kind = kind.into();
        } else {
            let sample = sample(line).ok_or_else(|| wrong("not a sample"))?;
            let family = families
                .get_mut(&current)
                .ok_or_else(|| wrong("no family before"))?;
            let suffix = sample
                .name
                .strip_prefix(&current)
                .ok_or_else(|| wrong("of another family"))?;
            let known = match family.kind.as_str() {
                "histogram" => matches!(suffix, "_bucket" | "_sum" | "_count"),
                "counter" | "gauge" => suffix.is_empty(),
                _ => false,
            };
            if !known {
                return Err(wrong("not a sample of its type"));
            }
            if family
                .samples
                .iter()
                .any(|other| other.name == sample.name && other.labels == sample.labels)
            {
                return Err(wrong("a second value of one series"));
            }
            family.samples.push(sample);
        }
    }
    Ok(families)
}

/// Reads `name{label="value",...} 1.5`.
fn sample(line: &str) -> Option<Sample> {
    let end = line.find(['{', ' '])?;
    let (name, mut rest) = line.split_at(end);
    let mut labels = BTreeMap::new();
    if let Some(mut inner) = rest.strip_prefix('{') {
        while !inner.starts_with('}') {
            let (label, after) = inner.split_once("=\"")?;
            let (value, after) = quoted(after)?;
            if !is_name(label) || labels.insert(label.to_owned(), value).is_some() {
                return None;
            }
            inner = after.strip_prefix(',').unwrap_or(after);
        }
        rest = &inner[1..];
    }
    let value = rest.strip_prefix(' ')?.parse().ok()?;
    is_name(name).then(|| Sample {
        name: name.to_owned(),
        labels,
        value,
    })
}

/// Reads up to the closing quote; returns the value and what is behind it.
fn quoted(text: &str) -> Option<(String, &str)> {
    let mut value = String::new();
    let mut chars = text.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => return Some((value, &text[at + 1..])),
            '\\' => value.push(match chars.next()?.1 {
                'n' => '\n',
                c @ ('"' | '\\') => c,
                _ => return None,
            }),
            c => value.push(c),
        }
    }
    None
}

fn is_name(text: &str) -> bool {
    let letter = |c: char| c.is_ascii_alphabetic() || c == '_';
    text.starts_with(letter) && text.chars().all(|c| letter(c) || c.is_ascii_digit())
}

#[test]
fn labels_and_values_are_read() {
    let families = parse("# HELP a Words.\n# TYPE a counter\na{x=\"1\\\"2\",y=\"\"} 4.5\n").unwrap();
    let sample = &families["a"].samples[0];
    assert_eq!((sample.labels["x"].as_str(), sample.value), ("1\"2", 4.5));
}

#[test]
fn what_is_not_the_format_is_refused() {
    let head = "# HELP a Words.\n# TYPE a counter\n";
    for line in [
        "a",
        "a x",
        "b 1",
        "a{x=1} 1",
        "a{x=\"1} 1",
        "a_sum 1",
        "a{x=\"1\",x=\"2\"} 1",
        "a 1\na 2",
        "",
    ] {
        assert!(
            parse(&format!("{head}{line}\n")).is_err(),
            "`{line}` was accepted"
        );
    }
    assert!(
        parse("a 1\n").is_err() && parse("# TYPE a counter\n").is_err() && parse(head.trim_end()).is_err()
    );
}
