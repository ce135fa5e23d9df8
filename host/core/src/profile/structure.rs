//! The shape of a document against its JSON Schema, in words for people: everything that is wrong at once, each at its
//! line, with what is allowed there.

mod wording;

use std::sync::LazyLock;

use jsonschema::{ValidationError, error::ValidationErrorKind};
use schemars::{JsonSchema, generate::SchemaSettings};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::origin::{Provenance, dotted, entry};
use super::problem::{ProfileError, ProfileErrors, choices};
use crate::{duration::Duration, secret};
use wording::{description, example, kind_of, names, one_of_message, shown, texts, wanted, words};

/// The schema of a type, in one piece and without `null`, which TOML does not have.
pub(crate) fn schema_of<T: JsonSchema>() -> Value {
    let settings = SchemaSettings::draft2020_12().with(|settings| settings.inline_subschemas = true);
    let mut schema = settings.into_generator().into_root_schema_for::<T>().to_value();
    without_null(&mut schema);
    schema
}

/// Takes the alternative `null` out of a schema.
pub(super) fn without_null(schema: &mut Value) {
    match schema {
        Value::Array(parts) => parts.iter_mut().for_each(without_null),
        Value::Object(node) => {
            node.values_mut().for_each(without_null);
            if node.get("default") == Some(&Value::Null) {
                node.remove("default");
            }
            if let Some(Value::Array(types)) = node.get_mut("type") {
                types.retain(|name| name != "null");
                if let [only] = &types[..] {
                    let only = only.clone();
                    node.insert("type".to_owned(), only);
                }
            }
            if let Some(Value::Array(alternatives)) = node.get_mut("anyOf") {
                alternatives.retain(|schema| *schema != serde_json::json!({"type": "null"}));
                if let [Value::Object(only)] = &mut alternatives[..] {
                    let only = std::mem::take(only);
                    node.remove("anyOf");
                    // What is said beside it, e.g. a description, is nearer to the reader.
                    let beside = std::mem::replace(node, only);
                    node.extend(beside);
                }
            }
        }
        _ => {}
    }
}

/// Reads what [`check`] found nothing wrong with.
pub(crate) fn read<T: DeserializeOwned>(
    tree: &Value,
    base: &str,
    provenance: &Provenance,
) -> Result<T, ProfileErrors> {
    serde_path_to_error::deserialize(tree).map_err(|error| {
        let mut pointer = base.to_owned();
        for segment in error.path() {
            use serde_path_to_error::Segment;
            match segment {
                Segment::Map { key } => pointer = entry(&pointer, key),
                Segment::Seq { index } => pointer = entry(&pointer, &index.to_string()),
                Segment::Enum { .. } | Segment::Unknown => {}
            }
        }
        ProfileError {
            origin: provenance.get(&pointer).cloned(),
            path: dotted(&pointer),
            message: match tree.pointer(&pointer[base.len()..]) {
                Some(value) => format!("{} cannot be read: {}", shown(value), error.inner()),
                None => error.inner().to_string(),
            },
            hint: String::new(),
        }
        .into()
    })
}

/// Everything in `tree` that its schema does not allow. `base` is where in the document the tree is.
pub(crate) fn check(tree: &Value, schema: &Value, base: &str, provenance: &Provenance) -> Vec<ProfileError> {
    let validator = match jsonschema::draft202012::new(schema) {
        Ok(validator) => validator,
        Err(error) => {
            return vec![ProfileError {
                origin: provenance.get(base).cloned(),
                path: dotted(base),
                message: format!("the schema that this is checked against is not valid: {error}"),
                hint: "this is a mistake of the plugin".to_owned(),
            }];
        }
    };
    let place = Place { base, provenance };
    let mut found: Vec<(String, ProfileError)> = Vec::new();
    for error in validator.iter_errors(tree) {
        let node = schema_node(schema, &error);
        for (pointer, error) in place.explain(&error, &node) {
            // A value of the wrong kind is wrong in many ways; the first says enough.
            if !found.iter().any(|(known, _)| *known == pointer) {
                found.push((pointer, error));
            }
        }
    }
    found.into_iter().map(|(_, error)| error).collect()
}

/// The schema object whose keyword failed.
fn schema_node(schema: &Value, error: &ValidationError<'_>) -> Map<String, Value> {
    let path = error.schema_path().as_str();
    let node = path.rfind('/').and_then(|end| schema.pointer(&path[..end]));
    node.and_then(Value::as_object).cloned().unwrap_or_default()
}

struct Place<'a> {
    base: &'a str,
    provenance: &'a Provenance,
}

