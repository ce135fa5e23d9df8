//! One layer of a profile: a TOML text or the settings of a command line, as a tree whose values know where they were
//! written.

use std::path::Path;

use serde_json::{Map, Value};
use toml_edit::{Document, Item, TableLike};

use super::origin::{Origin, Provenance, entry};
use super::problem::{ProfileError, ProfileErrors};

/// Where a layer comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// A profile that `runner` brings along, by its name.
    BuiltIn(String),
    /// A file, as people would name it: `runner.toml`, `/home/ann/.config/runner/runner.toml`.
    File(String),
    /// `--set path.to.key=value`.
    CommandLine,
}

impl Source {
    /// As errors and `profile show` name it.
    pub fn name(&self) -> String {
        match self {
            Self::BuiltIn(name) => format!("built-in {name}"),
            Self::File(path) => path.clone(),
            Self::CommandLine => "command line".to_owned(),
        }
    }

    /// The folder that relative paths in it are relative to; none is the current one.
    pub(super) fn folder(&self) -> Option<&Path> {
        match self {
            Self::File(path) => Path::new(path)
                .parent()
                .filter(|folder| !folder.as_os_str().is_empty()),
            Self::BuiltIn(_) | Self::CommandLine => None,
        }
    }
}

/// One layer.
#[derive(Clone, Debug, PartialEq)]
pub struct Layer {
    /// Where it comes from.
    pub source: Source,
    /// What it says: always an object.
    pub tree: Value,
    /// Where it says it.
    pub provenance: Provenance,
}

impl Layer {
    /// Reads TOML.
    ///
    /// # Errors
    /// The place where the text stops being TOML, with its line and what was expected there.
    pub fn of_toml(source: Source, text: &str) -> Result<Self, ProfileErrors> {
        let file = source.name();
        let document = Document::parse(text).map_err(|error| syntax_error(&file, text, &error))?;
        let mut reader = Reader {
            file: &file,
            text,
            provenance: Provenance::default(),
            errors: Vec::new(),
        };
        let tree = reader.table("", document.as_table());
        reader.provenance.set("", Origin::whole(&file));
        let Reader {
            provenance, errors, ..
        } = reader;
        ProfileErrors::unless_none(errors)?;
        Ok(Self {
            source,
            tree,
            provenance,
        })
    }

    /// Reads `path.to.key=value` settings of the command line. A value is TOML, or else text: `interval=1s`.
    ///
    /// # Errors
    /// Each setting that is none.
    pub fn of_settings<S: AsRef<str>>(settings: &[S]) -> Result<Self, ProfileErrors> {
        let mut layer = Self {
            source: Source::CommandLine,
            tree: Value::Object(Map::new()),
            provenance: Provenance::default(),
        };
        let mut errors = Vec::new();
        for setting in settings {
            let setting = setting.as_ref();
            let origin = Origin::whole(&format!("--set {setting}"));
            let put = parse_setting(setting).and_then(|(keys, value)| layer.put(&keys, value, &origin));
            if let Err(message) = put {
                errors.push(ProfileError {
                    origin: Some(origin),
                    path: String::new(),
                    message,
                    hint: "write `--set path.to.key=value`".to_owned(),
                });
            }
        }
        ProfileErrors::unless_none(errors)?;
        Ok(layer)
    }

    fn put(&mut self, keys: &[String], value: Value, origin: &Origin) -> Result<(), String> {
        let (last, tables) = keys.split_last().ok_or("there is no key")?;
        let mut pointer = String::new();
        let mut tree = &mut self.tree;
        for key in tables {
            let path = pointer.clone();
            pointer = entry(&pointer, key);
            let table = tree
                .as_object_mut()
                .ok_or_else(|| format!("`{}` is set to a plain value too", super::origin::dotted(&path)))?;
            self.provenance.set(pointer.clone(), origin.clone());
            tree = table.entry(key).or_insert_with(|| Value::Object(Map::new()));
        }
        let table = tree.as_object_mut().ok_or_else(|| {
            format!(
                "`{}` is set to a plain value too",
                super::origin::dotted(&pointer)
            )
        })?;
        table.insert(last.clone(), value);
        let pointer = entry(&pointer, last);
        self.provenance.forget(&pointer);
        self.provenance.set(pointer, origin.clone());
        Ok(())
    }
}

