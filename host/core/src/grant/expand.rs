//! Placeholders in permissions: `{{config:/json/pointer}}`, `{{environment}}`, `{{project}}` and `{{url}}`.
//!
//! A list in the config makes one entry per element; a process pattern that is nothing but one such placeholder takes the
//! list as its words, exactly. What has no value drops the entry.

use serde_json::Value;

use super::{Permissions, process};

/// What the placeholders stand for.
#[derive(Clone, Copy, Debug)]
pub struct Values<'a> {
    /// The use's config.
    pub config: &'a Value,
    /// The project's name.
    pub project: &'a str,
    /// The environment that the use is for.
    pub environment: Option<&'a str>,
    /// Where that environment answers.
    pub url: Option<&'a str>,
}

/// A text cut at its first placeholder.
struct Cut<'t> {
    before: &'t str,
    name: &'t str,
    after: &'t str,
}

/// Fills placeholders in. Values of the config are not looked into for further ones.
pub fn expand(permissions: &Permissions, values: &Values<'_>) -> Permissions {
    let all = |entries: &[String]| -> Vec<String> {
        entries
            .iter()
            .flat_map(|entry| texts(entry, values, false))
            .collect()
    };
    Permissions {
        process: permissions
            .process
            .iter()
            .flat_map(|pattern| words(pattern, values))
            .collect(),
        env: permissions
            .env
            .iter()
            .flat_map(|entry| texts(entry, values, true))
            .collect(),
        http: all(&permissions.http),
        files: all(&permissions.files),
        append: all(&permissions.append),
        machine_files: all(&permissions.machine_files),
        machines: all(&permissions.machines),
        services: all(&permissions.services),
        artifacts: all(&permissions.artifacts),
        secrets: all(&permissions.secrets),
        reports: permissions.reports,
        person: permissions.person,
    }
}

fn words(pattern: &[String], values: &Values<'_>) -> Vec<Vec<String>> {
    if let [only] = pattern
        && let Some(Cut {
            before: "",
            name,
            after: "",
        }) = cut(only)
    {
        let words = values.of(name, false);
        let words: Vec<_> = words.iter().map(|word| process::exactly(word)).collect();
        return if words.is_empty() { Vec::new() } else { vec![words] };
    }
    let mut patterns = vec![Vec::new()];
    for word in pattern {
        let filled: Vec<String> = if cut(word).is_some() {
            let filled = texts(word, values, false);
            filled.iter().map(|word| process::exactly(word)).collect()
        } else {
            vec![word.clone()]
        };
        patterns = patterns
            .iter()
            .flat_map(|start: &Vec<String>| {
                filled
                    .iter()
                    .map(|word| [start.as_slice(), std::slice::from_ref(word)].concat())
            })
            .collect();
    }
    patterns
}

/// Every text that an entry stands for.
fn texts(entry: &str, values: &Values<'_>, keys: bool) -> Vec<String> {
    let Some(cut) = cut(entry) else {
        return vec![entry.to_owned()];
    };
    let rests = texts(cut.after, values, keys);
    let found = values.of(cut.name, keys);
    let joined = found.iter().flat_map(|value| {
        rests.iter().map(move |rest| {
            // `https://wiki.example/` and `{{config:/url}}/rest/*` have one slash between them.
            let value = if rest.starts_with('/') {
                value.trim_end_matches('/')
            } else {
                value
            };
            format!("{}{value}{rest}", cut.before)
        })
    });
    joined.collect()
}

impl Values<'_> {
    /// The texts that a placeholder stands for; with `keys`, a table stands for its keys.
    fn of(&self, name: &str, keys: bool) -> Vec<String> {
        let plain = |text: Option<&str>| text.into_iter().map(str::to_owned).collect::<Vec<_>>();
        let mut texts = match name {
            "environment" => plain(self.environment),
            "project" => plain(Some(self.project)),
            "url" => plain(self.url),
            config => {
                let pointer = config.strip_prefix("config:").unwrap_or_default();
                match self.config.pointer(pointer) {
                    Some(Value::Array(values)) => values.iter().filter_map(scalar).collect(),
                    Some(Value::Object(table)) if keys => table.keys().cloned().collect(),
                    value => value.and_then(scalar).into_iter().collect(),
                }
            }
        };
        // Nothing in place of a value would let the rest of the entry stand alone.
        texts.retain(|text| !text.is_empty());
        texts
    }
}

fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(flag) => Some(flag.to_string()),
        _ => None,
    }
}

/// Finds the first placeholder. Anything else in braces is text: `docker ps --format {{json .}}` is a fine command.
fn cut(text: &str) -> Option<Cut<'_>> {
    let mut from = 0;
    loop {
        let start = from + text[from..].find("{{")?;
        let inner = start + 2;
        let end = inner + text[inner..].find("}}")?;
        let name = &text[inner..end];
        if matches!(name, "environment" | "project" | "url") || name.starts_with("config:/") {
            return Some(Cut {
                before: &text[..start],
                name,
                after: &text[end + 2..],
            });
        }
        from = inner;
    }
}

/// Whether a text holds a placeholder of this module.
pub(super) fn has_placeholder(text: &str) -> bool {
    cut(text).is_some()
}

/// What follows a placeholder that the profile filled, where the text starts with one.
fn after_profile(text: &str) -> Option<&str> {
    let found = cut(text)?;
    let written = found.name == "url" || found.name.starts_with("config:/");
    (found.before.is_empty() && written).then_some(found.after)
}

impl Permissions {
    /// The entries whose decisive part the profile itself wrote: the program, the host, the folder, the name. A
    /// placeholder elsewhere decides nothing: `POST https://evil.example/{{config:/id}}` still needs an `allow`.
    pub(super) fn written_by_profile(&self) -> Self {
        let keep = |entries: &[String], written: fn(&str) -> bool| -> Vec<String> {
            entries.iter().filter(|entry| written(entry)).cloned().collect()
        };
        let program = |pattern: &&Vec<String>| {
            pattern
                .first()
                .is_some_and(|word| after_profile(word) == Some(""))
        };
        let name = |entry: &str| after_profile(entry).is_some();
        Self {
            process: self.process.iter().filter(program).cloned().collect(),
            env: keep(&self.env, name),
            http: keep(&self.http, is_host_written),
            files: keep(&self.files, is_path_written),
            append: keep(&self.append, is_path_written),
            machine_files: keep(&self.machine_files, is_path_written),
            machines: keep(&self.machines, |entry| after_profile(entry) == Some("")),
            services: keep(&self.services, name),
            artifacts: keep(&self.artifacts, name),
            secrets: keep(&self.secrets, |entry| after_profile(entry) == Some("")),
            reports: false,
            person: false,
        }
    }
}