impl Place<'_> {
    fn error(&self, pointer: &str, message: String, hint: String) -> (String, ProfileError) {
        let whole = format!("{}{pointer}", self.base);
        let error = ProfileError {
            origin: self.provenance.get(&whole).cloned(),
            path: dotted(&whole),
            message,
            hint,
        };
        (whole, error)
    }

    fn explain(&self, error: &ValidationError<'_>, node: &Map<String, Value>) -> Vec<(String, ProfileError)> {
        let at = error.instance_path().as_str();
        let value = error.instance().as_ref();
        let one = |message: String, hint: String| vec![self.error(at, message, hint)];
        match error.kind() {
            ValidationErrorKind::AdditionalProperties { unexpected }
            | ValidationErrorKind::UnevaluatedProperties { unexpected } => {
                let unknown = unexpected.iter().map(|key| {
                    let hint = choices(key, names(node, "properties"), "it takes no keys");
                    self.error(&entry(at, key), format!("unknown key `{key}`"), hint)
                });
                unknown.collect()
            }
            ValidationErrorKind::Required { property } => {
                let key = property.as_str().unwrap_or_default();
                let missing = self.missing(at, key, node);
                vec![missing]
            }
            _ if is_secret(value) && is_of_the_text(error.kind()) => Vec::new(),
            _ if is_duration(node) => one(duration_message(value), example(node)),
            ValidationErrorKind::Type { .. } => one(
                format!(
                    "{} is {}, {} is wanted",
                    shown(value),
                    kind_of(value),
                    wanted(node)
                ),
                description(node),
            ),
            ValidationErrorKind::MinProperties { .. } => {
                let keys: Vec<_> = names(node, "properties")
                    .iter()
                    .map(|key| format!("`{key}`"))
                    .collect();
                one(
                    format!("it is empty: write {}", keys.join(" or ")),
                    description(node),
                )
            }
            ValidationErrorKind::Enum { options } => self.not_allowed(at, value, &texts(options)),
            ValidationErrorKind::OneOfNotValid { .. } | ValidationErrorKind::AnyOf { .. } => {
                self.no_alternative(at, value, node)
            }
            ValidationErrorKind::OneOfMultipleValid { .. } => {
                one(one_of_message(node, &error.to_string()), description(node))
            }
            ValidationErrorKind::Pattern { pattern } => one(
                format!("{} does not match `{pattern}`", shown(value)),
                description(node),
            ),
            _ => one(error.to_string(), description(node)),
        }
    }

    fn missing(&self, at: &str, key: &str, node: &Map<String, Value>) -> (String, ProfileError) {
        let property = node.get("properties").and_then(|known| known.get(key));
        let hint = match property.and_then(Value::as_object).map(description) {
            Some(text) if !text.is_empty() => format!("add `{key} = ...`: {text}"),
            _ => format!("add `{key} = ...`"),
        };
        let (_, error) = self.error(at, format!("`{key}` is missing"), hint);
        (format!("{}{}", self.base, entry(at, key)), error)
    }

    fn not_allowed(&self, at: &str, value: &Value, allowed: &[String]) -> Vec<(String, ProfileError)> {
        let written = value.as_str().unwrap_or_default();
        let hint = choices(written, allowed.iter().map(String::as_str), "");
        let message = if value.is_string() {
            format!("{} is not allowed here", shown(value))
        } else {
            format!("{} is {}, a word is wanted", shown(value), kind_of(value))
        };
        vec![self.error(at, message, hint)]
    }

    fn no_alternative(
        &self,
        at: &str,
        value: &Value,
        node: &Map<String, Value>,
    ) -> Vec<(String, ProfileError)> {
        let words = words(node);
        if !words.is_empty() {
            return self.not_allowed(at, value, &words);
        }
        let message = one_of_message(
            node,
            &format!("{} fits none of what is allowed here", shown(value)),
        );
        vec![self.error(at, message, description(node))]
    }
}

/// Whether a failure says nothing about a text whose secrets are not filled in yet.
fn is_of_the_text(kind: &ValidationErrorKind) -> bool {
    matches!(
        kind,
        ValidationErrorKind::Pattern { .. }
            | ValidationErrorKind::Format { .. }
            | ValidationErrorKind::MinLength { .. }
            | ValidationErrorKind::MaxLength { .. }
    )
}

fn is_secret(value: &Value) -> bool {
    value
        .as_str()
        .is_some_and(|text| secret::names(text.as_bytes()).next().is_some())
}

fn is_duration(node: &Map<String, Value>) -> bool {
    static PATTERN: LazyLock<Option<Value>> =
        LazyLock::new(|| schema_of::<Duration>().get("pattern").cloned());
    node.get("pattern")
        .is_some_and(|pattern| PATTERN.as_ref() == Some(pattern))
}

fn duration_message(value: &Value) -> String {
    match serde_json::from_value::<Duration>(value.clone()) {
        Err(error) => error.to_string(),
        Ok(_) => format!("{} is not a duration", shown(value)),
    }
}
