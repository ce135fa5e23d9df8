//! The words for what a schema allows and what a value is.

use serde_json::{Map, Value};

/// The words of an enum, however schemars wrote it.
pub(super) fn words(node: &Map<String, Value>) -> Vec<String> {
    let alternatives = ["oneOf", "anyOf"]
        .iter()
        .find_map(|key| node.get(*key)?.as_array());
    let mut words = Vec::new();
    for alternative in alternatives.into_iter().flatten() {
        match (alternative.get("const"), alternative.get("enum")) {
            (Some(word), _) => words.extend(word.as_str().map(str::to_owned)),
            (None, Some(some)) => words.extend(texts(some)),
            (None, None) => return Vec::new(),
        }
    }
    words
}

/// For alternatives that are told apart by their one key, as the source of a secret is.
pub(super) fn one_of_message(node: &Map<String, Value>, otherwise: &str) -> String {
    let alternatives = node.get("oneOf").and_then(Value::as_array);
    let keys: Option<Vec<String>> = alternatives.into_iter().flatten().map(only_key).collect();
    match keys {
        Some(keys) if !keys.is_empty() => {
            let keys: Vec<_> = keys.iter().map(|key| format!("`{key}`")).collect();
            format!("it must have exactly one of {}", keys.join(", "))
        }
        _ => otherwise.to_owned(),
    }
}

fn only_key(schema: &Value) -> Option<String> {
    match schema.get("required")?.as_array()?.as_slice() {
        [key] => key.as_str().map(str::to_owned),
        _ => None,
    }
}

pub(super) fn names<'a>(node: &'a Map<String, Value>, keyword: &str) -> Vec<&'a str> {
    let known = node.get(keyword).and_then(Value::as_object);
    known
        .into_iter()
        .flat_map(|known| known.keys().map(String::as_str))
        .collect()
}

pub(super) fn texts(options: &Value) -> Vec<String> {
    let options = options.as_array().into_iter().flatten();
    options
        .map(|option| option.as_str().map_or_else(|| option.to_string(), str::to_owned))
        .collect()
}

pub(super) fn description(node: &Map<String, Value>) -> String {
    let text = node
        .get("description")
        .and_then(Value::as_str)
        .unwrap_or_default();
    text.split_whitespace()
        .collect::<Vec<_>>()
        .join(" ")
        .trim_end_matches('.')
        .to_owned()
}

pub(super) fn example(node: &Map<String, Value>) -> String {
    let text = description(node);
    if text.contains('`') {
        text
    } else {
        format!("{text}; e.g. `500ms`, `30s`, `2m`, `1h30m`")
    }
}

pub(super) fn wanted(node: &Map<String, Value>) -> String {
    match node.get("type") {
        Some(Value::String(name)) => type_word(name).to_owned(),
        Some(Value::Array(types)) => {
            let words: Vec<_> = types.iter().filter_map(Value::as_str).map(type_word).collect();
            words.join(" or ")
        }
        _ => "something else".to_owned(),
    }
}

fn type_word(name: &str) -> &'static str {
    match name {
        "string" => "text",
        "integer" => "a whole number",
        "number" => "a number",
        "boolean" => "true or false",
        "array" => "a list",
        "object" => "a table",
        _ => "nothing",
    }
}

pub(super) fn kind_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "nothing",
        Value::Bool(_) => "true or false",
        Value::Number(number) if number.is_f64() => "a number",
        Value::Number(_) => "a whole number",
        Value::String(_) => "text",
        Value::Array(_) => "a list",
        Value::Object(_) => "a table",
    }
}

/// A value for a message: as it is when short.
pub(super) fn shown(value: &Value) -> String {
    match value {
        Value::Object(_) => "this".to_owned(),
        Value::String(text) => format!("`{text}`"),
        other => {
            let text = other.to_string();
            let short: String = text.chars().take(40).collect();
            let more = if short.len() < text.len() { "..." } else { "" };
            format!("`{short}{more}`")
        }
    }
}
