//! The layers of a profile: built-in, then the user's or organisation's, then the repository's, then the command line's.

use std::fs;
use std::path::{Path, PathBuf};

use runner_core::profile::{Layer, Source, stack};

use super::{Repository, folders};
use crate::args::Global;
use crate::builtin;
use crate::error::{CommandError, Done};

/// The name of a profile in a repository.
const FILE: &str = "runner.toml";

/// All layers, the lowest first, and the name of the profile.
pub(super) fn read(global: &Global, repository: &Repository) -> Done<(Vec<Layer>, String)> {
    if let Some(path) = folders::installed_profile() {
        return Ok((vec![layer(&path, repository)?], repository.named(&path)));
    }
    let mut layers = Vec::new();
    if let Some(path) = folders::user_profile().filter(|path| path.is_file()) {
        layers.push(layer(&path, repository)?);
    }
    let file = in_repository(repository);
    if let Some(path) = &file {
        layers.push(layer(path, repository)?);
    }
    if !global.set.is_empty() {
        layers.push(Layer::of_settings(&global.set)?);
    }
    let layers = stack(global.profile.as_deref(), layers, &builtin::text, builtin::NAMES)?;
    let built_in = match layers.first().map(|layer| &layer.source) {
        Some(Source::BuiltIn(name)) => Some(name.clone()),
        _ => None,
    };
    if file.is_none() && built_in.is_none() {
        let place = repository.current.display();
        return Err(
            CommandError::config(format!("there is no `{FILE}` in `{place}` or above it")).hint(format!(
                "write one, or start from a built-in profile: `runner profile list`, `--profile {}`",
                builtin::NAMES[0]
            )),
        );
    }
    let name = built_in.or_else(|| file.map(|path| repository.named(&path)));
    Ok((layers, name.unwrap_or_default()))
}

fn layer(path: &Path, repository: &Repository) -> Done<Layer> {
    let name = repository.named(path);
    let text = fs::read_to_string(path)
        .map_err(|error| CommandError::config(format!("cannot read `{name}`: {error}")))?;
    Ok(Layer::of_toml(Source::File(name), &text)?)
}

/// The nearest one upwards, the repository's top at the latest.
fn in_repository(repository: &Repository) -> Option<PathBuf> {
    let below = repository
        .current
        .ancestors()
        .take_while(|folder| folder.starts_with(&repository.root));
    below.map(|folder| folder.join(FILE)).find(|path| path.is_file())
}

/// Refuses options that change what the gate checks: better not to deploy than to deploy with errors, and no flag may
/// skip the gate. In a file the change is seen and reviewed.
pub(super) fn gate_untouched(layers: &[Layer]) -> Done<()> {
    let on_command_line = layers.iter().filter(|layer| layer.source == Source::CommandLine);
    for layer in on_command_line {
        let gate = layer.tree.get("gate").is_some();
        let environments = layer
            .tree
            .get("environments")
            .and_then(serde_json::Value::as_object);
        let theirs =
            environments.is_some_and(|all| all.values().any(|e| e.get("gate").or(e.get("before")).is_some()));
        if gate || theirs {
            return Err(CommandError::config(
                "`--set` cannot change the gate of a release: no option skips a check",
            )
            .hint(format!("change {FILE}, where it is seen and reviewed")));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(settings: &[&str]) -> bool {
        gate_untouched(&[Layer::of_settings(settings).expect("settings")]).is_err()
    }

    #[test]
    fn no_option_skips_a_check() {
        assert!(refused(&["gate.e2e=false"]));
        assert!(refused(&["gate.e2e.config.run=[\"true\"]"]));
        assert!(refused(&["environments.prod.gate=[]"]));
        assert!(refused(&["environments.prod.before=[]"]));
        assert!(!refused(&[
            "environments.prod.url=http://localhost",
            "version.tag-prefix=x"
        ]));
    }
}
