//! Bytes by their digest. What is there under a digest's name is never written again.

use runner_core::digest::Digest;

use super::bucket::{Bucket, Patience};
use crate::store::StoreError;

/// The name of a digest's bytes in a folder; a digest that came from elsewhere names nothing outside of it.
pub(super) fn key(folder: &str, digest: &Digest) -> String {
    let hex = digest.hex();
    match hex.len() == 64 && hex.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        true => format!("{folder}/{}/{hex}", &hex[..2]),
        false => format!("{folder}/none"),
    }
}

impl Bucket {
    pub(super) fn keep_blob(&self, bytes: &[u8], patience: Patience) -> Result<Digest, StoreError> {
        let digest = Digest::of(bytes);
        let key = key("blobs", &digest);
        let what = "keep a blob";
        if self.size(what, &key, patience)? != Some(bytes.len() as u64) {
            self.put(what, &key, bytes, patience)?;
        }
        Ok(digest)
    }

    pub(super) fn blob(&self, digest: &Digest, patience: Patience) -> Result<Option<Vec<u8>>, StoreError> {
        let found = self.get("read a blob", &key("blobs", digest), patience)?;
        let Some(found) = found else { return Ok(None) };
        if Digest::of(&found.bytes) != *digest {
            return Err(StoreError::Corrupt {
                what: format!("the blob {digest}"),
                why: "its bytes have another digest".to_owned(),
            });
        }
        Ok(Some(found.bytes))
    }
}
