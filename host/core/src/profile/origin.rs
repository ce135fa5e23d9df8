//! Where each value of a profile was written, by its JSON pointer.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

/// A place in a layer. Lines and columns count from 1; a layer without lines (the command line) has none.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Origin {
    /// The layer's name, e.g. `runner.toml`.
    pub file: String,
    /// From 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line: Option<usize>,
    /// From 1, in characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub column: Option<usize>,
}

impl Origin {
    /// A place at a byte of a text.
    pub fn at(file: &str, text: &str, byte: usize) -> Self {
        let before = text.get(..byte).unwrap_or(text);
        let line_start = before.rfind('\n').map_or(0, |end| end + 1);
        Self {
            file: file.to_owned(),
            line: Some(before.matches('\n').count() + 1),
            column: Some(before[line_start..].chars().count() + 1),
        }
    }

    /// A layer as a whole.
    pub fn whole(file: &str) -> Self {
        Self {
            file: file.to_owned(),
            line: None,
            column: None,
        }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            Some(line) => write!(f, "{}:{line}", self.file),
            None => f.write_str(&self.file),
        }
    }
}

/// The origin of every value, by JSON pointer (RFC 6901; `""` is the whole).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Provenance(BTreeMap<String, Origin>);

impl Provenance {
    /// Says where a value was written.
    pub fn set(&mut self, pointer: impl Into<String>, origin: Origin) {
        self.0.insert(pointer.into(), origin);
    }

    /// The origin of a value, or else of what it is in.
    pub fn get(&self, pointer: &str) -> Option<&Origin> {
        let mut pointer = pointer;
        loop {
            if let Some(origin) = self.0.get(pointer) {
                return Some(origin);
            }
            pointer = &pointer[..pointer.rfind('/')?];
        }
    }

    /// The origin of exactly this value.
    pub fn exact(&self, pointer: &str) -> Option<&Origin> {
        self.0.get(pointer)
    }

    /// Forgets a value and all in it.
    pub fn forget(&mut self, pointer: &str) {
        self.0.retain(|known, _| !is_within(known, pointer));
    }

    /// Takes over the origins of a value and all in it.
    pub fn take_over(&mut self, other: &Self, pointer: &str) {
        let within = other.0.iter().filter(|(known, _)| is_within(known, pointer));
        self.0
            .extend(within.map(|(known, origin)| (known.clone(), origin.clone())));
    }
}

fn is_within(pointer: &str, of: &str) -> bool {
    pointer
        .strip_prefix(of)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// The pointer of an entry of what `pointer` points to.
pub(crate) fn entry(pointer: &str, key: &str) -> String {
    format!("{pointer}/{}", key.replace('~', "~0").replace('/', "~1"))
}

/// The keys on the way to what a pointer points to.
pub(crate) fn keys(pointer: &str) -> Vec<String> {
    let parts = pointer.split('/').skip(1);
    parts
        .map(|part| part.replace("~1", "/").replace("~0", "~"))
        .collect()
}

/// A pointer as people write it in TOML: `environments.prod.backup[0]`.
pub fn dotted(pointer: &str) -> String {
    let mut path = String::new();
    for key in keys(pointer) {
        if !path.is_empty() && key.bytes().all(|b| b.is_ascii_digit()) {
            path.push_str(&format!("[{key}]"));
            continue;
        }
        if !path.is_empty() {
            path.push('.');
        }
        path.push_str(&toml_edit::Key::new(key).to_string());
    }
    path
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_count_characters() {
        let text = "a = 1\nключ = 2\n";
        let byte = text.find('2').expect("there");
        assert_eq!(
            Origin::at("f", text, byte),
            Origin {
                file: "f".into(),
                line: Some(2),
                column: Some(8)
            }
        );
        assert_eq!(Origin::at("f", text, 999).to_string(), "f:3");
    }

    #[test]
    fn pointers_as_people_write_them() {
        assert_eq!(
            dotted("/environments/prod/backup/0"),
            "environments.prod.backup[0]"
        );
        assert_eq!(dotted(&entry("/gate", "a/b c~")), "gate.\"a/b c~\"");
        assert_eq!(keys(&entry("/gate", "a/b c~")), ["gate", "a/b c~"]);
        assert_eq!(dotted(""), "");
    }

    #[test]
    fn the_nearest_origin_counts() {
        let mut origins = Provenance::default();
        origins.set("/a", Origin::whole("one"));
        origins.set("/ab", Origin::whole("two"));
        assert_eq!(origins.get("/a/b/c").map(|o| o.file.as_str()), Some("one"));
        origins.forget("/a");
        assert_eq!(origins.get("/a/b"), None);
        assert!(origins.exact("/ab").is_some());
    }
}
