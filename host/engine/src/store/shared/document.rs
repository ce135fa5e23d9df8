//! Small JSON documents that many change: read, changed, and written only if nobody else was quicker, else all of it again.

use serde::{Serialize, de::DeserializeOwned};

use super::bucket::{Bucket, Object, Patience};
use crate::store::StoreError;

/// How often others may be quicker.
const MOST: u32 = 200;

/// What a change comes to.
pub(super) enum Change<T, R> {
    /// The document is to be this.
    To(T, R),
    /// It stays as it is.
    None(R),
}

impl Bucket {
    /// A document, if there is one.
    pub(super) fn document<T: DeserializeOwned>(
        &self,
        what: &str,
        key: &str,
        patience: Patience,
    ) -> Result<Option<(T, Object)>, StoreError> {
        let Some(object) = self.get(what, key, patience)? else {
            return Ok(None);
        };
        let value = serde_json::from_slice(&object.bytes).map_err(|error| StoreError::Corrupt {
            what: format!("`{key}`"),
            why: error.to_string(),
        })?;
        Ok(Some((value, object)))
    }

    /// Changes a document. `change` is asked again when somebody else was quicker. What it gives must hold something that no
    /// other process writes, so that a write whose answer was lost is known again.
    pub(super) fn change<T: Serialize + DeserializeOwned, R>(
        &self,
        what: &str,
        key: &str,
        patience: Patience,
        mut change: impl FnMut(Option<T>) -> Result<Change<T, R>, StoreError>,
    ) -> Result<R, StoreError> {
        for _ in 0..MOST {
            let (value, object) = self.document(what, key, patience)?.unzip();
            let (new, answer) = match change(value)? {
                Change::To(new, answer) => (new, answer),
                Change::None(answer) => return Ok(answer),
            };
            let bytes = serde_json::to_vec(&new).expect("documents serialise to JSON");
            let written = match object {
                None => self.create(what, key, &bytes, patience)?,
                Some(object) => self.update(what, key, &bytes, object.version, patience)?,
            };
            if written {
                return Ok(answer);
            }
        }
        Err(StoreError::Io {
            what: format!("{what} in `{}`", self.address),
            source: "others change it all the time".into(),
        })
    }
}