fn parse_setting(setting: &str) -> Result<(Vec<String>, Value), String> {
    let (path, written) = setting.split_once('=').ok_or("there is no `=`")?;
    let keys = toml_edit::Key::parse(path.trim()).map_err(|_| format!("`{path}` is no path of keys"))?;
    let keys = keys.into_iter().map(|key| key.get().to_owned()).collect();
    let written = written.trim();
    let value = match written.parse::<toml_edit::Value>() {
        Ok(value) => plain(&value).map_err(|what| format!("`{written}` is {what}"))?,
        Err(_) if !written.starts_with(['[', '{', '"', '\'']) => Value::String(written.to_owned()),
        Err(error) => return Err(format!("`{written}` is not TOML: {}", one_line(error.message()))),
    };
    Ok((keys, value))
}

/// A value without its places.
fn plain(value: &toml_edit::Value) -> Result<Value, String> {
    let mut reader = Reader {
        file: "",
        text: "",
        provenance: Provenance::default(),
        errors: Vec::new(),
    };
    let read = reader.value("", value);
    match reader.errors.pop() {
        Some(error) => Err(error.message),
        None => Ok(read),
    }
}

struct Reader<'a> {
    file: &'a str,
    text: &'a str,
    provenance: Provenance,
    errors: Vec<ProfileError>,
}

impl Reader<'_> {
    fn place(&mut self, pointer: &str, span: Option<std::ops::Range<usize>>) {
        if let Some(span) = span {
            self.provenance
                .set(pointer, Origin::at(self.file, self.text, span.start));
        }
    }

    fn table(&mut self, pointer: &str, table: &dyn TableLike) -> Value {
        let mut object = Map::new();
        for (key, item) in table.iter() {
            let pointer = entry(pointer, key);
            let span = table.key(key).and_then(toml_edit::Key::span);
            self.place(&pointer, span.or_else(|| item.span()));
            object.insert(key.to_owned(), self.item(&pointer, item));
        }
        Value::Object(object)
    }

    fn item(&mut self, pointer: &str, item: &Item) -> Value {
        match item {
            Item::None => Value::Null,
            Item::Value(value) => self.value(pointer, value),
            Item::Table(table) => self.table(pointer, table),
            Item::ArrayOfTables(tables) => {
                let tables = tables.iter().enumerate().map(|(index, table)| {
                    let pointer = entry(pointer, &index.to_string());
                    self.place(&pointer, table.span());
                    self.table(&pointer, table)
                });
                Value::Array(tables.collect())
            }
        }
    }

    fn value(&mut self, pointer: &str, value: &toml_edit::Value) -> Value {
        match value {
            toml_edit::Value::String(text) => Value::String(text.value().clone()),
            toml_edit::Value::Integer(number) => Value::from(*number.value()),
            toml_edit::Value::Float(number) => match serde_json::Number::from_f64(*number.value()) {
                Some(number) => Value::Number(number),
                None => self.no_number(pointer, *number.value()),
            },
            toml_edit::Value::Boolean(flag) => Value::Bool(*flag.value()),
            toml_edit::Value::Datetime(time) => Value::String(time.value().to_string()),
            toml_edit::Value::Array(array) => {
                let values = array.iter().enumerate().map(|(index, value)| {
                    let pointer = entry(pointer, &index.to_string());
                    self.place(&pointer, value.span());
                    self.value(&pointer, value)
                });
                Value::Array(values.collect())
            }
            toml_edit::Value::InlineTable(table) => self.table(pointer, table),
        }
    }

    fn no_number(&mut self, pointer: &str, number: f64) -> Value {
        self.errors.push(ProfileError {
            origin: self.provenance.get(pointer).cloned(),
            path: super::origin::dotted(pointer),
            message: format!("{number} is not a number that can be used"),
            hint: "write a finite number".to_owned(),
        });
        Value::Null
    }
}

