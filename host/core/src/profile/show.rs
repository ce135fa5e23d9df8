//! `runner profile show`: the merged profile as TOML, each value with where it was written.

use std::fmt::Write as _;

use serde_json::{Map, Value};

use super::merge::Merged;
use super::origin::{dotted, entry};

/// The merged layers as TOML that can be copied into a file; every line ends in its origin.
pub fn show(merged: &Merged) -> String {
    let mut shown = Shown {
        merged,
        text: String::new(),
    };
    if let Value::Object(tree) = &merged.tree {
        shown.table("", tree);
    }
    for (pointer, origin) in &merged.removed {
        shown.gap();
        let _ = writeln!(shown.text, "# [{}] dropped by {origin}", dotted(pointer));
    }
    shown.text
}

struct Shown<'a> {
    merged: &'a Merged,
    text: String,
}

impl Shown<'_> {
    fn gap(&mut self) {
        if !self.text.is_empty() && !self.text.ends_with("\n\n") {
            self.text.push('\n');
        }
    }

    fn table(&mut self, pointer: &str, table: &Map<String, Value>) {
        let (tables, values): (Vec<_>, Vec<_>) = table.iter().partition(|(_, value)| value.is_object());
        if !pointer.is_empty() && (!values.is_empty() || tables.is_empty()) {
            self.gap();
            let _ = write!(self.text, "[{}]", dotted(pointer));
            // Where values stand below, their own lines say where they are from.
            if values.is_empty() {
                self.origin(pointer);
            }
            self.text.push('\n');
        }
        for (key, value) in values {
            let _ = write!(self.text, "{} = {}", toml_edit::Key::new(key), toml(value));
            self.origin(&entry(pointer, key));
            self.text.push('\n');
        }
        for (key, table) in tables {
            if let Value::Object(table) = table {
                self.table(&entry(pointer, key), table);
            }
        }
    }

    fn origin(&mut self, pointer: &str) {
        if let Some(origin) = self.merged.provenance.get(pointer) {
            let _ = write!(self.text, "  # {origin}");
        }
    }
}

/// A value on one line.
pub(crate) fn toml(value: &Value) -> String {
    match value {
        Value::Object(table) => {
            let entries: Vec<_> = table
                .iter()
                .map(|(key, value)| format!("{} = {}", toml_edit::Key::new(key), toml(value)))
                .collect();
            if entries.is_empty() {
                "{}".to_owned()
            } else {
                format!("{{ {} }}", entries.join(", "))
            }
        }
        Value::Array(values) => {
            let values: Vec<_> = values.iter().map(toml).collect();
            format!("[{}]", values.join(", "))
        }
        Value::String(text) => one_line(text),
        other => other.to_string(),
    }
}

/// A text in TOML's basic form, which never spans lines: JSON's, save for DEL, which TOML wants escaped.
fn one_line(text: &str) -> String {
    Value::from(text).to_string().replace('\u{7f}', "\\u007f")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::profile::{Layer, Source, merge};

    #[test]
    fn every_line_says_where_it_is_from() {
        let built_in = Layer::of_toml(
            Source::BuiltIn("demo".into()),
            "[project]\nname = 'shop'\n[release]\nenvironments = ['staging',\n 'prod']\n[environments.prod]\nurl = 'http://x'\n[environments.prod.watch]\nduration = '1m'\ninterval = '5s'\n[notify.slack]\nplugin = 'slack'\n[notify.mail]\nplugin = 'mail'\n[gate]\n",
        );
        let file = Layer::of_toml(
            Source::File("runner.toml".into()),
            "notify.slack = false\n[gate.\"lint it\"]\nplugin = 'command'\nconfig = { argv = ['a', \"b\\nc\"], deep.er = 1.5 }\n",
        );
        let line = Layer::of_settings(&["environments.prod.watch.interval=1s"]);
        let merged = merge(vec![
            built_in.expect("good"),
            file.expect("good"),
            line.expect("good"),
        ]);
        insta::assert_snapshot!(show(&merged.expect("merges")), @r#"
        [environments.prod]
        url = "http://x"  # built-in demo:7

        [environments.prod.watch]
        duration = "1m"  # built-in demo:9
        interval = "1s"  # --set environments.prod.watch.interval=1s

        [gate."lint it"]
        plugin = "command"  # runner.toml:3

        [gate."lint it".config]
        argv = ["a", "b\nc"]  # runner.toml:4

        [gate."lint it".config.deep]
        er = 1.5  # runner.toml:4

        [notify.mail]
        plugin = "mail"  # built-in demo:14

        [project]
        name = "shop"  # built-in demo:2

        [release]
        environments = ["staging", "prod"]  # built-in demo:4

        # [notify.slack] dropped by runner.toml:1
        "#);
    }

    proptest! {
        #[test]
        fn what_is_shown_is_toml_of_the_same_values(text in any::<String>(), key in any::<String>()) {
            let line = format!("{} = {}", toml_edit::Key::new(&key), toml(&serde_json::json!([text])));
            let layer = Layer::of_toml(Source::CommandLine, &line).expect(&line);
            prop_assert_eq!(layer.tree, serde_json::json!({key: [text]}));
        }
    }
}