fn is_path_written(entry: &str) -> bool {
    after_profile(entry).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

fn is_host_written(entry: &str) -> bool {
    let url = entry.split_once(' ').map_or(entry, |(_, url)| url).trim_start();
    let host = url
        .strip_prefix("https://")
        .or_else(|| url.strip_prefix("http://"));
    let Some(rest) = after_profile(host.unwrap_or(url)) else {
        return false;
    };
    let rest = match rest.strip_prefix(':') {
        Some(port) if host.is_some() => port.trim_start_matches(|c: char| c.is_ascii_digit()),
        _ => rest,
    };
    rest.is_empty() || rest.starts_with(['/', '?'])
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn expanded(toml: &str) -> serde_json::Value {
        let config = json!({
            "url": "https://wiki.example/", "command": ["npm", "run", "*"], "reports": ["a.xml", "b/*.xml"], "port": 8080,
            "deep": {"er": "x"}, "empty": "", "none": [], "env": {"CI": "1", "N": 2}, "odd": "{{project}}", "star": "**"
        });
        let values = Values {
            config: &config,
            project: "shop",
            environment: Some("prod"),
            url: None,
        };
        let document: toml_edit::DocumentMut = toml.parse().expect(toml);
        let layer =
            crate::profile::Layer::of_toml(crate::profile::Source::CommandLine, &document.to_string());
        let permissions = serde_json::from_value(layer.expect(toml).tree).expect(toml);
        serde_json::to_value(expand(&permissions, &values)).expect("serialises")
    }

    #[test]
    fn fills_in_what_there_is() {
        for (written, filled) in [
            (
                "http = ['GET,POST {{config:/url}}/rest/*']",
                json!({"http": ["GET,POST https://wiki.example/rest/*"]}),
            ),
            ("http = ['GET {{url}}/*', 'GET {{config:/gone}}/*']", json!({})),
            (
                "http = ['GET http://127.0.0.1:{{config:/port}}/']",
                json!({"http": ["GET http://127.0.0.1:8080/"]}),
            ),
            (
                "files = ['{{config:/reports}}', 'x']",
                json!({"files": ["a.xml", "b/*.xml", "x"]}),
            ),
            (
                "files = ['{{config:/none}}', '{{config:/empty}}/etc', '{{config:/deep}}']",
                json!({}),
            ),
            (
                "files = ['{{config:/deep/er}}-{{project}}']",
                json!({"files": ["x-shop"]}),
            ),
            (
                "services = ['{{project}}-{{environment}}']",
                json!({"services": ["shop-prod"]}),
            ),
            (
                "env = ['{{config:/env}}', 'X_{{environment}}']",
                json!({"env": ["CI", "N", "X_prod"]}),
            ),
            ("files = ['{{config:/odd}}']", json!({"files": ["{{project}}"]})),
            ("reports = true", json!({"reports": true})),
        ] {
            assert_eq!(expanded(written), filled, "{written}");
        }
    }

    #[test]
    fn a_command_of_the_config_is_exact() {
        for (written, filled) in [
            ("[['{{config:/command}}']]", json!([["npm", "run", "\\*"]])),
            ("[['{{config:/star}}']]", json!([["\\**"]])),
            (
                "[['{{config:/deep/er}}', '{{config:/star}}', '**']]",
                json!([["x", "\\**", "**"]]),
            ),
            (
                "[['a', '{{config:/reports}}', '*']]",
                json!([["a", "a.xml", "*"], ["a", "b/*.xml", "*"]]),
            ),
            (
                "[['docker', 'ps', '--format', '{{json .}}']]",
                json!([["docker", "ps", "--format", "{{json .}}"]]),
            ),
        ] {
            assert_eq!(
                expanded(&format!("process = {written}")),
                json!({"process": filled}),
                "{written}"
            );
        }
        for dropped in ["[['{{config:/none}}']]", "[['a', '{{config:/gone}}']]"] {
            assert_eq!(expanded(&format!("process = {dropped}")), json!({}), "{dropped}");
        }
    }

    #[test]
    fn the_profile_wrote_only_what_starts_with_its_words() {
        let written: fn(&str) -> bool = is_host_written;
        for entry in [
            "GET {{url}}/*",
            "GET,POST {{config:/url}}",
            "GET https://{{config:/host}}:8443/x",
            "{{url}}?a",
        ] {
            assert!(written(entry), "{entry}");
        }
        for entry in [
            "POST https://evil.example/{{config:/id}}",
            "POST {{config:/url}}.evil.example/*",
            "POST {{config:/url}}@evil.example/*",
            "POST https://{{config:/host}}.evil.example/",
            "POST https://{{config:/host}}:80.evil.example/",
            "POST https://evil.example/?{{url}}",
            "POST https://{{project}}/",
        ] {
            assert!(!written(entry), "{entry}");
        }
        let wanted = Permissions {
            process: vec![
                vec!["{{config:/command}}".into()],
                vec!["curl".into(), "{{config:/url}}".into(), "**".into()],
                vec!["{{config:/a}}x".into()],
            ],
            machine_files: vec![
                "{{config:/folder}}/releases".into(),
                "{{config:/folder}}x".into(),
                "/etc/{{config:/x}}".into(),
            ],
            machines: vec![
                "{{config:/machine}}".into(),
                "{{config:/machine}}*".into(),
                "vps".into(),
            ],
            reports: true,
            ..Permissions::default()
        };
        let kept = wanted.written_by_profile();
        assert_eq!(kept.process, [["{{config:/command}}"]]);
        assert_eq!(kept.machine_files, ["{{config:/folder}}/releases"]);
        assert_eq!(kept.machines, ["{{config:/machine}}"]);
        assert!(!kept.reports);
    }
}
