//! Bytes that read as text in the journal whenever they are text.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

/// Bytes; in JSON a string when they are UTF-8, else `{"hex": "..."}`.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Bytes(pub Vec<u8>);

#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Form<'a> {
    Text(std::borrow::Cow<'a, str>),
    Hex { hex: String },
}

impl Bytes {
    /// The bytes as text, with `U+FFFD` for what is not UTF-8.
    pub fn text(&self) -> std::borrow::Cow<'_, str> {
        String::from_utf8_lossy(&self.0)
    }
}

impl Serialize for Bytes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match std::str::from_utf8(&self.0) {
            Ok(text) => Form::Text(text.into()),
            Err(_) => Form::Hex {
                hex: hex::encode(&self.0),
            },
        }
        .serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Bytes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match Form::deserialize(deserializer)? {
            Form::Text(text) => Ok(Self(text.into_owned().into_bytes())),
            Form::Hex { hex } => hex::decode(hex).map(Self).map_err(D::Error::custom),
        }
    }
}

impl fmt::Debug for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.text(), f)
    }
}

impl From<Vec<u8>> for Bytes {
    fn from(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }
}

impl From<&str> for Bytes {
    fn from(text: &str) -> Self {
        Self(text.as_bytes().to_vec())
    }
}

#[cfg(test)]
mod tests {
    use super::Bytes;

    #[test]
    fn text_stays_text_and_other_bytes_survive() {
        for (bytes, json) in [
            (&b"caf\xc3\xa9"[..], "\"café\""),
            (&b"\xff\x00"[..], r#"{"hex":"ff00"}"#),
        ] {
            let value = Bytes(bytes.to_vec());
            let written = serde_json::to_string(&value).expect("serialises");
            assert_eq!(written, json);
            assert_eq!(
                serde_json::from_str::<Bytes>(&written).expect("reads back"),
                value
            );
        }
    }
}
