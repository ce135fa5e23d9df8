//! A shared folder as a store of objects: what the crate has, and conditional updates, which it has not. An update holds a
//! lock on a file of the folder, as all processes of all machines that mount it do.

use std::{
    fmt,
    fs::{File, OpenOptions, TryLockError},
    os::unix::fs::MetadataExt as _,
    path::PathBuf,
    time::Duration,
};

use async_trait::async_trait;
use futures_util::stream::BoxStream;
use object_store::{
    CopyOptions, Error, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta, ObjectStore,
    ObjectStoreExt as _, PutMode, PutMultipartOptions, PutOptions, PutPayload, PutResult, Result,
    local::LocalFileSystem, path::Path,
};

/// The name of the file that is locked.
const LOCK: &str = ".lock";

/// Objects in a folder.
#[derive(Debug)]
pub(super) struct Folder {
    files: LocalFileSystem,
    root: PathBuf,
    /// Device and number of the folder: where a disk is unmounted meanwhile, its place is not to be filled anew.
    identity: (u64, u64),
}

impl Folder {
    /// The objects in a folder that is there.
    pub(super) fn open(root: &std::path::Path) -> Result<Self> {
        Ok(Self {
            // As durable when it returns as an append must be.
            files: LocalFileSystem::new_with_prefix(root)?.with_fsync(true),
            identity: identity(root)?,
            root: root.to_owned(),
        })
    }

    fn there(&self) -> Result<()> {
        match identity(&self.root)? == self.identity {
            true => Ok(()),
            false => Err(trouble(format!(
                "`{}` is another folder now",
                self.root.display()
            ))),
        }
    }

    /// The lock; it is given back with the file.
    async fn locked(&self) -> Result<File> {
        let path = self.root.join(LOCK);
        let failed = |error: std::io::Error| trouble(format!("cannot lock `{}`: {error}", path.display()));
        let mut options = OpenOptions::new();
        let file = options.create(true).append(true).open(&path).map_err(failed)?;
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(file),
                Err(TryLockError::WouldBlock) => tokio::time::sleep(Duration::from_millis(5)).await,
                Err(TryLockError::Error(error)) => return Err(failed(error)),
            }
        }
    }
}

fn identity(root: &std::path::Path) -> Result<(u64, u64)> {
    let found = root.metadata();
    let found = found.map_err(|error| trouble(format!("cannot look at `{}`: {error}", root.display())))?;
    Ok((found.dev(), found.ino()))
}

fn trouble(why: String) -> Error {
    Error::Generic {
        store: "LocalFileSystem",
        source: why.into(),
    }
}

impl fmt::Display for Folder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.files.fmt(f)
    }
}

#[async_trait]
impl ObjectStore for Folder {
    async fn put_opts(&self, path: &Path, payload: PutPayload, mut options: PutOptions) -> Result<PutResult> {
        self.there()?;
        let PutMode::Update(version) = &options.mode else {
            return self.files.put_opts(path, payload, options).await;
        };
        let _locked = self.locked().await?;
        let found = match self.files.head(path).await {
            Ok(meta) => meta.e_tag,
            Err(Error::NotFound { .. }) => None,
            Err(error) => return Err(error),
        };
        if found.is_none() || found != version.e_tag {
            return Err(Error::Precondition {
                path: path.to_string(),
                source: "it was changed meanwhile".into(),
            });
        }
        options.mode = PutMode::Overwrite;
        self.files.put_opts(path, payload, options).await
    }

    async fn put_multipart_opts(
        &self,
        path: &Path,
        options: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>> {
        self.there()?;
        self.files.put_multipart_opts(path, options).await
    }

    async fn get_opts(&self, path: &Path, options: GetOptions) -> Result<GetResult> {
        self.there()?;
        self.files.get_opts(path, options).await
    }

    fn delete_stream(&self, paths: BoxStream<'static, Result<Path>>) -> BoxStream<'static, Result<Path>> {
        self.files.delete_stream(paths)
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        self.files.list(prefix)
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        self.files.list_with_delimiter(prefix).await
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> Result<()> {
        self.files.copy_opts(from, to, options).await
    }
}
