//! Where the programs are that are tested.

use std::{
    env,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result, ensure};

/// Overrides the folder with `runner` and `profraw-lcov`.
const FOLDER: &str = "RUNNER_E2E_BIN";

/// What cargo has built.
#[derive(Clone, Debug)]
pub struct Built {
    folder: PathBuf,
    scratch: PathBuf,
}

impl Built {
    /// The programs beside this one: cargo puts all of a workspace into one folder.
    pub fn find() -> Result<Self> {
        let own = env::current_exe().context("cannot find this program's own file")?;
        let beside = own
            .ancestors()
            .skip(1)
            .find(|folder| !folder.ends_with("deps"))
            .context("this program lies in no folder")?;
        let folder = env::var_os(FOLDER).map_or_else(|| beside.to_owned(), PathBuf::from);
        let target = beside.parent().context("the target folder has no parent")?;
        let scratch = target.join("e2e");
        let built = Self { folder, scratch };
        ensure!(
            built.runner().is_file() && built.folder.join("profraw-lcov").is_file(),
            "`runner` and `profraw-lcov` are not in `{}`: run `make build` first",
            built.folder.display()
        );
        Ok(built)
    }

    /// The command itself.
    pub fn runner(&self) -> PathBuf {
        self.folder.join("runner")
    }

    /// All the programs.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// For scratch repositories, below the target folder.
    pub fn scratch(&self) -> &Path {
        &self.scratch
    }

    /// The sources of the shop.
    pub fn shop() -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/shop")
    }
}
