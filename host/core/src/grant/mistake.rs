//! Entries of permissions that can never cover anything: better told of when they are read than when something is denied.

use super::path::{Place, glob, pattern_in_workspace};
use super::{Permissions, expand::has_placeholder, http, process};
use crate::profile::{ProfileError, Provenance, dotted};

/// One such entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistake {
    /// JSON pointer within the permissions, e.g. `/http/0`.
    pub pointer: String,
    /// What is wrong.
    pub message: String,
    /// What to do.
    pub hint: &'static str,
}

impl Mistake {
    /// With its place, for permissions that stand at `base`.
    pub fn located(self, base: &str, provenance: &Provenance) -> ProfileError {
        let pointer = format!("{base}{}", self.pointer);
        ProfileError {
            origin: provenance.get(&pointer).cloned(),
            path: dotted(&pointer),
            message: self.message,
            hint: self.hint.to_owned(),
        }
    }
}

impl Permissions {
    /// Entries that can never cover anything. What still has placeholders is not judged.
    pub fn mistakes(&self) -> Vec<Mistake> {
        let mut mistakes = Vec::new();
        for (index, pattern) in self.process.iter().enumerate() {
            mistakes.extend(process::mistake(pattern).map(|message| Mistake {
                pointer: format!("/process/{index}"),
                message: message.to_owned(),
                hint: "a pattern is words, `*` for any one, and `**` at the end for any rest",
            }));
        }
        let mut judge = |kind: &str, entries: &[String], wrong: fn(&str) -> Option<String>, hint| {
            for (index, entry) in entries
                .iter()
                .enumerate()
                .filter(|(_, entry)| !has_placeholder(entry))
            {
                mistakes.extend(wrong(entry).map(|why| Mistake {
                    pointer: format!("/{kind}/{index}"),
                    message: format!("`{entry}` covers nothing: {why}"),
                    hint,
                }));
            }
        };
        let web = "write `METHOD[,METHOD] URL`, with `*` at the end for any rest of the path";
        judge("http", &self.http, http::mistake, web);
        let workspace = "write a glob relative to the workspace, e.g. `coverage/**`";
        judge(
            "files",
            &self.files,
            |entry| pattern_in_workspace(entry).err(),
            workspace,
        );
        let folder = "write a folder, e.g. `/srv/shop`; all below it is meant";
        judge(
            "machine-files",
            &self.machine_files,
            |entry| Place::parse(entry).err(),
            folder,
        );
        let no_glob = |entry: &str| glob(entry).err().map(|error| error.to_string());
        let name = "write a name, with `*` for any part of it";
        judge("env", &self.env, no_glob, name);
        judge("machines", &self.machines, no_glob, name);
        judge("services", &self.services, no_glob, name);
        judge("artifacts", &self.artifacts, no_glob, name);
        mistakes
    }
}
