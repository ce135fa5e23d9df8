//! Large text of an event lives beside the journal as a blob; the event keeps its digest, its size and its tail. Pure
//! functions over JSON, for every store that writes JSON.
//!
//! A spilled string reads `{"$blob": "sha256:...", "size": n, "tail": "..."}`. An object of a plugin that has such a key
//! of its own is told apart by one more `$` in front of the key, which reading takes off again.

use runner_core::digest::Digest;
use serde_json::{Map, Value, json};

use super::StoreError;

/// Strings longer than this many bytes are spilled.
pub const LIMIT: usize = 4096;

/// Characters of the end of a spilled string that stay in the event.
pub const TAIL: usize = 200;

const BLOB: &str = "$blob";

/// Gives a blob's bytes, or none where the store does not have it.
pub type Get<'a, E> = dyn FnMut(&Digest) -> Result<Option<Vec<u8>>, E> + 'a;

/// Keeps bytes as a blob.
pub type Put<'a, E> = dyn FnMut(&[u8]) -> Result<Digest, E> + 'a;

/// Replaces every string of more than [`LIMIT`] bytes by a note of the blob that `put` makes of it.
pub fn spill<E>(value: Value, put: &mut Put<'_, E>) -> Result<Value, E> {
    spill_over(LIMIT, value, put)
}

/// The same for strings of more than `limit` bytes.
pub fn spill_over<E>(limit: usize, value: Value, put: &mut Put<'_, E>) -> Result<Value, E> {
    Ok(match value {
        Value::String(text) if text.len() > limit => {
            let digest = put(text.as_bytes())?;
            json!({ BLOB: digest, "size": text.len(), "tail": tail(&text) })
        }
        Value::Array(items) => Value::Array(
            items
                .into_iter()
                .map(|item| spill_over(limit, item, put))
                .collect::<Result<_, _>>()?,
        ),
        Value::Object(fields) => {
            let mut kept = Map::new();
            for (key, value) in fields {
                let key = if is_mark(&key) { format!("${key}") } else { key };
                kept.insert(key, spill_over(limit, value, put)?);
            }
            Value::Object(kept)
        }
        other => other,
    })
}

/// Puts every spilled string back.
pub fn restore<E: From<StoreError>>(value: Value, get: &mut Get<'_, E>) -> Result<Value, E> {
    Ok(match value {
        Value::Array(items) => Value::Array(
            items
                .into_iter()
                .map(|item| restore(item, get))
                .collect::<Result<_, _>>()?,
        ),
        Value::Object(mut fields) => {
            if let Some(digest) = fields.remove(BLOB) {
                return text(&digest, get).map(Value::String);
            }
            let mut whole = Map::new();
            for (key, value) in fields {
                let key = match key.strip_prefix('$') {
                    Some(plain) if is_mark(plain) => plain.to_owned(),
                    _ => key,
                };
                whole.insert(key, restore(value, get)?);
            }
            Value::Object(whole)
        }
        other => other,
    })
}

/// `$blob`, `$$blob`...
fn is_mark(key: &str) -> bool {
    key.ends_with(BLOB) && key[..key.len() - BLOB.len()].bytes().all(|byte| byte == b'$')
}

fn tail(text: &str) -> &str {
    let from = text.char_indices().rev().nth(TAIL - 1).map_or(0, |(at, _)| at);
    &text[from..]
}

fn text<E: From<StoreError>>(digest: &Value, get: &mut Get<'_, E>) -> Result<String, E> {
    let corrupt = |why: String| StoreError::Corrupt {
        what: format!("a large text ({digest})"),
        why,
    };
    let wanted = digest
        .as_str()
        .map(|text| Digest::from(text.to_owned()))
        .ok_or_else(|| corrupt("its digest is no string".to_owned()))?;
    let bytes = get(&wanted)?.ok_or_else(|| corrupt("there is no blob with this digest".to_owned()))?;
    if Digest::of(&bytes) != wanted {
        return Err(corrupt("the blob has another digest".to_owned()).into());
    }
    String::from_utf8(bytes).map_err(|error| corrupt(error.to_string()).into())
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use proptest::prelude::*;
    use runner_core::digest::Digest;
    use serde_json::{Value, json};

    use super::{LIMIT, restore, spill};
    use crate::store::StoreError;

    fn spilled(value: Value) -> (Value, HashMap<Digest, Vec<u8>>) {
        let mut blobs = HashMap::new();
        let value: Result<Value, StoreError> = spill(value, &mut |bytes| {
            let digest = Digest::of(bytes);
            blobs.insert(digest.clone(), bytes.to_vec());
            Ok(digest)
        });
        (value.expect("spills"), blobs)
    }

    fn restored(value: Value, blobs: &HashMap<Digest, Vec<u8>>) -> Value {
        let restored: Result<Value, StoreError> =
            restore(value, &mut |digest| Ok(blobs.get(digest).cloned()));
        restored.expect("restores")
    }

    #[test]
    fn a_large_text_leaves_its_digest_size_and_tail() {
        let text = "é".repeat(LIMIT);
        let (value, blobs) = spilled(json!({ "out": text, "in": "short" }));
        let expected = json!({
            "out": { "$blob": Digest::of(text.as_bytes()), "size": 2 * LIMIT, "tail": "é".repeat(200) },
            "in": "short",
        });
        assert_eq!(value, expected);
        assert_eq!(restored(value, &blobs), json!({ "out": text, "in": "short" }));
    }

    #[test]
    fn the_limit_itself_stays() {
        let text = "x".repeat(LIMIT);
        assert_eq!(spilled(json!([text])).0, json!([text]));
    }

    #[test]
    fn a_lost_or_changed_blob_is_told() {
        let (value, blobs) = spilled(json!("x".repeat(LIMIT + 1)));
        let with = |blob: Option<Vec<u8>>| -> StoreError {
            restore(value.clone(), &mut |_| Ok::<_, StoreError>(blob.clone())).expect_err("is damaged")
        };
        let lost = with(None);
        assert!(lost.to_string().contains("there is no blob"), "{lost}");
        assert_eq!(blobs.len(), 1);
        let changed = with(Some(b"other".to_vec()));
        assert!(changed.to_string().contains("another digest"), "{changed}");
    }

    fn any_json() -> impl Strategy<Value = Value> {
        let key = prop_oneof!["[a-z]{1,3}", "\\${1,3}blob", Just("size".to_owned())];
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<u64>().prop_map(Value::from),
            ".{0,8}".prop_map(Value::from),
            (LIMIT - 2..LIMIT + 3).prop_map(|n| Value::from("y".repeat(n))),
        ];
        leaf.prop_recursive(4, 24, 4, move |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                prop::collection::hash_map(key.clone(), inner, 0..4)
                    .prop_map(|fields| Value::Object(fields.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn whatever_is_spilled_reads_back(value in any_json()) {
            let (kept, blobs) = spilled(value.clone());
            prop_assert_eq!(restored(kept, &blobs), value);
        }
    }
}
