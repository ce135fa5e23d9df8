//! What a target has against its config beyond what its schema can say, heard before anything is begun.
//!
//! Its `deploy` is called with nothing granted, and ends at the first thing that it asks the host for. What it says before
//! that hangs on its config and its environment alone, so a deploy would say the same: after the tag and the backup.

use runner_core::effect::{Outcome, Request};
use runner_core::event::Level;
use runner_core::fault::Fault;
use runner_core::profile::{Environment, PlacedUse, ProfileError, Resolved, dotted};
use runner_engine::effects::Halt;
use runner_engine::plugin::{CallContext, Calls, Plugin};
use serde_json::Value;

/// Ends the call at the first thing that is asked for.
struct Unasked;

impl Calls for Unasked {
    fn perform(&mut self, _: Request) -> Result<Outcome, Halt> {
        Err(Halt::Stopped)
    }

    fn log(&mut self, _: Level, _: &str) {}

    fn progress(&mut self, _: u64, _: Option<u64>, _: &str) {}
}

/// What the target of an environment has against its config, with the line of the value that its text begins with.
pub(super) fn of_target(resolved: &Resolved, used: &PlacedUse, plugin: &Plugin) -> Option<ProfileError> {
    let environments = &resolved.profile.environments;
    let (name, environment) = environments
        .iter()
        .find(|(name, _)| used.pointer == format!("/environments/{}/target", escaped(name)))?;
    let context = context(resolved, used, name, environment);
    let Ok(Err(Fault::InvalidConfig { message })) = plugin.deploy(Box::new(Unasked), context) else {
        return None;
    };
    let pointer = format!("{}/config{}", used.pointer, named(&used.of.config, &message));
    Some(ProfileError {
        origin: resolved.provenance().get(&pointer).cloned(),
        path: dotted(&pointer),
        message: format!("from plugin `{}`: {message}", plugin.title()),
        hint: String::new(),
    })
}

/// A call about the environment, and about no release: there is none yet.
fn context(resolved: &Resolved, used: &PlacedUse, name: &str, environment: &Environment) -> CallContext {
    CallContext {
        run: "none".to_owned(),
        step: format!("{name}/deploy"),
        plan: true,
        project: resolved.profile.project.name.clone(),
        release: None,
        previous: None,
        environment: Some((name.to_owned(), environment.url.clone())),
        gradual: environment.canary.is_some(),
        config: used.of.config.to_string(),
    }
}

/// The pointer of the value of a config that a text begins with, e.g. `` `web.ports`: ... ``, as far as it is there.
fn named(config: &Value, text: &str) -> String {
    let key = text.strip_prefix('`').and_then(|rest| rest.split('`').next());
    let mut pointer = String::new();
    for part in key.unwrap_or_default().split('.') {
        let deeper = format!("{pointer}/{}", escaped(part));
        if config.pointer(&deeper).is_none() {
            break;
        }
        pointer = deeper;
    }
    pointer
}

/// A key in a JSON pointer; see RFC 6901, section 3.
fn escaped(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_text_that_begins_with_a_key_is_about_its_value() {
        let config = json!({ "strategy": "canary", "web": { "ports": [1, 2] }, "a/b": 1 });
        for (text, pointer) in [
            ("`strategy` is `canary`, and so on", "/strategy"),
            ("`web.ports`: `restart` has one port", "/web/ports"),
            ("`web.run[0]` holds `{{x}}`", "/web"),
            ("`a/b` is 1", "/a~1b"),
            ("`nginx` is missing", ""),
            ("the `strategy` is wrong", ""),
            ("`", ""),
        ] {
            assert_eq!(named(&config, text), pointer, "{text}");
        }
    }
}
