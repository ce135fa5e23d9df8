//! Layers, later ones win: tables are merged key by key, everything else (lists too) is replaced as a whole.
//!
//! - An entry is dropped by `NAME = false`: `[notify] telegram = false`. [`REMOVABLE`] lists where.
//! - A secret's source is replaced as a whole: it is exactly one thing.
//! - Swapping a plugin is one line, `[notify.confluence] plugin = "./acme-wiki.wasm"`: the inherited `config` is kept, and
//!   checked against the new plugin's schema.
//! - The path of a plugin is relative to the file that says it.
//! - `extends = "demo"` at the top of a file chooses the built-in profile below all files, as `--profile` does.

use std::collections::BTreeMap;
use std::path::{Component, Path};

use serde_json::{Map, Value};

use super::layer::{Layer, Source};
use super::origin::{Origin, Provenance, dotted, entry, keys};
use super::problem::{ProfileError, ProfileErrors, choices, did_you_mean};
use super::uses;

/// What `false` drops; `*` is any name.
pub(super) const REMOVABLE: [&[&str]; 14] = [
    &["gate", "*"],
    &["smoke", "*"],
    &["metrics", "*"],
    &["notify", "*"],
    &["backup", "*"],
    &["artifacts", "*"],
    &["digest", "readings", "*"],
    &["schedule", "*"],
    &["machines", "*"],
    &["secrets", "*"],
    &["environments", "*"],
    &["environments", "*", "approval"],
    &["environments", "*", "watch"],
    &["environments", "*", "watch", "rules", "*"],
];

/// Layers as one.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Merged {
    /// What they say together: an object.
    pub tree: Value,
    /// Where each value was written.
    pub provenance: Provenance,
    /// What was dropped by `false`, and where.
    pub removed: BTreeMap<String, Origin>,
}

/// Puts the built-in profile that `named` (`--profile`) or the last `extends` chooses below the layers.
///
/// # Errors
/// There is no such built-in profile; `known` are the names to offer instead.
pub fn stack(
    named: Option<&str>,
    mut layers: Vec<Layer>,
    built_in: &dyn Fn(&str) -> Option<String>,
    known: &[&str],
) -> Result<Vec<Layer>, ProfileErrors> {
    let mut chosen = None;
    for layer in &mut layers {
        let origin = layer.provenance.get("/extends").cloned();
        let extends = layer.tree.as_object_mut().and_then(|tree| tree.remove("extends"));
        layer.provenance.forget("/extends");
        match extends {
            Some(Value::String(name)) => chosen = Some((name, origin)),
            Some(other) => return Err(no_profile(&other.to_string(), origin, "extends", known).into()),
            None => {}
        }
    }
    if let Some(name) = named {
        let origin = Origin::whole(&format!("--profile {name}"));
        chosen = Some((name.to_owned(), Some(origin)));
    }
    let Some((name, origin)) = chosen else {
        return Ok(layers);
    };
    let path = if named.is_some() { "" } else { "extends" };
    let text = built_in(&name).ok_or_else(|| no_profile(&name, origin, path, known))?;
    layers.insert(0, Layer::of_toml(Source::BuiltIn(name), &text)?);
    Ok(layers)
}

fn no_profile(name: &str, origin: Option<Origin>, path: &str, known: &[&str]) -> ProfileError {
    ProfileError {
        origin,
        path: path.to_owned(),
        message: format!("there is no built-in profile `{name}`"),
        hint: choices(name, known.iter().copied(), ""),
    }
}

/// Merges layers, the first at the bottom.
///
/// # Errors
/// A `false` that drops nothing though something has nearly that name.
pub fn merge(layers: Vec<Layer>) -> Result<Merged, ProfileErrors> {
    let mut merging = Merging {
        merged: Merged {
            tree: Value::Object(Map::new()),
            ..Merged::default()
        },
        errors: Vec::new(),
    };
    let mut tree = Map::new();
    for mut layer in layers {
        resolve_paths(&mut layer);
        if let Value::Object(from) = &layer.tree {
            merging.table(&mut tree, from, "", &layer.provenance);
        }
        if let Some(whole) = layer.provenance.exact("") {
            merging.merged.provenance.set("", whole.clone());
        }
    }
    merging.merged.tree = Value::Object(tree);
    ProfileErrors::unless_none(merging.errors)?;
    Ok(merging.merged)
}

struct Merging {
    merged: Merged,
    errors: Vec<ProfileError>,
}

