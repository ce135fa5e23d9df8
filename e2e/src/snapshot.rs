//! The world as it is now, seen from outside: files with their contents, and processes.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::Result;
use sha2::{Digest as _, Sha256};

/// Files by path with what is in them, and the processes that name any of the folders.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Snapshot {
    entries: BTreeMap<PathBuf, String>,
    processes: Vec<String>,
}

impl Snapshot {
    /// Looks at everything below the folders: `.git` with its refs and objects, the reports, the locks, the store.
    pub fn of(folders: &[&Path]) -> Result<Self> {
        let mut entries = BTreeMap::new();
        let mut open: Vec<PathBuf> = folders.iter().map(|folder| (*folder).to_owned()).collect();
        while let Some(path) = open.pop() {
            let Ok(metadata) = fs::symlink_metadata(&path) else {
                entries.insert(path, "not there".to_owned());
                continue;
            };
            let what = if metadata.is_symlink() {
                format!("link to {}", fs::read_link(&path)?.display())
            } else if metadata.is_dir() {
                for entry in fs::read_dir(&path)? {
                    open.push(entry?.path());
                }
                "folder".to_owned()
            } else {
                hex::encode(Sha256::digest(fs::read(&path)?))
            };
            entries.insert(path, what);
        }
        Ok(Self {
            entries,
            processes: processes(folders)?,
        })
    }

    /// The same, but for what is in files whose name begins so, and in which of them.
    #[must_use]
    pub fn without_content_of(mut self, name: &str) -> Self {
        let begins = |path: &Path| {
            path.file_name()
                .is_some_and(|file| file.to_string_lossy().starts_with(name))
        };
        let there = self.entries.keys().any(|path| begins(path));
        self.entries.retain(|path, _| !begins(path));
        if there {
            self.entries.insert(name.into(), "there".to_owned());
        }
        self
    }

    /// What has changed since then.
    pub fn changes(&self, later: &Self) -> Vec<String> {
        let mut changes = Vec::new();
        for (path, what) in &self.entries {
            match later.entries.get(path) {
                Some(now) if now == what => {}
                Some(_) => changes.push(format!("{} has changed", path.display())),
                None => changes.push(format!("{} is gone", path.display())),
            }
        }
        let new = later
            .entries
            .keys()
            .filter(|path| !self.entries.contains_key(*path));
        changes.extend(new.map(|path| format!("{} is new", path.display())));
        if self.processes != later.processes {
            changes.push(format!(
                "processes: {:?}, before {:?}",
                later.processes, self.processes
            ));
        }
        changes
    }
}

fn processes(folders: &[&Path]) -> Result<Vec<String>> {
    let output = Command::new("ps").args(["-axo", "pid=,args="]).output()?;
    let text = String::from_utf8_lossy(&output.stdout);
    let names: Vec<_> = folders
        .iter()
        .map(|folder| folder.display().to_string())
        .collect();
    let ours = text
        .lines()
        .filter(|line| names.iter().any(|name| line.contains(name)));
    Ok(ours.map(str::to_owned).collect())
}
