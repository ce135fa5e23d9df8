//! The engine with all that it needs from outside.

use std::sync::Arc;

use runner_engine::session::Setup;
use runner_engine::stop::Stop;
use runner_engine::store::Store;
use runner_engine::workspace::Workspace;
use runner_engine::world::Places;

use super::{Project, folders};
use crate::error::{CommandError, Done};

/// A setup, and the runtime that it works on.
pub(crate) struct Engine {
    pub(crate) setup: Setup,
    /// Kept alive: the setup has but a handle of it.
    _runtime: tokio::runtime::Runtime,
}

impl Engine {
    pub(super) fn start(project: &Project, store: Arc<dyn Store>) -> Done<Self> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .map_err(|error| CommandError::internal(format!("cannot start the async runtime: {error}")))?;
        let runner = std::env::current_exe().map_err(|error| {
            CommandError::internal(format!("cannot find this program's own file: {error}"))
        })?;
        let setup = Setup {
            store,
            workspace: Workspace::open(&project.repository.root)?,
            places: Places {
                data: project.folders.data.clone(),
                cache: project.folders.cache.clone(),
                runner,
                here: folders::here(),
            },
            source: project.source(),
            identity: project.identity()?,
            stop: Stop::default(),
            handle: runtime.handle().clone(),
        };
        Ok(Self {
            setup,
            _runtime: runtime,
        })
    }
}
