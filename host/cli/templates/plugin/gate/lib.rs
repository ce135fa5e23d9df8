//! Gate `{{name}}`: fails when a file holds a text that must not be in a release.

use runner_sdk::{Context, Error, Finding, Gate, Host, Severity, Verdict, WithContext};
use schemars::JsonSchema;
use serde::Deserialize;

/// The longest file that is read, in bytes.
const LONGEST: u32 = 4 * 1024 * 1024;

/// What a profile says under `config`. Its JSON Schema is checked by the host and shown to users.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Config {
    /// The file, relative to the workspace.
    path: String,
    /// The text that must not be in it.
    forbid: String,
}

/// The gate.
pub struct {{type}};

impl Gate for {{type}} {
    type Config = Config;

    // What was found out is a verdict, passed or failed. An error means that nothing could be found out: it never passes.
    fn check(host: &impl Host, context: &Context<Config>) -> Result<Verdict, Error> {
        let Config { path, forbid } = &context.config;
        let content = host.read_file(path, LONGEST).context(format!("reading `{path}`"))?;
        let text = String::from_utf8_lossy(&content);
        let findings: Vec<Finding> = (1..)
            .zip(text.lines())
            .filter(|(_, line)| line.contains(forbid))
            .map(|(number, line)| Finding::new(Severity::High, line.trim()).at(path, Some(number)))
            .collect();
        Ok(match findings.len() {
            0 => Verdict::passed(format!("no `{forbid}` in `{path}`")),
            count => Verdict::failed(format!("{count} times `{forbid}` in `{path}`")).findings(findings),
        })
    }
}

runner_sdk::export! { gate: {{type}} }

#[cfg(test)]
mod tests {
    use runner_sdk::testing::{ScriptedHost, context};
    use serde_json::json;

    use super::*;

    fn check(content: &str) -> Verdict {
        let host = ScriptedHost::new().read_file("CHANGELOG.md", content);
        let config = json!({"path": "CHANGELOG.md", "forbid": "TBD"});
        {{type}}::check(&host, &context(config)).expect("the file can be read")
    }

    #[test]
    fn passes_without_the_text() {
        assert!(check("# Changelog\n").is_passed());
    }

    #[test]
    fn fails_with_the_text_and_says_where() {
        let verdict = check("# Changelog\n\n- TBD\n");
        assert_eq!(verdict.summary, "1 times `TBD` in `CHANGELOG.md`");
        let place = verdict.findings[0].location.as_ref().expect("a place");
        assert_eq!((place.path.as_str(), place.line), ("CHANGELOG.md", Some(3)));
    }
}
