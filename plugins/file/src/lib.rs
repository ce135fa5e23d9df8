//! Notifier `file`: adds a line to a file for every message, e.g. for a log that others follow, or where there is no chat.

use runner_sdk::notifier::Event;
use runner_sdk::{Context, Error, Host, Notifier, rfc3339, wording};
use schemars::JsonSchema;
use serde::Deserialize;

/// Adds a line to a file for every message.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Config {
    /// The file; a relative one is meant from the workspace. It is made when there is none.
    #[schemars(length(min = 1))]
    path: String,
}

/// The notifier.
pub struct FileNotifier;

impl Notifier for FileNotifier {
    type Config = Config;

    fn notify(host: &impl Host, context: &Context<Config>, event: &Event) -> Result<Option<String>, Error> {
        let path = &context.config.path;
        // All but the time, so that a run that was broken off does not write it twice. The text is in it: one step can have
        // several alerts.
        let key = format!(
            "{} [{} {}]",
            wording::line(context, event),
            context.run_id,
            context.step
        );
        host.append_line(path, &format!("{} {key}", rfc3339(host.now())), &key)?;
        Ok(Some(path.clone()))
    }
}

runner_sdk::export! { notifier: FileNotifier }

#[cfg(test)]
mod tests {
    use runner_sdk::notifier::Notes;
    use runner_sdk::testing::{ScriptedHost, context};
    use serde_json::json;

    use super::*;

    fn notify(host: &ScriptedHost, event: &Event) -> Result<Option<String>, Error> {
        let context = context(json!({"path": "told.log"}))
            .with_release("1.2.3")
            .with_environment("prod", None);
        FileNotifier::notify(host, &context, event)
    }

    #[test]
    fn a_message_is_a_line_with_its_time_and_its_run() {
        let host = ScriptedHost::new()
            .append_line(
                "told.log",
                "2026-01-01T00:00:00.000Z 🚀 Deploying v1.2.3 to prod [run-1 test]",
            )
            .with("key", "🚀 Deploying v1.2.3 to prod [run-1 test]");
        assert_eq!(
            notify(&host, &Event::DeployStarted).unwrap().as_deref(),
            Some("told.log")
        );
    }

    #[test]
    fn a_line_is_one_line() {
        let notes = Notes {
            version: "1.2.3".into(),
            markdown: "### Features\n- a".into(),
            structural: false,
        };
        let host = ScriptedHost::new()
            .append_line(
                "told.log",
                "2026-01-01T00:00:00.000Z 📦 v1.2.3 released [run-1 test]",
            )
            .append_line(
                "told.log",
                "2026-01-01T00:00:00.000Z ❌ Deploy v1.2.3 to prod FAILED: a b [run-1 test]",
            );
        notify(&host, &Event::Released(notes)).unwrap();
        notify(&host, &Event::DeployFailed("a\nb".into())).unwrap();
    }

    #[test]
    fn a_file_that_cannot_be_written_is_an_error() {
        let line = "2026-01-01T00:00:00.000Z 🔔 ALERT: prod: lag [run-1 test]";
        let host = ScriptedHost::new()
            .append_line("told.log", line)
            .fails(Error::failed("no space left"));
        assert_eq!(
            notify(&host, &Event::Alert("lag".into())),
            Err(Error::failed("no space left"))
        );
    }
}
