//! An environment from a bare Debian server: each part is read first, compared, and written only where it differs.

mod account;
pub(crate) mod certificate;
mod database;
mod environment;
mod packages;
mod site_file;
mod unit_files;
mod web_root;

use std::collections::BTreeMap;

use runner_sdk::setup::Change;
use runner_sdk::{Error, Host};
use similar::TextDiff;

use crate::machine::Machine;
use crate::site::Site;

/// The set-up under way.
pub(crate) struct Work<'a, H> {
    pub(crate) machine: &'a Machine<'a, H>,
    pub(crate) site: &'a Site<'a>,
    changes: Vec<Change>,
    /// Files that were written already: in a plan the server does not have them.
    written: BTreeMap<String, String>,
}

/// Everything, in the order in which one part needs the other.
pub(crate) fn apply<H: Host>(machine: &Machine<'_, H>, site: &Site<'_>) -> Result<Vec<Change>, Error> {
    let mut work = Work {
        machine,
        site,
        changes: Vec::new(),
        written: BTreeMap::new(),
    };
    account::is_free(&work)?;
    packages::install(&mut work)?;
    account::make(&mut work)?;
    database::make(&mut work)?;
    environment::write(&mut work)?;
    unit_files::write(&mut work)?;
    web_root::prepare(&mut work)?;
    site_file::write(&mut work)?;
    Ok(work.changes)
}

impl<H: Host> Work<'_, H> {
    pub(crate) fn note(&mut self, subject: impl Into<String>, diff: impl Into<String>) {
        self.changes.push(Change {
            subject: subject.into(),
            diff: diff.into(),
        });
    }

    /// A file of root's that everybody may read. Returns what it was before, where it had to be written.
    pub(crate) fn file(&mut self, path: &str, content: &str) -> Result<Option<Before>, Error> {
        let before = match self.written.get(path) {
            Some(written) => Some(written.clone()),
            None => self.machine.text(path)?,
        };
        if before.as_deref() == Some(content) {
            return Ok(None);
        }
        if let Some(other) = before.as_deref().and_then(|text| self.other_mark(text)) {
            return Err(Error::InvalidConfig(format!(
                "`{path}` belongs to {other}: give `{}` names, ports and folders of its own",
                self.site.environment.name
            )));
        }
        self.note(path, unified(before.as_deref().unwrap_or_default(), content));
        self.machine.write_root(path, content, "0644")?;
        self.written.insert(path.to_owned(), content.to_owned());
        Ok(Some(Before {
            path: path.to_owned(),
            content: before,
        }))
    }

    /// The environment that a file belongs to, when it is another one.
    fn other_mark<'t>(&self, text: &'t str) -> Option<&'t str> {
        let mark = text.lines().next()?;
        let other = mark.strip_prefix("# runner: ")?;
        (mark != self.site.mark()).then_some(other)
    }

    /// A folder of root's.
    pub(crate) fn folder(&mut self, path: &str, mode: &str) -> Result<(), Error> {
        let there = self.machine.ask_root(&["stat", "--format", "%F", "--", path])?;
        if there.success() {
            return Ok(());
        }
        self.note(path, format!("+ folder, {mode}"));
        self.machine.act_root(
            &["install", "-d", "-m", mode, "--", path],
            &format!("making `{path}`"),
        )
    }
}

/// A file as it was, to be put back.
pub(crate) struct Before {
    pub(crate) path: String,
    /// None where there was none.
    pub(crate) content: Option<String>,
}

impl Before {
    pub(crate) fn put_back<H: Host>(&self, machine: &Machine<'_, H>) -> Result<(), Error> {
        match &self.content {
            Some(content) => machine.write_root(&self.path, content, "0644"),
            None => machine.remove_root(&self.path),
        }
    }
}

/// The difference as `diff -u` shows it, without its two lines of names.
pub(crate) fn unified(before: &str, after: &str) -> String {
    TextDiff::from_lines(before, after)
        .unified_diff()
        .context_radius(2)
        .to_string()
}
