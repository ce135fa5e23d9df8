//! The two files by which this plugin knows what it made: one in each release's folder, one in the root.

use runner_sdk::{Error, Host, Release, WithContext};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::site::Site;

/// Longer than any of these files, in bytes.
const LONGEST: u32 = 1024 * 1024;
/// Unix permission bits of files that are read, not run.
pub(crate) const PLAIN: u32 = 0o644;

/// `.release.json`: says that a release's folder is whole.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct ReleaseRecord {
    pub(crate) version: String,
    pub(crate) tag: String,
    commit: String,
    artifacts: Vec<Placed>,
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Placed {
    name: String,
    digest: String,
}

impl ReleaseRecord {
    pub(crate) fn of(release: &Release) -> Self {
        let placed = release.artifacts.iter().map(|artifact| Placed {
            name: artifact.name.clone(),
            digest: artifact.digest.clone(),
        });
        Self {
            version: release.version.clone(),
            tag: release.tag.clone(),
            commit: release.commit.clone(),
            artifacts: placed.collect(),
        }
    }

    /// None where the folder is not whole, or not there.
    pub(crate) fn read(host: &impl Host, site: &Site<'_>, folder: &str) -> Result<Option<Self>, Error> {
        read(host, &site.path(&format!("{folder}/.release.json")))
    }

    pub(crate) fn write(&self, host: &impl Host, site: &Site<'_>, folder: &str) -> Result<(), Error> {
        write(host, &site.path(&format!("{folder}/.release.json")), self)
    }
}

/// `state.json`: what there is to stop and to remove one day. Written before anything in it is made, so that nothing is
/// forgotten when a deploy is broken off.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct State {
    /// Names of processes, as in the config, sorted.
    pub(crate) services: Vec<String>,
    /// Folders of releases, relative to the root, the last deployed first.
    pub(crate) releases: Vec<String>,
}

impl State {
    pub(crate) fn read(host: &impl Host, site: &Site<'_>) -> Result<Self, Error> {
        let mut state: Self = read(host, &site.path("state.json"))?.unwrap_or_default();
        // What it names is removed one day: a hand-made entry must not lead elsewhere.
        state.releases.retain(|folder| {
            folder
                .strip_prefix("releases/")
                .is_some_and(|name| !name.is_empty() && !name.contains('/') && name != "..")
        });
        Ok(state)
    }

    pub(crate) fn write(&self, host: &impl Host, site: &Site<'_>) -> Result<(), Error> {
        write(host, &site.path("state.json"), self)
    }
}

fn read<T: DeserializeOwned>(host: &impl Host, path: &str) -> Result<Option<T>, Error> {
    match host.machine_read(None, path, LONGEST)? {
        None => Ok(None),
        Some(bytes) => serde_json::from_slice(&bytes)
            .context(format!("reading `{path}`"))
            .map(Some),
    }
}

fn write(host: &impl Host, path: &str, value: &impl Serialize) -> Result<(), Error> {
    let mut text = serde_json::to_vec_pretty(value).context(format!("writing `{path}`"))?;
    text.push(b'\n');
    host.machine_write(None, path, &text, PLAIN)
}
