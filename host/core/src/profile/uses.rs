//! Where a profile uses plugins, and as what.

use serde_json::Value;

use super::origin::entry;
use super::{Profile, Use};
use crate::manifest::Role;

/// The tables of uses, and what their plugins serve as.
const TABLES: [(&str, Role); 5] = [
    ("gate", Role::Gate),
    ("smoke", Role::Gate),
    ("metrics", Role::Metrics),
    ("notify", Role::Notifier),
    ("backup", Role::Backup),
];

/// One use of a plugin, with its place in the profile.
#[derive(Clone, Debug, PartialEq)]
pub struct PlacedUse {
    /// As in TOML: `notify.telegram`, `environments.prod.target`.
    pub path: String,
    /// JSON pointer of the same.
    pub pointer: String,
    /// What the plugin serves as.
    pub role: Role,
    /// The use.
    pub of: Use,
}

impl Profile {
    /// Every use of a plugin.
    pub fn uses(&self) -> Vec<PlacedUse> {
        let notifiers = self
            .notify
            .iter()
            .map(|(name, notifier)| (name, notifier.as_use()));
        let tables = [
            ("/gate", Role::Gate, &self.gate),
            ("/smoke", Role::Gate, &self.smoke),
            ("/metrics", Role::Metrics, &self.metrics),
        ];
        let placed = |pointer: String, role, of| PlacedUse {
            path: super::origin::dotted(&pointer),
            pointer,
            role,
            of,
        };
        let mut uses = Vec::new();
        for (table, role, entries) in tables {
            let entries = entries.iter();
            uses.extend(entries.map(|(name, of)| placed(entry(table, name), role, of.clone())));
        }
        let backups = self.backup.iter().map(|(name, backup)| (name, backup.as_use()));
        uses.extend(backups.map(|(name, of)| placed(entry("/backup", name), Role::Backup, of)));
        uses.extend(notifiers.map(|(name, of)| placed(entry("/notify", name), Role::Notifier, of)));
        for (name, environment) in &self.environments {
            let pointer = format!("{}/target", entry("/environments", name));
            let target = &environment.target;
            uses.push(placed(pointer.clone(), Role::Target, target.clone()));
            if environment.canary.is_some() {
                uses.push(placed(pointer, Role::Traffic, target.clone()));
            }
        }
        uses
    }
}

/// The pointers of every use in a tree that need not be a valid profile.
pub(super) fn pointers(tree: &Value) -> Vec<(String, Role)> {
    let mut found = Vec::new();
    for (table, role) in TABLES {
        let entries = tree.get(table).and_then(Value::as_object);
        let names = entries.into_iter().flat_map(|entries| entries.keys());
        found.extend(names.map(|name| (entry(&format!("/{table}"), name), role)));
    }
    let environments = tree.get("environments").and_then(Value::as_object);
    for (name, environment) in environments.into_iter().flatten() {
        if environment.get("target").is_some() {
            found.push((format!("{}/target", entry("/environments", name)), Role::Target));
        }
    }
    found
}
