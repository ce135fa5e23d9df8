//! Whether a store honours conditions: without them there is no fence between two machines. Tried on an object of its own.

use object_store::PutMode;

use super::bucket::{Bucket, Patience};
use crate::store::StoreError;

/// Tries it. `name` is of nobody else.
pub(super) fn honours_conditions(bucket: &Bucket, name: &str, patience: Patience) -> Result<(), StoreError> {
    let key = format!("probe-{name}");
    let tried = tries(bucket, &key, patience);
    bucket.remove(&key);
    tried
}

fn tries(bucket: &Bucket, key: &str, patience: Patience) -> Result<(), StoreError> {
    let what = "try a conditional write";
    let unusable = |why: &str| {
        StoreError::Unusable {
        address: bucket.address.clone(),
        why: why.to_owned(),
        hint: "use a store with conditional writes (S3, MinIO, R2, a folder): without them two machines can drive one run"
            .to_owned(),
    }
    };
    let no_create = "it does not know `If-None-Match`, or ignores it";
    let no_update = "it does not know `If-Match`, or ignores it";
    match bucket.create(what, key, b"1", patience) {
        Ok(true) => {}
        Ok(false) => return Err(unusable(no_create)),
        Err(error) if not_known(&error) => return Err(unusable(no_create)),
        Err(error) => return Err(error),
    }
    if !bucket.refuses(what, key, &PutMode::Create, patience)? {
        return Err(unusable(no_create));
    }
    let first = bucket.get(what, key, patience)?;
    let version = first.map(|object| object.version);
    let Some(version) = version.filter(|version| version.e_tag.is_some()) else {
        return Err(unusable("its objects have no `ETag`"));
    };
    match bucket.update(what, key, b"3", version.clone(), patience) {
        Ok(true) => {}
        Ok(false) => return Err(unusable(no_update)),
        Err(error) if not_known(&error) => return Err(unusable(no_update)),
        Err(error) => return Err(error),
    }
    match bucket.refuses(what, key, &PutMode::Update(version), patience)? {
        true => Ok(()),
        false => Err(unusable(no_update)),
    }
}

/// Servers that do not know a condition answer 501.
fn not_known(error: &StoreError) -> bool {
    let text = error.to_string();
    text.contains("not yet implemented") || text.contains("NotImplemented") || text.contains("501")
}
