//! What one request needs, in the terms of permissions.

use serde_json::{Value, json};

use super::http::{self, Destination};
use super::path::{self, Place};
use super::{Permissions, process};

/// One thing that must be permitted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Need {
    /// A program with its arguments.
    Program(Vec<String>),
    /// An environment variable that is set.
    Variable(String),
    /// A request.
    Http(Destination),
    /// A file of the workspace.
    File(String),
    /// Files of the workspace.
    Glob(String),
    /// A file that a line is added to.
    Append(String),
    /// A file or folder on a machine.
    Machine(Place),
    /// A program that is run from a granted folder, or as a granted program.
    Started(Place, Vec<String>),
    /// Something on a machine that is taken into the artifact store, from a granted folder or the workspace.
    Taken(Place),
    /// Working on a machine that is not the one `runner` runs on.
    On(String),
    /// A supervised process.
    Service(String),
    /// An artifact.
    Artifact(String),
    /// Writing reports.
    Reports,
    /// Asking people.
    Person,
}

impl Need {
    /// The key of [`Permissions`] that is about it.
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Self::Program(_) | Self::Started(..) => "process",
            Self::Variable(_) => "env",
            Self::Http(_) => "http",
            Self::File(_) | Self::Glob(_) => "files",
            Self::Append(_) => "append",
            Self::Machine(_) | Self::Taken(_) => "machine-files",
            Self::On(_) => "machines",
            Self::Service(_) => "services",
            Self::Artifact(_) => "artifacts",
            Self::Reports => "reports",
            Self::Person => "person",
        }
    }

    /// The smallest entry that covers it.
    pub(super) fn entry(&self) -> Value {
        match self {
            Self::Program(argv) | Self::Started(_, argv) => {
                argv.iter().map(|word| process::exactly(word)).collect()
            }
            Self::Http(to) => json!(to.entry()),
            Self::Machine(place) | Self::Taken(place) => json!(place.text()),
            Self::Variable(name)
            | Self::File(name)
            | Self::Glob(name)
            | Self::Append(name)
            | Self::On(name)
            | Self::Service(name)
            | Self::Artifact(name) => json!(name),
            Self::Reports | Self::Person => json!(true),
        }
    }

    /// What it is, after "may not".
    pub(super) fn what(&self) -> String {
        match self {
            Self::Program(argv) | Self::Started(_, argv) => format!("run `{}`", argv.join(" ")),
            Self::Variable(name) => format!("set the variable `{name}`"),
            Self::Http(to) => to.entry(),
            Self::File(path) => format!("read `{path}`"),
            Self::Glob(pattern) => format!("list `{pattern}`"),
            Self::Append(path) => format!("add a line to `{path}`"),
            Self::Machine(place) => format!("use `{}` on a machine", place.text()),
            Self::Taken(place) => format!("take `{}` into the artifact store", place.text()),
            Self::On(name) => format!("work on the machine `{name}`"),
            Self::Service(name) => format!("manage the service `{name}`"),
            Self::Artifact(name) => format!("use the artifact `{name}`"),
            Self::Reports => "write reports".to_owned(),
            Self::Person => "ask people".to_owned(),
        }
    }
}

impl Permissions {
    /// The key and entry that cover a need.
    pub(super) fn covering(&self, need: &Need) -> Option<(&'static str, Value)> {
        match need {
            Need::Started(place, argv) => self.program(argv).or_else(|| self.folder(place)),
            Need::Taken(place) => self.folder(place).or_else(|| {
                let file = path::in_workspace(&place.text()).ok()?;
                self.covering(&Need::File(file))
            }),
            Need::Program(argv) => self.program(argv),
            Need::Machine(place) => self.folder(place),
            Need::Variable(name) => text("env", &self.env, |glob| path::name_covers(glob, name)),
            Need::Http(to) => text("http", &self.http, |entry| http::covers(entry, to)),
            Need::File(file) => text("files", &self.files, |glob| path::glob_covers(glob, file)),
            Need::Glob(pattern) => text("files", &self.files, |glob| {
                path::glob_covers_pattern(glob, pattern)
            }),
            Need::Append(path) => text("append", &self.append, |entry| entry == path),
            Need::On(name) => text("machines", &self.machines, |glob| path::name_covers(glob, name)),
            Need::Service(name) => text("services", &self.services, |glob| path::name_covers(glob, name)),
            Need::Artifact(name) => text("artifacts", &self.artifacts, |glob| path::name_covers(glob, name)),
            Need::Reports => self.reports.then_some(("reports", json!(true))),
            Need::Person => self.person.then_some(("person", json!(true))),
        }
    }

    fn program(&self, argv: &[String]) -> Option<(&'static str, Value)> {
        let pattern = self
            .process
            .iter()
            .find(|pattern| process::covers(pattern, argv))?;
        Some(("process", json!(pattern)))
    }

    fn folder(&self, place: &Place) -> Option<(&'static str, Value)> {
        text("machine-files", &self.machine_files, |folder| {
            place.is_below(folder)
        })
    }

    /// The entries of one kind.
    pub(super) fn entries(&self, kind: &str) -> Vec<Value> {
        let permissions = serde_json::to_value(self).unwrap_or_default();
        permissions
            .get(kind)
            .and_then(Value::as_array)
            .cloned()
            .unwrap_or_default()
    }
}

fn text(
    kind: &'static str,
    entries: &[String],
    covers: impl Fn(&str) -> bool,
) -> Option<(&'static str, Value)> {
    let entry = entries.iter().find(|entry| covers(entry))?;
    Some((kind, json!(entry)))
}
