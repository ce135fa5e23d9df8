//! Artifacts in a shared store: files by their digest.

use std::{fs::File, io::Write};

use runner_core::digest::Digest;

use super::{Inner, blob};
use crate::store::{Shelf, StoreError};

impl Shelf for Inner {
    fn put(&self, digest: &Digest, size: u64, file: &mut File) -> Result<(), StoreError> {
        self.ready()?;
        let key = blob::key("artifacts", digest);
        let what = "keep an artifact";
        if self.bucket.size(what, &key, self.long)? == Some(size) {
            return Ok(());
        }
        self.bucket.copy_from(what, &key, file, self.long)
    }

    fn get(&self, digest: &Digest, to: &mut dyn Write) -> Result<bool, StoreError> {
        let key = blob::key("artifacts", digest);
        self.bucket.copy_to("read an artifact", &key, to, self.long)
    }

    fn delete(&self, digest: &Digest) -> Result<(), StoreError> {
        self.ready()?;
        let key = blob::key("artifacts", digest);
        self.bucket.delete("delete an artifact", &key, self.long)
    }

    fn address(&self) -> &str {
        &self.bucket.address
    }
}
