//! The profile that a schedule's machine gets: of one environment, just what the command needs, and no secret's value.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use super::{Schedule, What};
use crate::{
    profile::{Merged, NoticeName, PlacedUse, Profile, show},
    secret,
};

/// What is installed with a schedule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Installed {
    /// A whole profile, as TOML.
    pub profile: String,
    /// The secrets that its command needs, by the variable that each comes in.
    pub secrets: BTreeMap<String, String>,
    /// Uses whose plugin is no official one: the machine does not have its file.
    pub foreign: Vec<String>,
}

/// What is installed for a schedule of a profile. Its `run` has been judged.
pub fn installed(profile: &Profile, schedule: &Schedule) -> Installed {
    let whole = serde_json::to_value(profile).expect("a profile serialises to JSON");
    let Ok(job) = schedule.job() else {
        return Installed {
            profile: String::new(),
            secrets: BTreeMap::new(),
            foreign: Vec::new(),
        };
    };
    let uses: Vec<_> = profile
        .uses()
        .into_iter()
        .filter(|used| is_used(profile, job.what, job.environment, used))
        .collect();
    let target = format!("/environments/{}/target", job.environment);
    let target: Vec<_> = profile
        .uses()
        .into_iter()
        .filter(|used| used.pointer == target)
        .collect();
    let mut tree = Map::new();
    let kept = ["project", "version", "reports", "machines"];
    for key in kept
        .into_iter()
        .chain((job.what == What::Digest).then_some("digest"))
    {
        tree.extend(whole.get(key).map(|value| (key.to_owned(), value.clone())));
    }
    for used in &uses {
        let mut at = used.pointer.split('/').skip(1);
        if let (Some(table), Some(name), Some(value)) = (at.next(), at.next(), whole.pointer(&used.pointer)) {
            let table = tree.entry(table).or_insert_with(|| json!({}));
            table[name] = value.clone();
        }
    }
    tree.insert(
        "environments".into(),
        json!({ job.environment: environment(&whole, job.environment, job.what) }),
    );
    // A file would lie elsewhere on the other machine.
    let shared = profile.store.as_ref().filter(|store| store.contains("://"));
    tree.extend(shared.map(|store| ("store".to_owned(), json!(store))));
    let needed = secrets_of(&uses);
    let variables = variables(needed.union(&secrets_of(&target)));
    let sources = variables
        .iter()
        .map(|(name, variable)| (name.clone(), json!({ "env": variable })));
    tree.insert("secrets".into(), Value::Object(sources.collect()));
    let mut tree = Value::Object(tree);
    without_null(&mut tree);
    let foreign = target
        .iter()
        .chain(&uses)
        .filter(|used| used.of.plugin.ends_with(".wasm"));
    Installed {
        profile: show(&Merged {
            tree,
            ..Merged::default()
        }),
        foreign: foreign.map(|used| used.path.clone()).collect(),
        secrets: variables
            .into_iter()
            .filter(|(name, _)| needed.contains(name))
            .map(|(name, variable)| (variable, name))
            .collect(),
    }
}

/// Whether the command calls the plugin.
fn is_used(profile: &Profile, what: What, environment: &str, used: &PlacedUse) -> bool {
    let mut at = used.pointer.split('/').skip(1);
    let (Some(table), Some(name)) = (at.next(), at.next()) else {
        return false;
    };
    match (what, table) {
        (What::Backup, "backup") => {
            let kept = profile
                .environments
                .get(environment)
                .map(|of| of.backup.as_slice());
            kept.is_some_and(|kept| kept.iter().any(|kept| kept == name))
        }
        // A backup that fails asks for attention.
        (What::Backup, "notify") => is_told(profile, name, NoticeName::Alert),
        (What::Digest, "notify") => is_told(profile, name, NoticeName::Digest),
        (What::Digest, "metrics") => profile
            .digest
            .readings
            .values()
            .any(|reading| reading.source == name),
        _ => false,
    }
}

/// Whether a notifier wants to know of it.
fn is_told(profile: &Profile, notifier: &str, of: NoticeName) -> bool {
    let events = profile.notify.get(notifier).map(|notifier| &notifier.events);
    events.is_some_and(|events| events.as_ref().is_none_or(|events| events.contains(&of)))
}

/// What the command looks at. The rest names tables that are not installed.
fn environment(whole: &Value, name: &str, what: What) -> Value {
    let mut environment = whole["environments"][name].clone();
    if let Some(table) = environment.as_object_mut() {
        table.retain(|key, _| {
            matches!(key.as_str(), "url" | "target") || (key == "backup" && what == What::Backup)
        });
    }
    environment
}

/// The names of the secrets that the uses speak of.
fn secrets_of(uses: &[PlacedUse]) -> BTreeSet<String> {
    let texts: Vec<_> = uses.iter().map(|used| used.of.config.to_string()).collect();
    let spoken = texts.iter().flat_map(|text| secret::names(text.as_bytes()));
    let allowed = uses
        .iter()
        .flat_map(|used| used.of.allow.secrets.iter().map(String::as_str));
    spoken.chain(allowed).map(str::to_owned).collect()
}

/// A variable for each secret, each another one.
fn variables<'a>(names: impl Iterator<Item = &'a String>) -> BTreeMap<String, String> {
    let mut variables: BTreeMap<String, String> = BTreeMap::new();
    for name in names {
        let plain = name.to_uppercase().replace(['-', '.'], "_");
        let mut variable = format!("RUNNER_SECRET_{plain}");
        while variables.values().any(|taken| *taken == variable) {
            variable.push('_');
        }
        variables.insert(name.clone(), variable);
    }
    variables
}

/// TOML has none.
fn without_null(value: &mut Value) {
    match value {
        Value::Object(table) => {
            table.retain(|_, value| !value.is_null());
            table.values_mut().for_each(without_null);
        }
        Value::Array(values) => values.iter_mut().for_each(without_null),
        _ => {}
    }
}
