//! The JSON Schema of a profile, for checking one and for editors, with the plugins' own schemas in it.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde_json::{Map, Value, json};

use super::merge::REMOVABLE;
use super::origin::{Provenance, entry};
use super::problem::ProfileError;
use super::uses::PlacedUse;
use super::{Profile, structure};
use crate::manifest::Role;

/// The schemas of configs, by what a plugin serves as and its name as a profile writes it.
pub type ConfigSchemas = BTreeMap<(Role, String), Value>;

/// Where a profile's schema has uses.
const USES: [(&str, Role); 6] = [
    ("/properties/gate/additionalProperties", Role::Gate),
    ("/properties/smoke/additionalProperties", Role::Gate),
    ("/properties/metrics/additionalProperties", Role::Metrics),
    ("/properties/notify/additionalProperties", Role::Notifier),
    ("/properties/backup/additionalProperties", Role::Backup),
    (
        "/properties/environments/additionalProperties/properties/target",
        Role::Target,
    ),
];

/// The schema of a whole profile, in one piece.
pub(super) fn profile() -> &'static Value {
    static SCHEMA: LazyLock<Value> = LazyLock::new(structure::schema_of::<Profile>);
    &SCHEMA
}

/// The schema of one file of a profile, for editors. Nothing is required that a lower layer may say, `false` may stand where
/// it drops an entry, and each config follows its plugin's own schema.
pub fn for_editors(plugins: &ConfigSchemas) -> Value {
    let mut schema = profile().clone();
    make_partial(&mut schema);
    let mut definitions = Map::new();
    for ((role, name), config) in plugins {
        let key = format!("{role}-{name}");
        let mut config = config.clone();
        rebase(&mut config, &format!("#{}", entry("/$defs", &key)));
        if let Some(config) = config.as_object_mut() {
            config.remove("$schema");
            config.remove("$id");
        }
        make_partial(&mut config);
        definitions.insert(key, config);
    }
    for (pointer, role) in USES {
        if let Some(Value::Object(of)) = schema.pointer_mut(pointer) {
            follow_plugins(of, role, plugins);
        }
    }
    // The innermost first: what is wrapped lies deeper afterwards.
    for shape in REMOVABLE.iter().rev() {
        if let Some(entry) = node(&mut schema, shape) {
            let inner = entry.take();
            *entry = json!({"anyOf": [inner, {"const": false, "description": "Drops the inherited entry."}]});
        }
    }
    if let Some(properties) = schema.get_mut("properties").and_then(Value::as_object_mut) {
        let extends = json!({"type": "string", "description": "The built-in profile below this file."});
        properties.insert("extends".to_owned(), extends);
    }
    if !definitions.is_empty() {
        schema["$defs"] = Value::Object(definitions);
    }
    schema
}

/// Checks a use's config against its plugin's schema: everything that is wrong, each with its line.
pub fn check_config(of: &PlacedUse, schema: &Value, provenance: &Provenance) -> Vec<ProfileError> {
    let mut schema = schema.clone();
    structure::without_null(&mut schema);
    structure::check(&of.of.config, &schema, &entry(&of.pointer, "config"), provenance)
}

/// Takes `required` away, as far as tables are merged; lists and alternatives are replaced as a whole.
fn make_partial(schema: &mut Value) {
    let Some(node) = schema.as_object_mut() else {
        return;
    };
    node.remove("required");
    for (key, below) in node.iter_mut() {
        match (key.as_str(), below) {
            ("properties" | "$defs" | "definitions", Value::Object(below)) => {
                below.values_mut().for_each(make_partial);
            }
            ("additionalProperties", below) => make_partial(below),
            _ => {}
        }
    }
}

/// Points the references of a schema to where it is put.
fn rebase(schema: &mut Value, to: &str) {
    match schema {
        Value::Array(parts) => parts.iter_mut().for_each(|part| rebase(part, to)),
        Value::Object(node) => {
            for (key, value) in node {
                match value {
                    Value::String(reference) if key == "$ref" && reference.starts_with('#') => {
                        *reference = format!("{to}{}", &reference[1..]);
                    }
                    value => rebase(value, to),
                }
            }
        }
        _ => {}
    }
}

