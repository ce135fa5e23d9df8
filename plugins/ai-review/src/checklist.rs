//! What a change is judged by: data of the profile, as groups of items.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use schemars::JsonSchema;
use serde::Deserialize;

/// The id of a finding that fits no item.
pub(crate) const OTHER: &str = "other";
/// The id of the finding that the gate makes itself, of a secret in the change.
pub(crate) const SECRETS: &str = "secrets-in-code";

/// Items by group and id; findings name the id, e.g. `sql-injection`.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(transparent)]
pub(crate) struct Checklist(BTreeMap<String, BTreeMap<String, Item>>);

/// One thing to judge by.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(untagged)]
enum Item {
    /// What must hold, for the model to read.
    Holds(String),
    /// `false`: not judged, although a lower layer of the profile has it.
    Dropped(bool),
}

impl Checklist {
    /// Ids, group by group.
    pub(crate) fn ids(&self) -> impl Iterator<Item = &str> {
        self.items().map(|(_, id, _)| id)
    }

    /// As the model reads it; empty where there is nothing to judge by.
    pub(crate) fn text(&self) -> String {
        let (mut text, mut last) = (String::new(), None);
        for (group, id, holds) in self.items() {
            if last.replace(group) != Some(group) {
                let _ = writeln!(text, "{group}:");
            }
            let _ = writeln!(text, "- `{id}`: {holds}");
        }
        text.trim_end().to_owned()
    }

    /// What the schema cannot say.
    pub(crate) fn check(&self) -> Result<(), String> {
        for (group, id, item) in self.entries() {
            let at = format!("`checklist.{group}.{id}`");
            if matches!(item, Item::Dropped(true)) {
                return Err(format!(
                    "{at} is `true`: write what must hold, or `false` to leave it out"
                ));
            }
            let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
            if id.is_empty() || !id.bytes().all(plain) {
                return Err(format!(
                    "{at} is named with more than `a` to `z`, `0` to `9` and `-`: findings name it"
                ));
            }
        }
        let mut seen = BTreeMap::from([(OTHER, "for what fits no item")]);
        for (group, id, _) in self.items() {
            if let Some(taken) = seen.insert(id, group) {
                return Err(format!(
                    "`checklist.{group}.{id}` has a name that is taken ({taken}): findings name it, so choose another"
                ));
            }
        }
        match seen.len() {
            1 => Err(
                "`checklist` is empty, so there is nothing to judge by: write what must hold as \
                 `checklist.GROUP.NAME = \"...\"`"
                    .to_owned(),
            ),
            _ => Ok(()),
        }
    }

    fn items(&self) -> impl Iterator<Item = (&str, &str, &str)> {
        self.entries().filter_map(|(group, id, item)| match item {
            Item::Holds(text) => Some((group, id, text.as_str())),
            Item::Dropped(_) => None,
        })
    }

    fn entries(&self) -> impl Iterator<Item = (&str, &str, &Item)> {
        self.0.iter().flat_map(|(group, items)| {
            items
                .iter()
                .map(move |(id, item)| (group.as_str(), id.as_str(), item))
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn list(items: Value) -> Checklist {
        serde_json::from_value(items).unwrap()
    }

    #[test]
    fn a_group_is_named_once_and_what_is_dropped_not_at_all() {
        let all = list(json!({
            "tests": { "edges": "Tests cover the edges." },
            "code": { "dry": "Nothing is written twice.", "loops": false, "names": "Names say what it is." },
            "style": { "tabs": false },
        }));
        insta::assert_snapshot!(all.text(), @"
        code:
        - `dry`: Nothing is written twice.
        - `names`: Names say what it is.
        tests:
        - `edges`: Tests cover the edges.
        ");
        assert_eq!(all.ids().collect::<Vec<_>>(), ["dry", "names", "edges"]);
        assert_eq!(all.check(), Ok(()));
    }

    #[test]
    fn what_makes_no_sense_is_said() {
        let said = [
            json!({}),
            json!({ "code": { "dry": false } }),
            json!({ "code": { "dry": true } }),
            json!({ "code": { "Dry Code": "x" } }),
            json!({ "code": { "dry": "x" }, "style": { "dry": "y" } }),
            json!({ "code": { "other": "x" } }),
        ]
        .map(|items| list(items).check().unwrap_err());
        insta::assert_snapshot!(said.join("\n"), @r#"
        `checklist` is empty, so there is nothing to judge by: write what must hold as `checklist.GROUP.NAME = "..."`
        `checklist` is empty, so there is nothing to judge by: write what must hold as `checklist.GROUP.NAME = "..."`
        `checklist.code.dry` is `true`: write what must hold, or `false` to leave it out
        `checklist.code.Dry Code` is named with more than `a` to `z`, `0` to `9` and `-`: findings name it
        `checklist.style.dry` has a name that is taken (code): findings name it, so choose another
        `checklist.code.other` has a name that is taken (for what fits no item): findings name it, so choose another
        "#);
    }
}
