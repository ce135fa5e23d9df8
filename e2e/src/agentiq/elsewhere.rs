//! Another machine of the team: a clone of the repository, and nothing else of the first one.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::Result;
use runner_core::id::RunId;

use super::{Agentiq, tools};
use crate::{
    Built, End, Journal, Plain, Repository,
    repository::{Own, done},
};

/// The machine. It reaches the same server.
#[derive(Debug)]
pub struct Elsewhere<'a> {
    agentiq: &'a Agentiq,
    folder: PathBuf,
}

impl<'a> Elsewhere<'a> {
    /// A new one, with what a developer has installed.
    pub fn new(agentiq: &'a Agentiq, name: &str) -> Result<Self> {
        let folder = agentiq.folder().join(name);
        if folder.exists() {
            fs::remove_dir_all(&folder)?;
        }
        fs::create_dir_all(folder.join("config"))?;
        let elsewhere = Self { agentiq, folder };
        let mut clone = Command::new("git");
        elsewhere.environment(&mut clone);
        clone
            .args(["clone", "--quiet"])
            .arg(agentiq.work_tree())
            .arg(elsewhere.work_tree());
        done(&mut clone)?;
        tools::install(agentiq, &elsewhere.work_tree())?;
        Ok(elsewhere)
    }
}

impl Repository for Elsewhere<'_> {
    fn folder(&self) -> &Path {
        &self.folder
    }

    fn work_tree(&self) -> PathBuf {
        self.folder.join("repo")
    }

    fn built(&self) -> &Built {
        self.agentiq.built()
    }

    fn cache(&self) -> PathBuf {
        self.folder.join("cache")
    }

    fn own(&self) -> Own<'_> {
        self.agentiq.own()
    }

    fn runner(&self, arguments: &[&str]) -> Command {
        let mut command = self.agentiq.runner(arguments);
        self.environment(&mut command);
        command.current_dir(self.work_tree());
        command
    }

    fn plain(&self) -> Plain {
        self.agentiq.plain()
    }

    fn end(&self, run: &RunId, journal: &Journal, code: Option<i32>) -> Result<End> {
        End::of(self, run, journal, code)
    }
}