/// Ties the config of a use to the plugin that it names.
fn follow_plugins(of: &mut Map<String, Value>, role: Role, plugins: &ConfigSchemas) {
    let names: Vec<&str> = plugins
        .keys()
        .filter(|(of, _)| *of == role)
        .map(|(_, name)| name.as_str())
        .collect();
    if names.is_empty() {
        return;
    }
    let rules: Vec<Value> = names
        .iter()
        .map(|name| {
            let reference = format!("#{}", entry("/$defs", &format!("{role}-{name}")));
            json!({
                "if": {"properties": {"plugin": {"const": name}}, "required": ["plugin"]},
                "then": {"properties": {"config": {"$ref": reference}}},
            })
        })
        .collect();
    of.insert("allOf".to_owned(), Value::Array(rules));
    if let Some(Value::Object(plugin)) = of.get_mut("properties").and_then(|known| known.get_mut("plugin")) {
        plugin.insert("examples".to_owned(), json!(names));
    }
}

/// The schema of what a path of keys leads to; `*` is any name.
fn node<'a>(schema: &'a mut Value, shape: &[&str]) -> Option<&'a mut Value> {
    let mut node = schema;
    for key in shape {
        node = match *key {
            "*" => node.get_mut("additionalProperties")?,
            key => node.get_mut("properties")?.get_mut(key)?,
        };
    }
    Some(node)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profile::{Layer, Source, resolve};

    fn slack() -> Value {
        json!({
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "type": "object",
            "properties": {
                "url": {"type": "string", "pattern": "^https://", "description": "The webhook."},
                "style": {"$ref": "#/$defs/Style"},
                "retries": {"type": ["integer", "null"], "maximum": 5}
            },
            "required": ["url"],
            "additionalProperties": false,
            "$defs": {"Style": {"oneOf": [{"const": "short"}, {"const": "long"}]}}
        })
    }

    fn is_fine(schema: &Value, text: &str) -> bool {
        let layer = Layer::of_toml(Source::File("f".into()), text).expect(text);
        jsonschema::draft202012::new(schema)
            .expect("a schema")
            .is_valid(&layer.tree)
    }

    #[test]
    fn editors_get_layers_and_plugins() {
        let plugins = ConfigSchemas::from([((Role::Notifier, "slack".to_owned()), slack())]);
        let schema = for_editors(&plugins);
        for text in [
            "extends = 'demo'",
            "[notify]\nslack = false",
            "[environments.prod]\nwatch = false\nurl = 'x'",
            "[environments.prod.watch.rules]\nx = false",
            "notify.wiki.plugin = './w.wasm'\nnotify.wiki.config.anything = 1",
            "notify.a.plugin = 'slack'\nnotify.a.config.style = 'short'",
            "notify.a.config.style = 'unknown plugin'",
            "secrets.t.env = 'T'",
        ] {
            assert!(is_fine(&schema, text), "{text}");
        }
        for text in [
            "extend = 'demo'",
            "store = false",
            "notify.a.plugin = 'slack'\nnotify.a.config.style = 'tall'",
            "notify.a.plugin = 'slack'\nnotify.a.config.urll = 'x'",
            "secrets.t = {}",
            "environments.prod.watch.interval = '5x'",
        ] {
            assert!(!is_fine(&schema, text), "{text}");
        }
    }

    #[test]
    fn a_config_is_checked_against_its_plugin() {
        let text = "[project]\nname = 'shop'\n[secrets]\nhook.env = 'H'\n[notify.good]\nplugin = 'slack'\nconfig.url = '{{secret:hook}}'\n[notify.bad]\nplugin = 'slack'\n[notify.bad.config]\nstyle = 'shrot'\nretries = 'many'\nchanel = '#x'\n[notify.worse]\nplugin = 'slack'\nconfig.url = 'http://x'\nconfig.retries = 9\n";
        let layer = Layer::of_toml(Source::File("runner.toml".into()), text).expect(text);
        let resolved = resolve(vec![layer]).expect("sound");
        let errors = resolved
            .profile
            .uses()
            .iter()
            .flat_map(|of| check_config(of, &slack(), resolved.provenance()))
            .collect();
        insta::assert_snapshot!(crate::profile::ProfileErrors::of(errors), @r"
        runner.toml:10: notify.bad.config: `url` is missing
          hint: add `url = ...`: The webhook
        runner.toml:11: notify.bad.config.style: `shrot` is not allowed here
          hint: did you mean `short`? known here: `short`, `long`
        runner.toml:12: notify.bad.config.retries: `many` is text, a whole number is wanted
        runner.toml:13: notify.bad.config.chanel: unknown key `chanel`
          hint: known here: `retries`, `style`, `url`
        runner.toml:16: notify.worse.config.url: `http://x` does not match `^https://`
          hint: The webhook
        runner.toml:17: notify.worse.config.retries: 9 is greater than the maximum of 5
        ");
    }
}