fn syntax_error(file: &str, text: &str, error: &toml_edit::TomlError) -> ProfileErrors {
    let start = error.span().map_or(0, |span| span.start).min(text.len());
    let origin = Origin::at(file, text, start);
    let (line, column) = (origin.line.unwrap_or(1), origin.column.unwrap_or(1));
    let shown = text.lines().nth(line - 1).unwrap_or_default();
    let margin = format!("{line:>5} | ");
    ProfileError {
        message: format!(
            "not TOML at column {column}: {}\n{margin}{shown}\n{:>width$}",
            one_line(error.message()),
            '^',
            width = margin.len() + column,
        ),
        origin: Some(origin),
        path: String::new(),
        hint: String::new(),
    }
    .into()
}

fn one_line(message: &str) -> String {
    message.trim().lines().collect::<Vec<_>>().join("; ")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn layer(text: &str) -> Layer {
        Layer::of_toml(Source::File("runner.toml".into()), text).expect(text)
    }

    #[test]
    fn every_value_knows_its_line() {
        let layer = layer(
            "store = 's'\n\n[environments.prod]\nurl = \"u\"\ntarget.plugin = \"x\"\nbackup = [\n  'a',\n  'b']\n[[list]]\na = 1\n[[list]]\n",
        );
        assert_eq!(
            layer.tree,
            json!({"store": "s", "list": [{"a": 1}, {}],
                   "environments": {"prod": {"url": "u", "target": {"plugin": "x"}, "backup": ["a", "b"]}}})
        );
        let lines = [
            ("/store", 1),
            ("/environments", 3),
            ("/environments/prod", 3),
            ("/environments/prod/url", 4),
            ("/environments/prod/target", 5),
            ("/environments/prod/target/plugin", 5),
            ("/environments/prod/backup", 6),
            ("/environments/prod/backup/1", 8),
            ("/list/0/a", 10),
            ("/list/1", 11),
        ];
        for (pointer, line) in lines {
            let origin = layer.provenance.exact(pointer).expect(pointer);
            assert_eq!(origin.line, Some(line), "{pointer}");
        }
    }

    #[test]
    fn says_where_the_text_is_no_toml() {
        let error = |text| {
            Layer::of_toml(Source::File("runner.toml".into()), text)
                .expect_err(text)
                .to_string()
        };
        insta::assert_snapshot!(error("[project]\nname = shop\n"), @r"
        runner.toml:2: not TOML at column 8: string values must be quoted, expected literal string
            2 | name = shop
                       ^
        ");
        insta::assert_snapshot!(error("[project\n"), @r"
        runner.toml:1: not TOML at column 9: unclosed table, expected `]`
            1 | [project
                        ^
        ");
        insta::assert_snapshot!(error("a = 1\na = 2\n"), @r"
        runner.toml:2: not TOML at column 1: duplicate key
            2 | a = 2
                ^
        ");
        insta::assert_snapshot!(error("x = 'ä"), @r"
        runner.toml:1: not TOML at column 7: invalid literal string, expected `'`
            1 | x = 'ä
                      ^
        ");
        insta::assert_snapshot!(error("[watch]\nabove = inf\n"), @r"
        runner.toml:2: watch.above: inf is not a number that can be used
          hint: write a finite number
        ");
    }

    #[test]
    fn settings_are_toml_or_text() {
        let layer = Layer::of_settings(&[
            "environments.prod.watch.interval=1s",
            "tag.push=origin",
            "gate.lint=false",
            "gate.\"a b\".config = {n = 1}",
            "version.initial = 1.0.0",
            "tag.push=upstream",
        ])
        .expect("good");
        assert_eq!(
            layer.tree,
            json!({"environments": {"prod": {"watch": {"interval": "1s"}}}, "tag": {"push": "upstream"},
                   "gate": {"lint": false, "a b": {"config": {"n": 1}}}, "version": {"initial": "1.0.0"}})
        );
        assert_eq!(
            layer.provenance.get("/tag/push").expect("set").to_string(),
            "--set tag.push=upstream"
        );
        let errors = Layer::of_settings(&["a", "=1", "a=[1", "b=1", "b.c=2"]).expect_err("bad");
        insta::assert_snapshot!(errors, @r"
        --set =1: `` is no path of keys
          hint: write `--set path.to.key=value`
        --set a: there is no `=`
          hint: write `--set path.to.key=value`
        --set a=[1: `[1` is not TOML: unclosed array, expected `]`
          hint: write `--set path.to.key=value`
        --set b.c=2: `b` is set to a plain value too
          hint: write `--set path.to.key=value`
        ");
    }
}
