//! The folders of this machine: the project's data, compiled plugins, and the user's own configuration.

use std::fmt;
use std::path::{Path, PathBuf};

use directories::ProjectDirs;

use super::Repository;
use crate::error::{CommandError, Done};

/// Overrides the folder of all projects' data.
const DATA: &str = "RUNNER_DATA_DIR";
/// Overrides the folder of compiled plugins.
const CACHE: &str = "RUNNER_CACHE_DIR";
/// Overrides the store that the profile names.
const STORE: &str = "RUNNER_STORE";
/// Names the machine of the profile that this is: nothing goes to it over SSH.
const HERE: &str = "RUNNER_HERE";
/// A whole profile, as a schedule's set-up installs it beside its units: there is no repository, and no other layer.
const PROFILE: &str = "RUNNER_PROFILE_FILE";

/// Where the project's store is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum StorePlace {
    /// In a file of this machine.
    File(PathBuf),
    /// Where other machines see it: `s3://bucket/prefix`, `file:///folder`.
    Shared(String),
}

impl fmt::Display for StorePlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => path.display().fmt(f),
            Self::Shared(address) => f.write_str(address),
        }
    }
}

/// Folders and files of a project. Absolute.
#[derive(Clone, Debug)]
pub(crate) struct Folders {
    /// Of the project: its store, artifacts, logs of runs. Shared by all clones on this machine.
    pub(crate) data: PathBuf,
    /// Of compiled plugins.
    pub(crate) cache: PathBuf,
    /// The store.
    pub(crate) store: StorePlace,
}

impl Folders {
    /// The folders of the project `name`; `store` is what its profile says.
    pub(crate) fn of(name: &str, store: Option<String>, repository: &Repository) -> Done<Self> {
        let safe = |c: char| {
            if c.is_alphanumeric() || "-_.".contains(c) {
                c
            } else {
                '-'
            }
        };
        let name: String = name.chars().map(safe).collect();
        let folder = match installed_profile() {
            Some(_) => name,
            None => format!("{name}-{}", first_commit(repository)?),
        };
        let data = variable(DATA)
            .or_else(|| own().map(|own| own.data_dir().to_path_buf()))
            .ok_or_else(homeless)?;
        let data = absolute(&data).join("projects").join(folder);
        let store = variable(STORE)
            .map(|place| place.to_string_lossy().into_owned())
            .or(store);
        let store = match store {
            None => StorePlace::File(data.join("runner.db")),
            Some(address) if address.contains("://") => StorePlace::Shared(address),
            Some(path) => StorePlace::File(repository.root.join(path)),
        };
        Ok(Self {
            data,
            cache: cache()?,
            store,
        })
    }
}

/// The beginning of its id: two projects of one name are two.
fn first_commit(repository: &Repository) -> Done<String> {
    let mut first = repository.first_commit().ok_or_else(|| {
        CommandError::config(format!("`{}` has no commit yet", repository.root.display()))
            .hint("git commit: a release is made of commits")
    })?;
    first.truncate(8);
    Ok(first)
}

/// The machine of the profile that this is.
pub(super) fn here() -> Option<String> {
    variable(HERE).map(|name| name.to_string_lossy().into_owned())
}

/// The profile that is installed on this machine, and works without a repository.
pub(super) fn installed_profile() -> Option<PathBuf> {
    variable(PROFILE)
}

/// The folder of compiled plugins.
pub(crate) fn cache() -> Done<PathBuf> {
    let cache = variable(CACHE).or_else(|| own().map(|own| own.cache_dir().to_path_buf()));
    cache.map(|folder| absolute(&folder)).ok_or_else(homeless)
}

/// The user's, or organisation's, layer of every profile.
pub(super) fn user_profile() -> Option<PathBuf> {
    own().map(|own| own.config_dir().join("runner.toml"))
}

fn own() -> Option<ProjectDirs> {
    ProjectDirs::from("", "", "runner")
}

fn variable(name: &str) -> Option<PathBuf> {
    std::env::var_os(name)
        .filter(|value| !value.is_empty())
        .map(PathBuf::from)
}

fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf())
}

fn homeless() -> CommandError {
    CommandError::config("this user has no home folder").hint(format!("set HOME, or {DATA} and {CACHE}"))
}
