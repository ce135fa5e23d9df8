//! Artifacts that other machines see too: in the store that they share, and in this machine's folder once they were used.

use std::{
    fs::{self, File},
    io,
    path::Path,
    sync::Arc,
};

use runner_core::{
    digest::Digest,
    effect::{Outcome, Response},
    fault::Fault,
    release::Artifact,
};

use super::{Artifacts, Hashing};
use crate::{
    atomic_file::Unplaced,
    store::{Shelf, Store, StoreError},
};

impl Artifacts {
    /// The same, kept in `store` too where it is shared with other machines.
    #[must_use]
    pub fn shared(self, store: Arc<dyn Store>) -> Self {
        Self {
            store: Some(store),
            ..self
        }
    }

    fn shelf(&self) -> Option<&dyn Shelf> {
        self.store.as_deref().and_then(Store::shelf)
    }

    /// Puts what is in the folder into the shared store, where there is one.
    pub(super) fn share(&self, name: &str, digest: &Digest, size: u64) -> Result<(), Fault> {
        let Some(shelf) = self.shelf() else { return Ok(()) };
        let failed = |error| self.failed(&format!("keep artifact `{name}`"), &error);
        let mut from = File::open(self.path(digest)).map_err(failed)?;
        let put = shelf.put(digest, size, &mut from);
        put.map_err(|error| self.unreachable(name, &error))
    }

    /// Takes an artifact from the shared store into the folder, where it is not there yet.
    pub(super) fn fetch(&self, artifact: &Artifact, path: &Path) -> Result<(), Fault> {
        let Some(shelf) = self.shelf().filter(|_| !path.exists()) else {
            return Ok(());
        };
        let failed = |error| self.failed(&format!("fetch artifact `{}`", artifact.name), &error);
        let mut file = Unplaced::new(&self.root.join("sha256/new")).map_err(failed)?;
        let mut hashing = Hashing::new(&mut file.file, &self.stop);
        let found = shelf
            .get(&artifact.digest, &mut hashing)
            .map_err(|error| self.unreachable(&artifact.name, &error))?;
        let (digest, size) = hashing.finish();
        if !found {
            return Err(Fault::failed(format!(
                "the store `{}` has no artifact `{}` with the digest {}",
                shelf.address(),
                artifact.name,
                artifact.digest
            )));
        }
        if digest != artifact.digest {
            return Err(Fault::failed(format!(
                "artifact `{}` was changed in the store `{}`: it has {size} bytes with the digest {digest} instead of {} \
                 with {}",
                artifact.name,
                shelf.address(),
                artifact.size,
                artifact.digest
            )));
        }
        file.move_to(path).map_err(failed)
    }

    /// Takes artifacts out of this machine's folder and out of the shared store; what is not there is passed over. What
    /// other machines have fetched stays in their folders.
    pub fn delete(&self, artifacts: &[Artifact]) -> Outcome {
        for artifact in artifacts {
            if let Some(shelf) = self.shelf() {
                shelf
                    .delete(&artifact.digest)
                    .map_err(|error| self.unreachable(&artifact.name, &error))?;
            }
            match fs::remove_file(self.path(&artifact.digest)) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => {
                    return Err(self.failed(&format!("delete artifact `{}`", artifact.name), &error));
                }
                _ => {}
            }
        }
        Ok(Response::Done)
    }

    /// The shared store did not do what it was asked.
    fn unreachable(&self, name: &str, error: &StoreError) -> Fault {
        let message = format!("artifact `{name}`: {error}");
        match error {
            _ if self.stop.stopped() => Fault::Interrupted { message },
            StoreError::Io { .. } => Fault::transient(message),
            _ => Fault::failed(message),
        }
    }
}
