//! Where the program stands: the repository, the layers of its profile, who runs it, and the folders of this machine. Read
//! once, before a command; nothing else reads the environment or looks for files.

mod engine;
mod folders;
mod identity;
mod layers;
mod repository;

use std::path::PathBuf;
use std::sync::Arc;

use runner_core::profile::{Layer, Resolved, merge, resolve};
use runner_engine::plugins::PluginSource;
use runner_engine::session::Identity;
use runner_engine::store::Store;
use runner_engine::store::memory::MemoryStore;
use runner_engine::store::shared::SharedStore;
use runner_engine::store::sqlite::SqliteStore;
use serde_json::Value;

pub(crate) use engine::Engine;
pub(crate) use folders::{Folders, StorePlace, cache};
pub(crate) use identity::host;
pub(crate) use repository::{Repository, git};

use crate::app::App;
use crate::error::{CommandError, Done};
use crate::official;

/// A project on this machine.
pub(crate) struct Project {
    pub(crate) repository: Repository,
    pub(crate) folders: Folders,
    name: String,
    /// Built-in profile's name, or the file's.
    pub(crate) profile_name: String,
    layers: Vec<Layer>,
}

impl Project {
    /// Finds the project around the current folder. The profile need not be good yet: a run can be resumed or cancelled
    /// whatever `runner.toml` says by now.
    pub(crate) fn find(app: &App) -> Done<Self> {
        let repository = Repository::around(app.global.directory.as_deref())?;
        let (layers, profile_name) = layers::read(&app.global, &repository)?;
        let merged = merge(layers.clone())?;
        let name = merged.tree.pointer("/project/name").and_then(Value::as_str);
        let name = name.ok_or_else(|| {
            CommandError::config("the profile does not name the project")
                .hint("in runner.toml: [project] name = \"shop\"")
        })?;
        let store = merged
            .tree
            .get("store")
            .and_then(Value::as_str)
            .map(str::to_owned);
        let folders = Folders::of(name, store, &repository)?;
        Ok(Self {
            repository,
            folders,
            name: name.to_owned(),
            profile_name,
            layers,
        })
    }

    /// The profile, from all layers.
    pub(crate) fn profile(&self) -> Done<Resolved> {
        Ok(resolve(self.layers.clone())?)
    }

    /// The profile for a command that releases: no option may change what the gate checks.
    pub(crate) fn profile_to_release(&self) -> Done<Resolved> {
        layers::gate_untouched(&self.layers)?;
        self.profile()
    }

    /// Who runs the program.
    pub(crate) fn identity(&self) -> Done<Identity> {
        identity::find(&self.repository)
    }

    /// Where plugins come from.
    pub(crate) fn source(&self) -> PluginSource {
        PluginSource {
            official: official::component,
            names: official::NAMES,
            workspace: self.repository.root.clone(),
        }
    }

    /// The project's store; where there is none yet an empty one in memory, since looking leaves nothing behind.
    pub(crate) fn store(&self) -> Done<Arc<dyn Store>> {
        match &self.folders.store {
            StorePlace::File(path) if !path.exists() => Ok(Arc::new(MemoryStore::default())),
            _ => self.store_to_write(),
        }
    }

    /// The same, made where there is none yet. A shared one is made by what is first written.
    fn store_to_write(&self) -> Done<Arc<dyn Store>> {
        Ok(match &self.folders.store {
            StorePlace::File(path) => Arc::new(SqliteStore::open(path)?),
            StorePlace::Shared(address) => Arc::new(self.shared_store(address)?),
        })
    }

    /// The store that other machines see, too.
    pub(crate) fn shared_store(&self, address: &str) -> Done<SharedStore> {
        Ok(SharedStore::open(address, &self.name)?)
    }

    /// Everything that a session needs which looks, plans, or goes on with what is in the store.
    pub(crate) fn engine(&self) -> Done<Engine> {
        Engine::start(self, self.store()?)
    }

    /// Everything that a session needs which begins something.
    pub(crate) fn engine_to_begin(&self) -> Done<Engine> {
        Engine::start(self, self.store_to_write()?)
    }

    /// The lock of trusted plugins.
    pub(crate) fn lock_file(&self) -> PathBuf {
        self.repository.root.join("runner.lock")
    }
}
