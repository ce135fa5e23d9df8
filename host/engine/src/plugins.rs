//! The plugins of a run: found by the name that the profile gives them, pinned by digest, loaded when first called.

use std::{
    collections::HashMap,
    fs,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, OnceLock, PoisonError},
};

use runner_core::{digest::Digest, event::PinnedPlugin, profile::Profile};

use crate::{
    plugin::{Inspection, LoadError, Plugin, PluginHost},
    store::{Store, StoreError},
};

/// Gives the bytes of an official plugin by its name.
pub type Official = fn(&str) -> Option<&'static [u8]>;

/// Why a plugin is not to be had.
#[derive(Debug, thiserror::Error)]
pub enum PluginError {
    /// No official plugin has this name, and it is no path.
    #[error("there is no official plugin `{name}`; official are {known}")]
    Unknown {
        /// As the profile names it.
        name: String,
        /// All official names.
        known: String,
    },
    /// The file cannot be read.
    #[error("cannot read plugin `{path}`: {why}")]
    Unreadable {
        /// As the profile names it.
        path: String,
        /// Why.
        why: std::io::Error,
    },
    /// The run was started with bytes that the store does not have.
    #[error("the bytes of plugin `{reference}` ({digest}) are not in the store")]
    Gone {
        /// As the profile names it.
        reference: String,
        /// Of its bytes.
        digest: Digest,
    },
    /// It is not pinned: the profile of the run does not use it.
    #[error("plugin `{0}` is not one of this run's")]
    NotPinned(String),
    /// It is not usable.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// The engine cannot be made.
    #[error("cannot start the plugin host: {0}")]
    Host(String),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Where plugins come from on this machine.
#[derive(Clone)]
pub struct PluginSource {
    /// Official ones, inside the binary.
    pub official: Official,
    /// Their names, for messages.
    pub names: &'static [&'static str],
    /// What relative paths are relative to.
    pub workspace: PathBuf,
}

impl PluginSource {
    /// A plugin's bytes.
    pub fn bytes(&self, reference: &str) -> Result<Vec<u8>, PluginError> {
        if let Some(bytes) = (self.official)(reference) {
            return Ok(bytes.to_vec());
        }
        let path = Path::new(reference);
        if path.extension().is_none_or(|extension| extension != "wasm") {
            let known = self.names.join(", ");
            return Err(PluginError::Unknown {
                name: reference.to_owned(),
                known,
            });
        }
        fs::read(self.workspace.join(path)).map_err(|why| PluginError::Unreadable {
            path: reference.to_owned(),
            why,
        })
    }

    /// A plugin, read without running it.
    pub fn inspect(&self, reference: &str) -> Result<(Inspection, Vec<u8>), PluginError> {
        let bytes = self.bytes(reference)?;
        Ok((PluginHost::inspect(reference, &bytes)?, bytes))
    }

    /// Pins every plugin that the profile uses, and keeps its bytes in the store, so that the run can be taken up anywhere.
    pub fn pin(&self, profile: &Profile, store: &dyn Store) -> Result<Vec<PinnedPlugin>, PluginError> {
        let mut references: Vec<_> = profile
            .uses()
            .into_iter()
            .map(|placed| placed.of.plugin)
            .collect();
        references.sort();
        references.dedup();
        let pin = |reference: String| {
            let (inspection, bytes) = self.inspect(&reference)?;
            let digest = store.put_blob(&bytes)?;
            let manifest = inspection.manifest;
            Ok(PinnedPlugin {
                name: manifest.name,
                version: manifest.version.to_string(),
                official: (self.official)(&reference).is_some(),
                reference,
                digest,
            })
        };
        references.into_iter().map(pin).collect()
    }
}

/// The plugins of a run.
pub struct Plugins {
    pins: Vec<PinnedPlugin>,
    store: Arc<dyn Store>,
    cache: Option<PathBuf>,
    host: OnceLock<Result<PluginHost, String>>,
    loaded: Mutex<HashMap<Digest, Plugin>>,
}

impl Plugins {
    /// The pinned plugins, their bytes from the store. Nothing is loaded yet.
    pub fn new(pins: Vec<PinnedPlugin>, store: Arc<dyn Store>, cache: Option<PathBuf>) -> Self {
        Self {
            pins,
            store,
            cache,
            host: OnceLock::new(),
            loaded: Mutex::default(),
        }
    }

    /// A plugin by the name that the profile gives it.
    pub fn get(&self, reference: &str) -> Result<Plugin, PluginError> {
        let pin = self
            .pins
            .iter()
            .find(|pin| pin.reference == reference)
            .ok_or_else(|| PluginError::NotPinned(reference.to_owned()))?;
        // Held while it compiles, so that two steps that want the same plugin compile it once.
        let mut loaded = self.loaded.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(plugin) = loaded.get(&pin.digest) {
            return Ok(plugin.clone());
        }
        let bytes = self.store.blob(&pin.digest)?.ok_or_else(|| PluginError::Gone {
            reference: reference.to_owned(),
            digest: pin.digest.clone(),
        })?;
        let plugin = self.host()?.load(reference, &bytes)?;
        loaded.insert(pin.digest.clone(), plugin.clone());
        Ok(plugin)
    }

    /// Whether it is part of the product.
    pub fn official(&self, reference: &str) -> bool {
        self.pins
            .iter()
            .any(|pin| pin.reference == reference && pin.official)
    }

    fn host(&self) -> Result<&PluginHost, PluginError> {
        let host = self
            .host
            .get_or_init(|| PluginHost::new(self.cache.clone()).map_err(|error| format!("{error:#}")));
        host.as_ref().map_err(|error| PluginError::Host(error.clone()))
    }
}
