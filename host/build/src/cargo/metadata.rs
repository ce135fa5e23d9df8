//! What cargo knows about the workspace: its members, its target folder, its profiles.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;
use std::{fs, io};

use serde::Deserialize;
use thiserror::Error;

use super::program;
use crate::bounded::{self, RunError};

/// Without dependencies cargo reads a few files; the time is for a toolchain that rustup unpacks first.
const LIMIT: Duration = Duration::from_secs(120);

/// Cargo's profile for guests, if the workspace has it.
const PROFILE: &str = "plugin";

/// Why the workspace could not be read.
#[derive(Debug, Error)]
pub enum MetadataError {
    /// Cargo failed, mostly because there is no `Cargo.toml`.
    #[error("failed to read the workspace of `{}`: {source}", dir.display())]
    Cargo {
        /// Where it was run.
        dir: PathBuf,
        /// What it said.
        source: RunError,
    },
    /// Cargo's answer has another shape than is documented.
    #[error("failed to understand `cargo metadata`")]
    Shape(#[from] serde_json::Error),
    /// The workspace's manifest could not be read.
    #[error("failed to read `{}`", path.display())]
    Manifest {
        /// Which file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

/// The workspace, without dependencies.
#[derive(Debug, Deserialize)]
pub(super) struct Metadata {
    packages: Vec<Package>,
    pub(super) workspace_root: PathBuf,
    pub(super) target_directory: PathBuf,
    #[serde(skip)]
    has_profile: bool,
}

/// A member of the workspace.
#[derive(Debug, Deserialize)]
pub(super) struct Package {
    pub(super) id: String,
    pub(super) name: String,
    manifest_path: PathBuf,
    targets: Vec<Target>,
}

#[derive(Debug, Deserialize)]
struct Target {
    kind: Vec<String>,
}

impl Metadata {
    pub(super) fn read(dir: &Path) -> Result<Metadata, MetadataError> {
        let mut command = Command::new(program());
        command
            .current_dir(dir)
            .args(["metadata", "--no-deps", "--format-version", "1"]);
        let json = bounded::run(&mut command, LIMIT).map_err(|source| MetadataError::Cargo {
            dir: dir.to_owned(),
            source,
        })?;
        let mut metadata = Metadata::parse(&json)?;
        let path = metadata.workspace_root.join("Cargo.toml");
        let manifest =
            fs::read_to_string(&path).map_err(|source| MetadataError::Manifest { path, source })?;
        metadata.has_profile = has_profile(&manifest);
        Ok(metadata)
    }

    pub(super) fn parse(json: &str) -> Result<Metadata, serde_json::Error> {
        serde_json::from_str(json)
    }

    pub(super) fn package(&self, name: &str) -> Option<&Package> {
        self.packages.iter().find(|package| package.name == name)
    }

    pub(super) fn below<'a>(&'a self, folder: &Path) -> impl Iterator<Item = &'a Package> {
        self.packages
            .iter()
            .filter(move |package| package.manifest_path.starts_with(folder))
    }

    pub(super) fn at(&self, dir: &Path) -> Option<&Package> {
        let manifest = dir.join("Cargo.toml");
        // Cargo gives the path as it was reached, which may be through a link.
        let is_here =
            |path: &Path| path == manifest || fs::canonicalize(path).is_ok_and(|path| path == manifest);
        self.packages
            .iter()
            .find(|package| is_here(&package.manifest_path))
    }

    /// A crate of somebody else has no profile `plugin`: it is built with `release`.
    pub(super) fn profile(&self) -> &'static str {
        if self.has_profile { PROFILE } else { "release" }
    }
}

impl Package {
    pub(super) fn is_cdylib(&self) -> bool {
        self.targets
            .iter()
            .any(|target| target.kind.iter().any(|kind| kind == "cdylib"))
    }
}

/// Whether the manifest of a workspace's root has the profile for guests.
fn has_profile(manifest: &str) -> bool {
    // Cargo has read the same file just before: what does not parse here has no profile that cargo would know.
    let table: toml::Table = manifest.parse().unwrap_or_default();
    table
        .get("profile")
        .and_then(|profiles| profiles.get(PROFILE))
        .is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_profile_for_guests() {
        assert!(has_profile(
            "[workspace]\n[profile.plugin]\ninherits = \"release\"\n"
        ));
        assert!(!has_profile(
            "[package]\nname = \"plugin\"\n[profile.release]\nlto = true\n"
        ));
    }

    #[test]
    fn a_folder_without_a_manifest_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let error = Metadata::read(folder.path()).unwrap_err().to_string();
        assert!(error.contains(&folder.path().display().to_string()), "{error}");
        assert!(error.contains("could not find `Cargo.toml`"), "{error}");
    }
}