impl Merging {
    fn table(
        &mut self,
        into: &mut Map<String, Value>,
        from: &Map<String, Value>,
        pointer: &str,
        says: &Provenance,
    ) {
        for (key, value) in from {
            let pointer = entry(pointer, key);
            if *value == Value::Bool(false) && is_removable(&pointer) {
                self.remove(into, key, &pointer, says);
                continue;
            }
            self.merged.removed.remove(&pointer);
            match value {
                Value::Object(from) if !is_replaced_whole(&pointer) => {
                    let inherited = into.entry(key).or_insert(Value::Null);
                    if !inherited.is_object() {
                        *inherited = Value::Object(Map::new());
                        self.merged.provenance.forget(&pointer);
                    }
                    if let Some(origin) = says.exact(&pointer) {
                        self.merged.provenance.set(pointer.clone(), origin.clone());
                    }
                    if let Value::Object(inherited) = inherited {
                        self.table(inherited, from, &pointer, says);
                    }
                }
                _ => {
                    into.insert(key.clone(), value.clone());
                    self.merged.provenance.forget(&pointer);
                    self.merged.provenance.take_over(says, &pointer);
                }
            }
        }
    }

    fn remove(&mut self, into: &mut Map<String, Value>, key: &str, pointer: &str, says: &Provenance) {
        let origin = says.get(pointer);
        if into.remove(key).is_some() {
            self.merged.provenance.forget(pointer);
        } else if let Some(meant) = did_you_mean(key, into.keys().map(String::as_str)) {
            // Other names may be inherited in other projects of an organisation; a near miss is a slip of the pen.
            self.errors.push(ProfileError {
                origin: origin.cloned(),
                path: dotted(pointer),
                message: "`false` drops an inherited entry, and none has this name".to_owned(),
                hint: format!("did you mean `{meant}`?"),
            });
        }
        if let Some(origin) = origin {
            self.merged.removed.insert(pointer.to_owned(), origin.clone());
        }
    }
}

fn is_removable(pointer: &str) -> bool {
    let keys = keys(pointer);
    REMOVABLE.iter().any(|shape| {
        shape.len() == keys.len()
            && shape
                .iter()
                .zip(&keys)
                .all(|(want, key)| *want == "*" || want == key)
    })
}

fn is_replaced_whole(pointer: &str) -> bool {
    let keys = keys(pointer);
    keys.len() == 2 && keys[0] == "secrets"
}

/// Makes the plugins' paths relative to the current folder rather than to the layer's file.
fn resolve_paths(layer: &mut Layer) {
    let folder = layer.source.folder().map(Path::to_path_buf);
    for (pointer, _) in uses::pointers(&layer.tree) {
        let plugin = layer.tree.pointer_mut(&entry(&pointer, "plugin"));
        if let Some(Value::String(plugin)) = plugin
            && is_path(plugin)
        {
            *plugin = resolved(folder.as_deref(), plugin);
        }
    }
}

/// Whether a plugin is named by a file, not by an official name.
pub fn is_path(plugin: &str) -> bool {
    plugin.contains(['/', '\\']) || plugin.ends_with(".wasm")
}

