//! Objects with trouble on the way: what a request meets is decided by the test.

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use futures_util::{StreamExt as _, stream, stream::BoxStream};
use object_store::{
    CopyOptions, Error, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta, ObjectStore, PutMode,
    PutMultipartOptions, PutOptions, PutPayload, PutResult, Result, path::Path,
};

/// What a request meets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Trouble {
    /// Nothing.
    None,
    /// This status instead of an answer; nothing is done.
    Status(u16),
    /// It is done, and this status is the answer.
    DoneBut(u16),
    /// Nothing is done, and there is no answer at all.
    Silence,
}

/// A request.
#[derive(Clone, Debug)]
pub(super) struct Asked {
    /// Counted from 0.
    pub(super) n: usize,
    /// `put`, `get` or `list`.
    pub(super) verb: &'static str,
    pub(super) path: String,
}

type Decide = Box<dyn Fn(&Asked) -> Trouble + Send + Sync>;

/// Objects of another store, with trouble.
pub(super) struct Flaky {
    objects: Arc<dyn ObjectStore>,
    decide: Decide,
    asked: AtomicUsize,
    /// Added to what the store says of when something was written.
    pub(super) ahead: Duration,
    /// Conditions are ignored.
    pub(super) careless: bool,
}

impl Flaky {
    pub(super) fn over(
        objects: &Arc<dyn ObjectStore>,
        decide: impl Fn(&Asked) -> Trouble + Send + Sync + 'static,
    ) -> Self {
        Self {
            objects: Arc::clone(objects),
            decide: Box::new(decide),
            asked: AtomicUsize::new(0),
            ahead: Duration::ZERO,
            careless: false,
        }
    }

    fn meets(&self, verb: &'static str, path: Option<&Path>) -> Trouble {
        let n = self.asked.fetch_add(1, Ordering::Relaxed);
        let path = path.map(Path::to_string).unwrap_or_default();
        (self.decide)(&Asked { n, verb, path })
    }
}

/// As the crate tells an answer.
fn answer(status: u16, path: &Path) -> Error {
    let source = format!(
        "Server returned non-2xx status code: {status} X: <Error><Code>SlowDown</Code><Message>Please reduce your \
         request rate.</Message></Error>"
    )
    .into();
    let path = path.to_string();
    match status {
        404 => Error::NotFound { path, source },
        409 => Error::AlreadyExists { path, source },
        412 => Error::Precondition { path, source },
        403 => Error::PermissionDenied { path, source },
        _ => Error::Generic { store: "S3", source },
    }
}

impl fmt::Debug for Flaky {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Flaky")
    }
}

impl fmt::Display for Flaky {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("flaky")
    }
}

#[async_trait]
impl ObjectStore for Flaky {
    async fn put_opts(&self, path: &Path, payload: PutPayload, mut options: PutOptions) -> Result<PutResult> {
        if self.careless {
            options.mode = PutMode::Overwrite;
        }
        match self.meets("put", Some(path)) {
            Trouble::None => self.objects.put_opts(path, payload, options).await,
            Trouble::Status(status) => Err(answer(status, path)),
            Trouble::DoneBut(status) => {
                self.objects.put_opts(path, payload, options).await?;
                Err(answer(status, path))
            }
            Trouble::Silence => std::future::pending().await,
        }
    }

    async fn put_multipart_opts(
        &self,
        path: &Path,
        options: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>> {
        self.objects.put_multipart_opts(path, options).await
    }

    async fn get_opts(&self, path: &Path, options: GetOptions) -> Result<GetResult> {
        match self.meets("get", Some(path)) {
            Trouble::None => {
                let mut found = self.objects.get_opts(path, options).await?;
                found.meta.last_modified += self.ahead;
                Ok(found)
            }
            Trouble::Status(status) | Trouble::DoneBut(status) => Err(answer(status, path)),
            Trouble::Silence => std::future::pending().await,
        }
    }

    fn delete_stream(&self, paths: BoxStream<'static, Result<Path>>) -> BoxStream<'static, Result<Path>> {
        self.objects.delete_stream(paths)
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        match self.meets("list", prefix) {
            Trouble::None => self.objects.list(prefix),
            Trouble::Status(status) | Trouble::DoneBut(status) => {
                let error = answer(status, &Path::default());
                stream::iter([Err(error)]).boxed()
            }
            Trouble::Silence => stream::pending().boxed(),
        }
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        self.objects.list_with_delimiter(prefix).await
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> Result<()> {
        self.objects.copy_opts(from, to, options).await
    }
}
