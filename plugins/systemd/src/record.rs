//! `.release.json` in the folder of a release: says that it is whole, and what it needs. Written last.

use runner_sdk::{Error, Host, Instant, Release, WithContext};
use serde::{Deserialize, Serialize};

use crate::machine::Machine;
use crate::site::Site;

/// The file.
const NAME: &str = ".release.json";

/// What is known of a release that lies on the server.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct ReleaseRecord {
    pub(crate) version: String,
    pub(crate) tag: String,
    commit: String,
    pub(crate) artifacts: Vec<Placed>,
    /// Name of its virtual environment below `venvs`.
    pub(crate) venv: Option<String>,
    /// The database's revision before this release's migrations; none when it had none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) alembic_before: Option<String>,
    /// When it was placed: the oldest goes first.
    pub(crate) placed: Instant,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Placed {
    pub(crate) name: String,
    pub(crate) digest: String,
}

impl ReleaseRecord {
    pub(crate) fn of(release: &Release, venv: Option<String>, placed: Instant) -> Self {
        let artifacts = release.artifacts.iter();
        Self {
            version: release.version.clone(),
            tag: release.tag.clone(),
            commit: release.commit.clone(),
            artifacts: artifacts
                .map(|a| Placed {
                    name: a.name.clone(),
                    digest: a.digest.clone(),
                })
                .collect(),
            venv,
            alembic_before: None,
            placed,
        }
    }

    /// None where the folder, relative to the root, is not whole or not there.
    pub(crate) fn read<H: Host>(
        machine: &Machine<'_, H>,
        site: &Site<'_>,
        folder: &str,
    ) -> Result<Option<Self>, Error> {
        let path = site.path(&format!("{folder}/{NAME}"));
        let text = machine.text(&path)?;
        text.map(|text| serde_json::from_str(&text).context(format!("reading `{path}`")))
            .transpose()
    }

    pub(crate) fn write<H: Host>(
        &self,
        machine: &Machine<'_, H>,
        site: &Site<'_>,
        folder: &str,
    ) -> Result<(), Error> {
        let mut text = serde_json::to_string_pretty(self)?;
        text.push('\n');
        machine.write(&site.path(&format!("{folder}/{NAME}")), &text)
    }
}
