//! One event as a line of a segment, and its large texts as blobs.

use runner_core::{digest::Digest, event::Event, id::RunId};

use crate::store::{
    StoreError,
    shared::bucket::{Bucket, Patience},
    spill,
};

/// Strings longer than this are kept as blobs: what fits into a segment costs no request of its own.
const SPILL: usize = 64 * 1024;

/// An event that is to be written.
pub(super) struct Record {
    pub(super) line: String,
    pub(super) blobs: Vec<Vec<u8>>,
}

/// An event as it is written.
pub(super) fn record(event: &Event) -> Result<Record, StoreError> {
    let json = serde_json::to_value(event).expect("events serialise to JSON");
    let mut blobs = Vec::new();
    let json = spill::spill_over(SPILL, json, &mut |bytes: &[u8]| {
        blobs.push(bytes.to_vec());
        Ok::<_, StoreError>(Digest::of(bytes))
    })?;
    Ok(Record {
        line: json.to_string(),
        blobs,
    })
}

/// An event as it was written, with its large texts.
pub(super) fn parse(
    bucket: &Bucket,
    patience: Patience,
    run: &RunId,
    seq: u64,
    line: &str,
) -> Result<Event, StoreError> {
    let corrupt = |why| StoreError::Corrupt {
        what: format!("event {seq} of run `{run}`"),
        why,
    };
    let value = serde_json::from_str(line).map_err(|error| corrupt(error.to_string()))?;
    let value =
        spill::restore(value, &mut |digest| bucket.blob(digest, patience)).map_err(|error: StoreError| {
            match error {
                StoreError::Corrupt { why, .. } => corrupt(why),
                other => other,
            }
        })?;
    serde_json::from_value(value).map_err(|error| corrupt(error.to_string()))
}
