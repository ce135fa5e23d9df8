//! The objects of a shared store: every request is repeated while the store does not answer well, and a write whose answer
//! was lost is told apart from another's by its content.

mod large;
mod patience;
mod trouble;

use std::sync::Arc;

use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use object_store::{
    Error, ObjectMeta, ObjectStore, ObjectStoreExt as _, PutMode, PutPayload, UpdateVersion, path::Path,
};
use tokio::runtime::Runtime;

pub(super) use patience::Patience;
use patience::Tries;
pub(super) use trouble::spoken;

use crate::store::StoreError;

/// Requests side by side.
const SIDE_BY_SIDE: usize = 16;

/// Objects below a prefix. Its calls block; they are made from plain threads.
pub(super) struct Bucket {
    objects: Arc<dyn ObjectStore>,
    prefix: Path,
    /// As the profile names it, for messages.
    pub(super) address: String,
    /// None once it is being dropped.
    runtime: Option<Runtime>,
}

/// An object as it was read.
#[derive(Debug)]
pub(super) struct Object {
    pub(super) bytes: Vec<u8>,
    /// What a conditional update names.
    pub(super) version: UpdateVersion,
}

/// An object of a list.
#[derive(Debug)]
pub(super) struct Listed {
    /// Below the folder that was listed.
    pub(super) name: String,
    /// By the store's clock, in milliseconds since the epoch.
    pub(super) modified: u64,
}

impl Drop for Bucket {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

impl Bucket {
    /// Objects of `objects` below `prefix`.
    pub(super) fn new(
        objects: Arc<dyn ObjectStore>,
        prefix: Path,
        address: String,
    ) -> Result<Self, StoreError> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name("store")
            .enable_all()
            .build();
        let runtime = runtime.map_err(|source| StoreError::Io {
            what: format!("start what speaks to the store `{address}`"),
            source: source.into(),
        })?;
        Ok(Self {
            objects,
            prefix,
            address,
            runtime: Some(runtime),
        })
    }

    /// An object, if there is one.
    pub(super) fn get(
        &self,
        what: &str,
        key: &str,
        patience: Patience,
    ) -> Result<Option<Object>, StoreError> {
        self.wait(what, self.read(&self.path(key), patience))
    }

    /// Several objects, in their order; one that is not there is an error.
    pub(super) fn get_all(
        &self,
        what: &str,
        keys: Vec<String>,
        patience: Patience,
    ) -> Result<Vec<Vec<u8>>, StoreError> {
        let paths: Vec<_> = keys.iter().map(|key| self.path(key)).collect();
        let reads = paths.iter().map(async |path| {
            let found = self.read(path, patience).await?;
            found.map(|object| object.bytes).ok_or_else(|| Error::NotFound {
                path: path.to_string(),
                source: "it was there a moment ago".into(),
            })
        });
        self.wait(what, stream::iter(reads).buffered(SIDE_BY_SIDE).try_collect())
    }

    /// Makes an object; false when there is one with other content.
    pub(super) fn create(
        &self,
        what: &str,
        key: &str,
        bytes: &[u8],
        patience: Patience,
    ) -> Result<bool, StoreError> {
        self.wait(
            what,
            self.write_if(&self.path(key), bytes, &PutMode::Create, patience),
        )
    }

    /// Replaces an object that still has `version`; false when it has another one, or is gone.
    pub(super) fn update(
        &self,
        what: &str,
        key: &str,
        bytes: &[u8],
        version: UpdateVersion,
        patience: Patience,
    ) -> Result<bool, StoreError> {
        let mode = PutMode::Update(version);
        self.wait(what, self.write_if(&self.path(key), bytes, &mode, patience))
    }

    /// Writes an object, over what is there, and gives when it was written by the store's clock.
    pub(super) fn put_and_ask_when(
        &self,
        what: &str,
        key: &str,
        bytes: &[u8],
        patience: Patience,
    ) -> Result<u64, StoreError> {
        let path = self.path(key);
        self.wait(what, async {
            self.write(&path, bytes, patience).await?;
            let meta = self.again(patience, || self.objects.head(&path)).await?;
            Ok(modified(&meta))
        })
    }

    /// Writes an object, over what is there.
    pub(super) fn put(
        &self,
        what: &str,
        key: &str,
        bytes: &[u8],
        patience: Patience,
    ) -> Result<(), StoreError> {
        self.wait(what, self.write(&self.path(key), bytes, patience))
    }

    /// Whether a conditional write is refused because of its condition, as it should be.
    pub(super) fn refuses(
        &self,
        what: &str,
        key: &str,
        mode: &PutMode,
        patience: Patience,
    ) -> Result<bool, StoreError> {
        let path = self.path(key);
        let put = async || {
            let payload = PutPayload::from_static(b"not to be written");
            match self.objects.put_opts(&path, payload, mode.clone().into()).await {
                Err(Error::AlreadyExists { .. } | Error::Precondition { .. }) => Ok(true),
                Ok(_) | Err(Error::NotImplemented { .. }) => Ok(false),
                Err(error) => Err(error),
            }
        };
        self.wait(what, self.again(patience, put))
    }

