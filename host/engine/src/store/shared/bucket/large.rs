//! Objects of any size: written and read in parts, each a request of its own, so that none takes longer than a request may.

use std::{
    fs::File,
    io::{Read as _, Write},
};

use object_store::{Error, ObjectStoreExt as _, PutPayload, UpdateVersion, path::Path};

use super::{Bucket, Object, Patience};
use crate::store::StoreError;

/// Bytes of a part; S3 wants 5 MiB at least.
const PART: u64 = 8 << 20;

impl Bucket {
    /// An object, if there is one, whole.
    pub(super) async fn read(&self, path: &Path, patience: Patience) -> Result<Option<Object>, Error> {
        let read = async || {
            let found = match self.objects.get(path).await {
                Err(Error::NotFound { source, .. }) if !no_bucket(source.as_ref()) => return Ok(None),
                found => found?,
            };
            let meta = found.meta.clone();
            let bytes = match meta.size <= PART {
                true => Some(found.bytes().await?.to_vec()),
                false => None,
            };
            Ok(Some((meta, bytes)))
        };
        let Some((meta, bytes)) = self.again(patience, read).await? else {
            return Ok(None);
        };
        let bytes = match bytes {
            Some(bytes) => bytes,
            None => {
                let mut whole = Vec::new();
                self.read_parts(path, meta.size, &mut whole, patience).await?;
                whole
            }
        };
        Ok(Some(Object {
            bytes,
            version: UpdateVersion {
                e_tag: meta.e_tag,
                version: meta.version,
            },
        }))
    }

    async fn read_parts(
        &self,
        path: &Path,
        size: u64,
        to: &mut dyn Write,
        patience: Patience,
    ) -> Result<(), Error> {
        let mut at = 0;
        while at < size {
            let range = at..(at + PART).min(size);
            let part = self
                .again(patience, || self.objects.get_range(path, range.clone()))
                .await?;
            to.write_all(&part).map_err(here)?;
            at = range.end;
        }
        Ok(())
    }

    /// The size of an object, if there is one.
    pub(in super::super) fn size(
        &self,
        what: &str,
        key: &str,
        patience: Patience,
    ) -> Result<Option<u64>, StoreError> {
        let path = self.path(key);
        let head = async || match self.objects.head(&path).await {
            Err(Error::NotFound { .. }) => Ok(None),
            found => Ok(Some(found?.size)),
        };
        self.wait(what, self.again(patience, head))
    }

    /// Copies an object to `to`; false where there is none.
    pub(in super::super) fn copy_to(
        &self,
        what: &str,
        key: &str,
        to: &mut dyn Write,
        patience: Patience,
    ) -> Result<bool, StoreError> {
        let Some(size) = self.size(what, key, patience)? else {
            return Ok(false);
        };
        let path = self.path(key);
        self.wait(what, self.read_parts(&path, size, to, patience))?;
        Ok(true)
    }

    /// Writes a file as an object, over what is there.
    pub(in super::super) fn copy_from(
        &self,
        what: &str,
        key: &str,
        file: &mut File,
        patience: Patience,
    ) -> Result<(), StoreError> {
        let path = self.path(key);
        self.wait(what, async {
            let first = part(file)?;
            match first.len() < PART as usize {
                true => self.write(&path, &first, patience).await,
                false => self.write_parts(&path, first, file, patience).await,
            }
        })
    }

    /// A multipart upload begins anew when it is broken off: what was uploaded of it is given up.
    async fn write_parts(
        &self,
        path: &Path,
        first: Vec<u8>,
        file: &mut File,
        patience: Patience,
    ) -> Result<(), Error> {
        let begin = || self.objects.put_multipart(path);
        let mut upload = self.again(patience, begin).await?;
        let mut next = first;
        let done = loop {
            let payload = PutPayload::from(next);
            if let Err(error) = upload.put_part(payload).await {
                break Err(error);
            }
            match part(file) {
                Ok(bytes) if bytes.is_empty() => break upload.complete().await.map(drop),
                Ok(bytes) => next = bytes,
                Err(error) => break Err(error),
            }
        };
        if done.is_err() {
            let _ = upload.abort().await;
        }
        done
    }
}

/// The next part of a file; empty at its end.
fn part(file: &mut File) -> Result<Vec<u8>, Error> {
    let mut bytes = Vec::new();
    file.take(PART).read_to_end(&mut bytes).map_err(here)?;
    Ok(bytes)
}

/// An error of this machine, not of the store.
fn here(error: std::io::Error) -> Error {
    Error::NotSupported {
        source: Box::new(error),
    }
}

/// A bucket that is not there is no object that is not there.
fn no_bucket(source: &(dyn std::error::Error + Send + Sync)) -> bool {
    source.to_string().contains("NoSuchBucket")
}