fn resolved(folder: Option<&Path>, path: &str) -> String {
    let joined = match folder {
        Some(folder) => folder.join(path),
        None => Path::new(path).to_path_buf(),
    };
    let clean: std::path::PathBuf = joined
        .components()
        .filter(|part| !matches!(part, Component::CurDir))
        .collect();
    let text = clean.to_string_lossy().into_owned();
    if clean.is_absolute() || text.starts_with("..") {
        text
    } else {
        format!("./{text}")
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn file(name: &str, text: &str) -> Layer {
        Layer::of_toml(Source::File(name.into()), text).expect(text)
    }

    #[test]
    fn tables_merge_and_the_rest_is_replaced() {
        let merged = merge(vec![
            file("base", "store = 'a'\n[release]\nenvironments = ['x', 'y']\n[gate.lint]\nplugin = 'command'\nconfig.argv = ['a']\nconfig.n = 1\n[secrets]\nt.env = 'T'\n"),
            file("top", "[release]\nenvironments = ['y']\n[gate.lint]\nconfig.argv = ['b', 'c']\n[secrets]\nt.file = 'f'\n"),
        ])
        .expect("merges");
        assert_eq!(
            merged.tree,
            json!({"store": "a", "release": {"environments": ["y"]}, "secrets": {"t": {"file": "f"}},
                   "gate": {"lint": {"plugin": "command", "config": {"argv": ["b", "c"], "n": 1}}}})
        );
        let origin = |pointer| merged.provenance.get(pointer).expect(pointer).to_string();
        assert_eq!(origin("/store"), "base:1");
        assert_eq!(origin("/release/environments/1"), "top:2");
        assert_eq!(origin("/gate/lint/plugin"), "base:5");
        assert_eq!(origin("/gate/lint/config/argv/1"), "top:4");
        assert_eq!(origin("/gate/lint/config/n"), "base:7");
        assert_eq!(origin("/secrets/t/file"), "top:6");
    }

    #[test]
    fn false_drops_what_is_inherited() {
        let base = || {
            file(
                "base",
                "[notify.telegram]\nplugin = 't'\n[environments.prod]\nwatch.duration = '1m'\n",
            )
        };
        let merged = merge(vec![
            base(),
            file("top", "[notify]\ntelegram = false\nslack = false\n[environments.prod]\nwatch = false\napproval = false\n"),
        ])
        .expect("merges");
        assert_eq!(merged.tree, json!({"notify": {}, "environments": {"prod": {}}}));
        assert_eq!(merged.removed["/notify/telegram"].to_string(), "top:2");
        let again = merge(vec![
            base(),
            file("top", "[notify]\ntelegram = false\n"),
            file("cli", "notify.telegram.plugin = 'u'\n"),
        ])
        .expect("merges");
        assert_eq!(again.tree["notify"], json!({"telegram": {"plugin": "u"}}));
        assert!(again.removed.is_empty());
        let slip = merge(vec![base(), file("top", "[notify]\ntelegarm = false\n")]).expect_err("slip");
        insta::assert_snapshot!(slip, @r"
        top:2: notify.telegarm: `false` drops an inherited entry, and none has this name
          hint: did you mean `telegram`?
        ");
    }

    #[test]
    fn a_plugin_is_swapped_by_one_line_and_lies_beside_the_file_that_says_so() {
        let merged = merge(vec![
            file("/etc/acme/runner.toml", "[notify.wiki]\nplugin = './wiki.wasm'\nconfig.space = 'ENG'\n[gate.a]\nplugin = '/opt/a.wasm'\n"),
            file("runner.toml", "[notify.wiki]\nplugin = './acme-wiki.wasm'\n[gate.b]\nplugin = '../b.wasm'\n[gate.c]\nplugin = 'c.wasm'\n[gate.d]\nplugin = 'command'\n[environments.prod.target]\nplugin='plugins/./t.wasm'\n"),
        ])
        .expect("merges");
        let plugin = |pointer: &str| {
            merged
                .tree
                .pointer(pointer)
                .and_then(Value::as_str)
                .expect("there")
                .to_owned()
        };
        assert_eq!(
            merged.tree["notify"]["wiki"],
            json!({"plugin": "./acme-wiki.wasm", "config": {"space": "ENG"}})
        );
        assert_eq!(plugin("/gate/a/plugin"), "/opt/a.wasm");
        assert_eq!(plugin("/gate/b/plugin"), "../b.wasm");
        assert_eq!(plugin("/gate/c/plugin"), "./c.wasm");
        assert_eq!(plugin("/gate/d/plugin"), "command");
        assert_eq!(plugin("/environments/prod/target/plugin"), "./plugins/t.wasm");
        let merged = merge(vec![
            file("/etc/acme/runner.toml", "gate.a.plugin = './a.wasm'"),
            file("ci/runner.toml", "gate.b.plugin = '../b.wasm'"),
        ])
        .expect("merges");
        assert_eq!(
            merged.tree["gate"],
            json!({"a": {"plugin": "/etc/acme/a.wasm"}, "b": {"plugin": "./ci/../b.wasm"}})
        );
    }

    #[test]
    fn a_file_chooses_the_profile_below_it() {
        let built_in = |name: &str| (name == "demo").then(|| "store = 'demo'".to_owned());
        let stacked = |named, text| {
            stack(
                named,
                vec![file("runner.toml", text)],
                &built_in,
                &["demo", "agentiq"],
            )
        };
        let layers = stacked(None, "extends = 'demo'").expect("stacks");
        assert_eq!(layers[0].source, Source::BuiltIn("demo".into()));
        assert_eq!(layers[1].tree, json!({}));
        assert_eq!(stacked(None, "store = 's'").expect("stacks").len(), 1);
        assert_eq!(
            stacked(Some("demo"), "extends = 'gone'").expect("stacks").len(),
            2
        );
        insta::assert_snapshot!(stacked(None, "\nextends = 'dmeo'").expect_err("unknown"), @r"
        runner.toml:2: extends: there is no built-in profile `dmeo`
          hint: did you mean `demo`? known here: `demo`, `agentiq`
        ");
        insta::assert_snapshot!(stacked(Some("prod"), "").expect_err("unknown"), @r"
        --profile prod: there is no built-in profile `prod`
          hint: known here: `demo`, `agentiq`
        ");
        insta::assert_snapshot!(stacked(None, "extends = 1").expect_err("no name"), @r"
        runner.toml:1: extends: there is no built-in profile `1`
          hint: known here: `demo`, `agentiq`
        ");
    }
}