    /// Removes an object that may be gone already.
    pub(super) fn delete(&self, what: &str, key: &str, patience: Patience) -> Result<(), StoreError> {
        let path = self.path(key);
        self.wait(what, async {
            match self.again(patience, || self.objects.delete(&path)).await {
                Err(Error::NotFound { .. }) => Ok(()),
                removed => removed,
            }
        })
    }

    /// Removes an object, if the store lets us.
    pub(super) fn remove(&self, key: &str) {
        let path = self.path(key);
        let once = Patience::SHORT.once();
        let _ = self.wait("remove", self.again(once, || self.objects.delete(&path)));
    }

    /// The objects below a folder, by name.
    pub(super) fn list(
        &self,
        what: &str,
        folder: &str,
        patience: Patience,
    ) -> Result<Vec<Listed>, StoreError> {
        let path = self.path(folder);
        let listed = async || {
            let all: Vec<ObjectMeta> = self.objects.list(Some(&path)).try_collect().await?;
            Ok(all)
        };
        let all = self.wait(what, self.again(patience, listed))?;
        let mut listed: Vec<_> = all.iter().filter_map(|meta| named(meta, &path)).collect();
        listed.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(listed)
    }

    /// Repeats a request until it is answered, or refused for good, or patience ends.
    async fn again<T>(
        &self,
        patience: Patience,
        mut request: impl AsyncFnMut() -> Result<T, Error>,
    ) -> Result<T, Error> {
        let mut tries = Tries::new(patience);
        loop {
            match tries.timely(request()).await {
                Err(error) => tries.pause(error).await?,
                done => return done,
            }
        }
    }

    async fn write(&self, path: &Path, bytes: &[u8], patience: Patience) -> Result<(), Error> {
        let payload = PutPayload::from(bytes.to_vec());
        self.again(patience, || {
            self.objects
                .put_opts(path, payload.clone(), PutMode::Overwrite.into())
        })
        .await
        .map(drop)
    }

    /// True when the object has these bytes now because of us: whoever writes puts in something of its own.
    async fn write_if(
        &self,
        path: &Path,
        bytes: &[u8],
        mode: &PutMode,
        patience: Patience,
    ) -> Result<bool, Error> {
        let payload = PutPayload::from(bytes.to_vec());
        let mut tries = Tries::new(patience);
        loop {
            let put = self.objects.put_opts(path, payload.clone(), mode.clone().into());
            let refused = match tries.timely(put).await {
                Ok(_) => return Ok(true),
                Err(error @ (Error::AlreadyExists { .. } | Error::Precondition { .. })) => error,
                // S3 says so of an update of what is not there; of a bucket that is not there, too.
                Err(error @ Error::NotFound { .. }) if matches!(mode, PutMode::Update(_)) => error,
                Err(error) => {
                    tries.pause(error).await?;
                    continue;
                }
            };
            match self.read(path, patience).await? {
                Some(found) if found.bytes == bytes => return Ok(true),
                // S3 answers 409 while another write is under way that may yet fail: then nothing has changed.
                Some(found) if unchanged(&found, mode) => tries.pause_a_little(refused).await?,
                Some(_) => return Ok(false),
                None if matches!(mode, PutMode::Create) => tries.pause_a_little(refused).await?,
                None => return Ok(false),
            }
        }
    }

    fn wait<T>(&self, what: &str, request: impl Future<Output = Result<T, Error>>) -> Result<T, StoreError> {
        let done = self.runtime().block_on(request);
        done.map_err(|error| trouble::of(what, &self.address, &error))
    }

    fn runtime(&self) -> &Runtime {
        self.runtime
            .as_ref()
            .expect("the store is not dropped while it is used")
    }

    fn path(&self, key: &str) -> Path {
        let parts = key.split('/').map(object_store::path::PathPart::from);
        Path::from_iter(self.prefix.parts().chain(parts))
    }
}

fn unchanged(found: &Object, mode: &PutMode) -> bool {
    matches!(mode, PutMode::Update(version) if version.e_tag == found.version.e_tag)
}

fn modified(meta: &ObjectMeta) -> u64 {
    u64::try_from(meta.last_modified.timestamp_millis()).unwrap_or_default()
}

fn named(meta: &ObjectMeta, folder: &Path) -> Option<Listed> {
    let parts: Vec<_> = meta.location.prefix_match(folder)?.collect();
    let name: Vec<_> = parts
        .iter()
        .map(|part| percent_encoding::percent_decode_str(part.as_ref()).decode_utf8_lossy())
        .collect();
    Some(Listed {
        name: name.join("/"),
        modified: modified(meta),
    })
}
